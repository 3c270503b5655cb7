package resume

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What the CLI writes into its events for values it doesn't know, and for secrets. A secret comes in an envelope.
const (
	unknown   = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	hidden    = "[secret]"
	signature = "4dabf18193072939515e22adb298388d"
)

// creations are the steps that create.
var creations = []string{"create", "create-replacement", "replace"}

// event is a line of an update's output in JSON, as far as it tells of failures.
type event struct {
	Failed struct {
		Metadata struct {
			Op  string         `json:"op"`
			New map[string]any `json:"new"`
		} `json:"metadata"`
	} `json:"resOpFailedEvent"`
	Said struct {
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnosticEvent"`
}

// readEvents returns the resources an update could not create, as they would be in the state, and its errors.
func readEvents(text string) (failed []map[string]any, said string) {
	for line := range strings.Lines(text) {
		var e event
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if decoder.Decode(&e) != nil {
			continue // the CLI's own words
		}
		if resource := e.Failed.Metadata.New; slices.Contains(creations, e.Failed.Metadata.Op) && resource["custom"] == true {
			delete(resource, "outputs")
			resource["inputs"] = withoutEnvelopes(resource["inputs"])
			failed = append(failed, resource)
		}
		if e.Said.Severity == "error" {
			said += e.Said.Message
		}
	}
	return failed, said
}

// withoutEnvelopes puts the CLI's word for a secret in the place of its envelope.
func withoutEnvelopes(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[signature] != nil {
			return hidden
		}
		for key, item := range v {
			v[key] = withoutEnvelopes(item)
		}
	case []any:
		for i, item := range v {
			v[i] = withoutEnvelopes(item)
		}
	}
	return value
}

const releaseType = "kubernetes:helm.sh/v3:Release"

// helmExists is what Helm says of a release that exists. It names none: which one it was, the refresh shows.
const helmExists = "cannot re-use a name that is still in use"

// The ways of saying that something exists: azure-native's with the ID, Kubernetes' with the kind's plural and the name.
var (
	existsInAzure      = regexp.MustCompile(`cannot create already existing (?:sub)?resource '([^']+)'`)
	existsInKubernetes = regexp.MustCompile(`([a-z0-9]+)(?:\.[a-z0-9.-]+)? "([^"]+)" already exists`)
)

func somethingExists(output string) bool {
	return existsInAzure.MatchString(output) || existsInKubernetes.MatchString(output) || strings.Contains(output, helmExists)
}

// adoptFailed takes in those failed creations that an update's errors say exist.
func (s *state) adoptFailed(failed []map[string]any, said string, identify Identify) []*adoption {
	var taken []*adoption
	for _, resource := range failed {
		inputs, _ := resource["inputs"].(map[string]any)
		resourceType, _ := resource["type"].(string)
		id, ok := identify(resourceType, inputs)
		if !ok || !shown(id) || !s.provides(resource) || !exists(said, resourceType, id) {
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

// provides tells whether the state has the provider a resource refers to: without it nothing can have been created.
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
	if resourceType == releaseType {
		return strings.Contains(output, helmExists)
	}
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

// shown tells whether an event shows all of a value.
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
