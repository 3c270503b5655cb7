package kubelet_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/tools"
)

// cluster is a control plane with one node and the kubelet under test.
type cluster struct {
	kubernetes.Interface
	plane    *controlplane.ControlPlane
	registry *registry
	faults   *kubelet.Faults
}

// registry holds every image but those it lacks.
type registry struct {
	mu    sync.Mutex
	lacks map[string]bool
}

func (r *registry) has(image string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.lacks[image]
}

func (r *registry) set(image string, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lacks[image] = !there
}

// shared is the cluster of the tests in which nothing takes time.
var shared *cluster

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "kubelet")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		shared, err = newCluster(dir, 0)
		if err != nil {
			panic(err)
		}
		defer func() { _ = shared.plane.Stop() }()
		return m.Run()
	}())
}

func newCluster(dir string, timeScale float64) (*cluster, error) {
	c := &cluster{registry: &registry{lacks: map[string]bool{}}, faults: &kubelet.Faults{}}
	c.plane = controlplane.New(controlplane.Options{
		Dir: dir, TimeScale: timeScale,
		Binaries: func(ctx context.Context) (controlplane.Binaries, error) { return tools.Kubernetes(ctx, os.Stderr) },
		Started: func(config *rest.Config) func() {
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() {
				done <- kubelet.Run(ctx, config, kubelet.Options{
					HasImage: c.registry.has, Faults: c.faults, TimeScale: timeScale,
					Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
				})
			}()
			return func() {
				cancel()
				if err := <-done; err != nil {
					panic(err)
				}
			}
		},
	})
	ctx := context.Background()
	if _, err := c.plane.Kubeconfig(ctx, "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c", true); err != nil {
		return nil, err
	}
	config, err := c.plane.RESTConfig(ctx)
	if err != nil {
		return nil, err
	}
	if c.Interface, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	return c, c.addNode(ctx, "node-1", "10.1.0.0/24")
}

func (c *cluster) addNode(ctx context.Context, name, podCIDR string) error {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"), corev1.ResourcePods: resource.MustParse("100"),
	}
	_, err := c.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{"kubernetes.io/hostname": name, kubelet.NodeLabel: kubelet.NodeRunning},
		},
		Spec: corev1.NodeSpec{PodCIDR: podCIDR, PodCIDRs: []string{podCIDR}},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity, Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.2.0.4"}},
		},
	}, metav1.CreateOptions{})
	return err
}

// namespace is one of the test's own.
func (c *cluster) namespace(t *testing.T) string {
	t.Helper()
	n, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return n.Name
}

// deployment runs replicas of a container called main.
func deployment(name string, replicas int32, change func(*corev1.PodSpec)) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example/" + name + ":1"}}}
	if change != nil {
		change(&spec)
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}
}

func (c *cluster) deploy(t *testing.T, namespace string, d *appsv1.Deployment) {
	t.Helper()
	if _, err := c.AppsV1().Deployments(namespace).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func job(name string, backoffLimit int32) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{BackoffLimit: &backoffLimit, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "registry.example/job:1"}},
		}}},
	}
}

// eventually waits until check returns "", and fails with what it returned last.
func eventually(t *testing.T, within time.Duration, check func() string) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(25 * time.Millisecond) {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", within, problem)
		}
	}
}

// soon is far more than anything here takes on an idle machine.
const soon = 30 * time.Second

