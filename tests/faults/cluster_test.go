package faults_test

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// access is an administrator's access to the cluster.
func (w *world) access() *rest.Config {
	w.t.Helper()
	config, err := w.Cluster(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = -1, -1 // a test waits for nothing it need not
	config.WarningHandler = rest.NoWarnings{}
	return config
}

func (w *world) client() dynamic.Interface {
	w.t.Helper()
	client, err := dynamic.NewForConfig(w.access())
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// kinds are the resources by API version and kind.
type kinds map[string]schema.GroupVersionResource

// kinds are those of the objects the cluster keeps and lists.
func (w *world) kinds() kinds {
	w.t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(w.access())
	if err != nil {
		w.t.Fatal(err)
	}
	lists, err := client.ServerPreferredResources()
	if err != nil && len(lists) == 0 { // a group whose server is away hides none of the others
		w.t.Fatal(err)
	}
	out := kinds{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "patch") && !strings.Contains(r.Name, "/") {
				out[list.GroupVersion+" "+r.Kind] = version.WithResource(r.Name)
			}
		}
	}
	return out
}

// creator is the field manager the Kubernetes provider creates objects as; what it applies later has this for a prefix.
const creator = "pulumi-kubernetes"

// objects are the cluster's objects that the Kubernetes provider made, but for Helm's records of releases.
func (w *world) objects() []object {
	w.t.Helper()
	client := w.client()
	var out []object
	for kind, resource := range w.kinds() {
		list, err := client.Resource(resource).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			w.t.Fatalf("listing %s: %v", kind, err)
		}
		for _, item := range list.Items {
			if made(item) && item.GetLabels()["owner"] != "helm" {
				out = append(out, object{kind, item.GetNamespace(), item.GetName(), string(item.GetUID())})
			}
		}
	}
	slices.SortFunc(out, func(a, b object) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func made(item unstructured.Unstructured) bool {
	return slices.ContainsFunc(item.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return strings.HasPrefix(f.Manager, creator) && f.Subresource == ""
	})
}
