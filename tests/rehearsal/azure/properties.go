package azure

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"apim-azure/tests/rehearsal/azure/schema"
)

// plain turns properties into JSON values; what isn't known yet stays a resource.Computed.
func plain(m resource.PropertyMap) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if !v.IsNull() {
			out[string(k)] = plainValue(v)
		}
	}
	return out
}

func plainValue(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plainValue(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return resource.Computed{Element: resource.NewStringProperty("")}
		}
		return plainValue(v.OutputValue().Element)
	case v.IsObject():
		return plain(v.ObjectValue())
	case v.IsArray():
		out := make([]any, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			out[i] = plainValue(item)
		}
		return out
	case v.IsComputed():
		return v.Input()
	}
	return v.V
}

func isComputed(v any) bool {
	_, ok := v.(resource.Computed)
	return ok
}

// stripSecrets unwraps secrets; the engine marks them again, because the stand-in says it can't.
func stripSecrets(m resource.PropertyMap) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(plain(m))
}

func withoutNulls(m resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range m {
		if !v.IsNull() {
			out[k] = v
		}
	}
	return out
}

// preview is the outputs as far as inputs tell them; every other output is unknown, inside objects too.
func (p *provider) preview(shape schema.Resource, inputs resource.PropertyMap) resource.PropertyMap {
	return p.previewObject(shape.Outputs, inputs)
}

func (p *provider) previewObject(properties schema.Properties, inputs resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for name, kind := range properties {
		key := resource.PropertyKey(name)
		if value, given := inputs[key]; given {
			out[key] = p.previewValue(kind, value)
		} else {
			out[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
	return out
}

func (p *provider) previewValue(kind schema.Kind, value resource.PropertyValue) resource.PropertyValue {
	if item, isList := kind.Item(); isList && value.IsArray() {
		var out []resource.PropertyValue
		for _, v := range value.ArrayValue() {
			out = append(out, p.previewValue(item, v))
		}
		return resource.NewArrayProperty(out)
	}
	if item, isMap := kind.Value(); isMap && value.IsObject() {
		out := resource.PropertyMap{}
		for k, v := range value.ObjectValue() {
			out[k] = p.previewValue(item, v)
		}
		return resource.NewObjectProperty(out)
	}
	if properties, isTyped := p.schema.Object(kind); isTyped && value.IsObject() {
		return resource.NewObjectProperty(p.previewObject(properties, value.ObjectValue()))
	}
	fits := map[schema.Kind]bool{
		"string": value.IsString(), "bool": value.IsBool(), "integer": value.IsNumber(), "number": value.IsNumber(), "any": true,
	}
	if fits[kind] {
		return value
	}
	return resource.MakeComputed(resource.NewStringProperty(""))
}