func (c *cluster) podsOf(t *testing.T, namespace string) []corev1.Pod {
	t.Helper()
	list, err := c.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// available wants so many ready pods, and the Deployment to say so.
func (c *cluster) available(t *testing.T, namespace, name string, want int32) {
	t.Helper()
	eventually(t, soon, func() string {
		d, err := c.AppsV1().Deployments(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if d.Status.AvailableReplicas != want || d.Status.UpdatedReplicas != want || d.Status.UnavailableReplicas != 0 {
			return fmt.Sprintf("%+v", d.Status)
		}
		return ""
	})
}

// waiting wants the only pod's container to wait for that reason, and returns the message.
func (c *cluster) waiting(t *testing.T, namespace, reason string) (message string) {
	t.Helper()
	eventually(t, soon, func() string {
		for _, pod := range c.podsOf(t, namespace) {
			for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
				if w := s.State.Waiting; w != nil && w.Reason == reason {
					message = w.Message
					return ""
				}
			}
		}
		return fmt.Sprintf("no container waits with %s: %+v", reason, c.podsOf(t, namespace))
	})
	return message
}

// event wants one with that reason and a message that contains the text.
func (c *cluster) event(t *testing.T, namespace, reason, text string) {
	t.Helper()
	eventually(t, soon, func() string {
		list, err := c.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		seen := map[string]bool{}
		for _, e := range list.Items {
			if e.Reason == reason && strings.Contains(e.Message, text) && e.Source.Component == "kubelet" {
				return ""
			}
			seen[e.Reason+": "+e.Message] = true
		}
		return fmt.Sprintf("no event %s with %q: %v", reason, text, slices.Collect(maps.Keys(seen)))
	})
}

func TestADeploymentBecomesAvailableAndItsPodsHaveAddressesOfTheirOwn(t *testing.T) {
	namespace := shared.namespace(t)
	began := time.Now()
	shared.deploy(t, namespace, deployment("web", 6, nil))
	shared.available(t, namespace, "web", 6)
	t.Logf("six pods rolled out in %s", time.Since(began))
	seen := map[string]bool{}
	for _, pod := range shared.podsOf(t, namespace) {
		if !strings.HasPrefix(pod.Status.PodIP, "10.1.0.") || seen[pod.Status.PodIP] || pod.Status.HostIP != "10.2.0.4" {
			t.Errorf("%s has address %q on %q", pod.Name, pod.Status.PodIP, pod.Status.HostIP)
		}
		seen[pod.Status.PodIP] = true
		if s := pod.Status.ContainerStatuses[0]; s.State.Running == nil || !s.Ready || pod.Status.Phase != corev1.PodRunning || pod.Status.StartTime == nil {
			t.Errorf("%s: %+v", pod.Name, pod.Status)
		}
	}
}

func TestAPodWithoutItsImageWaitsAndStartsOnceItIsPushed(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/late:1", false)
	shared.deploy(t, namespace, deployment("late", 1, nil))
	message := shared.waiting(t, namespace, "ImagePullBackOff")
	if !strings.Contains(message, `Back-off pulling image "registry.example/late:1": ErrImagePull`) || !strings.Contains(message, "not found") {
		t.Errorf("message is %q", message)
	}
	shared.event(t, namespace, "Failed", `Failed to pull image "registry.example/late:1"`)
	if pod := shared.podsOf(t, namespace)[0]; pod.Status.Phase != corev1.PodPending || ready(pod) {
		t.Errorf("status is %+v", pod.Status)
	}
	shared.registry.set("registry.example/late:1", true)
	shared.available(t, namespace, "late", 1)
}

func TestAPodIsReadyOnceItsInitContainersHaveEnded(t *testing.T) {
	namespace := shared.namespace(t)
	shared.deploy(t, namespace, deployment("prepared", 1, func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{
			{Name: "first", Image: "registry.example/first:1"}, {Name: "second", Image: "registry.example/first:1"},
		}
	}))
	shared.available(t, namespace, "prepared", 1)
	statuses := shared.podsOf(t, namespace)[0].Status.InitContainerStatuses
	if len(statuses) != 2 {
		t.Fatalf("%d init containers have a status, the pod has 2", len(statuses))
	}
	for _, s := range statuses {
		if s.State.Terminated == nil || s.State.Terminated.ExitCode != 0 {
			t.Errorf("%s ended as %+v", s.Name, s.State)
		}
	}
}

