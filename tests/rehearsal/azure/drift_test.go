package azure

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"apim-azure/tests/rehearsal/azure/arm"
)

// world makes the resources of the arm package's fixtures, at least one of every type.
func world(t *testing.T) (session, []made) {
	t.Helper()
	data, err := os.ReadFile("arm/testdata/world.json")
	if err != nil {
		t.Fatal(err)
	}
	var requests []struct {
		Name, Token string
		Inputs      object
	}
	if err := json.Unmarshal(data, &requests); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{TenantID: "00000000-0000-4000-8000-00000000000a"})
	var all []made
	for _, r := range requests {
		all = append(all, s.create(r.Token, r.Inputs))
	}
	return s, all
}

// drift is one change behind Pulumi's back: what is at a path of a resource's properties becomes something else.
type drift struct {
	path string // with indices, as a[0].b
	what string // changed, removed, added
	do   func(value any) any
}

// drifts are the changes of everything a declared value consists of: of each leaf, and of what lists and maps hold.
func drifts(path string, value any) []drift {
	switch v := value.(type) {
	case object:
		out := []drift{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, drifts(strings.TrimPrefix(path+"."+k, "."), v[k])...)
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		out := []drift{
			{path, "removed", fewer},
			{path, "added", more},
		}
		for i, item := range v {
			out = append(out, drifts(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
		return out
	}
	return []drift{{path, "changed", another}}
}

// fewer and more take something from a list or map, or add something to it.
func fewer(value any) any {
	if list, isList := value.([]any); isList {
		return slices.Clone(list[:len(list)-1])
	}
	return object{}
}

func more(value any) any {
	if list, isList := value.([]any); isList {
		return append(slices.Clone(list), another(list[len(list)-1]))
	}
	out := maps.Clone(value.(object))
	for k, item := range value.(object) {
		out[k+"9"] = item
	}
	return out
}

// another is a value of the same kind that differs.
func another(value any) any {
	switch v := value.(type) {
	case string:
		return v + "9"
	case float64:
		return v + 1
	case bool:
		return !v
	case object:
		out := maps.Clone(v)
		for k, item := range v {
			if _, isText := item.(string); isText {
				out[k] = another(item)
			}
		}
		return out
	}
	return value
}

// edit changes what is at a path; false if there is nothing.
func edit(properties object, path string, do func(any) any) bool {
	head, rest, deeper := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", ""), ".")
	value, there := properties[head]
	if !there {
		return false
	}
	if !deeper {
		properties[head] = do(value)
		return true
	}
	if list, isList := value.([]any); isList {
		index, rest, deeper := strings.Cut(rest, ".")
		var i int
		if _, err := fmt.Sscan(index, &i); err != nil || i >= len(list) {
			return false
		}
		if !deeper {
			list[i] = do(list[i])
			return true
		}
		item, isObject := list[i].(object)
		return isObject && edit(item, rest, do)
	}
	inner, isObject := value.(object)
	if keys := slices.Sorted(maps.Keys(inner)); isObject && rest == "0" && len(keys) > 0 { // declared as a list, shown as a map by ID
		inner[do(keys[0]).(string)] = inner[keys[0]]
		delete(inner, keys[0])
		return true
	}
	return isObject && edit(inner, rest, do)
}

// lasting are the changes that don't end with the resource as it was, besides those of properties Azure lets nobody change, and why.
// The value is what the update's error must say; empty where there is none because Azure doesn't show the property.
var lasting = map[string]string{
	"network:Subnet addressPrefix changed":                       "InUseSubnetPrefixCannotBeChanged", // something lives in it
	"network:Subnet defaultOutboundAccess changed":               "DefaultOutboundAccessCannotBeChanged",
	"dbformysql:Server highAvailability.mode changed":            "highAvailability.mode", // back to ZoneRedundant only at creation
	"dbformysql:Server storage.storageSizeGB changed":            "storage.storageSizeGB", // grows only
	"compute:Disk diskSizeGB changed":                            "diskSizeGB",            // grows only
	"dbformysql:Server administratorLoginPassword changed":       "",
	"compute:VirtualMachine osProfile.customData changed":        "",
	"compute:VirtualMachineRunCommandByVirtualMachine protected": "",
}

func lastingOf(token string, d drift) (says string, lasts bool) {
	change := strings.TrimPrefix(token, "azure-native:") + " " + d.path + " " + d.what
	for prefix, says := range lasting {
		if strings.HasPrefix(change, prefix) {
			return says, true
		}
	}
	path := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(d.path, "")
	for _, fixed := range slices.Concat(arm.Lookup(token).Immutable, poolsFixed(token)) {
		if path == fixed || strings.HasPrefix(path, fixed+".") {
			return strings.TrimPrefix(fixed, "agentPoolProfiles."), true
		}
	}
	return "", false
}

// poolsFixed are the properties of a cluster's inline pools that Azure lets nobody change.
func poolsFixed(token string) []string {
	var out []string
	if token == clusterToken {
		for _, path := range arm.Lookup("azure-native:containerservice:AgentPool").Immutable {
			out = append(out, "agentPoolProfiles."+path)
		}
	}
	return out
}

const clusterToken = "azure-native:containerservice:ManagedCluster"

func TestDriftOfEveryPropertyIsSeenAndPutRight(t *testing.T) {
	s, all := world(t)
	tried, types := 0, map[string]bool{}
	for _, m := range all {
		m.outputs = s.read(m).Outputs // as a refresh before the drift leaves them
		for _, d := range append(s.declared(m), filledIn(m)...) {
			tried, types[m.token] = tried+1, true
			before := s.everything()
			seen, err := s.drifted(m, d)
			says, lasts := lastingOf(m.token, d)
			switch healed := reflect.DeepEqual(before, s.everything()); {
			case lasts && says == "" && seen:
				t.Errorf("%s: %s was %s, and a refresh sees what Azure doesn't show", m.token, d.path, d.what)
			case lasts && says == "":
			case !seen:
				t.Errorf("%s: a refresh doesn't see that %s was %s", m.token, d.path, d.what)
			case lasts && (err == nil || !strings.Contains(err.Error(), says)):
				t.Errorf("%s: %s was %s; the update should be refused with %s, and got %v", m.token, d.path, d.what, says, err)
			case !lasts && (err != nil || !healed):
				t.Errorf("%s: %s was %s, and the update didn't put it right: %v", m.token, d.path, d.what, err)
			}
			s.reset(before)
		}
	}
	if tried < 300 || len(types) < 25 {
		t.Errorf("only %d changes of %d types", tried, len(types))
	}
}

// declared are the changes of what a resource's inputs declare, besides the names it goes by.
func (s session) declared(m made) []drift {
	inputs := requestInputs(m.inputs)
	delete(inputs, "azureApiVersion")
	for _, parameter := range arm.Lookup(m.token).Parameters() {
		delete(inputs, parameter)
	}
	out := drifts("", inputs)
	if m.token == clusterToken { // the list shows the pools there are: a pool more, less, or of another name or kind is another resource
		out = slices.DeleteFunc(out, func(d drift) bool {
			return slices.Contains([]string{"agentPoolProfiles", "agentPoolProfiles[0].name", "agentPoolProfiles[0].type"}, d.path)
		})
	}
	return out
}

// filledIn are the changes of what Azure filled in for what the inputs leave out.
func filledIn(m made) []drift {
	inputs := requestInputs(m.inputs)
	return slices.DeleteFunc(drifts("", map[string]any(arm.Lookup(m.token).Defaults)), func(d drift) bool {
		return edit(inputs, d.path, func(value any) any { return value })
	})
}

// drifted changes a resource, refreshes, and puts the declared inputs again. It tells whether the refresh showed the change in the
// inputs, and how the update failed.
func (s session) drifted(m made, d drift) (seen bool, err error) {
	s.Helper()
	id, path := string(m.id), d.path
	if rest, ofPool := strings.CutPrefix(path, "agentPoolProfiles[0]."); ofPool {
		id, path = id+"/agentPools/system", rest
	}
	if err := s.subscription.Modify(id, func(p object) { edit(p, path, d.do) }); err != nil {
		s.Fatal(err)
	}
	read := s.read(m)
	seen = m.inputs.Diff(read.Inputs) != nil
	_, err = s.Update(s.Context(), plugin.UpdateRequest{URN: urn(m.token, "x"), ID: m.id, OldInputs: read.Inputs, OldOutputs: read.Outputs, NewInputs: m.inputs})
	return seen, err
}

// everything is what the subscription holds, by ID.
func (s session) everything() map[string]object {
	out := map[string]object{}
	for _, r := range s.subscription.Resources() {
		out[r.ID] = r.Properties
	}
	return out
}

// reset puts all properties back for the next change.
func (s session) reset(everything map[string]object) {
	s.Helper()
	for id, properties := range everything {
		if err := s.subscription.Modify(id, func(p object) { clear(p); maps.Copy(p, properties) }); err != nil {
			s.Fatal(err)
		}
	}
}
