package nodes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// gateway is a pod with requests that belongs to a ReplicaSet.
func gateway(name, cpu string, change ...func(*corev1.Pod)) *corev1.Pod {
	yes := true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "apim", UID: types.UID(name), Labels: map[string]string{"app": "gateway"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "gateway", Controller: &yes}}},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"apim.io/pool": "apimpool"},
			Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("2Gi")}}}},
		},
	}
	for _, c := range change {
		c(pod)
	}
	return pod
}

// room are a pool's nodes, as many as it counts, with nothing on them.
func room(t *testing.T, p pool) hosts {
	t.Helper()
	var out hosts
	for _, n := range machines(t, p, p.Count) {
		out = append(out, &host{node: n})
	}
	return out
}

func TestAPoolGrowsForAPodThatFindsNoRoom(t *testing.T) {
	infra := zonal(2)
	infra.ID, infra.Name, infra.NodeLabels = clusterID+"/agentPools/infra", "infra", map[string]string{"apim.io/pool": "infrapool"}
	full := gateway("full", "3")
	for _, test := range []struct {
		name    string
		change  func(*pool)
		lost    []string
		pending []*corev1.Pod
		count   int // the pool's new one; 0: it doesn't grow
		refused string
	}{
		{name: "one more pod", pending: []*corev1.Pod{gateway("a", "2")}, count: 4},
		{name: "two pods share a node", pending: []*corev1.Pod{gateway("a", "1500m"), gateway("b", "1500m")}, count: 4},
		{name: "two pods need two nodes", pending: []*corev1.Pod{gateway("a", "2"), gateway("b", "2")}, count: 5},
		{name: "what fits isn't helped", pending: []*corev1.Pod{gateway("a", "500m")}},
		{name: "nodes on their way count", change: func(p *pool) { p.Count = 4 }, pending: []*corev1.Pod{gateway("a", "2")}},
		{name: "the pool is at its largest", change: func(p *pool) { p.MaxCount = 3 }, pending: []*corev1.Pod{gateway("a", "2")},
			refused: "1 max node group size reached, 1 node(s) didn't match Pod's node affinity/selector"},
		{name: "no node is large enough", pending: []*corev1.Pod{gateway("a", "4")},
			refused: "1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector"},
		{name: "no pool has the label", pending: []*corev1.Pod{gateway("a", "1", func(p *corev1.Pod) { p.Spec.NodeSelector["apim.io/pool"] = "none" })},
			refused: "2 node(s) didn't match Pod's node affinity/selector"},
		{name: "a pool without autoscaling stays", change: func(p *pool) { p.AutoScaling = false }, pending: []*corev1.Pod{gateway("a", "2")},
			refused: "1 node group doesn't scale, 1 node(s) didn't match Pod's node affinity/selector"},
		{name: "a taint nobody tolerates", change: func(p *pool) { p.NodeTaints = []string{"dedicated=x:NoSchedule"} }, pending: []*corev1.Pod{gateway("a", "2")},
			refused: "1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)"},
		{name: "all zones are lost", lost: []string{"1", "2", "3"}, pending: []*corev1.Pod{gateway("a", "2")},
			refused: "1 node group without an available zone, 1 node(s) didn't match Pod's node affinity/selector"},
		{name: "one zone is lost", lost: []string{"1"}, pending: []*corev1.Pod{gateway("a", "2")}, count: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := zonal(3)
			state := room(t, p)
			for _, h := range state {
				h.pods = append(h.pods, full)
			}
			if test.change != nil {
				test.change(&p)
			}
			unchanged := infra
			unchanged.Zones = nil
			state = append(state, room(t, unchanged)...)
			plan := scaleUp([]pool{p, unchanged}, state, test.pending, test.lost)
			if plan.grow[p.Name] != test.count || len(plan.grow) > 1 {
				t.Errorf("growth %v, want %d", plan.grow, test.count)
			}
			if got := plan.refused[test.pending[0]]; got != test.refused {
				t.Errorf("refused with %q, want %q", got, test.refused)
			}
		})
	}
}

