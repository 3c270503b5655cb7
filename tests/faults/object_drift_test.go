package faults_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// someone is the field manager of a person with `kubectl edit`.
const someone = "kubectl-edit"

// objectLeaves are the values the program declares of the cluster's objects, without what tells which object it is and what is meant
// for the provider.
func (w *world) objectLeaves() []leaf {
	w.t.Helper()
	var out []leaf
	for _, r := range w.state().of("kubernetes") {
		if r.Type == "kubernetes:helm.sh/v3:Release" {
			continue // not an object: what the chart makes is Helm's
		}
		for _, l := range changesOf(r) {
			name := l.path.String()
			if l.how == added || slices.Contains([]string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}, name) || strings.Contains(name, "pulumi.com/") {
				continue // what someone adds is theirs: server-side apply leaves it alone, and a refresh doesn't show it
			}
			if r.Type == "kubernetes:core/v1:PersistentVolume" && strings.HasPrefix(name, "spec.claimRef") {
				continue // the volume controller's as soon as the claim is bound: it puts back what is changed, sooner or later
			}
			out = append(out, l)
		}
	}
	return out
}

// objectPlace is where a leaf is in the live object: a Secret shows what it was given as text in base64.
func (l leaf) objectPlace() path {
	if l.path[0] == "stringData" {
		return append(path{"data"}, l.path[1:]...)
	}
	return l.path
}

// objectRound changes leaves one by one as a person with kubectl could, refreshes, updates and compares. What the API server refuses can't drift.
func (w *world) objectRound(rec *record, round []leaf) {
	w.t.Helper()
	client := w.objectClient()
	before := map[string]map[string]any{}
	var drifted []leaf
	for _, l := range round {
		live := client.get(l.resource)
		if before[l.resource.URN] == nil {
			before[l.resource.URN] = live.DeepCopy().Object
		}
		if client.edit(l) {
			drifted = append(drifted, l)
		}
	}
	drifted = slices.DeleteFunc(drifted, func(l leaf) bool { // what a controller has put back, such as a volume's claim
		return reflect.DeepEqual(client.value(l), valueIn(before[l.resource.URN], l))
	})
	rec.moment = fmt.Sprintf("%d values of %d objects, %d more refused by the API server or put back by a controller",
		len(drifted), len(touched(drifted)), len(round)-len(drifted))
	if len(drifted) == 0 {
		rec.problem("nothing drifted: this trial is not testing anything")
	}
	rec.problem(w.seen(drifted)...)
	rec.step("refreshed")
	a := w.up()
	if !a.ok() {
		rec.problem("the update failed: " + a.errors())
		return
	}
	rec.step("updated %d", len(a.steps()))
	for _, l := range drifted {
		if was, is := valueIn(before[l.resource.URN], l), client.value(l); !reflect.DeepEqual(was, is) {
			rec.problem(fmt.Sprintf("%s, and is %s instead of %s", l, brief(is), brief(was)))
		}
	}
}

// deleteObjects deletes everything but what the rest is in, or what holds data.
func (w *world) deleteObjects(rec *record) {
	w.t.Helper()
	client := w.objectClient()
	n := 0
	for _, r := range w.state().of("kubernetes") {
		kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
		if slices.Contains([]string{"Release", "Namespace", "PersistentVolume", "PersistentVolumeClaim"}, kind) {
			continue
		}
		n++
		if err := client.of(r).Delete(context.Background(), r.objectName(), metav1.DeleteOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
	rec.moment = fmt.Sprintf("%d objects", n)
	if a := w.refresh(); !a.ok() {
		rec.problem("the refresh failed: " + a.errors())
		return
	}
	rec.step("refreshed")
	a := w.up()
	if !a.ok() {
		rec.problem("the update failed: " + a.errors())
		return
	}
	rec.step("created %d", len(a.steps()))
	if len(a.steps()) < n {
		rec.problem(fmt.Sprintf("%d objects were deleted and %d created", n, len(a.steps())))
	}
	rec.problem(w.check("workloads")...)
}

// objectName is the object's name in the cluster.
func (r resource) objectName() string { return r.ID[strings.LastIndex(r.ID, "/")+1:] }

// objectClient reads and edits the objects of the state as a person would.
type objectClient struct {
	w      *world
	client dynamic.Interface
	kinds  kinds
}

func (w *world) objectClient() objectClient { return objectClient{w, w.client(), w.kinds()} }

func (c objectClient) of(r resource) dynamic.ResourceInterface {
	c.w.t.Helper()
	apiVersion, _ := r.Inputs["apiVersion"].(string)
	kind, _ := r.Inputs["kind"].(string)
	resource, known := c.kinds[apiVersion+" "+kind]
	if !known {
		c.w.t.Fatalf("the API server knows no %s %s", apiVersion, kind)
	}
	if namespace, _, namespaced := strings.Cut(r.ID, "/"); namespaced {
		return c.client.Resource(resource).Namespace(namespace)
	}
	return c.client.Resource(resource)
}

func (c objectClient) get(r resource) *unstructured.Unstructured {
	c.w.t.Helper()
	live, err := c.of(r).Get(context.Background(), r.objectName(), metav1.GetOptions{})
	if err != nil {
		c.w.t.Fatal(err)
	}
	return live
}

// value is what the leaf is now.
func (c objectClient) value(l leaf) any { return valueIn(c.get(l.resource).Object, l) }

func valueIn(live map[string]any, l leaf) any {
	value, _ := get(live, l.objectPlace())
	return value
}

// edit changes a leaf, and tells whether the API server took it.
func (c objectClient) edit(l leaf) bool {
	c.w.t.Helper()
	for {
		live := c.get(l.resource)
		was, there := get(live.Object, l.objectPlace())
		if !there {
			c.w.t.Fatalf("%s isn't in the live object", l)
		}
		if l.path[0] == "stringData" && l.how == changed {
			put(live.Object, l.objectPlace(), base64.StdEncoding.EncodeToString([]byte("other")))
		} else {
			l.drift(live.Object, l.objectPlace())
		}
		now, err := c.of(l.resource).Update(context.Background(), live, metav1.UpdateOptions{FieldManager: someone})
		if apierrors.IsConflict(err) {
			continue // a controller was faster
		}
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
			return false
		}
		if err != nil {
			c.w.t.Fatalf("%s: %v", l, err)
		}
		is, _ := get(now.Object, l.objectPlace())
		return !reflect.DeepEqual(was, is) // else it was taken and dropped
	}
}
