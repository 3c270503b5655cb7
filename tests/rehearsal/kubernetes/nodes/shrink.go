package nodes

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// shrink takes one node out of a pool once it has been unneeded for long enough.
func (c *controller) shrink(ctx context.Context, pools []pool, state hosts) error {
	budgets, err := c.client.PolicyV1().PodDisruptionBudgets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	profile := pools[0].Cluster.AutoScaler
	now := time.Now()
	seen := map[string]bool{}
	for _, p := range pools {
		for _, n := range p.nodes(state.all()) {
			if !p.AutoScaling || p.State != "Succeeded" || p.Count <= p.MinCount || !state.unneeded(n.Name, profile, budgets.Items) {
				continue
			}
			seen[n.Name] = true
			since, known := c.scaler.unneeded[n.Name]
			if !known {
				c.scaler.unneeded[n.Name] = now
				continue
			}
			if now.Sub(since) < c.real(profile.unneeded()) || now.Sub(c.scaler.added) < c.real(profile.delayAfterAdd()) {
				continue
			}
			delete(c.scaler.unneeded, n.Name)
			return c.giveUp(ctx, p, n.Name)
		}
	}
	for name := range c.scaler.unneeded {
		if !seen[name] {
			delete(c.scaler.unneeded, name)
		}
	}
	return nil
}

// giveUp marks a node as the one to go and lowers its pool's count.
func (c *controller) giveUp(ctx context.Context, p pool, node string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"scale-down"}}}`, annotationLeaving)
	if _, err := c.client.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return ignoreRaces(err)
	}
	c.Log("autoscaler: node %s is hardly used; pool %s shrinks from %d to %d nodes (min %d)",
		node, p.Name, p.Count, p.Count-1, p.MinCount)
	return c.setCount(p, p.Count-1)
}

// unneeded tells whether a node is little used and its pods could all be elsewhere.
func (hs hosts) unneeded(name string, profile autoScaler, budgets []policyv1.PodDisruptionBudget) bool {
	at := slices.IndexFunc(hs, func(h *host) bool { return h.node.Name == name })
	h := hs[at]
	if h.node.Spec.Unschedulable || h.used() >= profile.threshold() {
		return false
	}
	var rest hosts
	for i, other := range hs {
		if i != at && !other.node.Spec.Unschedulable {
			rest = append(rest, &host{node: other.node, pods: slices.Clone(other.pods)})
		}
	}
	allowed := map[types.UID]int32{}
	for _, b := range budgets {
		allowed[b.UID] = b.Status.DisruptionsAllowed
	}
	for _, pod := range h.pods {
		if staysWithNode(pod) || priority(pod) < expendableBelow || pod.DeletionTimestamp != nil {
			continue
		}
		if !movable(pod, profile) || !spendBudgets(pod, budgets, allowed) || !rest.place(pod) {
			return false
		}
	}
	return true
}

// movable tells whether the autoscaler may take a pod's node away (documented: cluster-autoscaler's FAQ on what prevents the removal of
// a node).
func movable(pod *corev1.Pod, profile autoScaler) bool {
	switch pod.Annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] {
	case "true":
		return true
	case "false":
		return false
	}
	local := slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return v.HostPath != nil || v.EmptyDir != nil && v.EmptyDir.Medium != corev1.StorageMediumMemory
	})
	system := pod.Namespace == metav1.NamespaceSystem
	return metav1.GetControllerOf(pod) != nil && !(local && profile.skipLocal()) && !(system && profile.skipSystemPods())
}

// spendBudgets takes one disruption off every budget over a pod; false when one has none left.
func spendBudgets(pod *corev1.Pod, budgets []policyv1.PodDisruptionBudget, allowed map[types.UID]int32) bool {
	for _, b := range budgets {
		picks, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || b.Namespace != pod.Namespace || !picks.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if allowed[b.UID]--; allowed[b.UID] < 0 {
			return false
		}
	}
	return true
}
