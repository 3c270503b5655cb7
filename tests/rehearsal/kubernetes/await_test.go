package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"apim-azure/tests/rehearsal/kubernetes"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

// newEngine drives a provider of its own in a namespace of its own.
func newEngine(t *testing.T, options kubernetes.Options, config values) (engine, string) {
	t.Helper()
	options.Cluster = shared.plane
	if config == nil {
		config = values{}
	}
	config["kubeconfig"] = shared.kubeconfig
	return engine{t, configured(t, kubernetes.New(options), config)}, shared.namespace(t)
}

func urnOf(o values) resource.URN {
	version := o["apiVersion"].(string)
	if !strings.Contains(version, "/") {
		version = "core/" + version
	}
	return urn("kubernetes:"+version+":"+o["kind"].(string), o["metadata"].(values)["name"].(string))
}

// initFailed returns what the engine is told of an object that is there but not right.
func initFailed(t *testing.T, err error) *pulumirpc.ErrorResourceInitFailed {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	rpc, _ := rpcerror.FromError(err)
	for _, d := range rpc.Details() {
		if detail, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
			return detail
		}
	}
	t.Fatalf("the state would not learn of the object: %v", err)
	return nil
}

// expectReasons wants every text among the reasons of a failed object.
func expectReasons(t *testing.T, err error, texts ...string) {
	t.Helper()
	all := strings.Join(initFailed(t, err).GetReasons(), "\n")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("%q is not said; this is:\n%s", text, all)
		}
	}
}

// in makes an object of a namespace; its spec is spread over the object itself where it has none.
func in(namespace, apiVersion, kind, name string, rest values) values {
	o := values{"apiVersion": apiVersion, "kind": kind, "metadata": values{"name": name, "namespace": namespace}}
	for k, v := range rest {
		o[k] = v
	}
	return o
}

func annotated(o values, key, value string) values {
	o["metadata"].(values)["annotations"] = values{key: value}
	return o
}

// pod is the spec of one that runs an image for ever.
func pod(image string) values {
	return values{"terminationGracePeriodSeconds": 0, "containers": []any{values{"name": "main", "image": image}}}
}

func workload(namespace, kind, name, image string, replicas int) values {
	labels := values{"app": name}
	spec := values{
		"selector": values{"matchLabels": labels}, "template": values{"metadata": values{"labels": labels}, "spec": pod(image)},
	}
	switch kind {
	case "Deployment":
		spec["replicas"], spec["progressDeadlineSeconds"] = replicas, 60
	case "StatefulSet":
		spec["replicas"], spec["serviceName"] = replicas, name
	}
	return in(namespace, "apps/v1", kind, name, values{"spec": spec})
}

func job(namespace, name string) values {
	spec := pod("job:1")
	spec["restartPolicy"] = "Never"
	return in(namespace, "batch/v1", "Job", name, values{"spec": values{"backoffLimit": 0, "template": values{"spec": spec}}})
}