func TestOnlyPodsWorthANodeArePending(t *testing.T) {
	why := []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}
	for _, test := range []struct {
		name   string
		change func(*corev1.Pod)
		want   bool
	}{
		{"ordinary", func(*corev1.Pod) {}, true},
		{"headroom", func(p *corev1.Pod) { p.Spec.Priority = new(int32(-10)) }, true},
		{"expendable", func(p *corev1.Pod) { p.Spec.Priority = new(int32(-11)) }, false},
		{"about to get a node by preemption", func(p *corev1.Pod) { p.Status.NominatedNodeName = "n" }, false},
		{"not looked at yet", func(p *corev1.Pod) { p.Status.Conditions = nil }, false},
		{"gated", func(p *corev1.Pod) { p.Status.Conditions[0].Reason = corev1.PodReasonSchedulingGated }, false},
		{"going", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }, false},
	} {
		pod := gateway("a", "1")
		pod.Status.Conditions = slices.Clone(why)
		test.change(pod)
		if got := unschedulable(pod); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestAPodFitsWhereTheSchedulerWouldPutIt(t *testing.T) {
	requires := func(terms ...corev1.NodeSelectorTerm) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
		}
	}
	where := func(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
	}
	mates := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}
	spread := func(skew int32, keys ...string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: skew, TopologyKey: labelZone,
				WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: mates, MatchLabelKeys: keys}}
		}
	}
	apart := func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
			{LabelSelector: mates, TopologyKey: "kubernetes.io/hostname"}}}}
	}
	tolerating := func(key string, operator corev1.TolerationOperator, value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Tolerations = []corev1.Toleration{{Key: key, Operator: operator, Value: value}}
		}
	}
	taint := corev1.Taint{Key: "dedicated", Value: "x", Effect: corev1.TaintEffectNoSchedule}
	always := corev1.ContainerRestartPolicyAlways
	initial := func(cpu string, policy *corev1.ContainerRestartPolicy) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{RestartPolicy: policy,
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}})
		}
	}
	// Three nodes in zones 1 to 3; the first holds a gateway of an older version that asks for 1 CPU.
	for _, test := range []struct {
		name  string
		pod   *corev1.Pod
		nodes func(hosts)
		want  string // on the first node
	}{
		{name: "room", pod: gateway("a", "2500m")},
		{name: "too little room", pod: gateway("a", "2600m"), want: "Insufficient cpu"},
		{name: "an init container counts when it asks for more", pod: gateway("a", "1", initial("2600m", nil)), want: "Insufficient cpu"},
		{name: "an init container doesn't add up", pod: gateway("a", "2", initial("2500m", nil))},
		{name: "a sidecar adds up", pod: gateway("a", "2", initial("600m", &always)), want: "Insufficient cpu"},
		{name: "a full node", pod: gateway("a", "0"), want: tooManyPods, nodes: func(hs hosts) {
			for range 23 {
				hs[0].pods = append(hs[0].pods, gateway("b", "0", func(p *corev1.Pod) { p.Spec.Containers = nil }))
			}
		}},
		{name: "cordoned", pod: gateway("a", "1"), want: cordoned, nodes: func(hs hosts) { hs[0].node.Spec.Unschedulable = true }},
		{name: "tainted", pod: gateway("a", "1"), want: tainted, nodes: func(hs hosts) { hs[0].node.Spec.Taints = []corev1.Taint{taint} }},
		{name: "tolerated by value", pod: gateway("a", "1", tolerating("dedicated", "", "x")), nodes: func(hs hosts) { hs[0].node.Spec.Taints = []corev1.Taint{taint} }},
		{name: "another value", pod: gateway("a", "1", tolerating("dedicated", "", "y")), want: tainted, nodes: func(hs hosts) { hs[0].node.Spec.Taints = []corev1.Taint{taint} }},
		{name: "everything tolerated", pod: gateway("a", "1", tolerating("", corev1.TolerationOpExists, "")), nodes: func(hs hosts) { hs[0].node.Spec.Taints = []corev1.Taint{taint} }},
		{name: "affinity to the zone", pod: gateway("a", "1", requires(where(labelZone, corev1.NodeSelectorOpIn, "westeurope-1")))},
		{name: "affinity to another zone", pod: gateway("a", "1", requires(where(labelZone, corev1.NodeSelectorOpNotIn, "westeurope-1"))), want: wrongNode},
		{name: "one of two terms", pod: gateway("a", "1", requires(where("none", corev1.NodeSelectorOpExists), where("agentpool", corev1.NodeSelectorOpExists)))},
		{name: "a number that is larger", pod: gateway("a", "1", requires(where("kubernetes.azure.com/sku-cpu", corev1.NodeSelectorOpGt, "3")))},
		{name: "a number that is not smaller", pod: gateway("a", "1", requires(where("kubernetes.azure.com/sku-cpu", corev1.NodeSelectorOpLt, "4"))), want: wrongNode},
		{name: "the zone has one more already", pod: gateway("a", "1", spread(1)), want: wrongSpread},
		{name: "a skew of two is allowed", pod: gateway("a", "1", spread(2))},
		{name: "pods of another version don't count", pod: gateway("a", "1", spread(1, "hash"), func(p *corev1.Pod) { p.Labels["hash"] = "new" })},
		{name: "the other zones have one more", pod: gateway("a", "1", spread(1)), nodes: func(hs hosts) {
			hs[1].pods, hs[2].pods = []*corev1.Pod{gateway("b", "1")}, []*corev1.Pod{gateway("c", "1")}
		}},
		{name: "apart from its like", pod: gateway("a", "1", apart), want: wrongCompany},
		{name: "apart from its like elsewhere", pod: gateway("a", "1", apart), nodes: func(hs hosts) { hs[0].pods, hs[1].pods = nil, hs[0].pods }},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := room(t, zonal(3))
			state[0].pods = []*corev1.Pod{gateway("old", "1", func(p *corev1.Pod) { p.Labels["hash"] = "old" })}
			if test.nodes != nil {
				test.nodes(state)
			}
			if got := state.why(test.pod, state[0]); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestANodeIsUnneededWhenItsPodsFitElsewhere(t *testing.T) {
	budget := policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apim", UID: "budget"},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}},
	}
	note := func(value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Annotations = map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": value}
		}
	}
	scratch := func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	}
	for _, test := range []struct {
		name    string
		pods    []*corev1.Pod // on the first node
		others  string        // CPU asked for on each other node
		allowed int32         // by the disruption budget
		profile autoScaler
		want    bool
	}{
		{name: "nothing on it", others: "3", want: true},
		{name: "a pod with room elsewhere", pods: []*corev1.Pod{gateway("a", "1")}, others: "2", allowed: 1, want: true},
		{name: "no room elsewhere", pods: []*corev1.Pod{gateway("a", "1")}, others: "3", allowed: 1},
		{name: "half used", pods: []*corev1.Pod{gateway("a", "1755m")}, others: "1", allowed: 1},
		{name: "half used, of a lower threshold", pods: []*corev1.Pod{gateway("a", "1")}, others: "1", allowed: 1, profile: autoScaler{Threshold: "0.2"}},
		{name: "the budget is spent", pods: []*corev1.Pod{gateway("a", "500m"), gateway("b", "500m")}, others: "1", allowed: 1},
		{name: "a bare pod", pods: []*corev1.Pod{gateway("a", "1", func(p *corev1.Pod) { p.OwnerReferences = nil })}, others: "1", allowed: 1},
		{name: "a bare pod that may go", pods: []*corev1.Pod{gateway("a", "1", note("true"), func(p *corev1.Pod) { p.OwnerReferences = nil })}, others: "1", allowed: 1, want: true},
		{name: "a pod that must stay", pods: []*corev1.Pod{gateway("a", "1", note("false"))}, others: "1", allowed: 1},
		{name: "local storage", pods: []*corev1.Pod{gateway("a", "1", scratch)}, others: "1", allowed: 1, want: true},
		{name: "local storage that keeps a node", pods: []*corev1.Pod{gateway("a", "1", scratch)}, others: "1", allowed: 1, profile: autoScaler{SkipLocal: "true"}},
		{name: "a system pod", pods: []*corev1.Pod{gateway("a", "1", func(p *corev1.Pod) { p.Namespace = "kube-system" })}, others: "1"},
		{name: "a DaemonSet's pod", pods: []*corev1.Pod{gateway("a", "1", func(p *corev1.Pod) { p.OwnerReferences[0].Kind = "DaemonSet" })}, others: "3", want: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := room(t, zonal(3))
			state[0].pods = test.pods
			for _, h := range state[1:] {
				h.pods = []*corev1.Pod{gateway("other", test.others)}
			}
			budget.Status.DisruptionsAllowed = test.allowed
			if got := state.unneeded(state[0].node.Name, test.profile, []policyv1.PodDisruptionBudget{budget}); got != test.want {
				t.Errorf("unneeded: %v", got)
			}
		})
	}
}

