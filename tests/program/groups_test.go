package program_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"apim-azure/config/badconfig"
)

// withGroups is production with n groups of its own figures. The pool, the addresses and the events share, whose derived size would
// grow, are the same for every n, and hold twenty; so is the certificate.
func withGroups(t *testing.T, n int, certificate map[string]any) map[string]registered {
	t.Helper()
	changes := map[string]any{
		"aks.apimPool.vmSize": "Standard_D32s_v5", "aks.apimPool.max": 12,
		"network.addressSpace": "10.0.0.0/20", "network.subnets.aks": "10.0.8.0/21",
		"storage.eventsShareGB": 500, "secrets": certificate,
	}
	for i := 1; i < n; i++ {
		changes[fmt.Sprintf("workloads.groups[%d].name", i)] = groupName(i)
		changes[fmt.Sprintf("workloads.groups[%d].image", i)] = fmt.Sprintf("apim/gateway:7.7.20260831-%d", i)
	}
	all := map[string]registered{}
	for _, res := range deployed(t, "prod", changes).resources {
		all[res.Type+" "+res.Name] = res
	}
	return all
}

// groupName names the groups so that none is the beginning of another's.
func groupName(i int) string { return fmt.Sprintf("unit%02d_x", i) }

// of tells whether a resource carries a group's name, in either spelling.
func (res registered) of(group string) bool {
	return strings.Contains(res.Name, group) || strings.Contains(res.Name, strings.ReplaceAll(group, "_", "-"))
}

func TestEachGroupCostsTheSame(t *testing.T) {
	certificate := wildcard()
	byType := map[int]map[string]int{}
	for _, n := range []int{1, 2, 20} {
		byType[n] = map[string]int{}
		for _, res := range withGroups(t, n, certificate) {
			byType[n][res.Type]++
		}
	}
	added := 0
	for kind, twenty := range byType[20] {
		one, two := byType[1][kind], byType[2][kind]
		added += two - one
		if twenty != one+19*(two-one) {
			t.Errorf("%s: %d with one group, %d with two, %d with twenty", kind, one, two, twenty)
		}
	}
	if added < 15 {
		t.Errorf("a group brings %d resources: the comparison compares nothing", added)
	}
	t.Logf("each group brings %d resources", added)
}

func TestTheTwentiethGroupChangesNothingOfTheOthers(t *testing.T) {
	certificate := wildcard()
	before, after := withGroups(t, 19, certificate), withGroups(t, 20, certificate)
	added := 0
	for name, res := range after {
		old, existed := before[name]
		switch {
		case !existed && !res.of(groupName(19)):
			t.Errorf("%s appeared, and belongs to no new group", name)
		case !existed:
			added++
		case !reflect.DeepEqual(inputs(old), inputs(res)):
			t.Errorf("%s changed:\n%v\n%v", name, inputs(old), inputs(res))
		case old.Options.Parent != res.Options.Parent || old.Options.Provider != res.Options.Provider || old.Options.Protect != res.Options.Protect ||
			old.Options.DeletedWith != res.Options.DeletedWith || !slices.Equal(old.Options.IgnoreChanges, res.Options.IgnoreChanges):
			t.Errorf("%s has other options:\n%+v\n%+v", name, old.Options, res.Options)
		}
	}
	if gone := len(before) + added - len(after); gone != 0 || added < 15 {
		t.Errorf("%d resources added, %d gone", added, gone)
	}
}

// wildcard covers the hosts of any number of groups.
func wildcard() map[string]any {
	chain, key := badconfig.Certificate("*.apim.example.com")
	return map[string]any{"certificate": chain, "privateKey": key}
}

func TestEveryGroupHasItsOwnOfEverything(t *testing.T) {
	kinds := map[string]map[string]bool{}
	for _, res := range withGroups(t, 3, wildcard()) {
		for _, group := range []string{"default", groupName(1), groupName(2)} {
			if res.of(group) && strings.HasPrefix(res.Type, "kubernetes:") && res.Name != "policies-default-deny" {
				if kinds[group] == nil {
					kinds[group] = map[string]bool{}
				}
				kinds[group][res.Type] = true
			}
		}
	}
	for _, group := range []string{groupName(1), groupName(2)} {
		if !maps.Equal(kinds[group], kinds["default"]) || len(kinds[group]) < 7 {
			t.Errorf("group %s has %v, the first one %v", group, kinds[group], kinds["default"])
		}
	}
}
