package nodes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/azure"
	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/tools"
)

// plane is the control plane all tests share, config leads to it.
var (
	plane  *controlplane.ControlPlane
	config *rest.Config
)

func TestMain(m *testing.M) {
	code, err := withControlPlane(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withControlPlane(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "nodes")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plane = controlplane.New(controlplane.Options{Dir: dir, Binaries: func(ctx context.Context) (controlplane.Binaries, error) {
		return tools.Kubernetes(ctx, os.Stderr)
	}})
	defer func() { err = errors.Join(err, plane.Stop()) }()
	if _, err := plane.Kubeconfig(context.Background(), clusterID, true); err != nil {
		return 1, err
	}
	if config, err = plane.RESTConfig(context.Background()); err != nil {
		return 1, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- kubelet.Run(ctx, config, kubelet.Options{}) }()
	defer func() { cancel(); err = errors.Join(err, <-stopped) }()
	return m.Run(), nil
}

// world is one test's cluster: its subscription and its namespace.
type world struct {
	*testing.T
	azure  *azure.Subscription
	client kubernetes.Interface
	stop   func() // ends the run
}

// start makes a cluster with a System pool of one node and plays its nodes until the test ends.
func start(t *testing.T, timeScale float64) *world {
	t.Helper()
	subscription, err := azure.NewSubscription(azure.Options{SubscriptionID: "00000000-0000-4000-8000-000000000001"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, azure: subscription, client: client}
	w.seed("azure-native:resources:ResourceGroup", object{"resourceGroupName": "rg", "location": "westeurope"})
	w.seed("azure-native:containerservice:ManagedCluster", object{
		"resourceGroupName": "rg", "resourceName": "apim", "location": "westeurope", "dnsPrefix": "apim", "kubernetesVersion": "1.36",
		"identity": object{"type": "SystemAssigned"},
		"agentPoolProfiles": []any{object{"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 1.0, "type": "VirtualMachineScaleSets",
			"nodeTaints": []any{"CriticalAddonsOnly=true:NoSchedule"}}},
	})
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "apim"}}, metav1.CreateOptions{}); ignoreExisting(err) != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, config, Options{Subscription: subscription, ClusterID: func() string { return clusterID }, TimeScale: timeScale, Log: t.Logf})
	}()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { w.stop(); w.clear() })
	return w
}

func ignoreExisting(err error) error {
	if err != nil && strings.Contains(err.Error(), "already exists") {
		return nil
	}
	return err
}