func TestTheAutoscalersProfileHasAKSDefaults(t *testing.T) {
	var none autoScaler
	if none.scanInterval() != 10*time.Second || none.unneeded() != 10*time.Minute || none.delayAfterAdd() != 10*time.Minute || none.newPodDelay() != 0 ||
		none.threshold() != 0.5 || !none.skipSystemPods() || none.skipLocal() {
		t.Error("wrong defaults")
	}
	set := autoScaler{ScanInterval: "30s", Unneeded: "3m", DelayAfterAdd: "1m", NewPodDelay: "5s", Threshold: "0.7", SkipSystemPods: "false", SkipLocal: "true"}
	if set.scanInterval() != 30*time.Second || set.unneeded() != 3*time.Minute || set.delayAfterAdd() != time.Minute || set.newPodDelay() != 5*time.Second ||
		set.threshold() != 0.7 || set.skipSystemPods() || !set.skipLocal() {
		t.Error("wrong values")
	}
}

func TestTheTableShowsWhatPodsWaitFor(t *testing.T) {
	p := zonal(2)
	mine := machines(t, p, 2)
	mine[0].Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	mine[1].Spec.Unschedulable = true
	running := gateway("running", "1")
	running.Spec.NodeName, running.Status.Phase = mine[0].Name, corev1.PodRunning
	waiting := gateway("waiting", "1")
	waiting.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: 3, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}
	stuck := gateway("stuck", "1")
	stuck.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes are available"}}
	var out strings.Builder
	if err := writeTable(&out, []corev1.Node{*mine[1], *mine[0]}, []corev1.Pod{*waiting, *stuck, *running}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		fmt.Sprintf("%s apim0a1b2c westeurope-1 Standard_D4s_v5 Ready 1", mine[0].Name),
		fmt.Sprintf("%s apim0a1b2c westeurope-2 Standard_D4s_v5 NotReady,SchedulingDisabled 0", mine[1].Name),
		fmt.Sprintf("apim/running %s westeurope-1 0 Running apim/stuck - - 0 Unschedulable: 0/2 nodes are available apim/waiting - - 3 ImagePullBackOff", mine[0].Name),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestTheAutoscalerHaltsWhenTooManyNodesAreNotReady(t *testing.T) {
	for _, test := range []struct {
		profile      autoScaler
		unready, all int
		want         bool
	}{
		{unready: 3, all: 4}, {unready: 4, all: 9}, {unready: 4, all: 8, want: true}, {unready: 0, all: 0},
		{profile: autoScaler{UnreadyCount: "0", UnreadyShare: "0"}, unready: 1, all: 9, want: true},
		{profile: autoScaler{UnreadyShare: "100"}, unready: 9, all: 9},
	} {
		if got := test.profile.halts(test.unready, test.all); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
