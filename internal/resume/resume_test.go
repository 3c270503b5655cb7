package resume

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const killed = `{"version": 3, "deployment": {"manifest": {"magic": 12345678901234567890},
  "resources": [{"type": "pulumi:providers:azure-native", "urn": "provider", "inputs": {"subscriptionId": "11111111-2222-3333-4444-555555555555"}}],
  "pending_operations": [
    {"type": "creating", "resource": {"urn": "subnet", "type": "azure-native:network:Subnet", "custom": true,
      "inputs": {"resourceGroupName": "group", "virtualNetworkName": "net", "subnetName": "aks"}}},
    {"type": "updating", "resource": {"urn": "vnet", "type": "azure-native:network:VirtualNetwork", "inputs": {}}},
    {"type": "creating", "resource": {"urn": "anm", "type": "kubernetes:apps/v1:Deployment",
      "inputs": {"metadata": {"name": "anm", "namespace": "apim"}}}},
    {"type": "creating", "resource": {"urn": "namespace", "type": "kubernetes:core/v1:Namespace", "inputs": {"metadata": {"name": "apim"}}}},
    {"type": "creating", "resource": {"urn": "release", "type": "kubernetes:helm.sh/v3:Release", "inputs": {"name": "agic", "namespace": "ingress"}}},
    {"type": "creating", "resource": {"urn": "password", "type": "random:index/randomPassword:RandomPassword", "inputs": {"length": 32}}}
  ]}}`

// cli plays the CLI on one state; refresh is what a refresh makes of it.
type cli struct {
	state    string
	refresh  func(*state)
	commands []string
}

func (c *cli) run(_ context.Context, input []byte, args ...string) (string, int, error) {
	c.commands = append(c.commands, strings.Join(args, " "))
	switch strings.Join(args[:min(2, len(args))], " ") {
	case "stack export":
		return c.state, 0, nil
	case "stack import":
		c.state = string(input)
	case "refresh --yes":
		s, err := readState([]byte(c.state))
		if err != nil {
			return err.Error(), 1, nil
		}
		c.refresh(s)
		changed, err := s.write()
		c.state = string(changed)
		return "", 0, err
	}
	return "", 0, nil
}

func (c *cli) resources(t *testing.T) map[string]map[string]any {
	t.Helper()
	var stack struct {
		Deployment struct {
			Resources []map[string]any
			Pending   []any `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal([]byte(c.state), &stack); err != nil {
		t.Fatal(err)
	}
	if len(stack.Deployment.Pending) > 0 {
		t.Errorf("%d operations are still under way", len(stack.Deployment.Pending))
	}
	out := map[string]map[string]any{}
	for _, r := range stack.Deployment.Resources {
		out[r["urn"].(string)] = r
	}
	return out
}

func TestCreationsUnderWayAreLookedUpByTheIDsTheirInputsLeadTo(t *testing.T) {
	c := &cli{state: killed, refresh: func(*state) {}}
	if err := Run(t.Context(), c.run, t.Logf); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for urn, r := range c.resources(t) {
		got[urn] = r["id"]
	}
	want := map[string]any{
		"provider":  nil,
		"subnet":    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/group/providers/Microsoft.Network/virtualNetworks/net/subnets/aks",
		"anm":       "apim/anm",
		"namespace": "apim",
		"release":   "ingress/agic",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("looked up %v, want %v", got, want)
	}
	steps := []string{"cancel --yes", "stack export", "stack import", "refresh --yes --skip-preview", "stack export", "stack import", "up --yes --skip-preview"}
	if !slices.Equal(c.commands, steps) {
		t.Errorf("ran %v, want %v", c.commands, steps)
	}
	if !strings.Contains(c.state, "12345678901234567890") {
		t.Error("a large number lost digits on the way")
	}
}

func TestOnlyWhatCameUpWholeGetsItsOwnInputsBack(t *testing.T) {
	for provisioned, restored := range map[string]bool{"Succeeded": true, "Failed": false, "": true} {
		c := &cli{state: killed, refresh: func(s *state) {
			for _, entry := range s.deployment["resources"].([]any) {
				if r := entry.(map[string]any); r["urn"] == "subnet" {
					r["inputs"] = map[string]any{"addedByAzure": true}
					if provisioned != "" {
						r["outputs"] = map[string]any{"provisioningState": provisioned}
					}
				}
			}
		}}
		if err := Run(t.Context(), c.run, t.Logf); err != nil {
			t.Fatal(err)
		}
		inputs := c.resources(t)["subnet"]["inputs"].(map[string]any)
		if _, own := inputs["subnetName"]; own != restored {
			t.Errorf("provisioningState %q: the inputs are %v", provisioned, inputs)
		}
	}
}

func TestAFailedStepEndsTheResumeWithWhatPulumiSaid(t *testing.T) {
	failing := func(context.Context, []byte, ...string) (string, int, error) {
		return "error: no stack selected\n", 255, nil
	}
	err := Run(t.Context(), failing, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "pulumi cancel ended with exit code 255: error: no stack selected") {
		t.Errorf("got %v", err)
	}
}
