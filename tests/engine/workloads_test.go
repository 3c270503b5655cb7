package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	client "k8s.io/client-go/kubernetes"

	"apim-azure/tests/rehearsal/azure/gateway"
	"apim-azure/tests/rehearsal/kubernetes/nodes"
)

// leastGateways are the gateways prod keeps: minReplicas.
const leastGateways = 3

// TestTheWorkloadsOutliveNodesAndZones runs prod on the simulated nodes: every host is routed to ready pods, and stays so through
// changes of the gateway and of the image, each lost zone and a drain.
func TestTheWorkloadsOutliveNodesAndZones(t *testing.T) {
	t.Parallel()
	r := newRig(t, "prod", workloads)
	r.up()
	t.Run("every pod is ready, and the gateways are on nodes and in zones of their own", func(t *testing.T) {
		r := r.in(t)
		for _, pod := range r.pods() {
			if !isReady(pod) {
				t.Errorf("%s is not ready", pod.Name)
			}
		}
		checkSpread(r)
	})
	t.Run("every host is routed to the pods it stands for", func(t *testing.T) { checkRoutes(r.in(t)) })
	tagged := workloads.with(stage{"azure.tags.owner": "platform"})
	t.Run("a change of tags leaves the gateway alone, and every route working", func(t *testing.T) {
		r := r.in(t)
		since := len(r.requests(0))
		r.configure(tagged)
		r.up()
		changed := r.requests(since)
		if slices.ContainsFunc(changed, changesGateway) || len(changed) == 0 {
			t.Errorf("of %d requests some went to the gateway", len(changed))
		}
		if err := r.routes(); err != nil {
			t.Error(err)
		}
	})
	larger := tagged.with(stage{"ingress.capacity": 3})
	t.Run("a change of the gateway wipes the routes, and they are back within the reconcile time", func(t *testing.T) {
		r := r.in(t)
		var wiped atomic.Bool
		r.Subscription().OnChange(func() {
			if _, err := gateway.Route(r.gateway(), gateway.Request{Frontend: "public", Scheme: "https", Host: apiHost}); err != nil {
				wiped.Store(true)
			}
		})
		since := len(r.requests(0))
		r.configure(larger)
		r.up()
		if !slices.ContainsFunc(r.requests(since), changesGateway) || !wiped.Load() {
			t.Error("the gateway was not updated, or kept its routes: this test is not testing anything")
		}
		checkRoutes(r)
	})
	// Each rollout shares the gateways out again between the zones, which the loss before it has brought out of balance.
	t.Run("zone 1 is lost", func(t *testing.T) { checkLoss(r.in(t), "1") })
	t.Run("another image rolls out without losing capacity", func(t *testing.T) {
		checkRollout(r.in(t), larger.with(stage{"workloads.groups[0].image": "apim/gateway:7.7.20260831-2"}), "7.7.20260831-2")
	})
	t.Run("zone 2 is lost", func(t *testing.T) { checkLoss(r.in(t), "2") })
	t.Run("and the previous image comes back the same way", func(t *testing.T) { checkRollout(r.in(t), larger, "7.7.20260831-1") })
	t.Run("zone 3 is lost", func(t *testing.T) { checkLoss(r.in(t), "3") })
	t.Run("two nodes that are drained at once take one gateway at a time", func(t *testing.T) { checkDrain(r.in(t)) })
}

// checkSpread wants each gateway on a node and in a zone of its own.
func checkSpread(r rig) {
	r.t.Helper()
	zones, used := r.zones(), map[string]int{}
	gateways := r.ready("traffic-default")
	for _, pod := range gateways {
		used[pod.Spec.NodeName]++
		used[zones[pod.Spec.NodeName]]++
	}
	if len(gateways) != leastGateways || len(used) != 2*leastGateways {
		r.t.Errorf("%d gateways are ready, and share nodes and zones like this: %v", len(gateways), used)
	}
}

// checkLoss loses a zone: two gateways are ready at every moment, and everything comes up in the other zones.
func checkLoss(r rig, zone string) {
	r.t.Helper()
	zones := r.zones()
	gone := func(pod corev1.Pod) bool { return strings.HasSuffix(zones[pod.Spec.NodeName], "-"+zone) }
	if !slices.ContainsFunc(r.pods(), gone) {
		r.t.Fatalf("nothing runs in zone %s: this test is not testing anything", zone)
	}
	// What runs there doesn't count from the start: the API goes on calling it ready for a while.
	least := r.least("traffic-default", func(pod corev1.Pod) bool { return !gone(pod) }, func() {
		if err := r.LoseZone(context.Background(), zone); err != nil {
			r.t.Fatal(err)
		}
	})
	if least < 2 {
		r.t.Errorf("%d gateways were ready at one moment, want 2", least)
	}
	for name, want := range map[string]int{"traffic-default": leastGateways, "anm": 1, "api-manager-default": 1} {
		pods := slices.DeleteFunc(r.ready(name), gone)
		if len(pods) < want {
			r.t.Errorf("%d pods of %s are ready outside of the lost zone, want %d", len(pods), name, want)
		}
	}
	checkRoutes(r)
	if err := r.RestoreZone(context.Background(), zone); err != nil {
		r.t.Fatal(err)
	}
}

