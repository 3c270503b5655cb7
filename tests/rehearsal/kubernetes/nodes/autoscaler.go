package nodes

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// expendableBelow is the priority under which a pod is no reason for a node (documented: cluster-autoscaler's flag
	// expendable-pods-priority-cutoff).
	expendableBelow = -10
	// scanAtLeast keeps a fast clock from turning scans into a busy loop.
	scanAtLeast = 200 * time.Millisecond
	// scanAtOnce is the interval where nothing takes time, in real time.
	scanAtOnce = 300 * time.Millisecond
)

// scalerState is what the autoscaler remembers between scans.
type scalerState struct {
	scanned, added time.Time
	pending        bool                 // the last look saw pods without a node
	unneeded       map[string]time.Time // by node name, since when
	said           map[types.UID]string // by pod, the last event
}

// autoscale plays the cluster autoscaler: it lets pools grow for pods that find no room, up to their largest count, and shrink when
// nodes are hardly used. Where nothing takes time nothing shrinks: ten minutes of little use would be over at once, and nodes
// would go between two steps of one update. waiting tells that pods are pending.
func (c *controller) autoscale(ctx context.Context, pools []pool, nodes []corev1.Node, lost []string) (waiting bool, err error) {
	if !slices.ContainsFunc(pools, func(p pool) bool { return p.AutoScaling }) {
		return false, nil
	}
	profile := pools[0].Cluster.AutoScaler
	interval := scanAtOnce
	if c.TimeScale > 0 {
		interval = max(scanAtLeast, c.real(profile.scanInterval()))
	}
	if time.Since(c.scaler.scanned) < interval {
		return c.scaler.pending, nil
	}
	c.scaler.scanned = time.Now()
	if unready := countSilent(nodes); profile.halts(unready, len(nodes)) {
		return false, fmt.Errorf("autoscaler: %d of %d nodes are not ready, too many to act", unready, len(nodes))
	}
	pending, err := c.pending(ctx, profile)
	if err != nil {
		return false, err
	}
	c.scaler.pending = len(pending) > 0
	if !c.scaler.pending {
		clear(c.scaler.said)
	}
	if !c.scaler.pending && c.TimeScale == 0 {
		return false, nil
	}
	running := metav1.ListOptions{FieldSelector: "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"}
	pods, err := c.client.CoreV1().Pods("").List(ctx, running)
	if err != nil {
		return c.scaler.pending, err
	}
	state := hostsOf(nodes, pods.Items)
	plan := scaleUp(pools, state, pending, lost)
	if err := c.grow(ctx, plan); err != nil || len(plan.grow) > 0 || c.TimeScale == 0 {
		return c.scaler.pending, err
	}
	return c.scaler.pending, c.shrink(ctx, pools, state)
}

func countSilent(nodes []corev1.Node) int {
	n := 0
	for i := range nodes {
		if silent(&nodes[i]) {
			n++
		}
	}
	return n
}

// pending are the pods the scheduler found no node for and that are worth one, the most important first.
func (c *controller) pending(ctx context.Context, profile autoScaler) ([]*corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=,status.phase=Pending"})
	if err != nil {
		return nil, err
	}
	var out []*corev1.Pod
	for i := range list.Items {
		pod := &list.Items[i]
		if unschedulable(pod) && time.Since(pod.CreationTimestamp.Time) >= c.real(profile.newPodDelay()) {
			out = append(out, pod)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return priority(out[i]) > priority(out[j]) })
	return out, nil
}

func unschedulable(pod *corev1.Pod) bool {
	// A nominated node is being cleared of less important pods for this one.
	return pod.DeletionTimestamp == nil && pod.Status.NominatedNodeName == "" && priority(pod) >= expendableBelow &&
		slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable
		})
}

func priority(pod *corev1.Pod) int32 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return *pod.Spec.Priority
}

// hostsOf puts pods on their nodes. A node that fell silent takes no pods; one that has only just joined will, though it still is
// tainted as not ready.
func hostsOf(nodes []corev1.Node, pods []corev1.Pod) hosts {
	var out hosts
	for i := range nodes {
		h := &host{node: nodes[i].DeepCopy()}
		h.node.Spec.Unschedulable = h.node.Spec.Unschedulable || silent(h.node)
		h.node.Spec.Taints = slices.DeleteFunc(h.node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady })
		for j := range pods {
			if pods[j].Spec.NodeName == h.node.Name {
				h.pods = append(h.pods, &pods[j])
			}
		}
		out = append(out, h)
	}
	return out
}
