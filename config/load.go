package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Load reads the configuration of a stack. raw is what Pulumi hands a program: full keys such as `apim:network` to strings,
// objects and lists as JSON. Keys of other namespaces than project are ignored. The warnings are worth showing but stop
// nothing. The error joins every problem found, each a *Problem; the configuration is nil then.
func Load(project, stack string, raw map[string]string) (*Config, []string, error) {
	c := &Config{Project: project, Stack: stack}
	f := &findings{}
	r := reader{f}
	r.object("", reflect.ValueOf(c).Elem(), topLevel(project, raw))
	validate(c, f)
	if err := f.err(); err != nil {
		return nil, f.warnings, err
	}
	return c, f.warnings, nil
}

// SecretKeys lists the paths of all keys whose values are secret, sorted.
func SecretKeys() []string {
	var keys []string
	eachField("", reflect.ValueOf(Config{}), func(key string, _ reflect.Value, tag reflect.StructTag) {
		if tag.Get("secret") == "true" {
			keys = append(keys, key)
		}
	})
	slices.Sort(keys)
	return keys
}

// text marks a value that came as a plain string, not as JSON: it may stand for a number, a boolean or a whole JSON document.
type text string

func topLevel(project string, raw map[string]string) map[string]any {
	values := map[string]any{}
	for key, value := range raw {
		if name, ok := strings.CutPrefix(key, project+":"); ok {
			values[name] = text(value)
		}
	}
	return values
}

// reader fills configuration types from decoded JSON and records what doesn't fit.
type reader struct{ *findings }

// object fills a struct. Keys the struct doesn't have are problems; keys it has and values hasn't get their defaults.
func (r reader) object(path string, into reflect.Value, values map[string]any) {
	known := fields(into.Type())
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if _, ok := known[key]; !ok {
			// The value stays out of the message: it may be a password under a mistyped key.
			r.refuse(join(path, key), nil, "is not a configuration key", suggestion(path, key, slices.Sorted(maps.Keys(known))))
		}
	}
	for key, field := range known {
		r.field(join(path, key), field.Tag, into.FieldByIndex(field.Index), values[key])
	}
}

// suggestion says where a key nobody knows belongs: to the one other section that has it, or else under the nearest name here.
func suggestion(path, key string, siblings []string) string {
	elsewhere := slices.DeleteFunc(allKeys("", reflect.TypeFor[Config]()), func(known string) bool {
		return !strings.HasSuffix("."+known, "."+key)
	})
	if len(elsewhere) == 1 {
		return "the nearest one is " + elsewhere[0] + "; move it there"
	}
	return "the nearest one is " + join(path, nearest(key, siblings)) + "; rename or remove it (known here: " + strings.Join(siblings, ", ") + ")"
}

// allKeys are the paths of all keys under a type, sorted; elements of lists are written as `[]`.
func allKeys(path string, t reflect.Type) []string {
	var keys []string
	for name, field := range fields(t) {
		key, inner := join(path, name), field.Type
		keys = append(keys, key)
		if inner.Kind() == reflect.Slice {
			key, inner = key+"[]", inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, allKeys(key, inner)...)
		}
	}
	slices.Sort(keys)
	return keys
}

func (r reader) field(key string, tag reflect.StructTag, into reflect.Value, value any) {
	switch into.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
		value = r.document(value)
	}
	// An emptied key, `aks:` with nothing behind it, is an absent one.
	if value == nil || into.Kind() != reflect.String && (value == "" || value == text("")) {
		setDefault(into, tag)
		if into.Kind() == reflect.Struct {
			r.object(key, into, nil)
		}
		r.require(key, tag, into)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		r.item(key, tag, into, value)
	case reflect.Map:
		r.stringMap(key, tag, into, value)
	case reflect.Slice:
		r.list(key, tag, into, value)
	default:
		if !r.scalar(key, tag, into, value) {
			setDefault(into, tag)
			return
		}
	}
	r.require(key, tag, into)
}

func (r reader) require(key string, tag reflect.StructTag, into reflect.Value) {
	empty := into.IsZero() || into.Kind() == reflect.Slice && into.Len() == 0
	if tag.Get("required") == "true" && empty && !r.refused(key) {
		r.refuse(key, nil, "is required", "set it in the stack's configuration file")
	}
}

// document decodes a value that arrived as JSON text.
func (r reader) document(value any) any {
	raw, ok := value.(text)
	if !ok {
		return value
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return raw
	}
	if _, err := decoder.Token(); err != io.EOF {
		return raw
	}
	return decoded
}

func (r reader) list(key string, tag reflect.StructTag, into reflect.Value, value any) {
	items, ok := value.([]any)
	if !ok {
		r.mistyped(key, tag, value, "must be a list", "write one item per line, each after a dash")
		return
	}
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		r.item(fmt.Sprintf("%s[%d]", key, i), tag, list.Index(i), item)
	}
	into.Set(list)
}

