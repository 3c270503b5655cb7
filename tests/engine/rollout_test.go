package engine_test

import (
	"testing"
	"time"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

// TestARolloutOutlivesTheAPIServerAndACrash takes the API server away in the middle of ANM's rollout, and has API Manager UI crash
// for a while: one update gets through.
func TestARolloutOutlivesTheAPIServerAndACrash(t *testing.T) {
	t.Parallel()
	r := open(t, rehearsal.Options{Stack: "dev", Config: workloads, Faults: rehearsal.Faults{
		Objects: []kubernetes.Fault{{
			APIVersion: "apps/v1", Kind: "Deployment", Name: "anm", Call: "create", Code: kubernetes.APIServerGone, For: 2 * time.Second,
		}},
		Pods: []kubelet.Fault{{
			APIVersion: "apps/v1", Kind: "Deployment", Name: "api-manager-default", Code: kubelet.CrashLoopBackOff, After: time.Minute,
		}},
	}})
	r.up()
	if left := r.Objects().Lift(); left > 0 {
		t.Errorf("%d faults did not strike: this test is not testing anything", left)
	}
	restarts := int32(0)
	for _, pod := range r.ready("api-manager-default") {
		for _, c := range pod.Status.ContainerStatuses {
			restarts += c.RestartCount
		}
	}
	if restarts == 0 {
		t.Error("API Manager UI never crashed: this test is not testing anything")
	}
	r.pulumi("preview", "--expect-no-changes")
}
