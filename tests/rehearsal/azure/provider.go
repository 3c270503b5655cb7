package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"

	"apim-azure/tests/rehearsal/azure/arm"
	"apim-azure/tests/rehearsal/azure/schema"
)

// Version is the azure-native release played.
const Version = "3.16.0"

// flagReplaceFirst is how azure-native remembers that it made a name up: then the replacement can come before the delete.
const flagReplaceFirst = "__createBeforeDelete"

// provider is one engine connection.
type provider struct {
	plugin.UnimplementedProvider

	*Subscription
	// configured before any other call, and not changed afterwards
	subscriptionID, clientID, defaultLocation string

	ctx    context.Context
	cancel context.CancelFunc
}

func newProvider(s *Subscription) *provider {
	ctx, cancel := context.WithCancel(context.Background())
	return &provider{Subscription: s, subscriptionID: s.options.SubscriptionID, ctx: ctx, cancel: cancel}
}

// Handshake declines secrets, as azure-native does: the engine strips them on the way in and marks them on the way out.
func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{SupportsAutonamingConfiguration: true}, nil
}

// Attach lets an engine use the running process; the stand-in doesn't call back.
func (p *provider) Attach(string) error { return nil }

func (p *provider) Close() error {
	p.cancel()
	return nil
}

func (p *provider) SignalCancellation(context.Context) error {
	p.cancel()
	return nil
}

// bounded is a request's context that also ends when the engine cancels everything.
func (p *provider) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version := semver.MustParse(Version)
	return plugin.PluginInfo{Version: &version}, nil
}

func (p *provider) GetMapping(context.Context, plugin.GetMappingRequest) (plugin.GetMappingResponse, error) {
	return plugin.GetMappingResponse{}, nil
}

func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig leaves the comparison to the engine; nothing in the configuration replaces the provider.
func (p *provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffConfigResponse{Changes: plugin.DiffUnknown}, nil
}

// Configure takes the subscription, client and default location from the program. Credentials are accepted and ignored: the
// stand-in has no door to guard.
func (p *provider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	config := plain(req.Inputs)
	read := func(key, otherwise string) string {
		if v, ok := config[key].(string); ok && v != "" {
			return v
		}
		return otherwise
	}
	p.subscriptionID = read("subscriptionId", p.subscriptionID)
	p.clientID = read("clientId", "")
	p.defaultLocation = read("location", "")
	if tenant := read("tenantId", ""); tenant != "" && p.options.TenantID != "" && !strings.EqualFold(tenant, p.options.TenantID) {
		return plugin.ConfigureResponse{}, fmt.Errorf("tenant %s doesn't hold this subscription; %s does", tenant, p.options.TenantID)
	}
	if p.subscriptionID == "" {
		return plugin.ConfigureResponse{}, errors.New("azure-native:subscriptionId isn't set; the stand-in reads no environment variables")
	}
	return plugin.ConfigureResponse{}, nil
}

// Check fills in what azure-native fills in and holds the inputs to the schema.
func (p *provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	t, shape, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	news := withoutNulls(req.News)
	p.fillIn(t, shape, req, news)
	inputs := plain(news)
	delete(inputs, flagReplaceFirst)
	delete(inputs, "azureApiVersion")
	var failures []plugin.CheckFailure
	for _, name := range t.Parameters() {
		if _, set := inputs[name]; !set {
			failures = append(failures, plugin.CheckFailure{Property: resource.PropertyKey(name), Reason: fmt.Sprintf("missing required property '%s'", name)})
		}
	}
	for _, f := range p.schema.Check(t.Token, inputs, isComputed) {
		if !slices.ContainsFunc(failures, func(g plugin.CheckFailure) bool { return g.Reason == f.Reason }) {
			failures = append(failures, plugin.CheckFailure{Property: resource.PropertyKey(f.Property), Reason: f.Reason})
		}
	}
	return plugin.CheckResponse{Properties: news, Failures: failures}, nil
}

