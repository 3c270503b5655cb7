package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// projectKey is one entry of Pulumi.yaml's config section.
type projectKey struct {
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
	Default     any    `yaml:"default"`
	Secret      bool   `yaml:"secret"`
	Value       any    `yaml:"value"`
}

func readYAML(t *testing.T, name string, into any) string {
	t.Helper()
	content, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPulumiYAMLDeclaresExactlyTheTopLevelKeys(t *testing.T) {
	var project struct {
		Name    string
		Runtime struct{ Name string }
		Config  map[string]projectKey
	}
	readYAML(t, "Pulumi.yaml", &project)
	if project.Name != "apim" || project.Runtime.Name != "go" {
		t.Errorf("project %s with runtime %s", project.Name, project.Runtime.Name)
	}
	if got := fmt.Sprint(project.Config["pulumi:disable-default-providers"].Value); got != "[*]" {
		t.Errorf("default providers are not disabled: %s", got)
	}
	delete(project.Config, "pulumi:disable-default-providers")
	known := fields(reflect.TypeFor[Config]())
	for key, entry := range project.Config {
		field, ok := known[key]
		if !ok {
			t.Errorf("%s is declared in Pulumi.yaml but not in the types", key)
			continue
		}
		delete(known, key)
		checkProjectKey(t, key, entry, field)
	}
	for key := range known {
		t.Errorf("%s is missing in Pulumi.yaml", key)
	}
}

func checkProjectKey(t *testing.T, key string, entry projectKey, field reflect.StructField) {
	t.Helper()
	if entry.Description == "" {
		t.Errorf("%s has no description", key)
	}
	if key == "secrets" {
		if !entry.Secret {
			t.Error("secrets is not marked secret")
		}
		return
	}
	kinds := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Struct: "object"}
	if want := kinds[field.Type.Kind()]; entry.Type != want {
		t.Errorf("%s has type %s, want %s", key, entry.Type, want)
	}
	want, hasDefault := field.Tag.Lookup("default")
	switch {
	case field.Tag.Get("required") == "true":
		if entry.Default != nil {
			t.Errorf("%s is required but has default %v", key, entry.Default)
		}
	case field.Type.Kind() == reflect.Struct:
		if object, ok := entry.Default.(map[string]any); !ok || len(object) != 0 {
			t.Errorf("%s has default %v, want {}", key, entry.Default)
		}
	case hasDefault && fmt.Sprint(entry.Default) != want:
		t.Errorf("%s has default %v, want %s", key, entry.Default, want)
	}
}

func TestStackFilesFitOnOneScreenAndHoldNoSecrets(t *testing.T) {
	for _, name := range []string{"Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		var file struct{ Config map[string]any }
		content := readYAML(t, name, &file)
		if lines := strings.Count(content, "\n"); lines > 45 {
			t.Errorf("%s has %d lines, 45 at most", name, lines)
		}
		if len(file.Config) < 5 || file.Config["apim:secrets"] != nil || strings.Contains(content, "secure:") {
			t.Errorf("%s is empty or holds secrets", name)
		}
	}
}

// choices are the keys a stack may set as it likes: they are no figures, and what is required once the workloads are enabled.
var choices = []string{
	"environment", "ingress.exposure", "workloads.enabled", "workloads.acceptGeneralConditions", "workloads.anm.image", "workloads.preflightImage",
}

func TestDevelopmentLowersOnlyWhatIsMarkedSo(t *testing.T) {
	var file struct{ Config map[string]any }
	readYAML(t, "Pulumi.dev.yaml", &file)
	lowered := 0
	for section, value := range file.Config {
		visitKeys(strings.TrimPrefix(section, "apim:"), reflect.TypeFor[Config](), value, func(key string, value any, tag reflect.StructTag) {
			switch {
			case fmt.Sprint(value) == tag.Get("default"), tag.Get("required") == "true", slices.Contains(choices, key):
			case tag.Get("figure") == "lower":
				lowered++
			default:
				t.Errorf("%s: %v differs from the default, %q, and is not marked as lower in development", key, value, tag.Get("default"))
			}
		})
	}
	if lowered < 5 {
		t.Errorf("only %d keys are lowered: development is no smaller than production", lowered)
	}
}

// visitKeys calls visit for every plain value under a key path of a stack file.
func visitKeys(path string, root reflect.Type, value any, visit func(string, any, reflect.StructTag)) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			visitKeys(path+"."+key, root, inner, visit)
		}
	case []any:
		for _, inner := range v {
			visitKeys(path, root, inner, visit)
		}
	default:
		visit(path, value, tagAt(root, strings.Split(path, ".")))
	}
}

// tagAt is the tag of the field a path leads to; list elements share their list's path.
func tagAt(t reflect.Type, path []string) reflect.StructTag {
	field := fields(t)[path[0]]
	if len(path) == 1 || field.Type == nil {
		return field.Tag
	}
	inner := field.Type
	if inner.Kind() == reflect.Slice {
		inner = inner.Elem()
	}
	return tagAt(inner, path[1:])
}