func TestTheImageOfAnInitContainerHoldsUpTheWholePod(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/setup:1", false)
	shared.deploy(t, namespace, deployment("with-init", 1, func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{
			{Name: "first", Image: "registry.example/first:1"}, {Name: "second", Image: "registry.example/setup:1"}, {Name: "third", Image: "registry.example/first:1"},
		}
	}))
	shared.waiting(t, namespace, "ImagePullBackOff")
	status := shared.podsOf(t, namespace)[0].Status
	for name, problem := range map[string]bool{
		"the first has ended":     status.InitContainerStatuses[0].State.Terminated == nil,
		"the second waits":        status.InitContainerStatuses[1].State.Waiting == nil,
		"the third is not begun":  status.InitContainerStatuses[2].State.Waiting == nil || status.InitContainerStatuses[2].State.Waiting.Reason != "PodInitializing",
		"the main one is neither": status.ContainerStatuses[0].State.Waiting == nil || status.ContainerStatuses[0].State.Waiting.Reason != "PodInitializing",
	} {
		if problem {
			t.Errorf("not so: %s: %+v", name, status)
		}
	}
	shared.registry.set("registry.example/setup:1", true)
	shared.available(t, namespace, "with-init", 1)
	for _, s := range shared.podsOf(t, namespace)[0].Status.InitContainerStatuses {
		if s.State.Terminated == nil || s.State.Terminated.ExitCode != 0 {
			t.Errorf("%s ended as %+v", s.Name, s.State)
		}
	}
}

func TestACrashingPodIsRestartedUntilItsFaultIsGone(t *testing.T) {
	namespace := shared.namespace(t)
	inject(t, kubelet.Fault{APIVersion: "apps/v1", Kind: "Deployment", Name: "crashing", Code: kubelet.CrashLoopBackOff})
	shared.deploy(t, namespace, deployment("crashing", 1, nil))
	eventually(t, soon, func() string {
		for _, pod := range shared.podsOf(t, namespace) {
			for _, s := range pod.Status.ContainerStatuses {
				if last := s.LastTerminationState.Terminated; s.RestartCount >= 2 && last != nil && last.ExitCode == 1 && !s.Ready {
					return ""
				}
			}
		}
		return fmt.Sprintf("%+v", shared.podsOf(t, namespace))
	})
	if message := shared.waiting(t, namespace, "CrashLoopBackOff"); !strings.Contains(message, "restarting failed container=main pod=crashing-") {
		t.Errorf("message is %q", message)
	}
	shared.event(t, namespace, "BackOff", "Back-off restarting failed container main")
	shared.faults.Clear()
	shared.available(t, namespace, "crashing", 1)
	if n := shared.podsOf(t, namespace)[0].Status.ContainerStatuses[0].RestartCount; n < 2 {
		t.Errorf("the restarts are forgotten: %d", n)
	}
}

func TestAFaultStrikesAsManyPodsAsItSays(t *testing.T) {
	namespace := shared.namespace(t)
	inject(t, kubelet.Fault{Kind: "Deployment", Name: "partly", Code: kubelet.ImagePullBackOff, Times: 2})
	shared.deploy(t, namespace, deployment("partly", 5, nil))
	eventually(t, soon, func() string {
		n, stuck := 0, 0
		for _, pod := range shared.podsOf(t, namespace) {
			if ready(pod) {
				n++
			} else if len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].State.Waiting != nil {
				stuck++
			}
		}
		if n != 3 || stuck != 2 {
			return fmt.Sprintf("%d ready, %d stuck", n, stuck)
		}
		return ""
	})
}

func TestAFaultOfAnotherNameStrikesNothing(t *testing.T) {
	namespace := shared.namespace(t)
	inject(t, kubelet.Fault{APIVersion: "apps/v1", Kind: "Deployment", Name: "other", Code: kubelet.CrashLoopBackOff, Times: 9})
	inject(t, kubelet.Fault{APIVersion: "batch/v1", Kind: "Job", Code: kubelet.Failed, Times: 9})
	shared.deploy(t, namespace, deployment("spared", 1, nil))
	shared.available(t, namespace, "spared", 1)
}

func TestAnUnknownFaultIsRefused(t *testing.T) {
	err := (&kubelet.Faults{}).Inject(kubelet.Fault{Code: "Explode"})
	if err == nil || !strings.Contains(err.Error(), "Explode") || !strings.Contains(err.Error(), "CrashLoopBackOff") {
		t.Errorf("error is %v", err)
	}
}

