package engine_test

import (
	"strings"
	"testing"
)

// TestAnotherKubernetesLoginReplacesNoObject changes what the Kubernetes provider signs in with, while a group goes: the old and the
// new configuration of the provider serve one update.
func TestAnotherKubernetesLoginReplacesNoObject(t *testing.T) {
	t.Parallel()
	two := workloads.with(stage{
		"aks.localAccounts":        true,
		"aks.apimPool.vmSize":      "Standard_D8s_v5",
		"workloads.groups[1].name": "partners", "workloads.groups[1].image": "apim/partners:7.7.20260831-1",
	})
	r := newRig(t, "dev", two)
	r.up()
	r.configure(workloads.with(stage{"aks.localAccounts": false, "aks.apimPool.vmSize": "Standard_D8s_v5"}))
	updated, gone := false, 0
	for _, s := range r.preview() {
		kubernetes := strings.Contains(s.URN, "$kubernetes:") || strings.Contains(s.URN, "::kubernetes:")
		switch {
		case strings.Contains(s.URN, "pulumi:providers:kubernetes"):
			updated = s.Op == "update"
		case kubernetes && s.Op == "delete" && strings.Contains(s.URN, "partners"):
			gone++
		case kubernetes && strings.Contains(s.Op, "replace"), s.Op == "create-replacement", s.Op == "delete-replaced":
			t.Errorf("the change wants to %s %s", s.Op, s.name())
		}
	}
	if !updated || gone < 8 {
		t.Fatalf("the provider is updated: %v, and %d objects of the group go: this test is not testing anything", updated, gone)
	}
	r.up()
	r.pulumi("preview", "--expect-no-changes")
	for _, deployment := range []string{"anm", "api-manager-default", "traffic-default"} {
		if len(r.ready(deployment)) == 0 {
			t.Errorf("no pod of %s is ready", deployment)
		}
	}
	if left := r.ready("traffic-partners"); len(left) > 0 {
		t.Errorf("%d gateways of the group that went are still there", len(left))
	}
}
