package nodes

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// host is a node, there or imagined, with the pods on it.
type host struct {
	node *corev1.Node
	pods []*corev1.Pod
}

// hosts is what the autoscaler tries placements on. The real one runs the scheduler's own plug-ins; this one knows the node selector
// and required affinity, taints, requests, the number of pods, hard topology spread and required anti-affinity of the pod to be
// placed. It knows neither volumes nor ports nor affinity to other pods.
type hosts []*host

// The scheduler's words for why a pod doesn't fit.
const (
	wrongNode    = "node(s) didn't match Pod's node affinity/selector"
	tainted      = "node(s) had untolerated taint(s)"
	cordoned     = "node(s) were unschedulable"
	tooManyPods  = "Too many pods"
	wrongSpread  = "node(s) didn't match pod topology spread constraints"
	wrongCompany = "node(s) didn't match pod anti-affinity rules"
)

// place puts a pod on the first host it fits on.
func (hs hosts) place(pod *corev1.Pod) bool {
	for _, h := range hs {
		if hs.why(pod, h) == "" {
			h.pods = append(h.pods, pod)
			return true
		}
	}
	return false
}

// why says what keeps a pod from a host; empty: nothing.
func (hs hosts) why(pod *corev1.Pod, h *host) string {
	switch {
	case h.node.Spec.Unschedulable:
		return cordoned
	case !selects(pod, h.node):
		return wrongNode
	case !tolerates(pod, h.node.Spec.Taints):
		return tainted
	}
	if short := h.short(pod); short != "" {
		return short
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && !hs.spreads(pod, h, c) {
			return wrongSpread
		}
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		for _, term := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if hs.count(pod, term.LabelSelector, nil, term.TopologyKey)[h.node.Labels[term.TopologyKey]] > 0 {
				return wrongCompany
			}
		}
	}
	return ""
}

// short names the resource a host has too little of.
func (h *host) short(pod *corev1.Pod) string {
	free := h.node.Status.Allocatable.DeepCopy()
	for _, p := range h.pods {
		subtract(free, requests(p))
	}
	if n := free[corev1.ResourcePods]; n.Value() <= int64(len(h.pods)) {
		return tooManyPods
	}
	need := requests(pod)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		want, have := need[name], free[name]
		if want.Cmp(have) > 0 {
			return "Insufficient " + string(name)
		}
	}
	return ""
}

// requests is what a pod asks for: its containers and sidecars together, or an init container with the sidecars before it when that is
// more, and the overhead of its runtime.
func requests(pod *corev1.Pod) corev1.ResourceList {
	steady, peak := corev1.ResourceList{}, corev1.ResourceList{}
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(steady, c.Resources.Requests)
			continue
		}
		moment := steady.DeepCopy()
		add(moment, c.Resources.Requests)
		larger(peak, moment)
	}
	for _, c := range pod.Spec.Containers {
		add(steady, c.Resources.Requests)
	}
	larger(peak, steady)
	add(peak, pod.Spec.Overhead)
	return peak
}

func add(to, more corev1.ResourceList) {
	for name, q := range more {
		sum := to[name].DeepCopy()
		sum.Add(q)
		to[name] = sum
	}
}

func subtract(from, less corev1.ResourceList) {
	for name, q := range less {
		rest := from[name].DeepCopy()
		rest.Sub(q)
		from[name] = rest
	}
}

func larger(of, other corev1.ResourceList) {
	for name, q := range other {
		if have, ok := of[name]; !ok || q.Cmp(have) > 0 {
			of[name] = q
		}
	}
}

// selects tells whether a node is one the pod's selector and required node affinity allow.
func selects(pod *corev1.Pod, n *corev1.Node) bool {
	if !labels.SelectorFromSet(pod.Spec.NodeSelector).Matches(labels.Set(n.Labels)) {
		return false
	}
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return true
	}
	required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return true
	}
	for _, term := range required.NodeSelectorTerms {
		if len(term.MatchExpressions)+len(term.MatchFields) > 0 && matches(term, n) {
			return true
		}
	}
	return false
}

