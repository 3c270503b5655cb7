package metrics

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/tools"
)

// config leads to the control plane all tests share. It has one node, and kubelets.
var config *rest.Config

func TestMain(m *testing.M) {
	code, err := withControlPlane(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withControlPlane(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "metrics")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plane := controlplane.New(controlplane.Options{Dir: dir, Binaries: func(ctx context.Context) (controlplane.Binaries, error) {
		return tools.Kubernetes(ctx, os.Stderr)
	}})
	defer func() { err = errors.Join(err, plane.Stop()) }()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := plane.Kubeconfig(ctx, "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/apim", true); err != nil {
		cancel()
		return 1, err
	}
	if config, err = plane.RESTConfig(ctx); err != nil {
		cancel()
		return 1, err
	}
	stopped := make(chan error)
	go func() { stopped <- kubelet.Run(ctx, config, kubelet.Options{}) }()
	defer func() { cancel(); err = errors.Join(err, <-stopped) }()
	if err := addNode(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func addNode(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	room := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("40"), corev1.ResourceMemory: resource.MustParse("100Gi"), corev1.ResourcePods: resource.MustParse("100")}
	_, err = client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node", Labels: map[string]string{kubelet.NodeLabel: kubelet.NodeRunning}},
		Spec:       corev1.NodeSpec{PodCIDR: "10.0.1.0/24", PodCIDRs: []string{"10.0.1.0/24"}},
		Status:     corev1.NodeStatus{Capacity: room, Allocatable: room},
	}, metav1.CreateOptions{})
	return err
}

// serve starts the API and returns what leads to it, and the load it shows.
func serve(t *testing.T) (kubernetes.Interface, Load) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "load.json")
	if err := Start(t.Context(), config, Options{File: file, Log: t.Logf}); err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client, Load(file)
}

// eventually waits until ask is content; it says what is missing otherwise.
func eventually(t *testing.T, ask func() (missing string)) {
	t.Helper()
	missing := ""
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if missing = ask(); missing == "" {
			return
		}
	}
	t.Fatal(missing)
}

// get asks the API through the API server.
func get[T any](ctx context.Context, client kubernetes.Interface, path string, query ...string) (T, error) {
	var out T
	request := client.CoreV1().RESTClient().Get().AbsPath(root + path)
	for i := 0; i < len(query); i += 2 {
		request.Param(query[i], query[i+1])
	}
	body, err := request.Do(ctx).Raw()
	if err == nil {
		err = json.Unmarshal(body, &out)
	}
	return out, err
}

func deploy(t *testing.T, client kubernetes.Interface, name string, replicas int32) {
	t.Helper()
	labels := map[string]string{"app": name}
	one, two := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")}, corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
	_, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "c", Image: "registry.k8s.io/pause:3.10", Resources: corev1.ResourceRequirements{Requests: one, Limits: two}}}}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.AppsV1().Deployments("default").Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	available(t, client, name, replicas)
}

func available(t *testing.T, client kubernetes.Interface, name string, want int32) {
	t.Helper()
	eventually(t, func() string {
		d, err := client.AppsV1().Deployments("default").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if d.Status.AvailableReplicas == want && d.Status.Replicas == want {
			return ""
		}
		return fmt.Sprintf("%s: %d of %d pods are available, want %d", name, d.Status.AvailableReplicas, d.Status.Replicas, want)
	})
}

