package metrics

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a container uses when nobody asks anything of it, as shares of its requests (assumed: an idle JVM holds about half of its
// memory).
const (
	idleCPU    = 0.05
	idleMemory = 0.5
)

// use is what a container uses, in thousandths of a core and in bytes.
type use struct{ milliCPU, bytes int64 }

func (u use) list() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(u.milliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(u.bytes, resource.BinarySI),
	}
}

func (u use) plus(other use) use { return use{u.milliCPU + other.milliCPU, u.bytes + other.bytes} }

// workload names what a pod belongs to: its Deployment, or whatever else controls it; its own name without either.
func workload(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return pod.Name
	}
	// A Deployment's ReplicaSets are called after it and the hash of the pod's template.
	return strings.TrimSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"])
}

// usage works out what each container of the running pods uses, in the order of their specs; other pods are left out.
func usage(pods []corev1.Pod, demand map[string]Demand) map[*corev1.Pod][]use {
	sharing := map[string]int64{} // ready pods by namespace/workload
	for i := range pods {
		if ready(&pods[i]) {
			sharing[pods[i].Namespace+"/"+workload(&pods[i])]++
		}
	}
	out := map[*corev1.Pod][]use{}
	for i := range pods {
		pod := &pods[i]
		if pod.Status.Phase != corev1.PodRunning {
			continue
		}
		key := pod.Namespace + "/" + workload(pod)
		wanted, loaded := demand[key]
		if !loaded {
			wanted = demand[workload(pod)]
		}
		share := use{}
		if ready(pod) { // a Service sends nothing to others
			share = use{int64(wanted.Cores * 1000 / float64(sharing[key])), int64(wanted.MiB) << 20 / sharing[key]}
		}
		out[pod] = containers(pod, share)
	}
	return out
}

// containers spreads a pod's share of the load over its containers, by their CPU requests. None uses less than when idle, and
// none more than its limits.
func containers(pod *corev1.Pod, share use) []use {
	whole := int64(0)
	for _, c := range pod.Spec.Containers {
		whole += weight(c)
	}
	var out []use
	for _, c := range pod.Spec.Containers {
		idle := use{
			milliCPU: max(1, int64(idleCPU*float64(c.Resources.Requests.Cpu().MilliValue()))),
			bytes:    max(1<<20, int64(idleMemory*float64(c.Resources.Requests.Memory().Value()))),
		}
		out = append(out, use{
			milliCPU: capped(max(idle.milliCPU, share.milliCPU*weight(c)/whole), c.Resources.Limits.Cpu().MilliValue()),
			bytes:    capped(max(idle.bytes, share.bytes*weight(c)/whole), c.Resources.Limits.Memory().Value()),
		})
	}
	return out
}

func weight(c corev1.Container) int64 { return max(1, c.Resources.Requests.Cpu().MilliValue()) }

// capped holds a figure to a limit; 0 is none.
func capped(n, limit int64) int64 {
	if limit > 0 {
		return min(n, limit)
	}
	return n
}

func ready(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil &&
		slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
}

// nodeUsage is what a node uses: its pods, and a twentieth of it for the system (assumed).
func nodeUsage(n *corev1.Node, pods map[*corev1.Pod][]use) use {
	sum := use{n.Status.Capacity.Cpu().MilliValue() / 20, n.Status.Capacity.Memory().Value() / 20}
	for pod, parts := range pods {
		if pod.Spec.NodeName == n.Name {
			for _, u := range parts {
				sum = sum.plus(u)
			}
		}
	}
	return sum
}