func inject(t *testing.T, f kubelet.Fault) {
	t.Helper()
	if err := shared.faults.Inject(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shared.faults.Clear)
}

func TestAJobCompletes(t *testing.T) {
	namespace := shared.namespace(t)
	if _, err := shared.BatchV1().Jobs(namespace).Create(t.Context(), job("schema", 0), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.jobIs(t, namespace, "schema", batchv1.JobComplete)
}

func TestAJobWhosePodFailsIsFailed(t *testing.T) {
	namespace := shared.namespace(t)
	inject(t, kubelet.Fault{APIVersion: "batch/v1", Kind: "Job", Name: "schema", Code: kubelet.Failed})
	if _, err := shared.BatchV1().Jobs(namespace).Create(t.Context(), job("schema", 0), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.jobIs(t, namespace, "schema", batchv1.JobFailed)
	status := shared.podsOf(t, namespace)[0].Status
	if end := status.ContainerStatuses[0].State.Terminated; status.Phase != corev1.PodFailed || end == nil || end.ExitCode != 1 {
		t.Errorf("status is %+v", status)
	}
}

func TestADeletedJobTakesItsPodsAlong(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/job:never", false)
	j := job("stuck", 0)
	j.Spec.Template.Spec.Containers[0].Image = "registry.example/job:never"
	if _, err := shared.BatchV1().Jobs(namespace).Create(t.Context(), j, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.waiting(t, namespace, "ImagePullBackOff")
	background := metav1.DeletePropagationBackground
	if err := shared.BatchV1().Jobs(namespace).Delete(t.Context(), "stuck", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, func() string {
		if pods := shared.podsOf(t, namespace); len(pods) > 0 {
			return fmt.Sprintf("%+v", pods)
		}
		return ""
	})
}

// TestADeletedPodOfAJobEndsBeforeItGoes: such a Job waits for the end of the containers before it starts another pod.
func TestADeletedPodOfAJobEndsBeforeItGoes(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/job:late", false)
	j, policy := job("late", 0), batchv1.Failed
	j.Spec.PodReplacementPolicy = &policy
	j.Spec.BackoffLimit = nil // its default leaves room for the deleted pod
	j.Spec.Template.Spec.Containers[0].Image = "registry.example/job:late"
	if _, err := shared.BatchV1().Jobs(namespace).Create(t.Context(), j, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.waiting(t, namespace, "ImagePullBackOff")
	old := shared.podsOf(t, namespace)[0]
	if err := shared.CoreV1().Pods(namespace).Delete(t.Context(), old.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, func() string {
		j, err := shared.BatchV1().Jobs(namespace).Get(t.Context(), "late", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if j.Status.Failed != 1 {
			return fmt.Sprintf("%+v", j.Status)
		}
		return ""
	})
}

func (c *cluster) jobIs(t *testing.T, namespace, name string, want batchv1.JobConditionType) {
	t.Helper()
	eventually(t, soon, func() string {
		j, err := c.BatchV1().Jobs(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if !slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == want && c.Status == corev1.ConditionTrue }) {
			return fmt.Sprintf("%+v", j.Status)
		}
		return ""
	})
}

func TestAPodWhoseVariableNeedsASecretStartsOnceItIsThere(t *testing.T) {
	namespace := shared.namespace(t)
	shared.deploy(t, namespace, deployment("needy", 1, func(s *corev1.PodSpec) {
		s.Containers[0].Env = []corev1.EnvVar{{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "login"}, Key: "password",
		}}}}
	}))
	if message := shared.waiting(t, namespace, "CreateContainerConfigError"); message != `secret "login" not found` {
		t.Errorf("message is %q", message)
	}
	shared.event(t, namespace, "Failed", `Error: secret "login" not found`)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "login"}, Data: map[string][]byte{"user": []byte("u")}}
	if _, err := shared.CoreV1().Secrets(namespace).Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, func() string {
		if message := shared.waiting(t, namespace, "CreateContainerConfigError"); message != "couldn't find key password in Secret "+namespace+"/login" {
			return message
		}
		return ""
	})
	s.Data["password"] = []byte("p")
	if _, err := shared.CoreV1().Secrets(namespace).Update(t.Context(), s, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.available(t, namespace, "needy", 1)
}