func TestTheAPIIsThereForEveryClient(t *testing.T) {
	client, load := serve(t)
	deploy(t, client, "busy", 2)
	if err := load.Set("busy", Demand{Cores: 1, MiB: 1536}); err != nil {
		t.Fatal(err)
	}
	_, lists, err := client.Discovery().ServerGroupsAndResources()
	if err != nil || !slices.ContainsFunc(lists, func(l *metav1.APIResourceList) bool {
		return l.GroupVersion == "metrics.k8s.io/v1beta1" && len(l.APIResources) == 2
	}) {
		t.Fatalf("discovery lists %v, error %v", lists, err)
	}

	pods, err := get[metricsList[podMetrics]](t.Context(), client, "/namespaces/default/pods", "labelSelector", "app=busy")
	if err != nil || len(pods.Items) != 2 {
		t.Fatalf("%v, error %v", pods, err)
	}
	for _, p := range pods.Items {
		if got := p.Containers[0]; got.Name != "c" || got.Usage.Cpu().String() != "500m" || got.Usage.Memory().String() != "768Mi" {
			t.Errorf("%s uses %v and %v", p.Name, got.Usage.Cpu(), got.Usage.Memory())
		}
	}
	if one, err := get[podMetrics](t.Context(), client, "/namespaces/default/pods/"+pods.Items[0].Name); err != nil || one.Kind != "PodMetrics" || one.Name != pods.Items[0].Name {
		t.Errorf("%v, error %v", one, err)
	}
	if none, err := get[metricsList[podMetrics]](t.Context(), client, "/pods", "labelSelector", "app=idle"); err != nil || len(none.Items) != 0 || none.Items == nil {
		t.Errorf("%v, error %v", none, err)
	}
	if _, err := get[podMetrics](t.Context(), client, "/namespaces/default/pods/none"); !apierrors.IsNotFound(err) {
		t.Errorf("a pod that isn't there: %v", err)
	}
	if _, err := get[metricsList[podMetrics]](t.Context(), client, "/pods", "labelSelector", "app in"); !apierrors.IsBadRequest(err) {
		t.Errorf("a selector that is none: %v", err)
	}
	nodes, err := get[metricsList[nodeMetrics]](t.Context(), client, "/nodes")
	if err != nil || len(nodes.Items) != 1 || nodes.Items[0].Usage.Cpu().MilliValue() != 3000 { // a twentieth of 40 cores, and one
		t.Errorf("%v, error %v", nodes, err)
	}

	t.Run("nobody gets past the API server", func(t *testing.T) {
		objects, err := dynamic.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		service, err := objects.Resource(apiServices).Get(t.Context(), "v1beta1.metrics.k8s.io", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		port := service.Object["spec"].(map[string]any)["service"].(map[string]any)["port"]
		own, err := tls.X509KeyPair(config.CertData, config.KeyData)
		if err != nil {
			t.Fatal(err)
		}
		// The administrator's certificate is good for the API server, not for what is behind it.
		direct := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}}}}
		response, err := direct.Get(fmt.Sprintf("https://127.0.0.1:%v%s/pods", port, root))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("answered %s", response.Status)
		}
	})

	t.Run("a second start takes over", func(t *testing.T) {
		client, load := serve(t)
		if err := load.Set("default/busy", Demand{Cores: 3}); err != nil {
			t.Fatal(err)
		}
		pods, err := get[metricsList[podMetrics]](t.Context(), client, "/pods", "labelSelector", "app=busy")
		if err != nil || len(pods.Items) != 2 || pods.Items[0].Containers[0].Usage.Cpu().String() != "1500m" {
			t.Errorf("%v, error %v", pods, err)
		}
	})
}

func TestAnAutoscalerFollowsTheLoad(t *testing.T) {
	client, load := serve(t)
	deploy(t, client, "gateway", 1)
	target, least, window := int32(75), int32(1), int32(0)
	_, err := client.AutoscalingV2().HorizontalPodAutoscalers("default").Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "gateway"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "gateway"}, MinReplicas: &least, MaxReplicas: 5,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &target}}}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.AutoscalingV2().HorizontalPodAutoscalers("default").Delete(context.Background(), "gateway", metav1.DeleteOptions{})
	})
	// Three cores are three times the requests of a pod: four pods at 75 %.
	if err := load.Set("gateway", Demand{Cores: 3}); err != nil {
		t.Fatal(err)
	}
	available(t, client, "gateway", 4)
	if err := load.Set("gateway", Demand{}); err != nil {
		t.Fatal(err)
	}
	available(t, client, "gateway", 1)
}

