package metrics

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
)

// The API's group and version, and the types of its answers (documented: k8s.io/metrics).
const (
	group   = "metrics.k8s.io"
	version = "v1beta1"
	root    = "/apis/" + group + "/" + version
)

// window is the time a figure stands for: metrics-server's default resolution, simulated.
const window = 15 * time.Second

type nodeMetrics struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Timestamp         metav1.Time         `json:"timestamp"`
	Window            metav1.Duration     `json:"window"`
	Usage             corev1.ResourceList `json:"usage"`
}

type podMetrics struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Timestamp         metav1.Time        `json:"timestamp"`
	Window            metav1.Duration    `json:"window"`
	Containers        []containerMetrics `json:"containers"`
}

type containerMetrics struct {
	Name  string              `json:"name"`
	Usage corev1.ResourceList `json:"usage"`
}

type metricsList[T any] struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []T `json:"items"`
}

// handler answers the API's requests. Who asks, and whether they may, the API server has checked.
type handler struct {
	client kubernetes.Interface
	load   Load
	window time.Duration
}

// routes serves what the API server and its clients ask for. Anything else, such as aggregated discovery, is not found, and the
// API server falls back to the plain form.
func (h handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, discovery()) })
	mux.HandleFunc("GET "+root+"/nodes", respond(h.nodes))
	mux.HandleFunc("GET "+root+"/nodes/{name}", respond(h.nodes))
	mux.HandleFunc("GET "+root+"/pods", respond(h.pods))
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods", respond(h.pods))
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods/{name}", respond(h.pods))
	return mux
}

func discovery() metav1.APIResourceList {
	verbs := metav1.Verbs{"get", "list"}
	return metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
		GroupVersion: group + "/" + version,
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: verbs},
		},
	}
}

// respond turns an answer or an error into what Kubernetes' clients understand.
func respond(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := answer(r)
		if err == nil {
			write(w, http.StatusOK, body)
			return
		}
		status, ok := err.(apierrors.APIStatus)
		if !ok {
			status = apierrors.NewInternalError(err)
		}
		write(w, int(status.Status().Code), status.Status())
	}
}

func write(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}

// pods answers for one pod, those of a namespace, or all.
func (h handler) pods(r *http.Request) (any, error) {
	pods, err := h.running(r.Context(), r.PathValue("namespace"))
	if err != nil {
		return nil, err
	}
	selector, err := selectorOf(r)
	if err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	list := metricsList[podMetrics]{TypeMeta: kind("PodMetricsList"), Items: []podMetrics{}}
	for pod, parts := range pods {
		if selector.Matches(labels.Set(pod.Labels)) && (name == "" || name == pod.Name) {
			list.Items = append(list.Items, h.pod(pod, parts))
		}
	}
	slices.SortFunc(list.Items, func(a, b podMetrics) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return oneOrAll(list, name, "pods")
}

func (h handler) pod(pod *corev1.Pod, parts []use) podMetrics {
	m := podMetrics{
		TypeMeta: kind("PodMetrics"), ObjectMeta: meta(pod.ObjectMeta),
		Timestamp: metav1.Now(), Window: metav1.Duration{Duration: h.window},
	}
	for i, u := range parts {
		m.Containers = append(m.Containers, containerMetrics{pod.Spec.Containers[i].Name, u.list()})
	}
	return m
}

// nodes answers for one node or all that are ready.
func (h handler) nodes(r *http.Request) (any, error) {
	pods, err := h.running(r.Context(), "")
	if err != nil {
		return nil, err
	}
	selector, err := selectorOf(r)
	if err != nil {
		return nil, err
	}
	nodes, err := h.client.CoreV1().Nodes().List(r.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	list := metricsList[nodeMetrics]{TypeMeta: kind("NodeMetricsList"), Items: []nodeMetrics{}}
	for _, n := range nodes.Items {
		if selector.Matches(labels.Set(n.Labels)) && (name == "" || name == n.Name) && nodeReady(&n) {
			list.Items = append(list.Items, nodeMetrics{
				TypeMeta: kind("NodeMetrics"), ObjectMeta: meta(n.ObjectMeta),
				Timestamp: metav1.Now(), Window: metav1.Duration{Duration: h.window}, Usage: nodeUsage(&n, pods).list(),
			})
		}
	}
	return oneOrAll(list, name, "nodes")
}

func nodeReady(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func oneOrAll[T any](list metricsList[T], name, resource string) (any, error) {
	if name == "" {
		return list, nil
	}
	if len(list.Items) == 0 {
		return nil, apierrors.NewNotFound(schema.GroupResource{Group: group, Resource: resource}, name)
	}
	return list.Items[0], nil
}

// running lists pods with what they use now. All pods of a workload are looked at, whatever was asked for: they share its load.
func (h handler) running(ctx context.Context, namespace string) (map[*corev1.Pod][]use, error) {
	demand, err := h.load.Read()
	if err != nil {
		return nil, err
	}
	pods, err := h.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return usage(pods.Items, demand), nil
}

func selectorOf(r *http.Request) (labels.Selector, error) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return selector, nil
}

func kind(name string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: name, APIVersion: group + "/" + version}
}

func meta(of metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: of.Name, Namespace: of.Namespace, Labels: of.Labels, CreationTimestamp: metav1.Now()}
}