func TestAPodWhoseVolumeNeedsAConfigMapStaysCreatingUntilItIsThere(t *testing.T) {
	namespace := shared.namespace(t)
	shared.deploy(t, namespace, deployment("mounting", 1, func(s *corev1.PodSpec) {
		s.Volumes = []corev1.Volume{{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "jvm"}, Items: []corev1.KeyToPath{{Key: "jvm.xml", Path: "jvm.xml"}},
		}}}}
	}))
	shared.event(t, namespace, "FailedMount", `MountVolume.SetUp failed for volume "settings" : configmap "jvm" not found`)
	if message := shared.waiting(t, namespace, "ContainerCreating"); message != "" {
		t.Errorf("message is %q", message)
	}
	if ip := shared.podsOf(t, namespace)[0].Status.PodIP; ip != "" {
		t.Errorf("it has address %s before its sandbox is there", ip)
	}
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "jvm"}, BinaryData: map[string][]byte{"jvm.xml": {1}}}
	if _, err := shared.CoreV1().ConfigMaps(namespace).Create(t.Context(), m, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.available(t, namespace, "mounting", 1)
}

func TestOptionalReferencesHoldUpNothing(t *testing.T) {
	namespace := shared.namespace(t)
	maybe := true
	shared.deploy(t, namespace, deployment("relaxed", 1, func(s *corev1.PodSpec) {
		s.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Optional: &maybe,
		}}}
		s.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none", Optional: &maybe}}}}
	}))
	shared.available(t, namespace, "relaxed", 1)
}

