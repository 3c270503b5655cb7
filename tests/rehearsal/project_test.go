package rehearsal

import (
	"encoding/json"
	"testing"

	"apim-azure/config"
	"apim-azure/tests/rehearsal/tools"
)

// rehearsed is the configuration a program gets in a rehearsal, as Pulumi hands it over.
func rehearsed(t *testing.T, root, stack string, overrides map[string]any) map[string]string {
	t.Helper()
	r := &Rig{options: Options{Root: root, Stack: stack, Dir: t.TempDir(), Config: overrides}}
	if err := r.complete(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.project, err = readProject(root, stack); err != nil {
		t.Fatal(err)
	}
	if err := r.occupy(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	values, err := r.write(overrides)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := openVault(r.path("secrets.json"))
	if err != nil {
		t.Fatal(err)
	}
	for path, s := range vault.Values {
		if r.project.lookup(values, path) != nil {
			if err := r.project.set(values, path, s.Clear); err != nil {
				t.Fatal(err)
			}
		}
	}
	raw := map[string]string{}
	for key, value := range values {
		text, isText := value.(string)
		if !isText {
			content, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(content)
		}
		raw[key] = text
	}
	return raw
}

func TestTheMadeUpSecretsSatisfyTheConfigurationOfEveryStack(t *testing.T) {
	t.Parallel()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	stacks := Stacks(root)
	if len(stacks) == 0 {
		t.Fatalf("%s has no stacks", root)
	}
	for _, stack := range stacks {
		for name, overrides := range map[string]map[string]any{
			"as it is":                   nil,
			"at the platform stage":      {"workloads.enabled": false},
			"at the workloads stage":     {"workloads.enabled": true},
			"with another registry":      {"registry.external": "registry.example.com"},
			"with a host of its own":     {"workloads.enabled": true, "workloads.groups[0].hosts.api": "apis"},
			"with its protection lifted": {"protect": false},
		} {
			t.Run(stack+" "+name, func(t *testing.T) {
				c, _, err := config.Load("apim", stack, rehearsed(t, root, stack, overrides))
				if err != nil {
					t.Fatal(err)
				}
				if c.Workloads.Enabled != (c.Secrets.Certificate != "") {
					t.Errorf("workloads enabled: %t, but a certificate made up: %t", c.Workloads.Enabled, c.Secrets.Certificate != "")
				}
			})
		}
	}
}
