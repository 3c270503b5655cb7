package kubernetes_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/tools"
)

// world is a cluster with one node. Its registry has every image whose name doesn't hold "missing", and its cloud gives
// Services and Ingresses the address that the annotation test/address names.
type world struct {
	plane      *controlplane.ControlPlane
	kubeconfig string // Entra's, as the program's provider has it
	client     dynamic.Interface
	faults     *kubelet.Faults
}

// shared is the cluster of all tests: a start takes seconds. Each test has a namespace of its own.
var shared *world

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "provider")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if shared, err = newWorld(dir); err != nil {
			panic(err)
		}
		defer func() { _ = shared.plane.Stop() }()
		return m.Run()
	}())
}

func newWorld(dir string) (*world, error) {
	w := &world{faults: &kubelet.Faults{}}
	w.plane = controlplane.New(controlplane.Options{
		Dir:      dir,
		Binaries: func(ctx context.Context) (controlplane.Binaries, error) { return tools.Kubernetes(ctx, os.Stderr) },
		Started:  w.start,
	})
	ctx := context.Background()
	var err error
	if w.kubeconfig, err = w.plane.Kubeconfig(ctx, clusterID, false); err != nil {
		return nil, err
	}
	config, err := w.plane.RESTConfig(ctx)
	if err != nil {
		return nil, err
	}
	if w.client, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	return w, w.addNode(ctx)
}

func (w *world) start(config *rest.Config) func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- kubelet.Run(ctx, config, kubelet.Options{
			HasImage: func(image string) bool { return !strings.Contains(image, "missing") }, Faults: w.faults,
		})
	}()
	go giveAddresses(ctx, dynamic.NewForConfigOrDie(config))
	return func() {
		cancel()
		if err := <-ended; err != nil {
			panic(err)
		}
	}
}

// giveAddresses plays the cloud and the ingress controllers.
func giveAddresses(ctx context.Context, client dynamic.Interface) {
	kinds := []schema.GroupVersionResource{{Version: "v1", Resource: "services"}, {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}}
	for ctx.Err() == nil {
		for _, kind := range kinds {
			list, err := client.Resource(kind).List(ctx, metav1.ListOptions{})
			if err != nil {
				continue // an outage of a test, or the end
			}
			for _, o := range list.Items {
				given, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
				address := o.GetAnnotations()["test/address"]
				if address == "" || len(given) > 0 {
					continue
				}
				status := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, address)
				_, _ = client.Resource(kind).Namespace(o.GetNamespace()).Patch(ctx, o.GetName(), types.MergePatchType, []byte(status),
					metav1.PatchOptions{}, "status") // tried again in the next round
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// addNode makes a node and waits until pods may go there: a DaemonSet has nothing to do before.
func (w *world) addNode(ctx context.Context) error {
	nodes := w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nodes"})
	capacity := values{"cpu": "64", "memory": "256Gi", "pods": "200"}
	_, err := nodes.Create(ctx, &unstructured.Unstructured{Object: values{
		"apiVersion": "v1", "kind": "Node",
		"metadata": values{"name": "node-1", "labels": values{kubelet.NodeLabel: kubelet.NodeRunning}},
		"spec":     values{"podCIDR": "10.1.0.0/24", "podCIDRs": []any{"10.1.0.0/24"}},
		"status":   values{"capacity": capacity, "allocatable": capacity, "addresses": []any{values{"type": "InternalIP", "address": "10.2.0.4"}}},
	}}, metav1.CreateOptions{})
	for ready := false; err == nil && !ready; time.Sleep(20 * time.Millisecond) {
		var node *unstructured.Unstructured
		if node, err = nodes.Get(ctx, "node-1", metav1.GetOptions{}); err == nil {
			conditions, _, _ := unstructured.NestedSlice(node.Object, "status", "conditions")
			taints, _, _ := unstructured.NestedSlice(node.Object, "spec", "taints")
			ready = len(conditions) > 0 && len(taints) == 0
		}
	}
	return err
}

// namespace makes one of the test's own.
func (w *world) namespace(t *testing.T) string {
	t.Helper()
	made, err := w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Create(t.Context(),
		&unstructured.Unstructured{Object: values{"apiVersion": "v1", "kind": "Namespace", "metadata": values{"generateName": "test-"}}},
		metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.GetName()
}

// on is the client of a kind in a namespace.
func (w *world) on(group, resource, namespace string) dynamic.ResourceInterface {
	return w.client.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}).Namespace(namespace)
}