// fillIn adds the default name, location and API version.
func (p *provider) fillIn(t *arm.Type, shape schema.Resource, req plugin.CheckRequest, news resource.PropertyMap) {
	name := resource.PropertyKey(t.NameParameter())
	if _, set := news[name]; !set {
		if old, known := req.Olds[name]; known {
			news[name] = old
			if flag, set := req.Olds[flagReplaceFirst]; set {
				news[flagReplaceFirst] = flag
			}
		} else if req.Autonaming != nil && req.Autonaming.Mode != plugin.AutonamingModeDisabled && req.Autonaming.ProposedName != "" {
			news[name] = resource.NewStringProperty(req.Autonaming.ProposedName)
			news[flagReplaceFirst] = resource.NewBoolProperty(true)
		} else if req.Autonaming == nil {
			if unique, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name(), 8, 0, nil); err == nil {
				news[name] = resource.NewStringProperty(unique)
				news[flagReplaceFirst] = resource.NewBoolProperty(true)
			}
		}
	}
	if _, located := shape.Inputs["location"]; located && !news.HasValue("location") {
		if location, known := p.location(req.Olds, news); known {
			news["location"] = location
		}
	}
	if !news.HasValue("azureApiVersion") {
		news["azureApiVersion"] = resource.NewStringProperty(t.APIVersion)
	}
}

// location is the default for a resource that doesn't say where it is: as before, as configured, or with its group.
func (p *provider) location(olds, news resource.PropertyMap) (resource.PropertyValue, bool) {
	if old, known := olds["location"]; known {
		return old, true
	}
	if p.defaultLocation != "" {
		return resource.NewStringProperty(p.defaultLocation), true
	}
	group, given := news["resourceGroupName"]
	if !given {
		return resource.PropertyValue{}, false
	}
	if group.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty("")), true
	}
	name, _ := plainValue(group).(string)
	r, err := p.store.Get("/subscriptions/" + p.subscriptionID + "/resourceGroups/" + name)
	if err != nil {
		return resource.PropertyValue{}, false
	}
	location, ok := r.Properties["location"].(string)
	return resource.NewStringProperty(location), ok
}

// Diff compares new inputs with old ones; outputs play no part.
func (p *provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	t, _, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	return diff(t, stripSecrets(req.OldInputs), stripSecrets(req.OldOutputs), stripSecrets(req.NewInputs)), nil
}

// Create refuses what exists, puts the resource and reads it back.
func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	t, shape, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if req.Preview {
		return plugin.CreateResponse{Properties: p.preview(shape, stripSecrets(req.Properties))}, nil
	}
	inputs := requestInputs(req.Properties)
	id, err := t.ID(p.subscriptionID, inputs)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if _, err := p.store.Get(id); err == nil && !t.Singleton {
		return plugin.CreateResponse{}, fmt.Errorf("cannot create already existing resource '%s'", id)
	}
	outputs, id, err := p.put(ctx, t, shape, "create", inputs, req.Properties, req.Timeout)
	if err != nil {
		return plugin.CreateResponse{ID: resource.ID(id), Status: resource.StatusPartialFailure}, err
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: outputs}, nil
}

// Update puts the new inputs in full. Its preview knows the inputs, the name and the location.
func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	t, shape, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		outputs := p.preview(shape, stripSecrets(req.NewInputs))
		for _, stable := range []resource.PropertyKey{"name", "location"} {
			if value, known := req.OldOutputs[stable]; known {
				outputs[stable] = value
			}
		}
		return plugin.UpdateResponse{Properties: outputs}, nil
	}
	outputs, _, err := p.put(ctx, t, shape, "update", requestInputs(req.NewInputs), req.NewInputs, req.Timeout)
	if err != nil {
		return plugin.UpdateResponse{Status: resource.StatusPartialFailure}, err
	}
	return plugin.UpdateResponse{Properties: outputs}, nil
}

// put sends a request. If Azure took it and it failed afterwards, the error carries what is there, for the state file. If nobody
// knows whether Azure took it, because no answer came, there is only the error.
func (p *provider) put(ctx context.Context, t *arm.Type, shape schema.Resource, call string, inputs map[string]any, given resource.PropertyMap, timeout float64) (resource.PropertyMap, string, error) {
	ctx, done := p.bounded(ctx)
	defer done()
	name, _ := inputs[t.NameParameter()].(string)
	p.options.Log("%s %s %s", call, t.Token, name)
	r := request{t.Token, name, call}
	var operation *arm.Operation
	err := p.send(ctx, r, func() (accepted *arm.Operation, err error) {
		operation, err = p.store.StartPut(t, p.subscriptionID, inputs)
		return operation, err
	})
	p.changed()
	if err != nil {
		return nil, "", err
	}
	err = p.await(p.ctx, operation, timeout)
	if err == nil {
		err = p.strike(ctx, r, late)
	}
	outputs, _, readErr := p.read(t, shape, operation.ID)
	if err != nil {
		return nil, operation.ID, partial(operation.ID, err, outputs, given)
	}
	return outputs, operation.ID, readErr
}

