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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/azure"
)

// Options say whose machines are played, and how fast.
type Options struct {
	// Subscription holds the cluster and its pools; the autoscaler writes their counts.
	Subscription *azure.Subscription
	// ClusterID returns the resource ID of the AKS cluster the control plane belongs to; empty while there is none.
	ClusterID func() string
	// TimeScale is the number of simulated seconds in a real one; 0 means that nothing takes time, and that nothing is scaled down.
	TimeScale float64
	// Log receives a line for every node that comes or goes; nil is silent.
	Log func(format string, args ...any)
}

const (
	// busy and idle are the pauses between two looks at the pools. A change of the subscription ends a pause.
	busy, idle = 100 * time.Millisecond, time.Second

	// bootTime is what a machine takes from the request for one more to its kubelet's first word, in simulated time: a planning
	// figure (assumed; 1 to 3 minutes are usual). The first nodes of a pool come with the pool, whose creation includes it.
	bootTime = 2 * time.Minute
	// drainTime is how long AKS waits for disruption budgets before a node goes: its default for upgrades, which its deletions are
	// assumed to share (AKS docs: upgrade-options, 30 minutes; delete-node-pool only says that budgets can hold a deletion up).
	drainTime = 30 * time.Minute
	// drainAtOnce takes the place of drainTime where nothing takes time: real time, enough for pods to be ready elsewhere.
	drainAtOnce = 10 * time.Second
)

// controller is one run. Its fields are used by one goroutine.
type controller struct {
	Options
	client kubernetes.Interface

	booting map[string]time.Time // by node name: when it was first asked for
	leaving map[string]time.Time // by node name: when it goes at the latest
	scaler  scalerState
}

// Run plays the nodes until ctx ends. It copes with whatever nodes it finds. What fails is logged and tried again; an error means
// that the configuration can't be used.
func Run(ctx context.Context, config *rest.Config, o Options) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	c := newController(client, o)
	changed := make(chan struct{}, 1)
	o.Subscription.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	said := ""
	for {
		working, err := c.pass(ctx)
		if ctx.Err() != nil {
			return nil
		}
		// An API server that is away for a while is worth one line, not one for every try.
		if text := fmt.Sprint(err); err != nil && text != said {
			said = text
			o.Log("nodes: %v; trying again", err)
		} else if err == nil {
			said = ""
		}
		pause := idle
		if working {
			pause = busy
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(pause):
		}
	}
}

func newController(client kubernetes.Interface, o Options) *controller {
	return &controller{
		Options: o, client: client,
		booting: map[string]time.Time{}, leaving: map[string]time.Time{},
		scaler: scalerState{unneeded: map[string]time.Time{}, said: map[types.UID]string{}},
	}
}

// real converts simulated time to real time.
func (c *controller) real(simulated time.Duration) time.Duration {
	if c.TimeScale == 0 {
		return 0
	}
	return time.Duration(float64(simulated) / c.TimeScale)
}

// pass brings the nodes one step closer to the pools and lets the autoscaler look. working tells that more is to be done soon.
func (c *controller) pass(ctx context.Context) (working bool, err error) {
	pools, found, err := readPools(c.Subscription.Resources(), c.ClusterID())
	if err != nil || !found {
		return false, err
	}
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.azure.com/role=agent"})
	if err != nil {
		return false, err
	}
	lost, err := lostZones(ctx, c.client)
	if err != nil {
		return false, err
	}
	if err := c.silence(ctx, list.Items, lost); err != nil {
		return false, err
	}
	working, err = c.follow(ctx, pools, list.Items, lost)
	scaling, scaleErr := c.autoscale(ctx, pools, list.Items, lost)
	return working || scaling, errors.Join(err, scaleErr)
}

// follow creates the nodes the pools lack, corrects those they have, and removes those that belong to none.
func (c *controller) follow(ctx context.Context, pools []pool, nodes []corev1.Node, lost []string) (working bool, err error) {
	var problems []error
	kept := map[string]bool{}
	for _, p := range pools {
		if p.State == stateDeleting {
			continue
		}
		mine := p.nodes(nodes)
		stay := p.staying(mine)
		for _, n := range stay {
			kept[n.Name] = true
			problems = append(problems, c.correct(ctx, p, n))
		}
		// A pool under creation has its nodes when that is done; one under update keeps what it has until then.
		if p.State == stateCreating || p.State == stateUpdating {
			for _, n := range mine {
				kept[n.Name] = true
			}
			continue
		}
		waiting, err := c.add(ctx, p, mine, len(stay), nodes, lost)
		working = working || waiting
		problems = append(problems, err)
	}
	for i := range nodes {
		n := &nodes[i]
		if kept[n.Name] {
			continue
		}
		working = true
		problems = append(problems, c.remove(ctx, n))
	}
	for name := range c.leaving {
		if !slices.ContainsFunc(nodes, func(n corev1.Node) bool { return n.Name == name }) {
			delete(c.leaving, name)
		}
	}
	return working, errors.Join(problems...)
}

// nodes picks a pool's nodes out, by instance number.
func (p pool) nodes(all []corev1.Node) []*corev1.Node {
	var mine []*corev1.Node
	for i := range all {
		if _, ok := p.index(all[i].Name); ok {
			mine = append(mine, &all[i])
		}
	}
	slices.SortFunc(mine, func(a, b *corev1.Node) int { return p.compare(a, b) })
	return mine
}