// checkRollout brings up another image: as many gateways as before are ready at every moment, all of the new image at the end.
func checkRollout(r rig, to stage, tag string) {
	r.t.Helper()
	r.configure(to)
	least := r.least("traffic-default", nil, r.up)
	if least < leastGateways {
		r.t.Errorf("%d gateways were ready at one moment of the rollout, want %d", least, leastGateways)
	}
	for _, pod := range append(r.ready("traffic-default"), r.ready("api-manager-default")...) {
		if !strings.HasSuffix(pod.Spec.Containers[0].Image, ":"+tag) {
			r.t.Errorf("%s still runs %s", pod.Name, pod.Spec.Containers[0].Image)
		}
	}
	checkSpread(r)
	checkRoutes(r)
}

// checkDrain drains two nodes with gateways at once. The disruption budget lets one gateway go at a time; without it both would.
func checkDrain(r rig) {
	r.t.Helper()
	ctx := context.Background()
	config, err := r.Cluster(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	drained := map[string]bool{}
	for _, pod := range r.ready("traffic-default") {
		if len(drained) < 2 {
			drained[pod.Spec.NodeName] = true
		}
	}
	if len(drained) < 2 {
		r.t.Fatalf("all gateways are on %v: this test is not testing anything", drained)
	}
	least := r.least("traffic-default", nil, func() {
		var group sync.WaitGroup
		for node := range drained {
			group.Go(func() {
				if err := nodes.Drain(ctx, config, node, nil); err != nil {
					r.t.Error(err)
				}
			})
		}
		group.Wait()
		if err := r.Settle(ctx); err != nil {
			r.t.Error(err)
		}
	})
	if least < leastGateways-1 {
		r.t.Errorf("%d gateways were ready at one moment of the drain, want %d", least, leastGateways-1)
	}
	for name, want := range map[string]int{"traffic-default": leastGateways, "anm": 1, "api-manager-default": 1} {
		pods := slices.DeleteFunc(r.ready(name), func(pod corev1.Pod) bool { return drained[pod.Spec.NodeName] })
		if len(pods) != want {
			r.t.Errorf("%d pods of %s are ready on other nodes, want %d", len(pods), name, want)
		}
	}
	for node := range drained {
		if err := nodes.Uncordon(ctx, config, node); err != nil {
			r.t.Error(err)
		}
	}
	checkRoutes(r)
}

// api is the cluster's.
func (r rig) api() *client.Clientset {
	r.t.Helper()
	config, err := r.Cluster(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	api, err := client.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return api
}

// pods are those of the workloads' namespace.
func (r rig) pods() []corev1.Pod {
	r.t.Helper()
	all, err := r.api().CoreV1().Pods("apim").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return all.Items
}

// ready are the ready pods of a Deployment, without those that are on their way out.
func (r rig) ready(deployment string) []corev1.Pod {
	r.t.Helper()
	return slices.DeleteFunc(r.pods(), func(pod corev1.Pod) bool { return !isOf(pod, deployment) || !isReady(pod) })
}

func isOf(pod corev1.Pod, deployment string) bool { return strings.HasPrefix(pod.Name, deployment+"-") }

func isReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// zones are the zones of the nodes, by node.
func (r rig) zones() map[string]string {
	r.t.Helper()
	all, err := r.api().CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	zones := map[string]string{}
	for _, node := range all.Items {
		zones[node.Name] = node.Labels[corev1.LabelTopologyZone]
	}
	return zones
}

// least follows a Deployment's pods while something happens, change by change, and returns how many were ready at the worst moment.
// A pod that doesn't count, if counts is given, is as good as none.
func (r rig) least(deployment string, counts func(corev1.Pod) bool, during func()) int {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pods := r.api().CoreV1().Pods("apim")
	now, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	changes, err := pods.Watch(ctx, metav1.ListOptions{ResourceVersion: now.ResourceVersion})
	if err != nil {
		r.t.Fatal(err)
	}
	ready := map[string]bool{}
	note := func(pod corev1.Pod, there bool) {
		if there && isOf(pod, deployment) && isReady(pod) && (counts == nil || counts(pod)) {
			ready[pod.Name] = true
		} else {
			delete(ready, pod.Name)
		}
	}
	for _, pod := range now.Items {
		note(pod, true)
	}
	least := len(ready)
	var ending atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for change := range changes.ResultChan() {
			if pod, ok := change.Object.(*corev1.Pod); ok {
				note(*pod, change.Type != watch.Deleted)
				least = min(least, len(ready))
			}
		}
		if !ending.Load() {
			r.t.Error("the watch ended before what it watched")
		}
	}()
	during()
	ending.Store(true)
	changes.Stop()
	<-done
	return least
}
