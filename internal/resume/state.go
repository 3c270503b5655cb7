package resume

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

func (s *state) resources() []any {
	resources, _ := s.deployment["resources"].([]any)
	return resources
}

// index is the place of the first resource a condition holds for, or -1.
func (s *state) index(fits func(resource map[string]any) bool) int {
	return slices.IndexFunc(s.resources(), func(entry any) bool {
		resource, ok := entry.(map[string]any)
		return ok && fits(resource)
	})
}

// subscription is the one the Azure provider works in; empty when nothing of Azure was created yet.
func (s *state) subscription() string {
	for _, entry := range s.resources() {
		resource, _ := entry.(map[string]any)
		inputs, _ := resource["inputs"].(map[string]any)
		if id, ok := inputs["subscriptionId"].(string); ok && resource["type"] == "pulumi:providers:azure-native" {
			return id
		}
	}
	return ""
}

// adoption is a creation that may have happened.
type adoption struct {
	urn, id string
	// inputs are the stack's own.
	inputs map[string]any
	// replaced is the state's resource of this URN, which the creation was to replace; nil for a creation of something new.
	replaced map[string]any
}

// adoptPending turns creations that were under way into resources with the IDs their inputs lead to, for the next refresh to find
// out which exist. It returns them, and the number of operations that were under way. Changes and deletions are dropped: the refresh
// shows what became of them. The CLI's own --import-pending-creates marks creations as imports, which its engine then drops.
func (s *state) adoptPending(identify Identify) (taken []*adoption, pending int) {
	operations, _ := s.deployment["pending_operations"].([]any)
	delete(s.deployment, "pending_operations")
	for _, entry := range operations {
		operation, _ := entry.(map[string]any)
		resource, _ := operation["resource"].(map[string]any)
		if operation["type"] != "creating" || resource == nil {
			continue
		}
		if a := s.adopt(resource, identify); a != nil {
			taken = append(taken, a)
		}
	}
	return taken, len(operations)
}

// adopt puts a resource into the state under the ID its inputs lead to. It returns nil if there is no such ID, or the state has it.
func (s *state) adopt(resource map[string]any, identify Identify) *adoption {
	inputs, _ := resource["inputs"].(map[string]any)
	resourceType, _ := resource["type"].(string)
	urn, _ := resource["urn"].(string)
	id, ok := identify(resourceType, inputs)
	if !ok || urn == "" {
		return nil
	}
	resource["id"] = id
	a := &adoption{urn: urn, id: id, inputs: inputs}
	resources := s.resources()
	at := s.index(func(r map[string]any) bool { return r["urn"] == urn && r["delete"] != true })
	if at < 0 {
		s.deployment["resources"] = append(resources, resource)
		return a
	}
	a.replaced, _ = resources[at].(map[string]any)
	switch {
	case a.replaced["pendingReplacement"] == true: // deleted already: the creation takes its place
		resources[at] = resource
	case sameID(a.replaced["id"], id):
		return nil
	default: // to be deleted once the creation is done; what depends on the URN comes after both
		a.replaced["delete"] = true
		s.deployment["resources"] = slices.Insert(resources, at, any(resource))
	}
	return a
}

// verdict is what became of an adoption.
type verdict int

const (
	absent verdict = iota // it doesn't exist
	ours
	theirs
)

// settle decides about an adoption by what a refresh made of it, and takes it back if it isn't this stack's.
//
// What came up whole gets its own inputs: a refresh that knows no earlier outputs takes all of Azure's defaults for inputs, some of
// which can't be taken back without a replacement. What did not come up whole keeps them: the difference makes the next update send
// it again.
func (s *state) settle(a *adoption) verdict {
	at := s.index(func(r map[string]any) bool { return r["urn"] == a.urn && r["delete"] != true && sameID(r["id"], a.id) })
	if at < 0 {
		s.putBack(a, -1)
		return absent
	}
	resource, _ := s.resources()[at].(map[string]any)
	if !marked(a.inputs, resource) {
		s.putBack(a, at)
		return theirs
	}
	if whole(resource) {
		refreshed, _ := resource["inputs"].(map[string]any)
		resource["inputs"] = restored(a.inputs, refreshed)
	}
	return ours
}

// putBack undoes an adoption that is at a place in the state, or, at -1, gone from it. A replaced resource that Azure has deleted
// already stays away with the adoption that had its place, unless somebody else's is there.
func (s *state) putBack(a *adoption, at int) {
	if a.replaced["delete"] == true {
		if old := s.index(func(r map[string]any) bool {
			return r["urn"] == a.urn && r["delete"] == true && sameID(r["id"], a.replaced["id"])
		}); old >= 0 {
			delete(s.resources()[old].(map[string]any), "delete")
		}
	}
	switch {
	case at < 0:
	case a.replaced["pendingReplacement"] == true:
		s.resources()[at] = a.replaced
	default:
		s.deployment["resources"] = slices.Delete(s.resources(), at, at+1)
	}
}

func sameID(a any, b any) bool {
	x, _ := a.(string)
	y, _ := b.(string)
	return x != "" && strings.EqualFold(x, y)
}

// marked tells whether a resource that exists carries the tags, or labels, this stack gives it. One that is given none is known by its
// name alone, which lies below or beside what is.
func marked(declared, resource map[string]any) bool {
	live, _ := resource["outputs"].(map[string]any)
	metadata, _ := declared["metadata"].(map[string]any)
	liveMetadata, _ := live["metadata"].(map[string]any)
	return carries(live["tags"], declared["tags"]) && carries(liveMetadata["labels"], metadata["labels"])
}

func carries(live, declared any) bool {
	have, _ := live.(map[string]any)
	want, _ := declared.(map[string]any)
	for name, value := range want {
		if text, isText := value.(string); isText && have[name] != text && text != unknown && text != hidden {
			return false
		}
	}
	return true
}

// whole tells that Azure finished setting a resource up. Resources without a state of their own are whole once they exist.
func whole(resource map[string]any) bool {
	outputs, _ := resource["outputs"].(map[string]any)
	state, has := outputs["provisioningState"].(string)
	return !has || state == "Succeeded"
}

// restored are a resource's own inputs, with what the refresh made of those that an event doesn't show. What neither has the next
// update adds.
func restored(own, refreshed map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range own {
		if shown(value) {
			out[name] = value
		} else if live, has := refreshed[name]; has {
			out[name] = live
		}
	}
	return out
}
