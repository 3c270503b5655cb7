// Package schema knows the properties azure-native's resources take and return: names, nesting and kinds.
//
// schema.json is generated from the SDK the program uses (package gen); dbformysql.json is written by hand, because that SDK
// module can't be had, from the REST API's 2024-02-01-preview server and 2023-12-30 children.
package schema

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

//go:generate go run ./gen/write

//go:embed schema.json
var generated []byte

//go:embed dbformysql.json
var handwritten []byte

// Generated returns the committed file, for the test that compares it with the SDK.
func Generated() []byte { return generated }

// Kind is a property's kind: string, integer, number, bool, any or @Type; [ before it for a list, { for a map, ! after it
// where the property is required.
type Kind string

// Required says whether the property must be set.
func (k Kind) Required() bool { return strings.HasSuffix(string(k), "!") }

func (k Kind) plain() Kind { return Kind(strings.TrimSuffix(string(k), "!")) }

// Item returns the kind of a list's items; ok is false for anything else.
func (k Kind) Item() (Kind, bool) {
	item, ok := strings.CutPrefix(string(k.plain()), "[")
	return Kind(item), ok
}

// Value returns the kind of a map's values; ok is false for anything else.
func (k Kind) Value() (Kind, bool) {
	value, ok := strings.CutPrefix(string(k.plain()), "{")
	return Kind(value), ok
}

// Properties are the properties of an object.
type Properties map[string]Kind

// Resource is what a resource takes and returns.
type Resource struct {
	Inputs  Properties `json:"inputs"`
	Outputs Properties `json:"outputs"`
}

// Schema is the properties of all resources.
type Schema struct {
	Resources map[string]Resource   `json:"resources"`
	Types     map[string]Properties `json:"types"`
}

// Load reads the embedded files. It fails only if they are damaged.
func Load() (*Schema, error) {
	out := &Schema{Resources: map[string]Resource{}, Types: map[string]Properties{}}
	for name, data := range map[string][]byte{"schema.json": generated, "dbformysql.json": handwritten} {
		var part Schema
		if err := json.Unmarshal(data, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		maps.Copy(out.Resources, part.Resources)
		maps.Copy(out.Types, part.Types)
	}
	return out, nil
}

// Object returns the properties of an object kind; ok is false for anything else.
func (s *Schema) Object(k Kind) (Properties, bool) {
	name, ok := strings.CutPrefix(string(k.plain()), "@")
	if !ok {
		return nil, false
	}
	return s.Types[name], true
}

// Failure is one breach of the schema.
type Failure struct{ Property, Reason string }

// Check compares inputs with a resource's schema. unknown tells values that aren't known yet: they fit anything.
//
// azure-native itself lets unknown property names pass and drops them from the request; here they are refused, because a
// setting that silently does nothing is what a rehearsal is there to find.
func (s *Schema) Check(token string, inputs map[string]any, unknown func(any) bool) []Failure {
	c := checker{s, unknown, nil}
	c.object("", s.Resources[token].Inputs, inputs)
	slices.SortFunc(c.failures, func(a, b Failure) int { return strings.Compare(a.Reason, b.Reason) })
	return c.failures
}

type checker struct {
	*Schema
	unknown  func(any) bool
	failures []Failure
}

func (c *checker) fail(path, format string, args ...any) {
	top, _, _ := strings.Cut(strings.NewReplacer("[", ".").Replace(path), ".")
	c.failures = append(c.failures, Failure{top, fmt.Sprintf(format, args...)})
}

func (c *checker) object(path string, properties Properties, values map[string]any) {
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for name, kind := range properties {
		if _, set := values[name]; kind.Required() && !set {
			c.fail(at(name), "missing required property '%s'", at(name))
		}
	}
	for name, value := range values {
		kind, known := properties[name]
		if !known {
			c.fail(at(name), "'%s' is not a property of this resource", at(name))
			continue
		}
		c.value(at(name), kind, value)
	}
}

func (c *checker) value(path string, kind Kind, value any) {
	if value == nil || c.unknown(value) || kind.plain() == "any" {
		return
	}
	if item, isList := kind.Item(); isList {
		list, ok := value.([]any)
		if !ok {
			c.fail(path, "'%s' should be of type 'array' but got %s", path, describe(value))
		}
		for i, v := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), item, v)
		}
		return
	}
	object, isObject := value.(map[string]any)
	if item, isMap := kind.Value(); isMap && isObject {
		for name, v := range object {
			c.value(path+"."+name, item, v)
		}
		return
	}
	if properties, isTyped := c.Object(kind); isTyped && isObject {
		c.object(path, properties, object)
		return
	}
	switch v := value.(type) {
	case string:
		if kind.plain() == "string" {
			return
		}
	case bool:
		if kind.plain() == "bool" {
			return
		}
	case float64:
		if kind.plain() == "number" || kind.plain() == "integer" && v == math.Trunc(v) {
			return
		}
	}
	c.fail(path, "'%s' should be of type '%s' but got %s", path, strings.Trim(string(kind), "!@{"), describe(value))
}

func describe(value any) string {
	switch v := value.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return fmt.Sprintf("the number %v", v)
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", value)
}

// Project cuts a value down to what a kind describes. Where a list of strings is wanted and an object is there, its keys are
// taken: Azure shows user-assigned identities that way.
func (s *Schema) Project(properties Properties, values map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range values {
		if kind, known := properties[name]; known && value != nil {
			out[name] = s.project(kind, value)
		}
	}
	return out
}

func (s *Schema) project(kind Kind, value any) any {
	if item, isList := kind.Item(); isList {
		if object, ok := value.(map[string]any); ok {
			keys := []any{}
			for _, k := range slices.Sorted(maps.Keys(object)) {
				keys = append(keys, k)
			}
			return keys
		}
		list, ok := value.([]any)
		if !ok {
			return value
		}
		out := make([]any, len(list))
		for i, v := range list {
			out[i] = s.project(item, v)
		}
		return out
	}
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	if item, isMap := kind.Value(); isMap {
		out := map[string]any{}
		for k, v := range object {
			out[k] = s.project(item, v)
		}
		return out
	}
	if properties, isTyped := s.Object(kind); isTyped {
		return s.Project(properties, object)
	}
	return value
}
