package resume

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What the CLI writes into a plan for values it doesn't know yet, and for secrets.
const (
	unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	hidden  = "[secret]"
)

// creations are the steps that create; of a replacement the CLI writes the middle one of its three only.
var creations = []string{"create", "create-replacement", "replace"}

// readPlan returns the resources a preview in JSON would create, as they would be in the state.
func readPlan(text string) ([]map[string]any, error) {
	var plan struct {
		Steps []struct {
			Op       string         `json:"op"`
			NewState map[string]any `json:"newState"`
		} `json:"steps"`
	}
	decoder := json.NewDecoder(strings.NewReader(text[max(strings.Index(text, "{"), 0):]))
	decoder.UseNumber()
	if err := decoder.Decode(&plan); err != nil {
		return nil, fmt.Errorf("reading the preview: %w", err)
	}
	var out []map[string]any
	for _, step := range plan.Steps {
		if slices.Contains(creations, step.Op) && step.NewState["custom"] == true {
			delete(step.NewState, "outputs")
			out = append(out, step.NewState)
		}
	}
	return out, nil
}

// The ways of saying that something exists: azure-native's with the ID, Kubernetes' with the kind's plural and the name.
var (
	existsInAzure      = regexp.MustCompile(`cannot create already existing (?:sub)?resource '([^']+)'`)
	existsInKubernetes = regexp.MustCompile(`([a-z0-9]+)(?:\.[a-z0-9.-]+)? "([^"]+)" already exists`)
)

func somethingExists(output string) bool {
	return existsInAzure.MatchString(output) || existsInKubernetes.MatchString(output)
}

// adoptPlanned takes in those planned creations that a failed update's output says exist.
func (s *state) adoptPlanned(planned []map[string]any, output string, identify Identify) []*adoption {
	var taken []*adoption
	for _, resource := range planned {
		inputs, _ := resource["inputs"].(map[string]any)
		resourceType, _ := resource["type"].(string)
		id, ok := identify(resourceType, inputs)
		if !ok || !shown(id) || !s.provides(resource) || !exists(output, resourceType, id) {
			continue
		}
		own := maps.Clone(inputs)
		resource["inputs"] = restored(inputs, nil) // nothing but true values goes into the state
		if a := s.adopt(resource, identify); a != nil {
			a.inputs = own
			taken = append(taken, a)
		}
	}
	return taken
}

// provides tells whether the state has the provider a planned resource refers to: without it nothing can have been created.
func (s *state) provides(resource map[string]any) bool {
	reference, _ := resource["provider"].(string)
	return s.index(func(r map[string]any) bool {
		urn, _ := r["urn"].(string)
		id, _ := r["id"].(string)
		return reference == urn+"::"+id && reference != "::"
	}) >= 0
}

// exists tells whether an update's output names a resource as existing.
func exists(output, resourceType, id string) bool {
	if strings.HasPrefix(resourceType, "kubernetes:") {
		kind := strings.ToLower(resourceType[strings.LastIndex(resourceType, ":")+1:])
		name := id[strings.LastIndex(id, "/")+1:]
		for _, found := range existsInKubernetes.FindAllStringSubmatch(output, -1) {
			if strings.HasPrefix(found[1], strings.TrimSuffix(kind, "y")) && found[2] == name {
				return true
			}
		}
		return false
	}
	for _, found := range existsInAzure.FindAllStringSubmatch(output, -1) {
		if sameID(found[1], id) {
			return true
		}
	}
	return false
}

// shown tells whether a plan shows all of a value.
func shown(value any) bool {
	switch v := value.(type) {
	case string:
		return !strings.Contains(v, unknown) && !strings.Contains(v, hidden)
	case []any:
		for _, item := range v {
			if !shown(item) {
				return false
			}
		}
	case map[string]any:
		for _, item := range v {
			if !shown(item) {
				return false
			}
		}
	}
	return true
}
