package kubernetes_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"apim-azure/tests/rehearsal/kubernetes"
)

// struck returns an engine whose server has a fault, with what else the server shows a test.
func struck(t *testing.T, f kubernetes.Fault) (engine, string, *kubernetes.Server) {
	t.Helper()
	server := kubernetes.New(kubernetes.Options{Cluster: shared.plane})
	if err := server.Inject(f); err != nil {
		t.Fatal(err)
	}
	return engine{t, configured(t, server, values{"kubeconfig": shared.kubeconfig, "enableConfigMapMutable": true})}, shared.namespace(t), server
}

func mapIn(namespace, name, value string) values {
	return in(namespace, "v1", "ConfigMap", name, values{"data": values{"a": value}})
}

func TestAFaultSaysWhatTheRealProviderWouldSay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, says string
		times      int
	}{
		{kubernetes.ServiceUnavailable, "the server is currently unable to handle the request", 1},
		{kubernetes.TooManyRequests, "the server has received too many requests and has asked us to try again later", kubernetes.Tries},
		{kubernetes.InternalError, "Internal error occurred: etcdserver: leader changed", 1},
		{kubernetes.Conflict, `Operation cannot be fulfilled on configmaps "c": the object has been modified`, 1},
		{kubernetes.Timeout, "Timeout: request did not complete within requested timeout", 1},
		{kubernetes.ConnectionReset, "read: connection reset by peer", 1},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			e, ns, server := struck(t, kubernetes.Fault{APIVersion: "v1", Kind: "ConfigMap", Name: "c", Call: "create", Code: test.code, Times: test.times})
			o := mapIn(ns, "c", "1")
			if _, err := e.tryCreate(urnOf(o), properties(o), true); err != nil {
				t.Errorf("it strikes a preview: %v", err)
			}
			_, err := e.tryCreate(urnOf(o), properties(o), false)
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "was not successfully created") {
				t.Errorf("%v", err)
			}
			if left := server.Lift(); left != 0 {
				t.Errorf("%d strikes are left", left)
			}
			e.create(urnOf(o), o)
		})
	}
}

func TestAThrottledRequestIsSentAgainUnseen(t *testing.T) {
	t.Parallel()
	e, ns, server := struck(t, kubernetes.Fault{Code: kubernetes.TooManyRequests, Times: kubernetes.Tries - 1})
	o := mapIn(ns, "c", "1")
	e.create(urnOf(o), o)
	if left := server.Lift(); left != 0 {
		t.Errorf("%d strikes are left", left)
	}
}

func TestAfterALostAnswerTheObjectIsInTheWayOfTheNextCreation(t *testing.T) {
	t.Parallel()
	e, ns, _ := struck(t, kubernetes.Fault{Call: "create", Code: kubernetes.ConnectionReset, Late: true})
	o := mapIn(ns, "c", "1")
	state, err := e.tryCreate(urnOf(o), properties(o), false)
	if err == nil || !strings.Contains(err.Error(), "connection reset") || state.id != "" {
		t.Errorf("ID %q, %v", state.id, err)
	}
	if _, err := e.tryCreate(urnOf(o), properties(o), false); err == nil || !strings.Contains(err.Error(), `configmaps "c" already exists`) {
		t.Errorf("%v", err)
	}
}

func TestAFailedUpdateKeepsTheObjectAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		e, ns, _ := struck(t, kubernetes.Fault{Call: "update", Kind: "ConfigMap", Code: kubernetes.ServiceUnavailable, Late: late})
		o := mapIn(ns, "c", "1")
		old := e.create(urnOf(o), o)
		broken, err := e.tryUpdate(old, properties(mapIn(ns, "c", "2")), false)
		expectReasons(t, err, "failed to fully initialize or become live", "unable to handle the request")
		want := map[bool]string{false: "1", true: "2"}[late]
		if got := at(t, broken.outputs, "data.a"); got != want {
			t.Errorf("late %v: the state says %v", late, got)
		}
		if got := at(t, e.update(broken, mapIn(ns, "c", "2")).outputs, "data.a"); got != "2" {
			t.Errorf("late %v: %v after the second try", late, got)
		}
	}
}

