package plan

import (
	"slices"
	"strings"
	"testing"
)

// may asks a role as the API server would.
func may(r AccessRole, verb, group, resource string) bool {
	return slices.ContainsFunc(r.Rules(), func(rule AccessRule) bool {
		return slices.Contains(rule.Groups, group) && slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, verb)
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	const monitoring, viewer, support, deployer = 0, 1, 2, 3
	roles := []AccessRole{MonitoringRole, ViewerRole, SupportRole, DeployerRole}
	for _, c := range []struct {
		verb, group, resource string
		allowed               []int
	}{
		{"list", "", "pods", []int{monitoring, viewer, support, deployer}},
		{"watch", "discovery.k8s.io", "endpointslices", []int{monitoring, viewer, support, deployer}},
		{"get", "metrics.k8s.io", "pods", []int{monitoring, viewer, support, deployer}},
		{"get", "", "configmaps", []int{viewer, support, deployer}},
		{"get", "apps", "deployments", []int{viewer, support, deployer}},
		{"list", "networking.k8s.io", "networkpolicies", []int{viewer, support, deployer}},
		{"get", "", "pods/log", []int{support, deployer}},
		{"delete", "", "pods", []int{support, deployer}},
		{"create", "", "pods/eviction", []int{support, deployer}},
		{"patch", "apps", "deployments", []int{deployer}},
		{"create", "batch", "jobs", []int{deployer}},
		{"get", "", "secrets", []int{deployer}},
		{"update", "networking.k8s.io", "ingresses", []int{deployer}},
		{"create", "", "pods/exec", nil},
		{"create", "", "pods/portforward", nil},
		{"create", "", "pods", nil},
		{"patch", "networking.k8s.io", "networkpolicies", nil},
		{"create", "rbac.authorization.k8s.io", "rolebindings", nil},
		{"create", "cert-manager.io", "issuers", nil},
		{"patch", "", "namespaces", nil},
		{"create", "", "serviceaccounts/token", nil},
	} {
		for i, role := range roles {
			if got, want := may(role, c.verb, c.group, c.resource), slices.Contains(c.allowed, i); got != want {
				t.Errorf("%s may %s %s: %t, want %t", role, c.verb, strings.TrimPrefix(c.group+"/"+c.resource, "/"), got, want)
			}
		}
	}
}

func TestEachOfThePeoplesRolesIncludesTheOneBelow(t *testing.T) {
	ladder := []AccessRole{ViewerRole, SupportRole, DeployerRole}
	for i, upper := range ladder[1:] {
		for _, rule := range ladder[i].Rules() {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					if !may(upper, verb, rule.Groups[0], resource) {
						t.Errorf("%s may %s %s, and %s may not", ladder[i], verb, resource, upper)
					}
				}
			}
		}
	}
}

func TestNoRoleUsesAWildcard(t *testing.T) {
	for _, role := range []AccessRole{MonitoringRole, ViewerRole, SupportRole, DeployerRole} {
		rules := role.Rules()
		if len(rules) == 0 {
			t.Errorf("%s allows nothing", role)
		}
		for _, rule := range rules {
			if slices.Contains(slices.Concat(rule.Groups, rule.Resources, rule.Verbs), "*") || len(rule.Groups) != 1 {
				t.Errorf("%s: %v", role, rule)
			}
		}
	}
	if AccessRole("owner").Rules() != nil {
		t.Error("a role nobody declared has rules")
	}
}
