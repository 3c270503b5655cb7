package kubernetes

import (
	"encoding/base64"
	"math"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// object is a Kubernetes object as JSON decodes it, except that a value not known during a preview is a resource.Computed.
type object = map[string]any

// The keys the real provider adds to an object's state; the SDKs and later runs of the provider read them.
const (
	keyInputs       = "__inputs"
	keyAPIVersion   = "__initialApiVersion"
	keyFieldManager = "__fieldManager"
)

// fromProperties turns properties into an object, without secrets.
func fromProperties(m resource.PropertyMap) object {
	o := object{}
	for k, v := range m {
		o[dashed(string(k))] = fromProperty(v)
	}
	return o
}

func fromProperty(v resource.PropertyValue) any {
	v = plain(v)
	switch {
	case v.IsComputed():
		return resource.Computed{Element: resource.NewStringProperty("")}
	case v.IsObject():
		return fromProperties(v.ObjectValue())
	case v.IsArray():
		list := make([]any, 0, len(v.ArrayValue()))
		for _, e := range v.ArrayValue() {
			list = append(list, fromProperty(e))
		}
		return list
	case v.IsNumber():
		// Kubernetes has integers, and apimachinery tells them from floats.
		if n := v.NumberValue(); n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
		return v.NumberValue()
	case v.IsBool():
		return v.BoolValue()
	case v.IsString():
		return v.StringValue()
	}
	return nil
}

// toProperties is the reverse, still without secrets.
func toProperties(o object) resource.PropertyMap {
	m := resource.PropertyMap{}
	for k, v := range o {
		m[resource.PropertyKey(underscored(k))] = toProperty(v)
	}
	return m
}

func toProperty(v any) resource.PropertyValue {
	switch v := v.(type) {
	case object:
		return resource.NewObjectProperty(toProperties(v))
	case []any:
		list := make([]resource.PropertyValue, 0, len(v))
		for _, e := range v {
			list = append(list, toProperty(e))
		}
		return resource.NewArrayProperty(list)
	case resource.Computed:
		return resource.NewComputedProperty(v)
	}
	return resource.NewPropertyValue(v)
}

// The schemas of custom resource definitions have keys like x-kubernetes-list-type, which no SDK can spell.
func dashed(key string) string {
	if strings.HasPrefix(key, "x_kubernetes_") {
		return strings.ReplaceAll(key, "_", "-")
	}
	return key
}

func underscored(key string) string {
	if strings.HasPrefix(key, "x-kubernetes-") {
		return strings.ReplaceAll(key, "-", "_")
	}
	return key
}

// hasUnknown tells whether any value is not known yet.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case resource.Computed:
		return true
	case object:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	}
	return false
}

// field returns the value at a path of maps, or nil.
func field(o object, path ...string) any {
	var v any = o
	for _, key := range path {
		m, ok := v.(object)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// text returns the string at a path, or "".
func text(o object, path ...string) string {
	s, _ := field(o, path...).(string)
	return s
}

// set puts a value at a path, making the maps on the way.
func set(o object, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		next, ok := o[key].(object)
		if !ok {
			next = object{}
			o[key] = next
		}
		o = next
	}
	o[path[len(path)-1]] = value
}

func isSecret(o object) bool    { return o["apiVersion"] == "v1" && o["kind"] == "Secret" }
func isConfigMap(o object) bool { return o["apiVersion"] == "v1" && o["kind"] == "ConfigMap" }
func isDefinition(o object) bool {
	return o["kind"] == "CustomResourceDefinition" && strings.HasPrefix(text(o, "apiVersion"), "apiextensions.k8s.io/")
}

// serverMetadata are the fields of metadata only the server writes.
var serverMetadata = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid",
}

// normalise brings an object into the form the server would give it, so that two ways to write the same thing ("1000m" and
// "1" of CPU, stringData and data) show no difference. Objects with unknown values and custom resources stay as they are.
func normalise(o object) object {
	if !hasUnknown(o) {
		switch {
		case isSecret(o):
			o = normaliseSecret(o)
		case scheme.Scheme.Recognizes(wrap(o).GroupVersionKind()):
			o = normaliseTyped(o)
		}
	}
	if metadata, ok := o["metadata"].(object); ok {
		for _, key := range serverMetadata {
			delete(metadata, key)
		}
	}
	return o
}

// normaliseTyped sends an object through its Go type, which drops the zero values the server drops. One that does not fit
// stays as it is: misfits has said why.
func normaliseTyped(o object) object {
	typed, err := scheme.Scheme.New(wrap(o).GroupVersionKind())
	if err != nil {
		return o
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o, typed); err != nil {
		return o
	}
	back, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return o
	}
	return prune(back, o) // the type's own additions, such as an empty status, are no inputs
}

