package faults_test

import (
	"slices"
	"strings"
	"testing"

	"apim-azure/tests/rehearsal/azure"
)

// whole is a stack in which everything is as it must be: a disk and a Secret.
func whole() (map[string]bool, state, []azure.Resource, []object) {
	var s state
	s.Deployment.Resources = []resource{
		{URN: "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", Type: "pulumi:pulumi:Stack"},
		{URN: "urn:pulumi:s::p::azure-native:compute:Disk::disk", Type: "azure-native:compute:Disk", ID: "/disks/D"},
		{URN: "urn:pulumi:s::p::kubernetes:core/v1:Secret::secret", Type: "kubernetes:core/v1:Secret",
			Outputs: map[string]any{"metadata": map[string]any{"uid": "1"}}},
	}
	declared := map[string]bool{"azure-native:compute:Disk disk": true, "kubernetes:core/v1:Secret secret": true}
	live := []azure.Resource{{ID: "/disks/d", Token: "azure-native:compute:Disk", Generation: 1}, {ID: "/disks/os"}}
	return declared, s, live, []object{{"v1 Secret", "apim", "secret", "1"}}
}

// TestTheChecksFindWhatIsPlanted breaks a stack that is whole in one way at a time: the campaigns are worth what their checks find.
func TestTheChecksFindWhatIsPlanted(t *testing.T) {
	if found := inconsistencies(whole()); len(found) > 0 {
		t.Fatalf("a stack that is whole is called inconsistent: %q", found)
	}
	type stack struct {
		declared map[string]bool
		state    state
		live     []azure.Resource
		objects  []object
	}
	for name, planted := range map[string]struct {
		plant func(s *stack)
		want  string
	}{
		"an orphan in Azure": {func(s *stack) {
			s.live = append(s.live, azure.Resource{ID: "/disks/e", Token: "azure-native:compute:Disk"})
		}, "the subscription holds /disks/e"},
		"a resource that is gone": {func(s *stack) { s.live = s.live[1:] }, "the state holds /disks/d, which the subscription lacks"},
		"a duplicate": {func(s *stack) {
			s.state.Deployment.Resources = append(s.state.Deployment.Resources, s.state.Deployment.Resources[1])
		}, "2 times"},
		"a resource that is not declared": {func(s *stack) { delete(s.declared, "kubernetes:core/v1:Secret secret") }, "doesn't declare"},
		"a resource that is missing":      {func(s *stack) { s.declared["azure-native:compute:Disk other"] = true }, "the state lacks azure-native:compute:Disk other"},
		"a deletion that waits":           {func(s *stack) { s.state.Deployment.Resources[1].Delete = true }, "waits for its deletion"},
		"something half done":             {func(s *stack) { s.state.Deployment.Resources[1].InitErrors = []string{"no"} }, "half done: no"},
		"something under way":             {func(s *stack) { s.state.Deployment.Pending = []operation{{Type: "creating"}} }, "still under way"},
		"an orphan in the cluster": {func(s *stack) {
			s.objects = append(s.objects, object{"v1 Secret", "apim", "other", "2"})
		}, "the cluster holds v1 Secret apim/other"},
		"an object made again": {func(s *stack) { s.objects[0].UID = "3" }, "with UID 1, which the cluster lacks"},
	} {
		var s stack
		s.declared, s.state, s.live, s.objects = whole()
		planted.plant(&s)
		found := inconsistencies(s.declared, s.state, s.live, s.objects)
		if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, planted.want) }) {
			t.Errorf("%s: found %q, want one with %q", name, found, planted.want)
		}
	}
}

func TestAReplacedDiskIsFound(t *testing.T) {
	before := map[string]int{"/disks/a": 1, "/disks/b": 1, "/disks/c": 1}
	found := replaced(before, map[string]int{"/disks/a": 1, "/disks/b": 2})
	if len(found) != 2 || !strings.Contains(found[0], "/disks/b was replaced") || found[1] != "/disks/c is gone" {
		t.Errorf("found %q", found)
	}
	if found := madeAgain(map[string]int{"/disks/a": 1, "/disks/b": 2}); len(found) != 1 {
		t.Errorf("found %q", found)
	}
}

func TestADriftedValueIsAnotherOne(t *testing.T) {
	for _, value := range []any{
		true, 0.0, 1.0, 443.0, "", "Standard", "true", "System", "22", "10.0.0.0/23", "203.0.113.10/32", "203.0.113.10", "1Gi", "500m",
		"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee0", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
	} {
		if now := another(value); now == value {
			t.Errorf("another value for %v is %v", value, now)
		}
	}
}

func TestEveryChangeOfAResourceIsDealtOnce(t *testing.T) {
	r := resource{URN: "urn:pulumi:s::p::t::r", Inputs: map[string]any{
		"size": 1.0, "rules": []any{map[string]any{"name": "a", "port": 1.0}, map[string]any{"name": "b"}}, "tags": map[string]any{"stack": "dev"},
	}}
	all := changesOf(r)
	var shown []string
	for _, l := range all {
		shown = append(shown, l.path.String()+" "+string(l.how))
	}
	want := []string{
		"rules[1] removed", "rules[2] added", "rules[0].name changed", "rules[0].port changed", "rules[1].name changed", "size changed",
		"tags.stack removed", "tags.someone added", "tags.stack changed",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("the changes are %q, want %q", shown, want)
	}
	dealt := 0
	for _, round := range deal(all, 2, chances(t)) {
		dealt += len(round)
		for i, l := range round {
			if meetsAny(l, round[i+1:]) {
				t.Errorf("%s meets another change of its round", l)
			}
		}
	}
	if dealt != len(all) {
		t.Errorf("%d of %d changes were dealt", dealt, len(all))
	}
}
