package kubernetes_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/controlplane"
)

const clusterID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/apim-dev"

// engine drives a provider the way the Pulumi engine does.
type engine struct {
	t        *testing.T
	provider plugin.Provider
}

// resourceState is what the engine would keep of a resource.
type resourceState struct {
	urn     resource.URN
	id      resource.ID
	inputs  resource.PropertyMap
	outputs resource.PropertyMap
}

type values = map[string]any

func properties(v values) resource.PropertyMap { return resource.NewPropertyMapFromMap(v) }

func urn(token, name string) resource.URN {
	return resource.NewURN("dev", "apim", "", tokens.Type(token), name)
}

func (e engine) check(u resource.URN, olds, news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure) {
	e.t.Helper()
	response, err := e.provider.Check(e.t.Context(), plugin.CheckRequest{
		URN: u, Name: u.Name(), Type: u.Type(), Olds: olds, News: news, AllowUnknowns: true, RandomSeed: []byte("seed"),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return response.Properties, response.Failures
}

func (e engine) checked(u resource.URN, olds, news resource.PropertyMap) resource.PropertyMap {
	e.t.Helper()
	inputs, failures := e.check(u, olds, news)
	if len(failures) > 0 {
		e.t.Fatalf("%s: %v", u, failures)
	}
	return inputs
}

func (e engine) tryCreate(u resource.URN, news resource.PropertyMap, preview bool) (resourceState, error) {
	e.t.Helper()
	inputs := e.checked(u, nil, news)
	response, err := e.provider.Create(e.t.Context(), plugin.CreateRequest{
		URN: u, Name: u.Name(), Type: u.Type(), Properties: inputs, Preview: preview,
	})
	return resourceState{u, response.ID, inputs, response.Properties}, err
}

func (e engine) create(u resource.URN, news values) resourceState {
	e.t.Helper()
	state, err := e.tryCreate(u, properties(news), false)
	if err != nil {
		e.t.Fatal(err)
	}
	return state
}

func (e engine) diff(old resourceState, news resource.PropertyMap, ignored ...string) plugin.DiffResponse {
	e.t.Helper()
	inputs := e.checked(old.urn, old.inputs, news)
	response, err := e.provider.Diff(e.t.Context(), plugin.DiffRequest{
		URN: old.urn, Type: old.urn.Type(), ID: old.id, OldInputs: old.inputs, OldOutputs: old.outputs, NewInputs: inputs, IgnoreChanges: ignored,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return response
}

func (e engine) tryUpdate(old resourceState, news resource.PropertyMap, preview bool, ignored ...string) (resourceState, error) {
	e.t.Helper()
	inputs := e.checked(old.urn, old.inputs, news)
	response, err := e.provider.Update(e.t.Context(), plugin.UpdateRequest{
		URN: old.urn, Type: old.urn.Type(), ID: old.id, OldInputs: old.inputs, OldOutputs: old.outputs, NewInputs: inputs,
		Preview: preview, IgnoreChanges: ignored,
	})
	return resourceState{old.urn, old.id, inputs, response.Properties}, err
}

func (e engine) update(old resourceState, news values, ignored ...string) resourceState {
	e.t.Helper()
	state, err := e.tryUpdate(old, properties(news), false, ignored...)
	if err != nil {
		e.t.Fatal(err)
	}
	return state
}

func (e engine) refresh(old resourceState) (resourceState, bool) {
	e.t.Helper()
	response, err := e.provider.Read(e.t.Context(), plugin.ReadRequest{
		URN: old.urn, Type: old.urn.Type(), ID: old.id, Inputs: old.inputs, State: old.outputs,
	})
	// An object that is not ready is an error with a state.
	if err != nil && response.Outputs == nil {
		e.t.Fatal(err)
	}
	return resourceState{old.urn, response.ID, response.Inputs, response.Outputs}, response.Outputs != nil
}

func (e engine) delete(old resourceState) {
	e.t.Helper()
	_, err := e.provider.Delete(e.t.Context(), plugin.DeleteRequest{
		URN: old.urn, Type: old.urn.Type(), ID: old.id, Inputs: old.inputs, Outputs: old.outputs, Timeout: 30,
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// at reads a string, number or boolean deep in a property map, through secrets.
func at(t *testing.T, m resource.PropertyMap, path string) any {
	t.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		t.Fatal(err)
	}
	v, ok := parsed.Get(resource.NewObjectProperty(m))
	if !ok {
		return nil
	}
	if v.IsSecret() {
		return v.SecretValue().Element.Mappable()
	}
	return v.Mappable()
}

func expectSame(t *testing.T, diff plugin.DiffResponse) {
	t.Helper()
	if diff.Changes != plugin.DiffNone {
		t.Errorf("differs: %v", diff.DetailedDiff)
	}
}

func configured(t *testing.T, server *kubernetes.Server, config values) plugin.Provider {
	t.Helper()
	p := server.Provider()
	t.Cleanup(func() { _ = p.Close() })
	if _, err := p.Configure(t.Context(), plugin.ConfigureRequest{Inputs: properties(config)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProviderAgainstARealAPIServer(t *testing.T) {
	t.Parallel()
	server := kubernetes.New(kubernetes.Options{Cluster: shared.plane})
	kubeconfig := shared.kubeconfig
	provider := configured(t, server, values{"kubeconfig": kubeconfig, "enableSecretMutable": "true", "enableConfigMapMutable": "true"})
	e, live := engine{t, provider}, shared.client
	namespace := e.create(urn("kubernetes:core/v1:Namespace", "ns"), values{
		"apiVersion": "v1", "kind": "Namespace", "metadata": values{"name": "apim"},
	})
	deployments := live.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace("apim")

	t.Run("a namespace's ID is its name", func(t *testing.T) {
		if namespace.id != "apim" {
			t.Errorf("%q", namespace.id)
		}
	})

	t.Run("a deployment lives through create, refresh, update, drift and delete", func(t *testing.T) {
		e := engine{t, provider}
		old := e.create(urn("kubernetes:apps/v1:Deployment", "gw"), deployment("gw", "1000m", 2))
		if old.id != "apim/gw" {
			t.Errorf("ID %q", old.id)
		}
		if got := at(t, old.outputs, "spec.progressDeadlineSeconds"); got != 600.0 {
			t.Errorf("the server's default is not in the state: %v", got)
		}
		expectSame(t, e.diff(old, properties(deployment("gw", "1", 2))))

		// The deployment controller writes annotations and status meanwhile; none of that is drift.
		refreshed, found := e.refresh(old)
		if !found {
			t.Fatal("it is gone")
		}
		expectSame(t, e.diff(refreshed, properties(deployment("gw", "1", 2))))

		changed := deployment("gw", "1", 3)
		diff := e.diff(refreshed, properties(changed))
		if diff.Changes != plugin.DiffSome || diff.Replace() || len(diff.DetailedDiff) != 1 {
			t.Errorf("scaling: %+v", diff)
		}
		preview, err := e.tryUpdate(refreshed, properties(changed), true)
		if err != nil {
			t.Fatal(err)
		}
		if got := at(t, preview.outputs, "spec.replicas"); got != 3.0 {
			t.Errorf("previewed replicas %v", got)
		}
		if o, err := deployments.Get(t.Context(), "gw", metav1.GetOptions{}); err != nil || number(o.Object, "spec", "replicas") != 2 {
			t.Errorf("the preview wrote: %v, %v", o, err)
		}
		updated := e.update(refreshed, changed)
		if o, err := deployments.Get(t.Context(), "gw", metav1.GetOptions{}); err != nil || number(o.Object, "spec", "replicas") != 3 {
			t.Errorf("not scaled: %v, %v", o, err)
		}

		patch(t, deployments, "gw", `{"spec":{"minReadySeconds":7,"paused":true}}`)
		drifted, _ := e.refresh(updated)
		expectSame(t, e.diff(drifted, properties(changed))) // neither is declared
		patch(t, deployments, "gw", `{"spec":{"replicas":9}}`)
		drifted, _ = e.refresh(updated)
		if diff := e.diff(drifted, properties(changed)); diff.Changes != plugin.DiffSome {
			t.Error("drift of a declared field does not show")
		}

		e.delete(updated)
		if _, found := e.refresh(updated); found {
			t.Error("it is still there")
		}
	})

	t.Run("dropping a field from the program drops it from the object", func(t *testing.T) {
		e := engine{t, provider}
		old := e.create(urn("kubernetes:core/v1:ConfigMap", "c"), configMap("drops", values{"a": "1", "b": "2"}))
		next := e.update(old, configMap("drops", values{"a": "1"}))
		if got := at(t, next.outputs, "data.b"); got != nil {
			t.Errorf("b is still %v", got)
		}
	})

	t.Run("a changed selector replaces, the old object first", func(t *testing.T) {
		e := engine{t, provider}
		old := e.create(urn("kubernetes:apps/v1:Deployment", "sel"), deployment("sel", "1", 1))
		other := deployment("sel", "1", 1)
		other["spec"].(values)["selector"] = values{"matchLabels": values{"app": "other"}}
		diff := e.diff(old, properties(other))
		if !diff.Replace() || !diff.DeleteBeforeReplace {
			t.Errorf("%+v", diff)
		}
	})

	t.Run("a misspelt field is refused before anything is sent", func(t *testing.T) {
		e := engine{t, provider}
		o := deployment("typo", "1", 1)
		o["spec"].(values)["replica"] = 1
		_, failures := e.check(urn("kubernetes:apps/v1:Deployment", "typo"), nil, properties(o))
		if len(failures) != 1 || !strings.Contains(failures[0].Reason, `unknown field "spec.replica"`) {
			t.Errorf("%v", failures)
		}
	})

	t.Run("what the server refuses surfaces in the preview", func(t *testing.T) {
		e := engine{t, provider}
		o := deployment("bad", "1", 1)
		o["spec"].(values)["selector"] = values{"matchLabels": values{"app": "nobody"}}
		_, err := e.tryCreate(urn("kubernetes:apps/v1:Deployment", "bad"), properties(o), true)
		if err == nil || !strings.Contains(err.Error(), "selector") {
			t.Errorf("%v", err)
		}
	})

	t.Run("a previewed creation creates nothing", func(t *testing.T) {
		e := engine{t, provider}
		state, err := e.tryCreate(urn("kubernetes:apps/v1:Deployment", "dry"), properties(deployment("dry", "1", 1)), true)
		if err != nil {
			t.Fatal(err)
		}
		if got := at(t, state.outputs, "spec.progressDeadlineSeconds"); state.id != "" || got != 600.0 {
			t.Errorf("ID %q, the server's default %v", state.id, got)
		}
		if _, err := deployments.Get(t.Context(), "dry", metav1.GetOptions{}); err == nil {
			t.Error("it is there")
		}
	})

	t.Run("a custom resource is held to its definition, also a changed one", func(t *testing.T) {
		e := engine{t, provider}
		defined := e.create(urn("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "routes"), definition("size"))
		route := func(name, field string) (resourceState, error) {
			return e.tryCreate(urn("kubernetes:example.com/v1:Route", name), properties(values{
				"apiVersion": "example.com/v1", "kind": "Route", "metadata": values{"name": name, "namespace": "apim"}, "spec": values{field: 1},
			}), false)
		}
		if _, err := route("good", "size"); err != nil {
			t.Fatal(err)
		}
		if _, err := route("bad", "sise"); err == nil || !strings.Contains(err.Error(), `unknown field "spec.sise"`) {
			t.Errorf("%v", err)
		}
		refreshed, _ := e.refresh(defined)
		expectSame(t, e.diff(refreshed, properties(definition("size"))))
		e.update(defined, definition("weight"))
		// The server takes a moment to serve the new schema.
		var err error
		for range 50 {
			if _, err = route("weighed", "weight"); err == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			t.Errorf("the changed definition: %v", err)
		}
	})

	t.Run("what exists already is not taken over", func(t *testing.T) {
		e := engine{t, provider}
		e.create(urn("kubernetes:core/v1:ConfigMap", "one"), configMap("twice", nil))
		_, err := e.tryCreate(urn("kubernetes:core/v1:ConfigMap", "two"), properties(configMap("twice", nil)), false)
		if err == nil || !strings.Contains(err.Error(), "already exists") {
			t.Errorf("%v", err)
		}
	})

	t.Run("a nameless object gets a name once, and keeps it", func(t *testing.T) {
		e := engine{t, provider}
		o := values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": values{"namespace": "apim"}}
		old := e.create(urn("kubernetes:core/v1:ConfigMap", "auto"), o)
		name, _ := at(t, old.outputs, "metadata.name").(string)
		if !strings.HasPrefix(name, "auto-") || len(name) != len("auto-")+8 {
			t.Errorf("name %q", name)
		}
		expectSame(t, e.diff(old, properties(o)))
	})

	t.Run("an object without namespace goes to the default one, a cluster-wide one to none", func(t *testing.T) {
		e := engine{t, provider}
		in := e.checked(urn("kubernetes:core/v1:ConfigMap", "d"), nil, properties(values{"apiVersion": "v1", "kind": "ConfigMap"}))
		if got := at(t, in, "metadata.namespace"); got != "default" {
			t.Errorf("namespace %v", got)
		}
		wide := e.checked(urn("kubernetes:scheduling.k8s.io/v1:PriorityClass", "d"), nil,
			properties(values{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}))
		if got := at(t, wide, "metadata.namespace"); got != nil {
			t.Errorf("namespace %v", got)
		}
	})

	t.Run("a Secret's data is secret in inputs and state, whatever the program said", func(t *testing.T) {
		e := engine{t, provider}
		o := values{
			"apiVersion": "v1", "kind": "Secret", "metadata": values{"name": "s", "namespace": "apim"},
			"stringData": values{"password": "opensesame"},
		}
		old := e.create(urn("kubernetes:core/v1:Secret", "s"), o)
		if !old.inputs["data"].IsSecret() || !old.outputs["data"].IsSecret() {
			t.Errorf("inputs %v, state %v", old.inputs["data"], old.outputs["data"])
		}
		if got := at(t, old.outputs, "data").(map[string]any)["password"]; got != "b3BlbnNlc2FtZQ==" {
			t.Errorf("data %v", got)
		}
		expectSame(t, e.diff(old, properties(o)))
		o["stringData"] = values{"password": "other"}
		if diff := e.diff(old, properties(o)); diff.Changes != plugin.DiffSome || diff.Replace() {
			t.Errorf("a mutable Secret: %+v", diff)
		}
		strict := engine{t, configured(t, server, values{"kubeconfig": kubeconfig})}
		if diff := strict.diff(old, properties(o)); !diff.Replace() {
			t.Errorf("an immutable Secret: %+v", diff)
		}
	})

	t.Run("unknown inputs make a preview without the server", func(t *testing.T) {
		e := engine{t, provider}
		o := properties(configMap("later", values{"a": "1"}))
		o["data"].ObjectValue()["a"] = resource.MakeComputed(resource.NewStringProperty(""))
		state, err := e.tryCreate(urn("kubernetes:core/v1:ConfigMap", "later"), o, true)
		if err != nil {
			t.Fatal(err)
		}
		if !state.outputs["data"].ObjectValue()["a"].IsComputed() {
			t.Errorf("%v", state.outputs)
		}
	})

	t.Run("an ignored field that another manager owns stays the other's", func(t *testing.T) {
		e := engine{t, provider}
		old := e.create(urn("kubernetes:apps/v1:Deployment", "hpa"), deployment("hpa", "1", 2))
		// The first update takes the fields over from the creation; then an autoscaler takes the replicas.
		old = e.update(old, labelled(deployment("hpa", "1", 2), "first"))
		force := true
		_, err := deployments.Patch(t.Context(), "hpa", types.ApplyPatchType,
			[]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"hpa"},"spec":{"replicas":5}}`),
			metav1.PatchOptions{FieldManager: "autoscaler", Force: &force})
		if err != nil {
			t.Fatal(err)
		}
		e.update(old, labelled(deployment("hpa", "1", 2), "second"), "spec.replicas")
		o, err := deployments.Get(t.Context(), "hpa", metav1.GetOptions{})
		if err != nil || number(o.Object, "spec", "replicas") != 5 || o.GetLabels()["stage"] != "second" {
			t.Errorf("%v, %v", o, err)
		}
		for _, m := range o.GetManagedFields() {
			if strings.HasPrefix(m.Manager, "pulumi-kubernetes") && strings.Contains(m.FieldsV1.GetRawString(), `"f:replicas"`) {
				t.Errorf("%s manages the replicas too", m.Manager)
			}
		}
		if _, err := e.tryUpdate(old, properties(labelled(deployment("hpa", "1", 2), "third")), false); err == nil ||
			!strings.Contains(err.Error(), "autoscaler") {
			t.Errorf("a conflict goes unnoticed: %v", err)
		}
	})

	t.Run("a field the server won't change fails with its reason, and the state keeps the live object", func(t *testing.T) {
		e := engine{t, provider}
		class := func(v int) values {
			return values{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": values{"name": "head"}, "value": v}
		}
		old := e.create(urn("kubernetes:scheduling.k8s.io/v1:PriorityClass", "head"), class(-10))
		next, err := e.tryUpdate(old, properties(class(-20)), false)
		if err == nil || !strings.Contains(err.Error(), "may not be changed") {
			t.Errorf("%v", err)
		}
		if got := at(t, next.outputs, "value"); got != -10.0 {
			t.Errorf("value in the state %v", got)
		}
	})

	t.Run("a release is recorded, with what others depend on, and lives through an update", func(t *testing.T) {
		e := engine{t, provider}
		release := e.create(urn("kubernetes:helm.sh/v3:Release", "agic"), agic("1.9.8"))
		if got := at(t, release.outputs, "status.status"); got != "deployed" {
			t.Errorf("status %v", got)
		}
		accounts := live.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace("agic")
		if _, err := accounts.Get(t.Context(), "ingress-azure", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}

		releases, err := kubernetes.Releases(t.Context(), live)
		// Other tests have some too.
		releases = slices.DeleteFunc(releases, func(r kubernetes.Release) bool { return r.Namespace != "agic" })
		if err != nil || len(releases) != 1 {
			t.Fatalf("%v, %v", releases, err)
		}
		if r := releases[0]; r.Name != "ingress-azure" || r.Namespace != "agic" || r.Chart != "ingress-azure" || r.Version != "1.9.8" ||
			r.Values["appgw"].(map[string]any)["name"] != "apim-dev-agw" {
			t.Errorf("%+v", r)
		}

		second := agic("1.9.8")
		second["name"] = "ingress-azure-two"
		if _, err := e.tryCreate(urn("kubernetes:helm.sh/v3:Release", "two"), properties(second), false); err == nil ||
			!strings.Contains(err.Error(), "is not this release's") {
			t.Errorf("two releases share an object: %v", err)
		}

		expectSame(t, e.diff(release, properties(agic("1.9.8"))))
		if diff := e.diff(release, properties(agic("1.9.9"))); diff.Changes != plugin.DiffSome || diff.Replace() {
			t.Errorf("a new version: %+v", diff)
		}
		if _, err := e.tryCreate(urn("kubernetes:helm.sh/v3:Release", "again"), properties(agic("1.9.8")), false); err == nil ||
			!strings.Contains(err.Error(), "in use") {
			t.Errorf("a name in use: %v", err)
		}
		next := e.update(release, agic("1.9.9"))
		if got := at(t, next.outputs, "status.revision"); got != 2.0 {
			t.Errorf("revision %v", got)
		}
		e.delete(next)
		if _, found := e.refresh(next); found {
			t.Error("the release is still there")
		}
		if _, err := accounts.Get(t.Context(), "ingress-azure", metav1.GetOptions{}); err == nil {
			t.Error("the account is still there")
		}
	})

	t.Run("a custom resource follows its definition in the same run", func(t *testing.T) {
		e := engine{t, provider}
		made := make(chan error, 1)
		go func() {
			_, err := e.provider.Create(t.Context(), plugin.CreateRequest{
				URN: urn("kubernetes:cert-manager.io/v1:ClusterIssuer", "i"), Type: "kubernetes:cert-manager.io/v1:ClusterIssuer",
				Properties: properties(values{
					"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": values{"name": "acme"}, "spec": values{"acme": values{}},
				}),
			})
			made <- err
		}()
		time.Sleep(200 * time.Millisecond)
		e.create(urn("kubernetes:helm.sh/v3:Release", "cm"), values{
			"name": "cert-manager", "namespace": "apim", "chart": "oci://quay.io/jetstack/charts/cert-manager", "version": "v1.20.0",
			"values": values{"crds": values{"enabled": true}},
		})
		if err := <-made; err != nil {
			t.Error(err)
		}
	})

	t.Run("a deletion waits for finalizers and says which", func(t *testing.T) {
		e := engine{t, provider}
		o := configMap("held", nil)
		o["metadata"].(values)["finalizers"] = []any{"example.com/hold"}
		old := e.create(urn("kubernetes:core/v1:ConfigMap", "held"), o)
		request := plugin.DeleteRequest{URN: old.urn, Type: old.urn.Type(), ID: old.id, Outputs: old.outputs, Timeout: 0.5}
		if _, err := provider.Delete(t.Context(), request); err == nil || !strings.Contains(err.Error(), "example.com/hold") {
			t.Errorf("%v", err)
		}
		maps := live.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace("apim")
		patch(t, maps, "held", `{"metadata":{"finalizers":null}}`)
		e.delete(old)
	})

	t.Run("deleting the namespace takes everything in it", func(t *testing.T) {
		e := engine{t, provider}
		inside := e.create(urn("kubernetes:core/v1:ConfigMap", "last"), configMap("last", nil))
		e.delete(namespace)
		if _, found := e.refresh(inside); found {
			t.Error("an object outlives its namespace")
		}
	})
}

// gone is the control plane of a cluster that was deleted.
type gone struct{}

func (gone) RESTConfig(context.Context) (*rest.Config, error) { return nil, controlplane.ErrNoCluster }

func TestWithTheClusterGonePreviewsGoOnAndWritesFail(t *testing.T) {
	server := kubernetes.New(kubernetes.Options{Cluster: gone{}})
	u, o := urn("kubernetes:core/v1:ConfigMap", "x"), properties(configMap("x", nil))
	e := engine{t, configured(t, server, values{"kubeconfig": shared.kubeconfig})}
	if _, err := e.tryCreate(u, o, true); err != nil {
		t.Errorf("preview: %v", err)
	}
	if _, err := e.tryCreate(u, o, false); !errors.Is(err, controlplane.ErrNoCluster) {
		t.Errorf("create: %v", err)
	}
	drop := engine{t, configured(t, server, values{"kubeconfig": shared.kubeconfig, "deleteUnreachable": true})}
	old := resourceState{u, "apim/x", o, o}
	drop.delete(old)
	if _, found := drop.refresh(old); found {
		t.Error("deleteUnreachable keeps an unreachable object")
	}
}

func number(o map[string]any, path ...string) int64 {
	var v any = o
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	n, _ := v.(int64)
	return n
}

func patch(t *testing.T, client dynamic.ResourceInterface, name, body string) {
	t.Helper()
	if _, err := client.Patch(context.Background(), name, types.MergePatchType, []byte(body), metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
}

func deployment(name, cpu string, replicas int) values {
	labels := values{"app": name}
	return values{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": values{"name": name, "namespace": "apim"},
		"spec": values{
			"replicas": replicas, "selector": values{"matchLabels": labels},
			"template": values{
				"metadata": values{"labels": labels},
				"spec": values{
					"hostNetwork": false, // the server drops it
					"containers": []any{values{
						"name": "gateway", "image": "registry.example.com/gateway:7.7",
						"ports":     []any{values{"containerPort": 8065}},
						"resources": values{"requests": values{"cpu": cpu, "memory": "2Gi"}},
					}},
				},
			},
		},
	}
}

func labelled(o values, stage string) values {
	o["metadata"].(values)["labels"] = values{"stage": stage}
	return o
}

func configMap(name string, data values) values {
	o := values{"apiVersion": "v1", "kind": "ConfigMap", "metadata": values{"name": name, "namespace": "apim"}}
	if data != nil {
		o["data"] = data
	}
	return o
}

func service(name string, annotations values) values {
	o := values{
		"apiVersion": "v1", "kind": "Service", "metadata": values{"name": name, "namespace": "apim"},
		"spec": values{"type": "LoadBalancer", "selector": values{"app": name}, "ports": []any{values{"port": 443, "targetPort": 8091}}},
	}
	if annotations != nil {
		o["metadata"].(values)["annotations"] = annotations
	}
	return o
}

func ingress(name string) values {
	return values{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": values{"name": name, "namespace": "apim"},
		"spec": values{
			"ingressClassName": "azure-application-gateway",
			"rules": []any{values{"host": name + ".example.com", "http": values{"paths": []any{values{
				"path": "/", "pathType": "Prefix",
				"backend": values{"service": values{"name": "gw", "port": values{"number": 8065}}},
			}}}}},
		},
	}
}

func agic(version string) values {
	return values{
		"name": "ingress-azure", "namespace": "agic", "createNamespace": true,
		"chart": "oci://mcr.microsoft.com/azure-application-gateway/charts/ingress-azure", "version": version,
		"values": values{"appgw": values{"name": "apim-dev-agw"}},
	}
}

// definition defines the kind Route with one number in its spec.
func definition(field string) values {
	return values{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": values{"name": "routes.example.com"},
		"spec": values{
			"group": "example.com", "scope": "Namespaced",
			"names": values{"kind": "Route", "plural": "routes", "singular": "route", "listKind": "RouteList"},
			"versions": []any{values{
				"name": "v1", "served": true, "storage": true,
				"schema": values{"openAPIV3Schema": values{
					"type": "object", "properties": values{"spec": values{"type": "object", "properties": values{
						field:  values{"type": "integer"},
						"tags": values{"type": "array", "items": values{"type": "string"}, "x_kubernetes_list_type": "set"},
					}}},
				}},
			}},
		},
	}
}