// partial is the error of a resource that exists but isn't finished.
func partial(id string, cause error, outputs, inputs resource.PropertyMap) error {
	options := plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true}
	state, errState := plugin.MarshalProperties(outputs, options)
	given, errInputs := plugin.MarshalProperties(inputs, options)
	if err := errors.Join(errState, errInputs); err != nil {
		return errors.Join(cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: state, Inputs: given, Reasons: []string{cause.Error()},
	})
}

// read returns a resource's outputs, cut down to what the SDK declares.
func (p *provider) read(t *arm.Type, shape schema.Resource, id string) (resource.PropertyMap, arm.Resource, error) {
	r, err := p.store.Get(id)
	if err != nil {
		return nil, r, err
	}
	outputs := resource.NewPropertyMapFromMap(p.schema.Project(shape.Outputs, r.Properties))
	outputs["azureApiVersion"] = resource.NewStringProperty(t.APIVersion)
	return outputs, r, nil
}

// Read returns what is live, and inputs that differ from the old ones only where Azure's answer changed.
func (p *provider) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	t, shape, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	id := string(req.ID)
	ctx, done := p.bounded(ctx)
	defer done()
	var outputs resource.PropertyMap
	var live arm.Resource
	err = p.send(ctx, request{t.Token, id[strings.LastIndex(id, "/")+1:], "read"}, func() (_ *arm.Operation, err error) {
		outputs, live, err = p.read(t, shape, id)
		return nil, err
	})
	if arm.CodeOf(err) == "ResourceNotFound" {
		return plugin.ReadResponse{}, nil // an empty ID tells the engine that it is gone
	} else if err != nil {
		return plugin.ReadResponse{}, err
	}
	inputs := stripSecrets(req.Inputs)
	if len(inputs) == 0 {
		inputs = p.imported(t, shape, live)
	} else {
		inputs = refreshed(p.schema, t, shape, inputs, stripSecrets(req.State), outputs)
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(live.ID), Inputs: inputs, Outputs: outputs}}, nil
}

// imported derives inputs from a live resource alone.
func (p *provider) imported(t *arm.Type, shape schema.Resource, live arm.Resource) resource.PropertyMap {
	inputs := resource.NewPropertyMapFromMap(p.schema.Project(shape.Inputs, live.Properties))
	for name, value := range t.Match(live.ID) {
		if name != "subscriptionId" {
			inputs[resource.PropertyKey(name)] = resource.NewStringProperty(value)
		}
	}
	inputs["azureApiVersion"] = resource.NewStringProperty(t.APIVersion)
	return inputs
}

// Delete removes a resource; one that is gone already is no error.
func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	t, _, err := p.lookup(string(req.URN.Type()))
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	ctx, done := p.bounded(ctx)
	defer done()
	id := string(req.ID)
	name := id[strings.LastIndex(id, "/")+1:]
	p.options.Log("delete %s %s", t.Token, name)
	r := request{t.Token, name, "delete"}
	if err := p.delete(ctx, p.ctx, t, id, req.Timeout, r); err != nil {
		return plugin.DeleteResponse{}, err
	}
	return plugin.DeleteResponse{}, p.strike(ctx, r, late)
}

func (p *provider) lookup(token string) (*arm.Type, schema.Resource, error) {
	t := arm.Lookup(token)
	shape, known := p.schema.Resources[token]
	if t == nil || !known {
		return nil, shape, unknownToken(token)
	}
	return t, shape, nil
}

// requestInputs are the inputs as Azure gets them.
func requestInputs(inputs resource.PropertyMap) map[string]any {
	out := plain(inputs)
	delete(out, flagReplaceFirst)
	return out
}
