package logical

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Values are a resource's properties without secret markers. The accessors return the zero value of what is absent.
type Values struct{ properties resource.PropertyMap }

// Has tells whether the property is there.
func (v Values) Has(key string) bool { _, ok := v.property(key); return ok }

// String returns a string property.
func (v Values) String(key string) string {
	if p, ok := v.property(key); ok && p.IsString() {
		return p.StringValue()
	}
	return ""
}

// Int returns a number.
func (v Values) Int(key string) int {
	if p, ok := v.property(key); ok && p.IsNumber() {
		return int(p.NumberValue())
	}
	return 0
}

// Bool returns a boolean.
func (v Values) Bool(key string) bool {
	p, ok := v.property(key)
	return ok && p.IsBool() && p.BoolValue()
}

// Strings returns the strings of a list.
func (v Values) Strings(key string) []string {
	p, ok := v.property(key)
	if !ok || !p.IsArray() {
		return nil
	}
	var list []string
	for _, e := range p.ArrayValue() {
		if e.IsString() {
			list = append(list, e.StringValue())
		}
	}
	return list
}

// Object returns a nested object.
func (v Values) Object(key string) Values {
	if p, ok := v.property(key); ok && p.IsObject() {
		return Values{p.ObjectValue()}
	}
	return Values{resource.PropertyMap{}}
}

func (v Values) property(key string) (resource.PropertyValue, bool) {
	p, ok := v.properties[resource.PropertyKey(key)]
	return p, ok
}

// Keys are the names of the properties, sorted.
func (v Values) Keys() []string {
	keys := make([]string, 0, len(v.properties))
	for key := range v.properties {
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	return keys
}