func TestLoadIsSharedByReadyPodsWithinTheirLimits(t *testing.T) {
	pod := func(name string, change ...func(*corev1.Pod)) corev1.Pod {
		yes := true
		p := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "apim", Labels: map[string]string{"pod-template-hash": "5c95"},
				OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "traffic-internal-5c95", Controller: &yes}}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "gateway", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("2Gi")},
				Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("2Gi")}}}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
		}
		for _, c := range change {
			c(&p)
		}
		return p
	}
	starting := func(p *corev1.Pod) { p.Status.Conditions = nil }
	waiting := func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }
	sidecar := func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "logs", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m")}}})
	}
	bare := func(p *corev1.Pod) { p.OwnerReferences = nil }
	for _, test := range []struct {
		name   string
		pods   []corev1.Pod
		demand map[string]Demand
		want   map[string][]use // by pod, in thousandths of a core and MiB
	}{
		{"idle", []corev1.Pod{pod("a")}, nil, map[string][]use{"a": {{50, 1024}}}},
		{"shared", []corev1.Pod{pod("a"), pod("b")}, map[string]Demand{"traffic-internal": {Cores: 3, MiB: 3000}}, map[string][]use{"a": {{1500, 1500}}, "b": {{1500, 1500}}}},
		{"by namespace", []corev1.Pod{pod("a")}, map[string]Demand{"apim/traffic-internal": {Cores: 1}, "traffic-internal": {Cores: 2}}, map[string][]use{"a": {{1000, 1024}}}},
		{"of another", []corev1.Pod{pod("a")}, map[string]Demand{"other/traffic-internal": {Cores: 1}, "traffic": {Cores: 2}}, map[string][]use{"a": {{50, 1024}}}},
		{"limited", []corev1.Pod{pod("a")}, map[string]Demand{"traffic-internal": {Cores: 6, MiB: 9000}}, map[string][]use{"a": {{2000, 2048}}}},
		{"less than idle", []corev1.Pod{pod("a")}, map[string]Demand{"traffic-internal": {Cores: 0.01}}, map[string][]use{"a": {{50, 1024}}}},
		{"not for those that start", []corev1.Pod{pod("a"), pod("b", starting)}, map[string]Demand{"traffic-internal": {Cores: 1}}, map[string][]use{"a": {{1000, 1024}}, "b": {{50, 1024}}}},
		{"nobody is ready", []corev1.Pod{pod("a", starting)}, map[string]Demand{"traffic-internal": {Cores: 1}}, map[string][]use{"a": {{50, 1024}}}},
		{"without a node", []corev1.Pod{pod("a", waiting)}, nil, map[string][]use{}},
		{"a sidecar's part", []corev1.Pod{pod("a", sidecar)}, map[string]Demand{"traffic-internal": {Cores: 1}}, map[string][]use{"a": {{800, 1024}, {200, 1}}}},
		{"a pod of its own", []corev1.Pod{pod("a", bare)}, map[string]Demand{"a": {Cores: 1}}, map[string][]use{"a": {{1000, 1024}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := map[string][]use{}
			for p, parts := range usage(test.pods, test.demand) {
				for _, u := range parts {
					got[p.Name] = append(got[p.Name], use{u.milliCPU, u.bytes >> 20})
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestTheLoadIsKeptBetweenCommands(t *testing.T) {
	load := Load(filepath.Join(t.TempDir(), "deep", "load.json"))
	if all, err := load.Read(); err != nil || len(all) != 0 {
		t.Fatalf("%v, error %v", all, err)
	}
	for _, text := range []string{"traffic-internal=6", "apim/anm=0.5,900", "gone=1", "gone=0"} {
		workload, demand, err := ParseDemand(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := load.Set(workload, demand); err != nil {
			t.Fatal(err)
		}
	}
	all, err := load.Read()
	if want := map[string]Demand{"traffic-internal": {Cores: 6}, "apim/anm": {Cores: 0.5, MiB: 900}}; err != nil || !maps.Equal(all, want) {
		t.Errorf("%v, error %v", all, err)
	}
	for _, text := range []string{"traffic", "=6", "traffic=", "traffic=six", "traffic=-1", "traffic=NaN", "traffic=1,", "traffic=1,-5", "traffic=1,5Gi"} {
		if _, _, err := ParseDemand(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := os.WriteFile(string(load), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load.Read(); err == nil || !strings.Contains(err.Error(), "load.json") {
		t.Errorf("a broken file: %v", err)
	}
}
