package agic

// object is a part of the gateway as JSON has it; numbers are float64.
type object = map[string]any

func text(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

func part(o object, key string) object {
	p, _ := o[key].(object)
	return p
}

// list returns the objects of a list.
func list(o object, key string) []object {
	items, _ := o[key].([]any)
	out := make([]object, 0, len(items))
	for _, item := range items {
		if p, ok := item.(object); ok {
			out = append(out, p)
		}
	}
	return out
}

// reference is the ID a property points at, or "".
func reference(o object, key string) string { return text(part(o, key), "id") }

func number(o object, key string) int {
	n, _ := o[key].(float64)
	return int(n)
}
