package faults_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// path leads to a value inside an object: keys and, for lists, positions.
type path []any

// String writes a path as the engine shows it: a.b[0].c, with keys that hold marks of their own in quotes.
func (p path) String() string {
	var b strings.Builder
	for _, part := range p {
		switch part := part.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", part)
		case string:
			if strings.ContainsAny(part, `."[]`) {
				fmt.Fprintf(&b, "[%q]", part)
			} else {
				if b.Len() > 0 {
					b.WriteByte('.')
				}
				b.WriteString(part)
			}
		}
	}
	return b.String()
}

// rule writes a path without positions, as rules about properties are written: a.b[].c.
func (p path) rule() string { return position.ReplaceAllString(p.String(), "[]") }

var position = regexp.MustCompile(`\[\d+\]`)

// in tells whether a property is another one or inside it; both are written without positions, and a rule may leave out brackets.
func in(property, rule string) bool {
	clean := func(s string) string { return strings.ReplaceAll(s, "[]", "") }
	a, b := clean(property), clean(rule)
	return a == b || strings.HasPrefix(a, b+".")
}

// anyIn tells whether a property is inside one of several.
func anyIn(property string, rules []string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool { return in(property, rule) })
}

// walk visits everything inside a value: objects and lists with something in them, before what they hold, and plain values.
func walk(value any, at path, visit func(path, any)) {
	if value == nil {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		if len(at) > 0 && len(v) > 0 {
			visit(at, v)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], at.down(key), visit)
		}
	case []any:
		if len(v) > 0 {
			visit(at, v)
		}
		for i, item := range v {
			walk(item, at.down(i), visit)
		}
	default:
		visit(at, v)
	}
}

func (p path) down(part any) path { return append(slices.Clone(p), part) }

// get follows a path; ok is false where it ends early.
func get(value any, p path) (found any, ok bool) {
	for _, part := range p {
		switch part := part.(type) {
		case string:
			object, isObject := value.(map[string]any)
			if value, ok = object[part]; !isObject || !ok {
				return nil, false
			}
		case int:
			list, isList := value.([]any)
			if !isList || part >= len(list) {
				return nil, false
			}
			value = list[part]
		}
	}
	return value, true
}

// put replaces what a path leads to. The path must exist.
func put(value any, p path, with any) {
	holder, _ := get(value, p[:len(p)-1])
	switch part := p[len(p)-1].(type) {
	case string:
		holder.(map[string]any)[part] = with
	case int:
		holder.([]any)[part] = with
	}
}

var (
	guid     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	cidr     = regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+)/(\d+)$`)
	address  = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
	digits   = regexp.MustCompile(`^\d+$`)
	quantity = regexp.MustCompile(`^(\d+)(m|Ki|Mi|Gi|Ti|%|s|h|d)$`)
)

// another is a plausible other value of the same kind. Numbers get smaller where they can: what can only grow in Azure, such as a
// disk, can be put right from below.
func another(value any) any {
	switch v := value.(type) {
	case bool:
		return !v
	case float64:
		if v > 1 {
			return v - 1
		}
		return v + 1
	case int64:
		return another(float64(v))
	case string:
		return anotherText(v)
	}
	return "other"
}

// pairs are other possible values where a cluster's own request would carry an impossible one of its pools along.
var pairs = map[string]string{"System": "User", "User": "Gateway", "Ubuntu": "AzureLinux"}

func anotherText(s string) string {
	switch {
	case pairs[s] != "":
		return pairs[s]
	case s == "true":
		return "false"
	case s == "false":
		return "true"
	case guid.MatchString(s):
		last := "0"
		if strings.HasSuffix(s, "0") {
			last = "1"
		}
		return s[:len(s)-1] + last
	case address.MatchString(s):
		return "192.0.2.77" // a range reserved for documentation
	case strings.HasSuffix(s, "/32") && cidr.MatchString(s):
		return "192.0.2.77/32"
	case cidr.MatchString(s):
		parts := cidr.FindStringSubmatch(s)
		bits, _ := strconv.Atoi(parts[2])
		return fmt.Sprintf("%s/%d", parts[1], bits+1) // inside whatever the range must be inside
	case digits.MatchString(s):
		n, _ := strconv.Atoi(s)
		return strconv.Itoa(n + 1)
	case quantity.MatchString(s):
		parts := quantity.FindStringSubmatch(s)
		n, _ := strconv.Atoi(parts[1])
		return strconv.Itoa(n+1) + parts[2]
	}
	return s + "other"
}