func TestADeletedPodGoesAtOnceWhenNothingTakesTime(t *testing.T) {
	namespace := shared.namespace(t)
	grace := int64(600)
	shared.deploy(t, namespace, deployment("patient", 1, func(s *corev1.PodSpec) { s.TerminationGracePeriodSeconds = &grace }))
	shared.available(t, namespace, "patient", 1)
	old := shared.podsOf(t, namespace)[0].UID
	if err := shared.AppsV1().Deployments(namespace).Delete(t.Context(), "patient", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	shared.gone(t, namespace, old, soon)
}

func (c *cluster) gone(t *testing.T, namespace string, uid types.UID, within time.Duration) {
	t.Helper()
	eventually(t, within, func() string {
		if slices.ContainsFunc(c.podsOf(t, namespace), func(p corev1.Pod) bool { return p.UID == uid }) {
			return "the pod is still there"
		}
		return ""
	})
}

func TestAPodOnANodeWithoutKubeletIsLeftAloneUntilItComesBack(t *testing.T) {
	if err := shared.addNode(t.Context(), "node-lost", "10.1.1.0/24"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.CoreV1().Nodes().Delete(context.Background(), "node-lost", metav1.DeleteOptions{}) })
	eventually(t, soon, func() string {
		node, err := shared.CoreV1().Nodes().Get(t.Context(), "node-lost", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if !slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}) {
			return fmt.Sprintf("node is %+v", node.Status.Conditions)
		}
		return ""
	})
	label := func(value string) {
		t.Helper()
		patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}}}`, kubelet.NodeLabel, value)
		if _, err := shared.CoreV1().Nodes().Patch(t.Context(), "node-lost", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	label("null")
	namespace := shared.namespace(t)
	// kwok has no way to show that it has seen the node go; on a busy machine it takes a while.
	const seen = 1500 * time.Millisecond
	time.Sleep(seen)
	shared.deploy(t, namespace, deployment("there", 1, func(s *corev1.PodSpec) { s.NodeName = "node-lost" }))
	shared.deploy(t, namespace, deployment("here", 1, func(s *corev1.PodSpec) { s.NodeName = "node-1" }))
	shared.available(t, namespace, "here", 1)
	for _, pod := range shared.podsOf(t, namespace) {
		if pod.Labels["app"] == "there" && (ready(pod) || pod.Annotations[kubelet.VerdictAnnotation] != "") {
			t.Errorf("decided although its node is lost: %+v", pod)
		}
	}
	label(`"running"`)
	shared.available(t, namespace, "there", 1)

	// Nobody is there to end a pod either.
	label("null")
	time.Sleep(seen)
	if err := shared.AppsV1().Deployments(namespace).Delete(t.Context(), "here", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := shared.AppsV1().Deployments(namespace).Delete(t.Context(), "there", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, func() string {
		for _, pod := range shared.podsOf(t, namespace) {
			if pod.Labels["app"] == "here" || pod.DeletionTimestamp == nil {
				return "pod " + pod.Name + " is there"
			}
		}
		return ""
	})
	if n := len(shared.podsOf(t, namespace)); n != 1 {
		t.Errorf("%d pods are left, want that of the lost node", n)
	}
	label(`"running"`)
	eventually(t, soon, func() string {
		if n := len(shared.podsOf(t, namespace)); n > 0 {
			return fmt.Sprintf("%d pods are left", n)
		}
		return ""
	})
}

func TestTheOutageOfTheAPIServerIsSurvived(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/during:1", false)
	shared.deploy(t, namespace, deployment("during", 1, nil))
	shared.waiting(t, namespace, "ImagePullBackOff")
	if err := shared.plane.Restart(t.Context(), 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	shared.registry.set("registry.example/during:1", true)
	shared.available(t, namespace, "during", 1)
	shared.deploy(t, namespace, deployment("after", 1, nil))
	shared.available(t, namespace, "after", 1)
}

func TestAStartOnWhatIsThereGoesOnWithIt(t *testing.T) {
	namespace := shared.namespace(t)
	shared.registry.set("registry.example/waiting:1", false)
	shared.deploy(t, namespace, deployment("running", 3, nil))
	shared.deploy(t, namespace, deployment("waiting", 1, nil))
	shared.available(t, namespace, "running", 3)
	shared.waiting(t, namespace, "ImagePullBackOff")
	if err := shared.plane.Stop(); err != nil {
		t.Fatal(err)
	}
	shared.registry.set("registry.example/waiting:1", true)
	if _, err := shared.plane.RESTConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	shared.available(t, namespace, "waiting", 1)
	shared.deploy(t, namespace, deployment("new", 3, nil))
	shared.available(t, namespace, "new", 3)
	addresses := map[string]bool{}
	for _, pod := range shared.podsOf(t, namespace) {
		addresses[pod.Status.PodIP] = true
	}
	if len(addresses) != 7 {
		t.Errorf("seven pods share %d addresses: %v", len(addresses), addresses)
	}
}

// At 60 simulated seconds a second: what takes none above takes its part here.
func TestStartingAndStoppingTakeTimeAtATimeScale(t *testing.T) {
	const timeScale = 60
	c, err := newCluster(t.TempDir(), timeScale)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.plane.Stop() })
	namespace := c.namespace(t)
	grace := int64(300)
	if err := c.faults.Inject(kubelet.Fault{APIVersion: "apps/v1", Kind: "Deployment", Name: "slow", Code: kubelet.SlowStart, After: 2 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}}
	c.deploy(t, namespace, deployment("slow", 1, func(s *corev1.PodSpec) {
		s.Containers[0].StartupProbe = probe
		s.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 90}}}
		s.TerminationGracePeriodSeconds = &grace
	}))
	eventually(t, soon, func() string { // it runs for a while without being ready
		for _, pod := range c.podsOf(t, namespace) {
			for _, s := range pod.Status.ContainerStatuses {
				if s.State.Running != nil && !s.Ready && s.Started != nil && !*s.Started {
					return ""
				}
			}
		}
		return "not running yet"
	})
	c.available(t, namespace, "slow", 1)
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("ready after %s, want 1 minute and 2 more, 3 s here", took)
	}
	began = time.Now()
	old := c.podsOf(t, namespace)[0]
	if err := c.CoreV1().Pods(namespace).Delete(t.Context(), old.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	c.gone(t, namespace, old.UID, soon)
	if took := time.Since(began); took < 1500*time.Millisecond || took > 4*time.Second {
		t.Errorf("gone after %s, want 92 s, 1.5 s here", took)
	}
}
