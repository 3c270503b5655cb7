package resume

import (
	"strings"

	"apim-azure/tests/rehearsal/azure/arm"
)

// Identify computes a resource's ID from its type and inputs. ok is false for resources that exist in the state only.
type Identify func(resourceType string, inputs map[string]any) (id string, ok bool)

// identifier computes IDs in a subscription. Azure's follow from the names in the inputs, by the same templates the rehearsal's
// simulated subscription uses; Kubernetes' are namespace and name.
func identifier(subscription string) Identify {
	return func(resourceType string, inputs map[string]any) (string, bool) {
		switch {
		case strings.HasPrefix(resourceType, "azure-native:"):
			t := arm.Lookup(resourceType)
			if t == nil {
				return "", false
			}
			id, err := t.ID(subscription, inputs)
			return id, err == nil
		case strings.HasPrefix(resourceType, "kubernetes:"):
			return objectID(inputs)
		}
		return "", false
	}
}

// objectID is the Kubernetes provider's: namespace/name, or the name alone. A Helm release has both at the top.
func objectID(inputs map[string]any) (string, bool) {
	metadata, ok := inputs["metadata"].(map[string]any)
	if !ok {
		metadata = inputs
	}
	name, _ := metadata["name"].(string)
	if namespace, _ := metadata["namespace"].(string); namespace != "" && name != "" {
		name = namespace + "/" + name
	}
	return name, name != ""
}
