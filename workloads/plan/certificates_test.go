package plan

import (
	"slices"
	"strings"
	"testing"
)

func issuer() Issuer {
	return Issuer{
		Server: "https://acme.example.com/directory", Email: "team@example.com", Controller: LoadBalancer,
		NodeSelector: map[string]string{"pool": "infrapool"},
	}
}

func TestPublicHostsAreProvedByPodsBehindTheController(t *testing.T) {
	spec := issuer().Spec(nil)
	for path, want := range map[string]any{
		"acme.server": "https://acme.example.com/directory", "acme.email": "team@example.com", "acme.privateKeySecretRef.name": "acme-account",
	} {
		if got := dig(t, spec, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	solvers := dig(t, spec, "acme.solvers").([]any)
	if len(solvers) != 1 {
		t.Fatalf("%d ways to prove a host", len(solvers))
	}
	solver := solvers[0].(map[string]any)
	for path, want := range map[string]any{
		"http01.ingress.ingressClassName": "nginx", "http01.ingress.serviceType": "ClusterIP",
		"http01.ingress.podTemplate.spec.nodeSelector.pool": "infrapool",
	} {
		if got := dig(t, solver, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestPrivateHostsAreProvedInThePublicZone(t *testing.T) {
	i := issuer()
	i.Zone = &PublicZone{"sub", "dns", "example.com"}
	solver := dig(t, i.Spec("client"), "acme.solvers").([]any)[0].(map[string]any)
	for path, want := range map[string]any{
		"dns01.azureDNS.subscriptionID": "sub", "dns01.azureDNS.resourceGroupName": "dns", "dns01.azureDNS.hostedZoneName": "example.com",
		"dns01.azureDNS.managedIdentity.clientID": "client",
	} {
		if got := dig(t, solver, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if _, both := solver["http01"]; both {
		t.Error("an authority that can't reach a host is sent there")
	}
}

func TestIssuersWithoutAnAuthorityAMailboxOrAWholeZoneAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Issuer){
		"ingress.acmeServer: ":      func(i *Issuer) { i.Server = "acme.example.com" },
		"ingress.acmeEmail: ":       func(i *Issuer) { i.Email = "" },
		"network.publicDnsZoneId: ": func(i *Issuer) { i.Zone = &PublicZone{Name: "example.com"} },
	} {
		i := issuer()
		change(&i)
		if err := i.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	if err := issuer().Validate(); err != nil {
		t.Error(err)
	}
}

func TestACertificateIsForOneHostAndRenewedWithANewKey(t *testing.T) {
	spec := CertificateSpec("traffic-default", "api.example.com")
	for path, want := range map[string]any{
		"secretName": "traffic-default-tls-acme", "issuerRef.kind": "Issuer", "issuerRef.name": "acme",
		"privateKey.algorithm": "RSA", "privateKey.rotationPolicy": "Always",
	} {
		if got := dig(t, spec, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if hosts := dig(t, spec, "dnsNames").([]any); !slices.Equal(hosts, []any{"api.example.com"}) {
		t.Errorf("it is for %v", hosts)
	}
	if IssuedSecret("anm") == CertificateSecret("anm") {
		t.Error("changing over from supplied certificates deletes the issued one")
	}
}

func TestCertManagerGetsATokenOfAzureOnlyWhenItWritesRecords(t *testing.T) {
	selector := map[string]string{"pool": "infrapool"}
	with, without := CertManagerValues(selector, true), CertManagerValues(selector, false)
	for path, want := range map[string]any{
		"crds.enabled": true, "crds.keep": true, "global.nodeSelector.pool": "infrapool", "global.leaderElection.namespace": "cert-manager",
		"dns01RecursiveNameserversOnly": true,
	} {
		if got := dig(t, with, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if label := with["podLabels"].(map[string]any)["azure.workload.identity/use"]; label != "true" {
		t.Errorf("the pod's label is %v", label)
	}
	for _, resolver := range strings.Split(with["dns01RecursiveNameservers"].(string), ",") {
		if !strings.HasPrefix(resolver, "https://") {
			t.Errorf("%s is asked on port 53, which the network rules don't let out", resolver)
		}
	}
	for _, key := range []string{"podLabels", "serviceAccount", "extraArgs", "dns01RecursiveNameservers"} {
		if _, set := without[key]; set {
			t.Errorf("%s is set without a zone", key)
		}
	}
	if got, want := CertManagerSubject(), "system:serviceaccount:cert-manager:cert-manager"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyAGICsNamespaceTakesAnyPod(t *testing.T) {
	if ApplicationGateway.SecurityLevel() != Privileged || LoadBalancer.SecurityLevel() != Restricted {
		t.Errorf("%s, %s", ApplicationGateway.SecurityLevel(), LoadBalancer.SecurityLevel())
	}
}