// item reads a section or an element of a list.
func (r reader) item(key string, tag reflect.StructTag, into reflect.Value, value any) {
	if into.Kind() != reflect.Struct {
		r.scalar(key, tag, into, value)
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		r.mistyped(key, tag, value, "must be an object of keys and values", "write its keys under it, one per line, as docs/configuration.md lists them")
		// Defaults keep later rules from complaining about keys nobody wrote.
		r = reader{&findings{}}
	}
	r.object(key, into, object)
}

func (r reader) stringMap(key string, tag reflect.StructTag, into reflect.Value, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		r.mistyped(key, tag, value, "must be an object of keys and texts", "write `name: text` under it, one per line")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for name, v := range object {
		element := reflect.New(into.Type().Elem()).Elem()
		if r.scalar(join(key, name), tag, element, v) {
			into.SetMapIndex(reflect.ValueOf(name), element)
		}
	}
}

// scalar reads a text, number or boolean. Numbers and booleans may come as text, because that is how Pulumi stores them; a
// number is taken for a text, because YAML reads 8.4 as one.
func (r reader) scalar(key string, tag reflect.StructTag, into reflect.Value, value any) bool {
	switch v := value.(type) {
	case text:
		return r.parse(key, tag, into, string(v))
	case string:
		return r.parse(key, tag, into, v)
	case json.Number:
		if into.Kind() != reflect.Bool {
			return r.parse(key, tag, into, v.String())
		}
	case bool:
		if into.Kind() == reflect.Bool {
			into.SetBool(v)
			return true
		}
	}
	rule, wayOut := mustBe(into.Kind())
	return r.mistyped(key, tag, value, rule, wayOut)
}

func (r reader) parse(key string, tag reflect.StructTag, into reflect.Value, literal string) bool {
	rule, wayOut := mustBe(into.Kind())
	switch into.Kind() {
	case reflect.String:
		into.SetString(literal)
	case reflect.Int:
		// 32 bits: sums and products over the largest number can't overflow.
		n, err := strconv.ParseInt(literal, 10, 32)
		if errors.Is(err, strconv.ErrRange) {
			rule, wayOut = "is beyond every limit", "use a number docs/configuration.md allows"
		}
		if err != nil {
			return r.mistyped(key, tag, literal, rule, wayOut)
		}
		into.SetInt(n)
	case reflect.Bool:
		if literal != "true" && literal != "false" {
			return r.mistyped(key, tag, literal, rule, wayOut)
		}
		into.SetBool(literal == "true")
	}
	return true
}

// mustBe is the rule a plain value of the wrong type breaks, and the way out.
func mustBe(kind reflect.Kind) (rule, wayOut string) {
	switch kind {
	case reflect.Int:
		return "must be a whole number", "write digits only, without a unit or a decimal point"
	case reflect.Bool:
		return "must be true or false", "write one of the two"
	default:
		return "must be a text", "write one value, in quotes if YAML takes it for something else"
	}
}

// mistyped records a value of the wrong type. Only plain values are shown: objects and lists may hold secrets. It always
// returns false, for the caller to return.
func (r reader) mistyped(key string, tag reflect.StructTag, value any, rule, wayOut string) bool {
	var shown any
	switch v := value.(type) {
	case text:
		shown = string(v)
	case string, json.Number, bool:
		shown = v
	}
	if tag.Get("secret") == "true" || key == "secrets" {
		shown = nil
	}
	r.refuse(key, shown, rule, wayOut)
	return false
}

// setDefault gives a field the default of its tag. Defaults are written by us, so one that doesn't parse is a bug.
func setDefault(into reflect.Value, tag reflect.StructTag) {
	literal, ok := tag.Lookup("default")
	into.SetZero()
	if !ok {
		return
	}
	quiet := reader{&findings{}}
	if !quiet.parse("", tag, into, literal) {
		panic(fmt.Sprintf("default %q does not fit a %s", literal, into.Kind()))
	}
}

// fields are the configuration keys of a struct type.
func fields(t reflect.Type) map[string]reflect.StructField {
	known := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(t) {
		if key := field.Tag.Get("key"); key != "" && key != "-" {
			known[key] = field
		}
	}
	return known
}

// eachField visits every key of a configuration value that holds a value of its own, in any order: objects and list elements
// are walked into. Lists of plain values and maps are visited as a whole.
func eachField(path string, v reflect.Value, visit func(key string, value reflect.Value, tag reflect.StructTag)) {
	for name, field := range fields(v.Type()) {
		key, value := join(path, name), v.FieldByIndex(field.Index)
		switch {
		case value.Kind() == reflect.Struct:
			eachField(key, value, visit)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			for i := range value.Len() {
				eachField(fmt.Sprintf("%s[%d]", key, i), value.Index(i), visit)
			}
		default:
			visit(key, value, field.Tag)
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
