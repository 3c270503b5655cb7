package schema

import (
	"reflect"
	"strings"
	"testing"
)

func load(t *testing.T) *Schema {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type object = map[string]any

func TestEveryTypeMentionedIsDescribed(t *testing.T) {
	s := load(t)
	check := func(where string, properties Properties) {
		for name, kind := range properties {
			k := Kind(strings.TrimLeft(string(kind), "[{"))
			if described, isObject := s.Object(k); isObject && described == nil {
				t.Errorf("%s.%s is a %s, which isn't described", where, name, kind)
			}
		}
	}
	for token, r := range s.Resources {
		check(token, r.Inputs)
		check(token, r.Outputs)
	}
	for name, properties := range s.Types {
		check(name, properties)
	}
}

func TestCheck(t *testing.T) {
	s := load(t)
	const nsg = "azure-native:network:NetworkSecurityGroup"
	rule := func(change func(object)) object {
		r := object{"name": "a", "access": "Allow", "direction": "Inbound", "priority": 100.0, "protocol": "Tcp"}
		change(r)
		return object{"resourceGroupName": "rg", "securityRules": []any{r}}
	}
	for _, c := range []struct {
		says   string
		inputs object
		want   string
	}{
		{"a complete request passes", rule(func(object) {}), ""},
		{"a missing nested property is named with its path", rule(func(r object) { delete(r, "access") }), "missing required property 'securityRules[0].access'"},
		{"a string isn't an integer", rule(func(r object) { r["priority"] = "100" }), "'securityRules[0].priority' should be of type 'integer' but got a string"},
		{"a fraction isn't an integer", rule(func(r object) { r["priority"] = 100.5 }), "got the number 100.5"},
		{"a list isn't a string", rule(func(r object) { r["access"] = []any{} }), "should be of type 'string' but got an array"},
		{"an object isn't a list", object{"resourceGroupName": "rg", "securityRules": object{}}, "should be of type 'array' but got an object"},
		{"a map's values have a kind", object{"resourceGroupName": "rg", "tags": object{"a": 1.0}}, "'tags.a' should be of type 'string'"},
		{"an unknown name is refused", rule(func(r object) { r["prioriy"] = 1.0 }), "'securityRules[0].prioriy' is not a property"},
		{"a missing top-level property is named", object{}, "missing required property 'resourceGroupName'"},
		{"what isn't known yet fits anything", object{"resourceGroupName": "?", "securityRules": "?"}, ""},
	} {
		t.Run(c.says, func(t *testing.T) {
			var got []string
			for _, f := range s.Check(nsg, c.inputs, func(v any) bool { return v == "?" }) {
				got = append(got, f.Reason)
			}
			if all := strings.Join(got, "\n"); (c.want == "") != (all == "") || !strings.Contains(all, c.want) {
				t.Errorf("got %q, want %q", all, c.want)
			}
		})
	}
}

func TestProjectKeepsWhatTheKindDescribes(t *testing.T) {
	s := load(t)
	got := s.Project(s.Resources["azure-native:containerservice:ManagedCluster"].Inputs, object{
		"fqdn": "x", "dnsPrefix": "p", "identity": object{"type": "UserAssigned", "principalId": "x", "userAssignedIdentities": object{"/b": object{}, "/a": object{}}},
		"agentPoolProfiles": []any{object{"name": "system", "nodeImageVersion": "x"}}, "tags": object{"a": "b"}, "nodeResourceGroup": nil,
	})
	want := object{
		"dnsPrefix": "p", "identity": object{"type": "UserAssigned", "userAssignedIdentities": []any{"/a", "/b"}},
		"agentPoolProfiles": []any{object{"name": "system"}}, "tags": object{"a": "b"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