func TestAnObjectIsDoneWhenItIsReady(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, kind, path string
		want             any
	}{
		{"a Deployment when its pods are", "Deployment", "status.readyReplicas", 2.0},
		{"a StatefulSet when its pods are", "StatefulSet", "status.readyReplicas", 2.0},
		{"a DaemonSet when there is one on each node", "DaemonSet", "status.numberReady", 1.0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, ns := newEngine(t, kubernetes.Options{}, nil)
			o := workload(ns, test.kind, "gw", "gateway:1", 2)
			old := e.create(urnOf(o), o)
			if got := at(t, old.outputs, test.path); got != test.want {
				t.Errorf("%s is %v", test.path, got)
			}
			next := e.update(old, workload(ns, test.kind, "gw", "gateway:2", 2))
			if got := at(t, next.outputs, "status.observedGeneration"); got != 2.0 {
				t.Errorf("the state after the update is of generation %v", got)
			}
			if got := at(t, next.outputs, test.path); got != test.want {
				t.Errorf("%s is %v after the update", test.path, got)
			}
		})
	}
	t.Run("a Job when it is complete", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		o := job(ns, "schema")
		if got := at(t, e.create(urnOf(o), o).outputs, "status.succeeded"); got != 1.0 {
			t.Errorf("succeeded: %v", got)
		}
	})
	t.Run("a pod when it is ready", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		o := in(ns, "v1", "Pod", "one", values{"spec": pod("gateway:1")})
		if got := at(t, e.create(urnOf(o), o).outputs, "status.phase"); got != "Running" {
			t.Errorf("phase %v", got)
		}
	})
	t.Run("a claim when it is bound, and its volume when it is available", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		size := values{"storage": "100Gi"}
		volume := values{
			"apiVersion": "v1", "kind": "PersistentVolume", "metadata": values{"name": ns + "-events"},
			"spec": values{
				"capacity": size, "accessModes": []any{"ReadWriteMany"}, "csi": values{"driver": "file.csi.azure.com", "volumeHandle": ns},
				"claimRef": values{"namespace": ns, "name": "events"},
			},
		}
		if got := at(t, e.create(urnOf(volume), volume).outputs, "status.phase"); got != "Available" {
			t.Errorf("the volume is %v", got)
		}
		claim := in(ns, "v1", "PersistentVolumeClaim", "events", values{"spec": values{
			"accessModes": []any{"ReadWriteMany"}, "storageClassName": "", "volumeName": ns + "-events",
			"resources": values{"requests": size},
		}})
		if got := at(t, e.create(urnOf(claim), claim).outputs, "status.phase"); got != "Bound" {
			t.Errorf("the claim is %v", got)
		}
	})
	t.Run("a service account's token when it is there, and a quota when it is in force", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		waitUntil(t, func() bool { // without its account the controllers delete a token
			_, err := shared.on("", "serviceaccounts", ns).Get(t.Context(), "default", metav1.GetOptions{})
			return err == nil
		})
		token := annotated(in(ns, "v1", "Secret", "token", values{"type": "kubernetes.io/service-account-token"}),
			"kubernetes.io/service-account.name", "default")
		if got, _ := at(t, e.create(urnOf(token), token).outputs, "data").(map[string]any); got["token"] == nil {
			t.Errorf("no token in %v", got)
		}
		quota := in(ns, "v1", "ResourceQuota", "quota", values{"spec": values{"hard": values{"pods": "7"}}})
		if got := at(t, e.create(urnOf(quota), quota).outputs, "status.hard.pods"); got != "7" {
			t.Errorf("quota %v", got)
		}
	})
	t.Run("a Service when it has its address and no pod that is not ready", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		o := annotated(service("anm", nil), "test/address", "10.0.1.250")
		o["metadata"].(values)["namespace"] = ns
		// No pods are fine, and so it is for the real provider.
		if got := at(t, e.create(urnOf(o), o).outputs, "status.loadBalancer.ingress[0].ip"); got != "10.0.1.250" {
			t.Errorf("address %v", got)
		}
	})
}

func TestAnObjectThatCanNotBecomeReadySaysWhy(t *testing.T) {
	t.Parallel()
	unschedulable := func(ns string) values {
		o := workload(ns, "Deployment", "big", "gateway:1", 1)
		o["spec"].(values)["template"].(values)["spec"].(values)["containers"].([]any)[0].(values)["resources"] =
			values{"requests": values{"cpu": "500"}}
		return o
	}
	secretless := func(ns string) values {
		o := workload(ns, "Deployment", "secretless", "gateway:1", 1)
		o["spec"].(values)["template"].(values)["spec"].(values)["containers"].([]any)[0].(values)["envFrom"] =
			[]any{values{"secretRef": values{"name": "nowhere"}}}
		return o
	}
	const timedOut = "timed out waiting to be Ready"
	tests := []struct {
		name   string
		object func(namespace string) values
		says   []string
	}{
		{
			"a Deployment whose image is missing",
			func(ns string) values { return workload(ns, "Deployment", "gw", "missing:7.7", 1) },
			[]string{
				"become live", timedOut, "0 of 1 pods", "missing:7.7", "ImagePull", "[MinimumReplicasUnavailable]", "[ProgressDeadlineExceeded]",
			},
		},
		{"a Deployment that fits on no node", unschedulable, []string{timedOut, "Insufficient cpu", "FailedScheduling"}},
		{"a Deployment without its Secret", secretless, []string{timedOut, "CreateContainerConfigError", `"nowhere" not found`}},
		{
			"a Deployment whose pods crash",
			func(ns string) values { return workload(ns, "Deployment", "crash-"+ns, "gateway:1", 1) },
			[]string{timedOut, "CrashLoopBackOff", "exit code 1"},
		},
		{
			"a StatefulSet whose image is missing",
			func(ns string) values { return workload(ns, "StatefulSet", "db", "missing:1", 1) },
			[]string{timedOut, "0 of 1 replicas", "missing:1"},
		},
		{
			"a DaemonSet whose image is missing",
			func(ns string) values { return workload(ns, "DaemonSet", "agent", "missing:1", 1) },
			[]string{"timed out waiting for the condition", "missing:1"},
		},
		{
			"a load balancer without an address",
			func(ns string) values {
				o := service("lb", nil)
				o["metadata"].(values)["namespace"] = ns
				return o
			},
			[]string{timedOut, "no IP address", "app=lb"},
		},
		{
			"an Ingress without a class",
			func(ns string) values {
				o := ingress("classless")
				o["metadata"].(values)["namespace"] = ns
				delete(o["spec"].(values), "ingressClassName")
				return o
			},
			[]string{timedOut, "names no class", "Service gw"},
		},
		{
			"an Ingress whose class nobody installed",
			func(ns string) values {
				o := ingress("early")
				o["metadata"].(values)["namespace"] = ns
				o["spec"].(values)["ingressClassName"] = "nobody"
				return o
			},
			[]string{timedOut, `no IngressClass "nobody"`},
		},
		{
			"a claim nobody binds",
			func(ns string) values {
				return in(ns, "v1", "PersistentVolumeClaim", "loose", values{"spec": values{
					"accessModes": []any{"ReadWriteMany"}, "storageClassName": "", "resources": values{"requests": values{"storage": "1Gi"}},
				}})
			},
			[]string{"Timeout occurred polling for 'loose'", `phase is "Pending"`},
		},
	}
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	if err := shared.faults.Inject(kubelet.Fault{Kind: "Deployment", Name: "crash-" + ns, Code: kubelet.CrashLoopBackOff}); err != nil {
		t.Fatal(err)
	}
	// All at once: each waits until nothing moves any more.
	var begun []<-chan created
	for _, test := range tests {
		begun = append(begun, e.begin(test.object(ns), 0))
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			failed := <-begun[i]
			expectReasons(t, failed.err, test.says...)
			if failed.Properties == nil || failed.ID != resource.ID(ns+"/"+test.object(ns)["metadata"].(values)["name"].(string)) {
				t.Errorf("the state of the object that is there: ID %q, %v", failed.ID, failed.Properties)
			}
		})
	}
}