func (p pool) compare(a, b *corev1.Node) int {
	i, _ := p.index(a.Name)
	j, _ := p.index(b.Name)
	return i - j
}

// staying are the nodes a pool keeps for its count. The one the autoscaler picked goes first; otherwise the newest of the zone with
// the most nodes (documented: a scale set's default scale-in policy balances zones, then takes the highest instance number).
func (p pool) staying(mine []*corev1.Node) []*corev1.Node {
	stay := slices.DeleteFunc(slices.Clone(mine), func(n *corev1.Node) bool {
		return n.Annotations[annotationLeaving] != ""
	})
	for len(stay) > p.Count {
		perZone := countZones(stay)
		last := slices.MaxFunc(stay, func(a, b *corev1.Node) int {
			if d := perZone[zoneOf(a)] - perZone[zoneOf(b)]; d != 0 {
				return d
			}
			return p.compare(a, b)
		})
		stay = slices.DeleteFunc(stay, func(n *corev1.Node) bool { return n == last })
	}
	return stay
}

func countZones(nodes []*corev1.Node) map[string]int {
	count := map[string]int{}
	for _, n := range nodes {
		count[zoneOf(n)]++
	}
	return count
}

// nextZone is where a pool's next node goes: the available zone with the fewest of its nodes (documented: best-effort zone balance of
// scale sets; assumed: it doesn't wait for a zone that is lost). false: every zone of the pool is lost.
func (p pool) nextZone(mine []*corev1.Node, lost []string) (string, bool) {
	if len(p.Zones) == 0 {
		return "", true
	}
	available := slices.DeleteFunc(slices.Sorted(slices.Values(p.Zones)), func(z string) bool { return slices.Contains(lost, z) })
	if len(available) == 0 {
		return "", false
	}
	perZone := countZones(mine)
	return slices.MinFunc(available, func(a, b string) int { return perZone[a] - perZone[b] }), true
}

// add creates the nodes a pool lacks. waiting tells that machines are booting.
func (c *controller) add(
	ctx context.Context, p pool, mine []*corev1.Node, have int, all []corev1.Node, lost []string,
) (waiting bool, err error) {
	next := 0
	if len(mine) > 0 {
		next, _ = p.index(mine[len(mine)-1].Name)
		next++
	}
	grows := len(mine) > 0
	taken := takenBlocks(all)
	for range p.Count - have {
		zone, ok := p.nextZone(mine, lost)
		if !ok {
			return false, fmt.Errorf("pool %s: all of its zones are lost", p.Name)
		}
		block, err := freeBlock(p.Subnet, p.MaxPods, taken)
		if err != nil {
			return false, fmt.Errorf("pool %s: %w", p.Name, err)
		}
		n, err := p.node(next, zone, block)
		if err != nil {
			return false, err
		}
		next++
		mine, taken = append(mine, n), append(taken, block)
		if grows && c.boots(n.Name) {
			waiting = true
			continue
		}
		if _, err := c.client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return true, err
		}
		delete(c.booting, n.Name)
		c.Log("node %s of pool %s joined in zone %s", n.Name, p.Name, n.Labels[labelZone])
	}
	return waiting, nil
}

// boots tells whether a machine of a pool that grows is still on its way.
func (c *controller) boots(name string) bool {
	began, known := c.booting[name]
	if !known {
		began = time.Now()
		c.booting[name] = began
	}
	return time.Since(began) < c.real(bootTime)
}

func takenBlocks(all []corev1.Node) []netip.Prefix {
	var taken []netip.Prefix
	for _, n := range all {
		if block, err := netip.ParsePrefix(n.Spec.PodCIDR); err == nil {
			taken = append(taken, block)
		}
	}
	return taken
}

// correct updates a node whose pool's settings changed.
func (c *controller) correct(ctx context.Context, p pool, n *corev1.Node) error {
	changed, err := p.follow(n)
	if err != nil || !changed {
		return err
	}
	_, err = c.client.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{})
	return ignoreRaces(err)
}

// remove drains a node a step further and deletes it once it is empty, dead, or out of time.
func (c *controller) remove(ctx context.Context, n *corev1.Node) error {
	deadline, known := c.leaving[n.Name]
	if !known {
		wait := c.real(drainTime)
		if c.TimeScale == 0 {
			wait = drainAtOnce
		}
		deadline = time.Now().Add(wait)
		c.leaving[n.Name] = deadline
		c.Log("node %s leaves", n.Name)
	}
	if err := cordon(ctx, c.client, n.Name, true); err != nil {
		return ignoreRaces(err)
	}
	left, err := evictPods(ctx, c.client, n.Name)
	if err != nil {
		return err
	}
	if len(left) > 0 && ready(n) && time.Now().Before(deadline) {
		return nil
	}
	if len(left) > 0 {
		c.Log("node %s goes with pods still on it: %s", n.Name, strings.Join(left.describe(), "; "))
	}
	if err := c.client.CoreV1().Nodes().Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	c.Log("node %s is gone", n.Name)
	return removeOrphans(ctx, c.client, left)
}

// ignoreRaces drops the errors of a request that came too late or too early; the next pass looks again.
func ignoreRaces(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
