// Package logical is a provider of resources that exist nowhere but in the stack's state: random values, keys and
// certificates. It holds what the real providers of such resources have in common, so that each stand-in is a table of
// resources.
//
// As with the real ones, a resource is made once from its inputs and replaced when one of them changes; reading it returns
// the state, and deleting it forgets it.
package logical

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Kind is the type of an input.
type Kind int

// The kinds of inputs.
const (
	String Kind = iota
	Integer
	Boolean
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"a string", "a number", "a boolean", "a list", "an object"}[k]
}

func (k Kind) accepts(v resource.PropertyValue) bool {
	switch k {
	case Integer:
		return v.IsNumber() && v.NumberValue() == float64(int(v.NumberValue()))
	case Boolean:
		return v.IsBool()
	case List:
		return v.IsArray()
	case Map:
		return v.IsObject()
	default:
		return v.IsString()
	}
}

// Input is an argument of a resource.
type Input struct {
	Kind     Kind
	Required bool
	// Default is the value of an absent input, as a Go string, int or bool. Nil: none.
	Default any
	// InPlace is set where a change updates the resource instead of replacing it.
	InPlace bool
	// Secret is set where the provider's schema calls the property sensitive.
	Secret bool
}

// Resource is a type of resource.
type Resource struct {
	Inputs map[string]Input
	// Outputs are the computed properties; the value says whether the provider's schema calls it sensitive.
	Outputs map[string]bool
	// Check refuses combinations of inputs, by property. It may be nil. It is not asked while an input is unknown.
	Check func(in Values) map[string]string
	// Create makes the resource from its inputs, defaults included: an ID and the computed properties.
	Create func(in Values) (id string, out map[string]any, err error)
	// Refresh returns computed properties that change with time. It may be nil.
	Refresh func(state Values) map[string]any
	// Due names a computed property because of which the resource is to be replaced now, or nothing. It may be nil.
	Due func(state Values) string
}

// Provider is a provider of logical resources.
type Provider struct {
	plugin.UnimplementedProvider
	// Name is the package's name, Version the version of the provider it stands in for.
	Name, Version string
	// Resources are the types by token.
	Resources map[string]Resource
}

// Handshake accepts secrets, so that they come back marked property by property.
func (p *Provider) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, nil
}

// GetPluginInfo tells the version of the provider that is stood in for.
func (p *Provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	v := semver.MustParse(p.Version)
	return plugin.PluginInfo{Version: &v}, nil
}