// misfits reports the fields of an object that its kind doesn't have, and values of the wrong type. Unknown values are left
// out. It knows the kinds Kubernetes itself brings; the server checks the others.
func misfits(o object) []string {
	typed, err := scheme.Scheme.New(wrap(o).GroupVersionKind())
	if err != nil {
		return nil
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(known(o), typed, true)
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		var found []string
		for _, e := range strict.Errors() {
			found = append(found, e.Error())
		}
		return found
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}

// known copies an object without the values that are unknown.
func known(o object) object {
	c := object{}
	for k, v := range o {
		if v, ok := knownValue(v); ok {
			c[k] = v
		}
	}
	return c
}

func knownValue(v any) (any, bool) {
	switch v := v.(type) {
	case resource.Computed:
		return nil, false
	case object:
		return known(v), true
	case []any:
		list := []any{}
		for _, e := range v {
			if e, ok := knownValue(e); ok {
				list = append(list, e)
			}
		}
		return list, true
	}
	return v, true
}

// normaliseSecret does what the server does with stringData, and decodes and encodes data to lose white space.
func normaliseSecret(o object) object {
	plainText, _ := o["stringData"].(object)
	data, _ := o["data"].(object)
	if len(plainText) == 0 && len(data) == 0 {
		return o
	}
	merged := object{}
	for k, v := range data {
		merged[k] = v
		if s, ok := v.(string); ok {
			if decoded, err := base64.StdEncoding.DecodeString(s); err == nil {
				merged[k] = base64.StdEncoding.EncodeToString(decoded)
			}
		}
	}
	for k, v := range plainText {
		s, ok := v.(string)
		if !ok {
			return o // the server's error says it better
		}
		merged[k] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	o["data"] = merged
	delete(o, "stringData")
	return o
}

// prune cuts a live object down to the shape of the inputs: what the server, controllers and admission added is no input.
// Like in the real provider, list items beyond the inputs' go unseen.
func prune(live, inputs object) object {
	pruned := object{}
	for k, v := range live {
		if shape, ok := inputs[k]; ok {
			pruned[k] = pruneValue(v, shape)
		}
	}
	return pruned
}

func pruneValue(live, shape any) any {
	switch shape := shape.(type) {
	case object:
		if live, ok := live.(object); ok {
			return prune(live, shape)
		}
	case []any:
		live, ok := live.([]any)
		if !ok {
			break
		}
		list := []any{}
		for i := range min(len(live), len(shape)) {
			list = append(list, pruneValue(live[i], shape[i]))
		}
		return list
	}
	return live
}

// copyValue copies maps and lists; apimachinery's deep copy panics on unknown values.
func copyValue(v any) any {
	switch v := v.(type) {
	case object:
		return copyObject(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = copyValue(v[i])
		}
		return list
	}
	return v
}

func copyObject(o object) object {
	c := make(object, len(o))
	for k, v := range o {
		c[k] = copyValue(v)
	}
	return c
}

// equal compares two leaf values; 3 and 3.0 are the same.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// markSecrets marks the values of an object's properties that are secret in the inputs they came from. The data of a Secret
// always is. A list that holds a secret is secret as a whole, since items may move.
func markSecrets(properties, inputs resource.PropertyMap) {
	if kind := plain(properties["kind"]); kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if v, ok := properties[key]; ok && !v.IsSecret() {
				properties[key] = resource.MakeSecret(v)
			}
		}
		return
	}
	for key, in := range inputs {
		out, ok := properties[key]
		switch {
		case !ok || out.IsSecret():
		case out.IsObject() && in.IsObject():
			markSecrets(out.ObjectValue(), in.ObjectValue())
		case in.ContainsSecrets():
			properties[key] = resource.MakeSecret(out)
		}
	}
}

// checkpoint is the state of an object: the live object, so that programs can read what the server filled in, with the
// inputs and the field manager beside it.
func checkpoint(inputs, live object, secrets resource.PropertyMap, apiVersion, manager string) resource.PropertyMap {
	state, in := toProperties(live), toProperties(inputs)
	markSecrets(state, secrets)
	markSecrets(in, secrets)
	state[keyInputs] = resource.NewObjectProperty(in)
	state[keyAPIVersion] = resource.NewStringProperty(apiVersion)
	state[keyFieldManager] = resource.NewStringProperty(manager)
	return state
}

// parseCheckpoint returns the inputs and the live object of a state.
func parseCheckpoint(state resource.PropertyMap) (inputs, live object) {
	live = fromProperties(state)
	inputs, ok := live[keyInputs].(object)
	if !ok {
		inputs = object{}
	}
	delete(live, keyInputs)
	delete(live, keyAPIVersion)
	delete(live, keyFieldManager)
	return inputs, live
}

func stateText(state resource.PropertyMap, key resource.PropertyKey) string {
	if v := plain(state[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}
