package kubernetes_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"apim-azure/tests/rehearsal/kubernetes"
)

func TestAChangeBehindTheProgramsBack(t *testing.T) {
	t.Parallel()
	const edit, scale = `{"data":{"a":"theirs","b":"added"}}`, `{"spec":{"replicas":2}}`
	for _, test := range []struct {
		name, manager string
		operation     types.PatchType
		force         string // of the provider, or of the object
		conflict      bool
	}{
		{name: "by kubectl edit is put right", manager: "kubectl-edit", operation: types.MergePatchType},
		{name: "by kubectl apply is put right", manager: "kubectl-client-side-apply", operation: types.MergePatchType},
		{name: "by kubectl apply --server-side is put right", manager: "kubectl", operation: types.ApplyPatchType},
		{name: "by a portal is a conflict", manager: "Mozilla", operation: types.MergePatchType, conflict: true},
		{name: "by another applier is a conflict", manager: "flux", operation: types.ApplyPatchType, conflict: true},
		{name: "by a portal is put right by a provider that forces", manager: "Mozilla", operation: types.MergePatchType, force: "provider"},
		{name: "by a portal is put right where the object forces", manager: "Mozilla", operation: types.MergePatchType, force: "object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := values{"enableConfigMapMutable": true}
			if test.force == "provider" {
				config["enablePatchForce"] = true
			}
			e, ns := newEngine(t, kubernetes.Options{}, config)
			o := mapIn(ns, "c", "ours")
			if test.force == "object" {
				annotated(o, "pulumi.com/patchForce", "true")
			}
			// The first update makes the provider's own manager the owner.
			old := e.update(e.create(urnOf(o), o), labelled(o, "second"))
			body, options := edit, metav1.PatchOptions{FieldManager: test.manager}
			if test.operation == types.ApplyPatchType {
				force := true
				body, options.Force = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},`+edit[1:], &force
			}
			maps := shared.on("", "configmaps", ns)
			if _, err := maps.Patch(t.Context(), "c", test.operation, []byte(body), options); err != nil {
				t.Fatal(err)
			}
			drifted, _ := e.refresh(old)
			next, err := e.tryUpdate(drifted, properties(labelled(o, "second")), false)
			if test.conflict {
				expectReasons(t, err, "conflict", test.manager, ".data.a")
				if _, again := e.tryUpdate(next, properties(labelled(o, "second")), false); again == nil {
					t.Error("the second update finds no conflict")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := at(t, next.outputs, "data.a"); got != "ours" {
				t.Errorf("a is %v", got)
			}
			// kubectl's additions were taken over with its changes, and go; of others only what the program declares is taken.
			wants := any(nil)
			if test.force != "" {
				wants = "added"
			}
			if got := at(t, next.outputs, "data.b"); got != wants {
				t.Errorf("b is %v, want %v", got, wants)
			}
		})
	}
	// But not to no replicas: the API server keeps no owner of a field that is left out.
	t.Run("by kubectl scale is a conflict", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		o := workload(ns, "Deployment", "gw", "gateway:1", 1)
		old := e.update(e.create(urnOf(o), o), labelled(o, "second"))
		_, err := shared.on("apps", "deployments", ns).Patch(t.Context(), "gw", types.MergePatchType, []byte(scale),
			metav1.PatchOptions{FieldManager: "kubectl"}, "scale")
		if err != nil {
			t.Fatal(err)
		}
		drifted, _ := e.refresh(old)
		_, err = e.tryUpdate(drifted, properties(labelled(o, "second")), false)
		expectReasons(t, err, "conflict", ".spec.replicas")
	})
}

func TestAConflictSaysHowToGetOutOfIt(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, values{"enableConfigMapMutable": true})
	o := mapIn(ns, "c", "ours")
	old := e.update(e.create(urnOf(o), o), labelled(o, "second"))
	_, err := shared.on("", "configmaps", ns).Patch(t.Context(), "c", types.MergePatchType, []byte(`{"data":{"a":"theirs"}}`),
		metav1.PatchOptions{FieldManager: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = e.tryUpdate(old, properties(labelled(o, "third")), false); err == nil || !strings.Contains(err.Error(), "pulumi.com/patchForce") {
		t.Errorf("%v", err)
	}
}