func (w *world) seed(token string, inputs object) string {
	w.Helper()
	id, err := w.azure.Seed(w.Context(), token, inputs)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// pool seeds an autoscaled pool and returns its ID.
func (w *world) pool(name string, count, most float64, zones ...any) string {
	w.Helper()
	inputs := object{"resourceGroupName": "rg", "resourceName": "apim", "agentPoolName": name, "mode": "User", "type": "VirtualMachineScaleSets",
		"vmSize": "Standard_D4s_v5", "count": count, "minCount": count, "maxCount": most, "enableAutoScaling": true, "maxPods": 30.0,
		"nodeLabels": object{"apim.io/pool": "apimpool"}}
	if len(zones) > 0 {
		inputs["availabilityZones"] = zones
	}
	return w.seed("azure-native:containerservice:AgentPool", inputs)
}

// clear leaves nothing for the next test to stumble over.
func (w *world) clear() {
	ctx, now := context.Background(), int64(0)
	gone := metav1.DeleteOptions{GracePeriodSeconds: &now}
	err := errors.Join(
		w.client.AppsV1().Deployments("apim").DeleteCollection(ctx, gone, metav1.ListOptions{}),
		w.client.PolicyV1().PodDisruptionBudgets("apim").DeleteCollection(ctx, gone, metav1.ListOptions{}),
		w.client.AppsV1().ReplicaSets("apim").DeleteCollection(ctx, gone, metav1.ListOptions{}),
		w.client.CoreV1().Pods("apim").DeleteCollection(ctx, gone, metav1.ListOptions{}),
		w.client.CoreV1().Nodes().DeleteCollection(ctx, gone, metav1.ListOptions{}),
		w.client.CoreV1().Events("apim").DeleteCollection(ctx, gone, metav1.ListOptions{}),
	)
	if err != nil {
		w.Error(err)
	}
}

// eventually waits until ask is content; it says what is missing otherwise.
func (w *world) eventually(ask func() (missing string)) {
	w.Helper()
	missing := ""
	for end := time.Now().Add(45 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if missing = ask(); missing == "" {
			return
		}
	}
	_ = Table(context.Background(), config, w.Output())
	w.Fatal(missing)
}

// nodes lists a pool's nodes; of is a label selector.
func (w *world) nodes(of string) []*corev1.Node {
	w.Helper()
	list, err := w.client.CoreV1().Nodes().List(w.Context(), metav1.ListOptions{LabelSelector: of})
	if err != nil {
		w.Fatal(err)
	}
	var out []*corev1.Node
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out
}

// haveReady waits for as many ready nodes and no other.
func (w *world) haveReady(of string, want int) []*corev1.Node {
	w.Helper()
	var have []*corev1.Node
	w.eventually(func() string {
		have = w.nodes(of)
		ok := 0
		for _, n := range have {
			if ready(n) {
				ok++
			}
		}
		if ok == want && len(have) == want {
			return ""
		}
		return fmt.Sprintf("%s: %d of %d nodes are ready, want %d", of, ok, len(have), want)
	})
	return have
}

// deploy makes a Deployment of pods that ask for an amount of CPU.
func (w *world) deploy(name string, replicas int32, cpu string, change ...func(*corev1.PodSpec)) {
	w.Helper()
	labels := map[string]string{"app": name}
	spec := corev1.PodSpec{NodeSelector: map[string]string{"apim.io/pool": "apimpool"}, Containers: []corev1.Container{{Name: "c", Image: "registry.k8s.io/pause:3.10",
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}}}}
	for _, c := range change {
		c(&spec)
	}
	_, err := w.client.AppsV1().Deployments("apim").Create(w.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
}

// pods lists a Deployment's pods.
func (w *world) pods(name string) []corev1.Pod {
	w.Helper()
	list, err := w.client.CoreV1().Pods("apim").List(w.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
	if err != nil {
		w.Fatal(err)
	}
	return list.Items
}

// available waits until as many pods of a Deployment are.
func (w *world) available(name string, want int32) {
	w.Helper()
	w.eventually(func() string {
		d, err := w.client.AppsV1().Deployments("apim").Get(w.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if d.Status.AvailableReplicas == want {
			return ""
		}
		return fmt.Sprintf("%s: %d pods are available, want %d", name, d.Status.AvailableReplicas, want)
	})
}

// budget lets no pod of a Deployment go while only least are there.
func (w *world) budget(name string, least int) {
	w.Helper()
	_, err := w.client.PolicyV1().PodDisruptionBudgets("apim").Create(w.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: name + "-budget"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt(least)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	w.eventually(func() string {
		b, err := w.client.PolicyV1().PodDisruptionBudgets("apim").Get(w.Context(), name+"-budget", metav1.GetOptions{})
		if err != nil || b.Status.ObservedGeneration != b.Generation {
			return fmt.Sprintf("the budget is not looked at: %v", err)
		}
		return ""
	})
}

// count is what the subscription says about a pool.
func (w *world) count(pool string) int {
	w.Helper()
	for _, r := range w.azure.Resources() {
		if r.ID == pool {
			n, _ := r.Properties["count"].(float64)
			return int(n)
		}
	}
	w.Fatalf("there is no pool %s", pool)
	return 0
}

// told waits for an event of the autoscaler about a pod of a Deployment.
func (w *world) told(name, reason, text string) {
	w.Helper()
	w.eventually(func() string {
		list, err := w.client.CoreV1().Events("apim").List(w.Context(), metav1.ListOptions{FieldSelector: "reason=" + reason})
		if err != nil {
			return err.Error()
		}
		var seen []string
		for _, e := range list.Items {
			seen = append(seen, e.Message)
			if strings.HasPrefix(e.InvolvedObject.Name, name) && strings.Contains(e.Message, text) {
				return ""
			}
		}
		return fmt.Sprintf("no event %s with %q; there are %q", reason, text, seen)
	})
}

// heartbeat is when a node's kubelet last renewed its lease.
func (w *world) heartbeat(node string) time.Time {
	w.Helper()
	lease, err := w.client.CoordinationV1().Leases("kube-node-lease").Get(w.Context(), node, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return lease.Spec.RenewTime.Time
}

func TestNodesComeAndGoWithThePools(t *testing.T) {
	w := start(t, 0)
	w.haveReady("agentpool=system", 1)
	pool := w.pool("apim", 3, 6, "1", "2", "3")
	mine := w.haveReady("agentpool=apim", 3)
	var zones, addresses []string
	for _, n := range mine {
		zones = append(zones, n.Labels[labelZone])
		addresses = append(addresses, n.Status.Addresses[0].Address)
		if n.Status.NodeInfo.KubeletVersion != "v1.36.3" || n.Status.Allocatable.Cpu().String() != "3510m" {
			t.Errorf("%s: kubelet %s, %v allocatable", n.Name, n.Status.NodeInfo.KubeletVersion, n.Status.Allocatable.Cpu())
		}
	}
	slices.Sort(zones)
	slices.Sort(addresses)
	if !slices.Equal(zones, []string{"westeurope-1", "westeurope-2", "westeurope-3"}) || len(slices.Compact(addresses)) != 3 {
		t.Errorf("zones %v, addresses %v", zones, addresses)
	}

	t.Run("a run that starts again finds everything in order", func(t *testing.T) {
		w.stop()
		again := newController(w.client, Options{Subscription: w.azure, ClusterID: func() string { return clusterID }, Log: t.Logf})
		if working, err := again.pass(t.Context()); working || err != nil {
			t.Errorf("working %v, error %v", working, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- Run(ctx, config, again.Options) }()
		w.stop = func() { cancel(); <-ended }
	})

	t.Run("pods leave a pool before its nodes do", func(t *testing.T) {
		w := &world{T: t, azure: w.azure, client: w.client}
		w.deploy("gateway", 3, "1")
		w.available("gateway", 3)
		w.budget("gateway", 2)
		w.pool("apimnext", 3, 6, "1", "2", "3")
		w.haveReady("agentpool=apimnext", 3)
		if err := w.azure.Remove(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		least := int32(3)
		w.eventually(func() string {
			d, err := w.client.AppsV1().Deployments("apim").Get(t.Context(), "gateway", metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			least = min(least, d.Status.AvailableReplicas)
			if left := len(w.nodes("agentpool=apim")); left > 0 {
				return fmt.Sprintf("%d nodes are left", left)
			}
			return ""
		})
		if least < 2 {
			t.Errorf("only %d gateways were available at a time; the budget asks for 2", least)
		}
		w.available("gateway", 3)
	})
}

func TestThePoolGrowsForPodsUntilItIsAtItsLargest(t *testing.T) {
	w := start(t, 0)
	pool := w.pool("apim", 1, 2)
	w.haveReady("agentpool=apim", 1)
	w.deploy("gateway", 3, "2")
	w.available("gateway", 2)
	w.told("gateway", "TriggeredScaleUp", "vmss 1->2 (max: 2)}]")
	w.told("gateway", "NotTriggerScaleUp", "1 max node group size reached")
	if n := w.count(pool); n != 2 {
		t.Errorf("the subscription counts %d nodes", n)
	}
}

func TestAnIdleNodeGoesAfterTenMinutes(t *testing.T) {
	w := start(t, 600) // a second is ten minutes
	pool := w.pool("apim", 1, 3)
	w.haveReady("agentpool=apim", 1)
	asked := time.Now()
	w.deploy("gateway", 2, "2")
	w.available("gateway", 2)
	if took := time.Since(asked); took < bootTime/600 {
		t.Errorf("the second node was there after %v, sooner than it boots", took)
	}
	if err := w.client.AppsV1().Deployments("apim").Delete(t.Context(), "gateway", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.haveReady("agentpool=apim", 1)
	if n := w.count(pool); n != 1 {
		t.Errorf("the subscription counts %d nodes", n)
	}
}

func TestADrainThatABudgetHoldsUpNamesIt(t *testing.T) {
	w := start(t, 0)
	w.pool("apim", 2, 2)
	mine := w.haveReady("agentpool=apim", 2)
	w.deploy("gateway", 2, "2")
	w.available("gateway", 2)
	w.budget("gateway", 2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := Drain(ctx, config, mine[0].Name, t.Logf)
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "pod apim/gateway-") || !strings.Contains(err.Error(), "gateway-budget") {
		t.Fatal(err)
	}

	t.Run("and goes on once the budget allows it", func(t *testing.T) {
		if err := w.client.PolicyV1().PodDisruptionBudgets("apim").Delete(t.Context(), "gateway-budget", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := Drain(t.Context(), config, mine[0].Name, t.Logf); err != nil {
			t.Fatal(err)
		}
		w.available("gateway", 1) // the other node is full and this one cordoned
		if err := Uncordon(t.Context(), config, mine[0].Name); err != nil {
			t.Fatal(err)
		}
		w.available("gateway", 2)
	})

	t.Run("a node that isn't there is an error", func(t *testing.T) {
		if err := Drain(t.Context(), config, "none", nil); err == nil {
			t.Error("none was drained")
		}
	})
}

func TestALostZonesPodsMoveToTheOthers(t *testing.T) {
	w := start(t, 0)
	w.pool("apim", 3, 4, "1", "2", "3")
	w.haveReady("agentpool=apim", 3)
	w.deploy("gateway", 3, "2") // one on each node
	w.available("gateway", 3)
	if err := LoseZone(t.Context(), config, "westeurope-7"); err == nil || !strings.Contains(err.Error(), "there are zones") {
		t.Errorf("a zone without nodes: %v", err)
	}
	if err := LoseZone(t.Context(), config, "westeurope-2"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = RestoreZone(context.Background(), config, "2") })
	inZone := labelZone + "=westeurope-2"
	began := time.Now()
	w.eventually(func() string {
		elsewhere := 0
		for _, p := range w.pods("gateway") {
			if p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodRunning && !slices.ContainsFunc(w.nodes(inZone), func(n *corev1.Node) bool { return n.Name == p.Spec.NodeName }) {
				elsewhere++
			}
		}
		return map[bool]string{false: fmt.Sprintf("%d pods run outside the zone", elsewhere)}[elsewhere == 3]
	})
	t.Logf("moved after %v", time.Since(began))
	w.available("gateway", 3)
	var lost, other time.Time
	w.eventually(func() string {
		lost, other = w.heartbeat(w.nodes(inZone)[0].Name), w.heartbeat(w.nodes(labelZone + "=westeurope-1")[0].Name)
		return map[bool]string{false: "no kubelet reports any more"}[other.After(began.Add(2*time.Second))]
	})
	if lost.After(began.Add(time.Second)) {
		t.Errorf("the lost node's kubelet reported %v after the loss", lost.Sub(began))
	}
	// Nobody is there to end the old pod.
	if n := len(w.pods("gateway")); n != 4 {
		t.Errorf("there are %d pods, want the one of the lost node to hang", n)
	}

	// The others were full: the autoscaler found room outside the zone.
	if all, there := len(w.nodes("agentpool=apim")), len(w.nodes(inZone)); all != 4 || there != 1 {
		t.Errorf("%d nodes, %d of them in the lost zone", all, there)
	}

	t.Run("it comes back", func(t *testing.T) {
		w := &world{T: t, azure: w.azure, client: w.client}
		if err := RestoreZone(t.Context(), config, "2"); err != nil {
			t.Fatal(err)
		}
		w.haveReady(inZone, 1)
		w.eventually(func() string {
			if n := len(w.pods("gateway")); n != 3 {
				return fmt.Sprintf("there are %d pods: those of the lost node don't end", n)
			}
			return ""
		})
	})
}

func TestAnOutageOfTheAPIServerIsWaitedOut(t *testing.T) {
	w := start(t, 0)
	w.haveReady("agentpool=system", 1)
	back, err := plane.Interrupt()
	if err != nil {
		t.Fatal(err)
	}
	w.pool("apim", 2, 2)
	if err := back(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.haveReady("agentpool=apim", 2)
}
