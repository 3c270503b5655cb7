package nodes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// growth is the outcome of a look at pods without a node.
type growth struct {
	grow      map[string]int // by pool name: its new count
	pools     map[string]pool
	triggered map[*corev1.Pod]string // by pod: the pool that grows for it
	refused   map[*corev1.Pod]string // by pod: why no pool does
}

// scaleUp decides which pools grow for which pods. Nodes that are on their way count as there.
func scaleUp(pools []pool, state hosts, pending []*corev1.Pod, lost []string) growth {
	plan := growth{map[string]int{}, map[string]pool{}, map[*corev1.Pod]string{}, map[*corev1.Pod]string{}}
	candidates := make([]candidate, 0, len(pools))
	for _, p := range pools {
		c := candidate{pool: p, count: p.Count, lost: lost, nodes: p.nodes(state.all())}
		for p.State != stateDeleting && len(c.staying()) < p.Count {
			h, ok := c.next()
			if !ok {
				break
			}
			state = append(state, h)
		}
		candidates = append(candidates, c)
	}
	for _, pod := range pending {
		if state.place(pod) {
			continue
		}
		reasons := map[string]int{}
		for i := range candidates {
			c := &candidates[i]
			h, why := c.offer(pod, state)
			if why != "" {
				reasons[why]++
				continue
			}
			h.pods = append(h.pods, pod)
			state = append(state, h)
			c.count++
			plan.grow[c.Name], plan.pools[c.Name], plan.triggered[pod] = c.count, c.pool, c.Name
			break
		}
		if plan.triggered[pod] == "" {
			plan.refused[pod] = describeReasons(reasons)
		}
	}
	return plan
}

func (hs hosts) all() []corev1.Node {
	out := make([]corev1.Node, len(hs))
	for i, h := range hs {
		out[i] = *h.node
	}
	return out
}

// candidate is a pool that may grow, with the nodes it has and those imagined already.
type candidate struct {
	pool
	count int
	lost  []string
	nodes []*corev1.Node
}

func (c *candidate) staying() []*corev1.Node {
	return slices.DeleteFunc(slices.Clone(c.nodes), func(n *corev1.Node) bool { return n.Annotations[annotationLeaving] != "" })
}

// next imagines the pool's next node, ready and empty. false: it can't have any.
func (c *candidate) next() (*host, bool) {
	zone, ok := c.nextZone(c.nodes, c.lost)
	if !ok {
		return nil, false
	}
	index := 0
	if len(c.nodes) > 0 {
		index, _ = c.index(c.nodes[len(c.nodes)-1].Name)
		index++
	}
	n, err := c.node(index, zone, netip.PrefixFrom(c.Subnet.Addr(), 32)) // its addresses don't matter here
	if err != nil {
		return nil, false
	}
	c.nodes = append(c.nodes, n)
	return &host{node: n}, true
}

// offer returns a new node the pod fits on, or why the pool has none to offer, in the autoscaler's words.
func (c *candidate) offer(pod *corev1.Pod, state hosts) (*host, string) {
	had := c.nodes
	h, ok := c.next()
	if !ok {
		return nil, "node group without an available zone"
	}
	why := append(state, h).why(pod, h)
	switch {
	case why != "":
	case !c.AutoScaling:
		why = "node group doesn't scale"
	case c.count >= c.MaxCount:
		why = "max node group size reached"
	case c.State != "Succeeded":
		why = "in backoff after failed scale-up" // what the real one says while AKS refuses a second operation on a pool
	default:
		return h, ""
	}
	c.nodes = had
	return nil, why
}

func describeReasons(reasons map[string]int) string {
	var parts []string
	for why, n := range reasons {
		parts = append(parts, fmt.Sprintf("%d %s", n, why))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// grow carries a decision out and tells the pods.
func (c *controller) grow(ctx context.Context, plan growth) error {
	var problems []error
	for name, count := range plan.grow {
		p := plan.pools[name]
		if err := c.setCount(p, count); err != nil {
			problems = append(problems, err)
			continue
		}
		c.scaler.added = time.Now()
		c.Log("autoscaler: pool %s grows from %d to %d nodes (max %d)", name, p.Count, count, p.MaxCount)
	}
	for pod, name := range plan.triggered {
		p := plan.pools[name]
		problems = append(problems, c.tell(ctx, pod, corev1.EventTypeNormal, "TriggeredScaleUp",
			fmt.Sprintf("pod triggered scale-up: [{%s %d->%d (max: %d)}]", p.scaleSet(), p.Count, plan.grow[name], p.MaxCount)))
	}
	for pod, why := range plan.refused {
		problems = append(problems, c.tell(ctx, pod, corev1.EventTypeNormal, "NotTriggerScaleUp", "pod didn't trigger scale-up: "+why))
	}
	return errors.Join(problems...)
}

func (c *controller) setCount(p pool, count int) error {
	return c.Subscription.Modify(p.ID, func(properties map[string]any) { properties["count"] = float64(count) })
}

// tell writes an event about a pod, unless it was the last thing said about it.
func (c *controller) tell(ctx context.Context, pod *corev1.Pod, kind, reason, message string) error {
	if c.scaler.said[pod.UID] == reason+message {
		return nil
	}
	now := metav1.Now()
	_, err := c.client.CoreV1().Events(pod.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", pod.Name, now.UnixNano()), Namespace: pod.Namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Type:           kind, Reason: reason, Message: message, FirstTimestamp: now, LastTimestamp: now, Count: 1,
		Source: corev1.EventSource{Component: "cluster-autoscaler"}, ReportingController: "cluster-autoscaler",
	}, metav1.CreateOptions{})
	if ignoreRaces(err) == nil {
		c.scaler.said[pod.UID] = reason + message
	}
	return ignoreRaces(err)
}
