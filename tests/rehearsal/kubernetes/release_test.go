package kubernetes_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"apim-azure/tests/rehearsal/kubernetes"
)

func traefik(namespace, address string, more values) values {
	o := values{
		"name": "traefik", "namespace": namespace, "chart": "oci://ghcr.io/traefik/helm/traefik", "version": "41.3.0",
		"values": values{
			"ingressClass": values{"enabled": false}, "service": values{"annotations": values{"test/address": address}},
		},
	}
	for k, v := range more {
		o[k] = v
	}
	return o
}

func TestAReleaseIsDoneWhenItsLoadBalancerHasAnAddress(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	u := urn("kubernetes:helm.sh/v3:Release", "traefik")
	e.create(u, traefik(ns, "20.1.2.3", nil))
	service, err := shared.on("", "services", ns).Get(t.Context(), "traefik", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	points := service.Object["status"].(map[string]any)["loadBalancer"].(map[string]any)["ingress"].([]any)
	if points[0].(map[string]any)["ip"] != "20.1.2.3" {
		t.Errorf("%v", points)
	}
}

func TestAReleaseWhoseCreationNobodySawTheEndOfIsRead(t *testing.T) {
	t.Parallel()
	e, ns := newEngine(t, kubernetes.Options{}, nil)
	made := e.create(urn("kubernetes:helm.sh/v3:Release", "traefik"), traefik(ns, "20.1.2.6", nil))
	status := made.outputs["status"]
	made.outputs = nil
	read, there := e.refresh(made)
	if !there || !read.outputs["status"].DeepEquals(status) {
		t.Errorf("there: %v, with %v; want the status %v", there, read.outputs, status)
	}
}

func TestAReleaseWithoutAnAddressFails(t *testing.T) {
	t.Parallel()
	u := urn("kubernetes:helm.sh/v3:Release", "traefik")
	t.Run("and stays where it isn't atomic", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		failed, err := e.tryCreate(u, properties(traefik(ns, "", nil)), false)
		expectReasons(t, err, "was created, but failed to initialize", "no IP address")
		e.update(failed, traefik(ns, "20.1.2.4", nil))
	})
	t.Run("and goes where it is", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		_, err := e.tryCreate(u, properties(traefik(ns, "", values{"atomic": true})), false)
		if err == nil || !strings.Contains(err.Error(), "uninstalled due to atomic") {
			t.Errorf("%v", err)
		}
		if _, err := shared.on("", "services", ns).Get(t.Context(), "traefik", metav1.GetOptions{}); err == nil {
			t.Error("its Service is still there")
		}
		e.create(u, traefik(ns, "20.1.2.5", values{"atomic": true}))
	})
	t.Run("and nobody waits where the program doesn't want to", func(t *testing.T) {
		t.Parallel()
		e, ns := newEngine(t, kubernetes.Options{}, nil)
		e.create(u, traefik(ns, "", values{"skipAwait": true}))
	})
}

func TestAFaultOfAReleaseStrikesItsInstallation(t *testing.T) {
	t.Parallel()
	e, ns, _ := struck(t, kubernetes.Fault{APIVersion: "helm.sh/v3", Kind: "Release", Name: "traefik", Call: "create", Code: kubernetes.ServiceUnavailable})
	u := urn("kubernetes:helm.sh/v3:Release", "traefik")
	if _, err := e.tryCreate(u, properties(traefik(ns, "20.1.2.6", nil)), false); err == nil || !strings.Contains(err.Error(), "unable to handle") {
		t.Errorf("%v", err)
	}
	e.create(u, traefik(ns, "20.1.2.6", nil))
}