func TestReadsAndDeletionsFailToo(t *testing.T) {
	t.Parallel()
	e, ns, server := struck(t, kubernetes.Fault{Call: "read", Name: "c", Code: kubernetes.InternalError})
	o := mapIn(ns, "c", "1")
	old := e.create(urnOf(o), o)
	request := plugin.ReadRequest{URN: old.urn, Type: old.urn.Type(), ID: old.id, Inputs: old.inputs, State: old.outputs}
	if _, err := e.provider.Read(t.Context(), request); err == nil || !strings.Contains(err.Error(), "Internal error") {
		t.Errorf("read: %v", err)
	}
	e.refresh(old)
	if err := server.Inject(kubernetes.Fault{Call: "delete", Code: kubernetes.Timeout}); err != nil {
		t.Fatal(err)
	}
	deletion := plugin.DeleteRequest{URN: old.urn, Type: old.urn.Type(), ID: old.id, Inputs: old.inputs, Outputs: old.outputs}
	if _, err := e.provider.Delete(t.Context(), deletion); err == nil || !strings.Contains(err.Error(), "Timeout:") {
		t.Errorf("delete: %v", err)
	}
	e.delete(old)
}

func TestAKillLeavesTheRequestWithoutAnswer(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		killed := make(chan bool, 1)
		server := kubernetes.New(kubernetes.Options{Cluster: shared.plane, Kill: func() { killed <- true }})
		if err := server.Inject(kubernetes.Fault{Kind: "ConfigMap", Code: kubernetes.Kill, Late: late}); err != nil {
			t.Fatal(err)
		}
		e, ns := engine{t, configured(t, server, values{"kubeconfig": shared.kubeconfig})}, shared.namespace(t)
		o := mapIn(ns, "c", "1")
		inputs := e.checked(urnOf(o), nil, properties(o))
		ctx, hangUp := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := e.provider.Create(ctx, plugin.CreateRequest{URN: urnOf(o), Type: urnOf(o).Type(), Properties: inputs})
			done <- err
		}()
		<-killed
		select {
		case err := <-done:
			t.Errorf("late %v: an answer: %v", late, err)
		case <-time.After(200 * time.Millisecond):
		}
		hangUp()
		if err := <-done; err == nil {
			t.Errorf("late %v: no error", late)
		}
		if _, err := shared.on("", "configmaps", ns).Get(t.Context(), "c", metav1.GetOptions{}); (err == nil) != late {
			t.Errorf("late %v: %v", late, err)
		}
	}
}

// Not parallel: the API server is everybody's.
func TestARolloutOutlivesAnOutageOfTheAPIServer(t *testing.T) {
	back := make(chan error, 1)
	server := kubernetes.New(kubernetes.Options{Cluster: shared.plane, StopAPIServer: func(down time.Duration) {
		start, err := shared.plane.Interrupt()
		if err != nil {
			back <- err
			return
		}
		time.AfterFunc(down, func() { back <- start(context.Background()) })
	}})
	e, ns := engine{t, configured(t, server, values{"kubeconfig": shared.kubeconfig})}, shared.namespace(t)
	if err := server.Inject(kubernetes.Fault{APIVersion: "apps/v1", Kind: "Deployment", Code: kubernetes.APIServerGone, For: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	o := workload(ns, "Deployment", "gw", "gateway:1", 2)
	old := e.create(urnOf(o), o)
	if got := at(t, old.outputs, "status.readyReplicas"); got != 2.0 {
		t.Errorf("ready: %v", got)
	}
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	e.delete(old)
}

func TestAFaultThatCanNotStrikeIsRefused(t *testing.T) {
	server := kubernetes.New(kubernetes.Options{})
	for says, f := range map[string]kubernetes.Fault{
		"no fault \"Teapot\"": {Code: "Teapot"},
		"no call \"start\"":   {Code: kubernetes.Timeout, Call: "start"},
		"kill the CLI":        {Code: kubernetes.Kill},
		"stop the API server": {Code: kubernetes.APIServerGone},
	} {
		if err := server.Inject(f); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", f, err)
		}
	}
	if left := server.Lift(); left != 0 {
		t.Errorf("%d strikes of refused faults", left)
	}
}