func matches(term corev1.NodeSelectorTerm, n *corev1.Node) bool {
	return matchAll(term.MatchExpressions, n.Labels) && matchAll(term.MatchFields, map[string]string{"metadata.name": n.Name})
}

func matchAll(expressions []corev1.NodeSelectorRequirement, values map[string]string) bool {
	for _, e := range expressions {
		value, present := values[e.Key]
		if e.Operator == corev1.NodeSelectorOpGt || e.Operator == corev1.NodeSelectorOpLt {
			have, err := strconv.ParseInt(value, 10, 64)
			limit, errLimit := strconv.ParseInt(e.Values[0], 10, 64)
			if !present || err != nil || errLimit != nil || (have > limit) != (e.Operator == corev1.NodeSelectorOpGt) || have == limit {
				return false
			}
			continue
		}
		requirement, err := labels.NewRequirement(e.Key, operators[e.Operator], e.Values)
		if err != nil || !requirement.Matches(labels.Set(values)) {
			return false
		}
	}
	return true
}

var operators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn,
	corev1.NodeSelectorOpExists: selection.Exists, corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
}

// tolerates tells whether a pod may be scheduled in spite of taints. A preference is no obstacle.
func tolerates(pod *corev1.Pod, taints []corev1.Taint) bool {
	for _, t := range taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !toleratesOne(pod, t) {
			return false
		}
	}
	return true
}

func toleratesOne(pod *corev1.Pod, t corev1.Taint) bool {
	for _, o := range pod.Spec.Tolerations {
		if (o.Effect == "" || o.Effect == t.Effect) && (o.Key == "" || o.Key == t.Key) &&
			(o.Operator == corev1.TolerationOpExists || o.Key != "" && o.Value == t.Value) {
			return true
		}
	}
	return false
}

// spreads tells whether a pod on the host keeps the skew of a hard topology spread constraint. Domains are those of the hosts the
// pod may be on at all.
func (hs hosts) spreads(pod *corev1.Pod, h *host, c corev1.TopologySpreadConstraint) bool {
	domain, has := h.node.Labels[c.TopologyKey]
	if !has {
		return false
	}
	count := hs.count(pod, c.LabelSelector, c.MatchLabelKeys, c.TopologyKey)
	least := count[domain]
	for _, n := range count {
		least = min(least, n)
	}
	return count[domain]+1-least <= int(c.MaxSkew)
}

// count counts, per domain, the pods a selector picks in the pod's namespace; keys narrow it to those with the pod's own values.
func (hs hosts) count(pod *corev1.Pod, s *metav1.LabelSelector, keys []string, topology string) map[string]int {
	picks, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		picks = labels.Nothing() // the API server admits no such selector
	}
	own := labels.Set{}
	for _, key := range keys {
		if value, ok := pod.Labels[key]; ok {
			own[key] = value
		}
	}
	count := map[string]int{}
	for _, h := range hs {
		domain, has := h.node.Labels[topology]
		if !has || !selects(pod, h.node) {
			continue
		}
		count[domain] += 0
		for _, p := range h.pods {
			if p.Namespace == pod.Namespace && p.DeletionTimestamp == nil && picks.Matches(labels.Set(p.Labels)) &&
				own.AsSelector().Matches(labels.Set(p.Labels)) {
				count[domain]++
			}
		}
	}
	return count
}

// used is the larger of the shares of a host's processors and memory its pods ask for, from 0 to 1.
func (h *host) used() float64 {
	sum := corev1.ResourceList{}
	for _, p := range h.pods {
		add(sum, requests(p))
	}
	share := func(name corev1.ResourceName) float64 {
		return fraction(sum[name], h.node.Status.Allocatable[name])
	}
	return max(share(corev1.ResourceCPU), share(corev1.ResourceMemory))
}

func fraction(part, whole resource.Quantity) float64 {
	if whole.IsZero() {
		return 0
	}
	return part.AsApproximateFloat64() / whole.AsApproximateFloat64()
}
