package arm

import (
	"maps"
	"reflect"
	"strings"
)

// Object is a JSON object: a resource's properties, or part of them. Numbers are float64.
type Object = map[string]any

// get follows a dotted path through nested objects; it returns nil where the path ends early.
func get(o Object, path string) any {
	var value any = o
	for _, key := range strings.Split(path, ".") {
		object, ok := value.(Object)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func has(o Object, path string) bool { return get(o, path) != nil }

func text(o Object, path string) string {
	s, _ := get(o, path).(string)
	return s
}

func truth(o Object, path string) bool {
	b, _ := get(o, path).(bool)
	return b
}

// number returns the number at a path, and whether there is one.
func number(o Object, path string) (float64, bool) {
	n, ok := get(o, path).(float64)
	return n, ok
}

// whole returns the integer at a path, 0 where there is none.
func whole(o Object, path string) int {
	n, _ := number(o, path)
	return int(n)
}

func list(o Object, path string) []any {
	l, _ := get(o, path).([]any)
	return l
}

// objects returns the objects in the list at a path.
func objects(o Object, path string) []Object {
	var out []Object
	for _, item := range list(o, path) {
		if object, ok := item.(Object); ok {
			out = append(out, object)
		}
	}
	return out
}

// texts returns the strings in the list at a path.
func texts(o Object, path string) []string {
	var out []string
	for _, item := range list(o, path) {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// set writes a value at a dotted path, creating objects on the way.
func set(o Object, path string, value any) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := o[key].(Object)
		if !ok {
			next = Object{}
			o[key] = next
		}
		o = next
	}
	o[keys[len(keys)-1]] = value
}

// unset removes the value at a dotted path.
func unset(o Object, path string) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := o[key].(Object)
		if !ok {
			return
		}
		o = next
	}
	delete(o, keys[len(keys)-1])
}

// clone copies a value deeply.
func clone[T any](value T) T {
	return cloneAny(value).(T)
}

func cloneAny(value any) any {
	switch v := value.(type) {
	case Object:
		out := make(Object, len(v))
		for k, item := range v {
			out[k] = cloneAny(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cloneAny(item)
		}
		return out
	}
	return value
}

// merge fills what target lacks from defaults, object by object.
func merge(target, defaults Object) {
	for key, value := range defaults {
		existing, present := target[key]
		if !present {
			target[key] = cloneAny(value)
			continue
		}
		if sub, ok := existing.(Object); ok {
			if subDefaults, ok := value.(Object); ok {
				merge(sub, subDefaults)
			}
		}
	}
}

// walk calls visit for every string in a value, and every ID among its keys, with its path (`a.b[0].c`).
func walk(value any, path string, visit func(path, s string)) {
	switch v := value.(type) {
	case string:
		visit(path, v)
	case Object:
		for _, key := range sortedKeys(v) {
			if strings.HasPrefix(key, "/subscriptions/") {
				visit(path, key) // identities are shown as a map by ID
			}
			walk(v[key], strings.TrimPrefix(path+"."+key, "."), visit)
		}
	case []any:
		for i, item := range v {
			walk(item, path+"["+itoa(i)+"]", visit)
		}
	}
}

// rewrite replaces every string in a value in place.
func rewrite(value any, replace func(string) string) any {
	switch v := value.(type) {
	case string:
		return replace(v)
	case Object:
		for key, item := range v {
			v[key] = rewrite(item, replace)
		}
	case []any:
		for i, item := range v {
			v[i] = rewrite(item, replace)
		}
	}
	return value
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func sortedKeys(o Object) []string {
	return sorted(maps.Keys(o))
}
