package controlplane_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
	"apim-azure/tests/rehearsal/tools"
)

const clusterID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/apim-dev"

// binaries finds the control plane's programs, or builds them. There is no skipping: a test of a control plane without one
// proves nothing.
func binaries(ctx context.Context) (controlplane.Binaries, error) {
	return tools.Kubernetes(ctx, os.Stderr)
}

func TestControlPlaneLife(t *testing.T) {
	if _, err := binaries(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plane := controlplane.New(controlplane.Options{Dir: dir, Binaries: binaries, Log: t.Logf})
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})

	if _, err := plane.RESTConfig(t.Context()); !errors.Is(err, controlplane.ErrNoCluster) {
		t.Fatalf("before any cluster exists: %v, want ErrNoCluster", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "identity.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written before a cluster was asked for: %v", err)
	}

	began := time.Now()
	admin := kubeconfig(t, plane, true)
	t.Logf("ready after %s", time.Since(began))
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(admin))
	if err != nil {
		t.Fatal(err)
	}
	call(t, config, http.MethodPost, "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kept"}}`, http.StatusCreated)

	t.Run("the Entra kubeconfig names kubelogin and the same server", func(t *testing.T) {
		entra, err := clientcmd.Load([]byte(kubeconfig(t, plane, false)))
		if err != nil {
			t.Fatal(err)
		}
		user := entra.AuthInfos["clusterUser_g_apim-dev"]
		if user == nil || user.Exec == nil || user.Exec.Command != "kubelogin" {
			t.Fatalf("users: %v", entra.AuthInfos)
		}
		if args := strings.Join(user.Exec.Args, " "); !strings.Contains(args, "--server-id 6dae42f8-4368-4678-94ff-3960e28e3630") {
			t.Errorf("arguments %s", args)
		}
		if len(user.ClientKeyData) > 0 {
			t.Error("it carries a client key")
		}
		if server := entra.Clusters["apim-dev"].Server; server != config.Host {
			t.Errorf("server %s, want %s", server, config.Host)
		}
	})

	t.Run("Azure spells one cluster's ID in several cases", func(t *testing.T) {
		if _, err := plane.Kubeconfig(t.Context(), strings.Replace(clusterID, "resourceGroups", "resourcegroups", 1), true); err != nil {
			t.Error(err)
		}
	})

	t.Run("nobody is let in without a certificate", func(t *testing.T) {
		anonymous := rest.AnonymousClientConfig(config)
		call(t, anonymous, http.MethodGet, "/api/v1/namespaces", "", http.StatusUnauthorized)
	})

	t.Run("a second cluster is refused while the first is there", func(t *testing.T) {
		_, err := plane.Kubeconfig(t.Context(), clusterID+"2", true)
		if err == nil || !strings.Contains(err.Error(), "one cluster per stack") {
			t.Errorf("%v", err)
		}
	})

	t.Run("a restart keeps objects, address and credentials", func(t *testing.T) {
		if err := plane.Stop(); err != nil {
			t.Fatal(err)
		}
		if again := kubeconfig(t, plane, true); again != admin {
			t.Error("the kubeconfig changed")
		}
		call(t, config, http.MethodGet, "/api/v1/namespaces/kept", "", http.StatusOK)
	})

	t.Run("deleting another cluster touches nothing", func(t *testing.T) {
		if err := plane.Delete(t.Context(), clusterID+"2"); err != nil {
			t.Fatal(err)
		}
		call(t, config, http.MethodGet, "/api/v1/namespaces/kept", "", http.StatusOK)
	})

	t.Run("deleting the cluster wipes the store and keeps the address", func(t *testing.T) {
		if err := plane.Delete(t.Context(), clusterID); err != nil {
			t.Fatal(err)
		}
		if _, err := plane.RESTConfig(t.Context()); !errors.Is(err, controlplane.ErrNoCluster) {
			t.Errorf("after deletion: %v, want ErrNoCluster", err)
		}
		if again := kubeconfig(t, plane, true); again != admin {
			t.Error("the kubeconfig changed")
		}
		call(t, config, http.MethodGet, "/api/v1/namespaces/kept", "", http.StatusNotFound)
	})

	t.Run("a taken port is named with its holder", func(t *testing.T) {
		if err := plane.Stop(); err != nil {
			t.Fatal(err)
		}
		address := strings.TrimPrefix(config.Host, "https://")
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		_, err = plane.RESTConfig(t.Context())
		if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "stop it") {
			t.Errorf("%v", err)
		}
	})
}

// TestEveryProgramDoesItsPart: a pod is admitted once the controller manager has made its namespace's account, placed by the
// scheduler and started by kwok.
func TestEveryProgramDoesItsPart(t *testing.T) {
	var started, stopped int
	var config *rest.Config
	reachable := true
	dir := t.TempDir()
	plane := controlplane.New(controlplane.Options{Dir: dir, Binaries: binaries, Log: t.Logf, Started: func(c *rest.Config) func() {
		started++
		config = c
		call(t, c, http.MethodGet, "/api/v1/namespaces/default", "", http.StatusOK)
		return func() {
			stopped++
			if reachable { // it is called before anything ends
				call(t, c, http.MethodGet, "/api/v1/namespaces/default", "", http.StatusOK)
			}
		}
	}})
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	if _, err := plane.Interrupt(); !errors.Is(err, controlplane.ErrNoCluster) {
		t.Errorf("interrupting what does not run: %v", err)
	}
	admin := kubeconfig(t, plane, true)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	addNode(t, client)
	runs(t, client, "first")

	t.Run("extension API servers learn whom to believe", func(t *testing.T) {
		m, err := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile(filepath.Join(dir, "pki", "front-proxy-ca.crt"))
		if err != nil {
			t.Fatal(err)
		}
		if m.Data["requestheader-client-ca-file"] != string(ca) || m.Data["requestheader-allowed-names"] != `["front-proxy-client"]` {
			t.Errorf("data is %v", m.Data)
		}
	})

	t.Run("an API server that comes back has everything, and the others have waited", func(t *testing.T) {
		back, err := plane.Interrupt()
		if err != nil {
			t.Fatal(err)
		}
		during, err := plane.RESTConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.CoreV1().Pods("default").Get(t.Context(), "first", metav1.GetOptions{}); err == nil || !strings.Contains(err.Error(), "connection re") {
			t.Errorf("during the outage: %v", err)
		}
		if err := back(t.Context()); err != nil {
			t.Fatal(err)
		}
		call(t, during, http.MethodGet, "/api/v1/namespaces/default/pods/first", "", http.StatusOK)
		runs(t, client, "second")
		if started != 1 || stopped != 0 {
			t.Errorf("the hook was started %d times and stopped %d times", started, stopped)
		}
		if err := back(t.Context()); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})

	t.Run("a stop during an outage ends it", func(t *testing.T) {
		back, err := plane.Interrupt()
		if err != nil {
			t.Fatal(err)
		}
		reachable = false
		if err := plane.Stop(); err != nil {
			t.Fatal(err)
		}
		reachable = true
		if err := back(t.Context()); err != nil {
			t.Error(err)
		}
		if listener, err := net.Listen("tcp", strings.TrimPrefix(config.Host, "https://")); err != nil {
			t.Errorf("the API server is back although it was stopped: %v", err)
		} else {
			_ = listener.Close()
		}
		if started != 1 || stopped != 1 {
			t.Errorf("the hook was started %d times and stopped %d times", started, stopped)
		}
	})

	t.Run("a folder of a version that ran fewer programs serves", func(t *testing.T) {
		for _, name := range []string{"scheduler", "kwok", "front-proxy", "front-proxy-ca"} {
			for _, kind := range []string{"crt", "key"} {
				if err := os.Remove(filepath.Join(dir, "pki", name+"."+kind)); err != nil {
					t.Fatal(err)
				}
			}
		}
		later := controlplane.New(controlplane.Options{Dir: dir, Binaries: binaries})
		t.Cleanup(func() {
			if err := later.Stop(); err != nil {
				t.Error(err)
			}
		})
		if again := kubeconfig(t, later, true); again != admin {
			t.Error("the kubeconfig changed")
		}
		runs(t, client, "third")
		call(t, config, http.MethodGet, "/api/v1/namespaces/default/pods/first", "", http.StatusOK)
	})
}

// addNode adds one that kwok keeps alive.
func addNode(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("30"),
	}
	_, err := client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node", Labels: map[string]string{kubelet.NodeLabel: kubelet.NodeRunning}},
		Status:     corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// runs creates a pod with its verdict on it, and waits until it is ready.
func runs(t *testing.T, client kubernetes.Interface, name string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{kubelet.VerdictAnnotation: string(kubelet.Ready)}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example/main:1"}}},
	}
	var last any
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		// Refused until the namespace's account is there.
		if _, err := client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			last = err
			continue
		}
		now, err := client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			last = err
			continue
		}
		if last = now.Status; now.Status.Phase == corev1.PodRunning {
			return
		}
	}
	t.Fatalf("pod %s does not run: %+v", name, last)
}

func TestAProgramThatFailsIsReportedWithItsLog(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "etcd")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho no space left on disk >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	plane := controlplane.New(controlplane.Options{Dir: t.TempDir(), Binaries: func(ctx context.Context) (controlplane.Binaries, error) {
		b, err := binaries(ctx)
		b.Etcd = broken
		return b, err
	}})
	_, err := plane.Kubeconfig(t.Context(), clusterID, true)
	if err == nil || !strings.Contains(err.Error(), "etcd ended (exit status 3)") || !strings.Contains(err.Error(), "no space left on disk") {
		t.Errorf("%v", err)
	}
}

func TestMissingProgramsAreReported(t *testing.T) {
	plane := controlplane.New(controlplane.Options{Dir: t.TempDir(), Binaries: func(context.Context) (controlplane.Binaries, error) {
		return controlplane.Binaries{}, errors.New("no compiler")
	}})
	if _, err := plane.Kubeconfig(t.Context(), clusterID, true); err == nil || !strings.Contains(err.Error(), "no compiler") {
		t.Errorf("%v", err)
	}
}

func kubeconfig(t *testing.T, plane *controlplane.ControlPlane, admin bool) string {
	t.Helper()
	text, err := plane.Kubeconfig(t.Context(), clusterID, admin)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// call sends one request and fails the test unless it is answered with the wanted status.
func call(t *testing.T, config *rest.Config, method, path, body string, want int) {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, config.Host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(fmt.Errorf("%s %s: %w", method, path, err))
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("%s %s: %s, want %d", method, path, response.Status, want)
	}
}