// CheckConfig accepts any configuration: logical providers have none that matters.
func (p *Provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig never asks for a change.
func (p *Provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

// Configure has nothing to keep.
func (p *Provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// SignalCancellation has nothing to cancel.
func (p *Provider) SignalCancellation(context.Context) error { return nil }

// Close has nothing to close.
func (p *Provider) Close() error { return nil }

// Check refuses unknown, missing and mistyped inputs, and what the resource refuses.
func (p *Provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	r, err := p.resource(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	var failures []plugin.CheckFailure
	fail := func(property, format string, args ...any) {
		failures = append(failures, plugin.CheckFailure{
			Property: resource.PropertyKey(property), Reason: fmt.Sprintf(format, args...),
		})
	}
	for _, key := range slices.Sorted(maps.Keys(req.News)) {
		in, known := r.Inputs[string(key)]
		switch v := plain(req.News[key]); {
		case !known:
			fail(string(key), "%s has no argument %q; it takes %s", req.Type, key, strings.Join(names(r.Inputs), ", "))
		case !v.IsNull() && !v.ContainsUnknowns() && !in.Kind.accepts(v):
			fail(string(key), "%q must be %s", key, in.Kind)
		}
	}
	for _, key := range names(r.Inputs) {
		if v, set := req.News[resource.PropertyKey(key)]; r.Inputs[key].Required && (!set || v.IsNull()) {
			fail(key, "missing required argument %q", key)
		}
	}
	if r.Check != nil && len(failures) == 0 && !req.News.ContainsUnknowns() {
		refused := r.Check(r.values(req.News))
		for _, key := range slices.Sorted(maps.Keys(refused)) {
			fail(key, "%s", refused[key])
		}
	}
	return plugin.CheckResponse{Properties: req.News, Failures: failures}, nil
}

// Diff replaces the resource when an input changed, absent inputs counting as their defaults, or when its time has come.
func (p *Provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	r, err := p.resource(string(req.Type))
	if err != nil {
		return plugin.DiffResult{}, err
	}
	detail := map[string]plugin.PropertyDiff{}
	olds, news := r.values(req.OldInputs), r.values(req.NewInputs)
	for _, key := range names(r.Inputs) {
		before, had := olds.property(key)
		after, has := news.property(key)
		if had == has && (!had || before.DeepEquals(after)) {
			continue
		}
		kind := plugin.DiffUpdate
		switch {
		case !had:
			kind = plugin.DiffAdd
		case !has:
			kind = plugin.DiffDelete
		}
		if !r.Inputs[key].InPlace {
			kind = kind.AsReplace()
		}
		detail[key] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
	}
	if r.Due != nil {
		// Judged by the inputs to come: a longer renewal period makes a certificate due at once.
		state := r.values(req.OldOutputs)
		maps.Copy(state.properties, news.properties)
		if property := r.Due(state); property != "" {
			detail[property] = plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace}
		}
	}
	if len(detail) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	var changed, replace []resource.PropertyKey
	for _, key := range slices.Sorted(maps.Keys(detail)) {
		changed = append(changed, resource.PropertyKey(key))
		if detail[key].Kind.IsReplace() {
			replace = append(replace, resource.PropertyKey(key))
		}
	}
	return plugin.DiffResult{
		Changes: plugin.DiffSome, ChangedKeys: changed, ReplaceKeys: replace, DetailedDiff: detail,
	}, nil
}

// Create makes the resource; in a preview the computed properties stay unknown.
func (p *Provider) Create(_ context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	r, err := p.resource(string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	state := r.echo(req.Properties)
	if req.Preview {
		for key, secret := range r.Outputs {
			state[resource.PropertyKey(key)] = mark(resource.MakeComputed(resource.NewStringProperty("")), secret)
		}
		return plugin.CreateResponse{Properties: state}, nil
	}
	id, out, err := r.Create(r.values(req.Properties))
	if err != nil {
		return plugin.CreateResponse{Status: resource.StatusUnknown}, fmt.Errorf("%s %q: %w", req.Type, req.Name, err)
	}
	for key, value := range out {
		secret, declared := r.Outputs[key]
		if !declared {
			return plugin.CreateResponse{}, fmt.Errorf("%s returned %q, which it does not declare", req.Type, key)
		}
		state[resource.PropertyKey(key)] = mark(resource.NewPropertyValue(value), secret)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state, Status: resource.StatusOK}, nil
}

// Update records inputs that may change in place.
func (p *Provider) Update(_ context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	r, err := p.resource(string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	state := r.echo(req.NewInputs)
	for key, secret := range r.Outputs {
		if v, ok := req.OldOutputs[resource.PropertyKey(key)]; ok {
			state[resource.PropertyKey(key)] = mark(plain(v), secret)
		}
	}
	return plugin.UpdateResponse{Properties: state, Status: resource.StatusOK}, nil
}

// Read returns the state: there is nothing else to read from.
func (p *Provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	r, err := p.resource(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(req.State) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("%s %q: the stand-in can't import it, its value is nowhere but in a state",
			req.Type, req.ID)
	}
	state := req.State.Copy()
	for key, secret := range r.Outputs {
		if v, ok := state[resource.PropertyKey(key)]; ok {
			state[resource.PropertyKey(key)] = mark(plain(v), secret)
		}
	}
	if r.Refresh != nil {
		for key, value := range r.Refresh(r.values(req.State)) {
			state[resource.PropertyKey(key)] = mark(resource.NewPropertyValue(value), r.Outputs[key])
		}
	}
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: state}, Status: resource.StatusOK,
	}, nil
}

// Delete forgets the resource.
func (p *Provider) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{Status: resource.StatusOK}, nil
}

// Invoke refuses every function: the program uses none.
func (p *Provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, fmt.Errorf("the stand-in for %s has no function %s", p.Name, req.Tok)
}

func (p *Provider) resource(token string) (Resource, error) {
	r, ok := p.Resources[token]
	if !ok {
		return Resource{}, fmt.Errorf("the stand-in for %s %s has no %s; it has %s; leave it out with --stand-ins to use the installed plugin",
			p.Name, p.Version, token, strings.Join(slices.Sorted(maps.Keys(p.Resources)), ", "))
	}
	return r, nil
}

// values are the properties without secret markers, absent inputs at their defaults.
func (r Resource) values(in resource.PropertyMap) Values {
	v := Values{properties: resource.PropertyMap{}}
	for key, value := range in {
		if p := plain(value); !p.IsNull() {
			v.properties[key] = p
		}
	}
	for key, input := range r.Inputs {
		if _, set := v.properties[resource.PropertyKey(key)]; !set && input.Default != nil {
			v.properties[resource.PropertyKey(key)] = resource.NewPropertyValue(input.Default)
		}
	}
	return v
}

// echo is the part of a resource's state that repeats its inputs: as given, so that what was secret stays so, and the
// defaults of those that are absent.
func (r Resource) echo(in resource.PropertyMap) resource.PropertyMap {
	state := resource.PropertyMap{}
	for key, value := range r.values(in).properties {
		if given, ok := in[key]; ok && !given.IsNull() {
			value = given
		}
		state[key] = mark(value, r.Inputs[string(key)].Secret)
	}
	return state
}

func names(inputs map[string]Input) []string { return slices.Sorted(maps.Keys(inputs)) }

func mark(v resource.PropertyValue, secret bool) resource.PropertyValue {
	if secret && !v.IsSecret() {
		return resource.MakeSecret(v)
	}
	return v
}

// plain removes secret and output markers at every depth.
func plain(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
		return plain(v.OutputValue().Element)
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = plain(e)
		}
		return resource.NewArrayProperty(list)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, e := range v.ObjectValue() {
			object[key] = plain(e)
		}
		return resource.NewObjectProperty(object)
	}
	return v
}