// created is the outcome of a creation, and how long it took.
type created struct {
	plugin.CreateResponse
	err  error
	took time.Duration
}

// begin creates an object beside the test. The timeout is in seconds; 0: none is given.
func (e engine) begin(o values, timeout float64) <-chan created {
	e.t.Helper()
	request := plugin.CreateRequest{
		URN: urnOf(o), Type: urnOf(o).Type(), Properties: e.checked(urnOf(o), nil, properties(o)), Timeout: timeout,
	}
	outcome := make(chan created, 1)
	started := time.Now()
	go func() {
		response, err := e.provider.Create(e.t.Context(), request)
		outcome <- created{response, err, time.Since(started)}
	}()
	return outcome
}

func TestAJobThatFailedEndsTheWaitAndOnlyAReplacementHealsIt(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	o := job(ns, "schema-"+ns)
	if err := shared.faults.Inject(kubelet.Fault{APIVersion: "batch/v1", Kind: "Job", Name: "schema-" + ns, Code: kubelet.Failed}); err != nil {
		t.Fatal(err)
	}
	failed, err := e.tryCreate(urnOf(o), properties(o), false)
	expectReasons(t, err, "was created but failed to initialize", "[BackoffLimitExceeded]", "exit code 1")
	if _, err := e.tryUpdate(failed, properties(o), false); err == nil {
		t.Error("an update heals it")
	}
	// A failed Job counts as unchanged, unless the annotation asks to look.
	expectSame(t, e.diff(failed, properties(o)))
	annotated(o, "pulumi.com/replaceUnready", "true")
	if diff := e.diff(failed, properties(o)); !diff.Replace() || !diff.DeleteBeforeReplace {
		t.Errorf("%+v", diff)
	}
}

func TestABrokenRolloutIsReportedByARefreshAndHealedByTheNextUpdate(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	o := workload(ns, "Deployment", "gw", "gateway:1", 1)
	good := e.create(urnOf(o), o)
	read := func(old resourceState) (plugin.ReadResponse, error) {
		return e.provider.Read(t.Context(), plugin.ReadRequest{
			URN: old.urn, Type: old.urn.Type(), ID: old.id, Inputs: old.inputs, State: old.outputs,
		})
	}
	if _, err := read(good); err != nil {
		t.Errorf("a good rollout: %v", err)
	}
	broken, err := e.tryUpdate(good, properties(workload(ns, "Deployment", "gw", "missing:2", 1)), false)
	expectReasons(t, err, "become live", "missing:2")
	found, err := read(broken)
	expectReasons(t, err, "was created but failed to initialize", "missing:2")
	if detail := initFailed(t, err); detail.GetInputs() == nil || found.Outputs == nil {
		t.Error("the refresh lost the inputs or the state")
	}
	// An import takes the object as it is.
	if _, err := e.provider.Read(t.Context(), plugin.ReadRequest{URN: broken.urn, Type: broken.urn.Type(), ID: broken.id}); err != nil {
		t.Errorf("an import: %v", err)
	}
	healed := e.update(broken, workload(ns, "Deployment", "gw", "gateway:3", 1))
	if _, err := read(healed); err != nil {
		t.Errorf("after the update: %v", err)
	}
}

