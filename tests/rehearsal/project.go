package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// project is the project's Pulumi.yaml and one stack's file, as they are read from the root.
type project struct {
	name  string
	file  map[string]any
	stack map[string]any
}

// readProject reads the real files. A stack without a file is refused with those there are.
func readProject(root, stack string) (*project, error) {
	p := &project{}
	if err := readYAML(filepath.Join(root, "Pulumi.yaml"), &p.file); err != nil {
		return nil, err
	}
	p.name, _ = p.file["name"].(string)
	if p.name == "" {
		return nil, fmt.Errorf("%s names no project", filepath.Join(root, "Pulumi.yaml"))
	}
	err := readYAML(filepath.Join(root, "Pulumi."+stack+".yaml"), &p.stack)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no stack %q: %s has no Pulumi.%s.yaml; the stacks are %s",
			stack, root, stack, strings.Join(Stacks(root), ", "))
	}
	return p, err
}

// Stacks are the stacks of a project: those with a Pulumi.<stack>.yaml.
func Stacks(root string) []string {
	files, _ := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	var stacks []string
	for _, f := range files {
		stacks = append(stacks, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "Pulumi."), ".yaml"))
	}
	return stacks
}

// projectFile is the copy of Pulumi.yaml: its runtime starts the compiled program, and it names no backend.
func (p *project) projectFile(program string) map[string]any {
	file := maps.Clone(p.file)
	file["runtime"] = map[string]any{"name": "go", "options": map[string]any{"binary": program}}
	for _, key := range []string{"main", "backend", "stackConfigDir"} {
		delete(file, key)
	}
	return file
}

// configuration is the stack's configuration with every encrypted value taken out, and the overrides put in. It returns the
// paths of what was taken out too.
func (p *project) configuration(overrides map[string]any) (config map[string]any, secrets []string, err error) {
	values, _ := p.stack["config"].(map[string]any)
	config = map[string]any{}
	for key, value := range values {
		path, _ := strings.CutPrefix(key, p.name+":")
		if kept, keep := withoutSecrets(path, value, &secrets); keep {
			config[key] = kept
		}
	}
	for _, path := range slices.Sorted(maps.Keys(overrides)) {
		if err := p.set(config, path, overrides[path]); err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(secrets)
	return config, secrets, nil
}

// withoutSecrets copies a value without its encrypted parts, whose paths it notes.
func withoutSecrets(path string, value any, secrets *[]string) (kept any, keep bool) {
	switch v := value.(type) {
	case map[string]any:
		if _, encrypted := v["secure"].(string); encrypted && len(v) == 1 {
			*secrets = append(*secrets, path)
			return nil, false
		}
		object := map[string]any{}
		for key, e := range v {
			if kept, keep := withoutSecrets(path+"."+key, e, secrets); keep {
				object[key] = kept
			}
		}
		return object, true
	case []any:
		var list []any
		for i, e := range v {
			if kept, keep := withoutSecrets(path+"."+strconv.Itoa(i), e, secrets); keep {
				list = append(list, kept)
			}
		}
		return list, true
	}
	return value, true
}

// set puts a value at a path such as workloads.groups[0].name or workloads.groups.0.name, in the project's namespace unless
// the path names one. Nil takes the value out.
func (p *project) set(config map[string]any, path string, value any) error {
	keys := strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(path), ".")
	if !strings.Contains(keys[0], ":") {
		keys[0] = p.name + ":" + keys[0]
	}
	_, err := put(config, keys, value)
	if err != nil {
		return fmt.Errorf("can't set %s: %w", path, err)
	}
	return nil
}

func put(in any, keys []string, value any) (any, error) {
	if len(keys) == 0 {
		return value, nil
	}
	key := keys[0]
	switch v := in.(type) {
	case nil:
		return put(map[string]any{}, keys, value)
	case map[string]any:
		if len(keys) == 1 && value == nil {
			delete(v, key)
			return v, nil
		}
		e, err := put(v[key], keys[1:], value)
		v[key] = e
		return v, err
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i > len(v) {
			return v, fmt.Errorf("%q is no position in a list of %d", key, len(v))
		}
		if i == len(v) {
			v = append(v, nil)
		}
		v[i], err = put(v[i], keys[1:], value)
		return v, err
	}
	return in, fmt.Errorf("%q is within %v, which is neither an object nor a list", key, in)
}

// lookup returns the value at a path of the project's namespace, or nil.
func (p *project) lookup(config map[string]any, path string) any {
	var at any = config
	for i, key := range strings.Split(path, ".") {
		if i == 0 {
			key = p.name + ":" + key
		}
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[key]
	}
	return at
}

func readYAML(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeYAML(path string, value any) error {
	content, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte("# Written by the rehearsal; changes are overwritten.\n"), content...), 0o600)
}
