package badconfig

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Project and Stack are what the base configuration belongs to.
const (
	Project = "apim"
	Stack   = "prod"
)

// Base is production's configuration as Pulumi hands it to a program, with a certificate generated for its hosts. It panics
// when the stack file can't be read: it is only used by tests.
func Base() map[string]string {
	raw, err := FromFile("Pulumi.prod.yaml")
	if err != nil {
		panic(err)
	}
	good := certificates().good
	raw[Project+":secrets"] = encode(map[string]any{"certificate": good.chain, "privateKey": good.key})
	return raw
}

// FromFile reads the plain values of a stack file at the module's root into the form Pulumi hands a program: texts, with objects
// and lists as JSON.
func FromFile(name string) (map[string]string, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	raw := map[string]string{}
	for key, value := range file.Config {
		raw[key] = encode(value)
	}
	return raw, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = parent
	}
}

// encode writes a value the way Pulumi stores it: plain values as text, others as JSON.
func encode(value any) string {
	switch value.(type) {
	case map[string]any, []any, []string, []int, []map[string]any:
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		return string(encoded)
	}
	return fmt.Sprint(value)
}

// Apply returns base with the case's changes. A path is written as in messages, `workloads.groups[0].name`; one list index past
// the end appends; the value Remove takes the key away.
func Apply(base map[string]string, c Case) map[string]string {
	changed := maps.Clone(base)
	for _, path := range sortedPaths(c.Set) {
		steps := split(path)
		key := Project + ":" + steps[0].(string)
		if len(steps) == 1 {
			if c.Set[path] == Remove {
				delete(changed, key)
			} else {
				changed[key] = encode(c.Set[path])
			}
			continue
		}
		var section any = map[string]any{}
		if text, ok := changed[key]; ok {
			if err := json.Unmarshal([]byte(text), &section); err != nil {
				panic(fmt.Sprintf("%s: %v", key, err))
			}
		}
		changed[key] = encode(set(section, steps[1:], c.Set[path]))
	}
	return changed
}

// split cuts a path into the keys and indexes it goes through.
func split(path string) []any {
	var steps []any
	for _, part := range strings.Split(path, ".") {
		name, rest, indexed := strings.Cut(part, "[")
		steps = append(steps, name)
		for indexed {
			var digits string
			digits, rest, _ = strings.Cut(rest, "]")
			n, err := strconv.Atoi(digits)
			if err != nil {
				panic(fmt.Sprintf("path %q: %v", path, err))
			}
			steps = append(steps, n)
			rest, indexed = strings.CutPrefix(rest, "[")
		}
	}
	return steps
}

// set returns node with value at the end of steps.
func set(node any, steps []any, value any) any {
	if len(steps) == 0 {
		return value
	}
	if index, ok := steps[0].(int); ok {
		list, _ := node.([]any)
		for len(list) <= index {
			list = append(list, nil)
		}
		list[index] = set(list[index], steps[1:], value)
		return list
	}
	object, ok := node.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	key := steps[0].(string)
	if len(steps) == 1 && value == Remove {
		delete(object, key)
		return object
	}
	object[key] = set(object[key], steps[1:], value)
	return object
}
