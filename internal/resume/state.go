package resume

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// state is an exported stack. It is kept as it came, so that what this package doesn't know survives the way back.
type state struct {
	whole, deployment map[string]any
}

func readState(export []byte) (*state, error) {
	s := &state{}
	decoder := json.NewDecoder(bytes.NewReader(export))
	decoder.UseNumber()
	if err := decoder.Decode(&s.whole); err != nil {
		return nil, fmt.Errorf("reading the exported stack: %w", err)
	}
	s.deployment, _ = s.whole["deployment"].(map[string]any)
	if s.deployment == nil {
		return nil, fmt.Errorf("reading the exported stack: it has no deployment")
	}
	return s, nil
}

func (s *state) write() ([]byte, error) { return json.Marshal(s.whole) }

// adopt turns creations that were under way into resources with the IDs their inputs lead to, for the next refresh to find out
// which exist. It returns the inputs of those by URN, and the number of operations that were under way. The CLI's own
// --import-pending-creates marks them as imports, which its engine then drops.
func (s *state) adopt(identify Identify) (inputs map[string]any, pending int) {
	inputs = map[string]any{}
	operations, _ := s.deployment["pending_operations"].([]any)
	resources, _ := s.deployment["resources"].([]any)
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		if operation["type"] != "creating" || resource == nil {
			continue
		}
		given, _ := resource["inputs"].(map[string]any)
		resourceType, _ := resource["type"].(string)
		if id, ok := identify(resourceType, given); ok {
			resource["id"] = id
			inputs[resource["urn"].(string)] = given
			resources = append(resources, resource)
		}
	}
	s.deployment["resources"] = resources
	delete(s.deployment, "pending_operations")
	return inputs, len(operations)
}

// restore gives adopted resources that came up whole their own inputs back. A refresh that knows no earlier outputs takes all of
// Azure's defaults for inputs, some of which can't be taken back without a replacement. One that did not come up whole keeps
// them: the difference makes the next update send it again.
func (s *state) restore(inputs map[string]any) {
	resources, _ := s.deployment["resources"].([]any)
	for _, entry := range resources {
		resource, _ := entry.(map[string]any)
		urn, _ := resource["urn"].(string)
		if given, adopted := inputs[urn]; adopted && whole(resource) {
			resource["inputs"] = given
		}
	}
}

// whole tells that Azure finished setting a resource up. Resources without a state of their own are whole once they exist.
func whole(resource map[string]any) bool {
	outputs, _ := resource["outputs"].(map[string]any)
	state, has := outputs["provisioningState"].(string)
	return !has || state == "Succeeded"
}

// subscription is the one the Azure provider works in; empty when nothing of Azure was created yet.
func (s *state) subscription() string {
	resources, _ := s.deployment["resources"].([]any)
	for _, entry := range resources {
		resource, _ := entry.(map[string]any)
		inputs, _ := resource["inputs"].(map[string]any)
		if id, ok := inputs["subscriptionId"].(string); ok && resource["type"] == "pulumi:providers:azure-native" {
			return id
		}
	}
	return ""
}