func TestNobodyWaitsWhereTheProgramDoesNotWantTo(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	o := annotated(workload(ns, "Deployment", "headroom", "missing:1", 1), "pulumi.com/skipAwait", "true")
	old := e.create(urnOf(o), o)
	if _, found := e.refresh(old); !found {
		t.Error("it is gone")
	}
}

func TestACustomResourceIsWaitedForAsItsAnnotationSays(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	kind := definition("size")
	kind["metadata"].(values)["name"] = "pipes.wait.example.com"
	spec := kind["spec"].(values)
	spec["group"] = "wait.example.com"
	spec["names"] = values{"kind": "Pipe", "plural": "pipes", "singular": "pipe", "listKind": "PipeList"}
	version := spec["versions"].([]any)[0].(values)
	version["subresources"] = values{"status": values{}}
	version["schema"] = values{"openAPIV3Schema": values{"type": "object", "x_kubernetes_preserve_unknown_fields": true}}
	e.create(urnOf(kind), kind)
	pipe := func(name, expression string) values {
		return annotated(in(ns, "wait.example.com/v1", "Pipe", name, nil), "pulumi.com/waitFor", expression)
	}
	status := func(name, body string) {
		_, err := shared.on("wait.example.com", "pipes", ns).Patch(t.Context(), name, "application/merge-patch+json", []byte(body), metav1.PatchOptions{}, "status")
		if err != nil {
			t.Error(err)
		}
	}
	t.Run("a condition and a path", func(t *testing.T) {
		o := pipe("good", `["condition=Ready", "jsonpath={.status.phase}=Open"]`)
		done := e.begin(o, 0)
		waitUntil(t, func() bool {
			_, err := shared.on("wait.example.com", "pipes", ns).Get(t.Context(), "good", metav1.GetOptions{})
			return err == nil
		})
		status("good", `{"status":{"phase":"Shut","conditions":[{"type":"Ready","status":"True"}]}}`)
		select {
		case early := <-done:
			t.Fatalf("done too early: %v", early.err)
		case <-time.After(300 * time.Millisecond):
		}
		status("good", `{"status":{"phase":"Open"}}`)
		if late := <-done; late.err != nil {
			t.Error(late.err)
		}
	})
	t.Run("what never comes", func(t *testing.T) {
		o := pipe("bad", "jsonpath={.status.phase}")
		_, err := e.tryCreate(urnOf(o), properties(o), false)
		expectReasons(t, err, "timed out waiting for the condition", "{.status.phase} leads to nothing")
	})
	t.Run("what can't be understood", func(t *testing.T) {
		for i, expression := range []string{"ready", "jsonpath={.a", "[]", "jsonpath={.a}="} {
			o := pipe(fmt.Sprintf("odd-%d", i), expression)
			if _, err := e.tryCreate(urnOf(o), properties(o), false); err == nil || !strings.Contains(err.Error(), "pulumi.com/waitFor") {
				t.Errorf("%s: %v", expression, err)
			}
		}
	})
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
	}
}

func TestACancelledWaitKeepsTheObjectInTheState(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	o := workload(ns, "Deployment", "gw", "missing:1", 1)
	time.AfterFunc(time.Second, func() { _ = e.provider.SignalCancellation(t.Context()) })
	started := time.Now()
	failed, err := e.tryCreate(urnOf(o), properties(o), false)
	expectReasons(t, err, `Resource operation was cancelled for "gw"`, "0 of 1 pods")
	if failed.outputs == nil || time.Since(started) > 4*time.Second {
		t.Errorf("after %s, with the state %v", time.Since(started), failed.outputs)
	}
}

func TestTimeoutsAreSimulatedTime(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{TimeScale: 60}, nil)
	own := e.begin(workload(ns, "Deployment", "own", "missing:1", 1), 420)
	noted := e.begin(annotated(workload(ns, "Deployment", "noted", "missing:1", 1), "pulumi.com/timeoutSeconds", "420"), 0)
	for name, outcome := range map[string]<-chan created{"the resource's own": own, "the annotation's": noted} {
		t.Run(name, func(t *testing.T) {
			failed := <-outcome
			expectReasons(t, failed.err, "timed out waiting to be Ready")
			if failed.took < 7*time.Second || failed.took > 10*time.Second {
				t.Errorf("420 s at 60 s in one took %s", failed.took)
			}
		})
	}
}
