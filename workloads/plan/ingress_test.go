package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestPlaceANM(t *testing.T) {
	for name, c := range map[string]struct {
		exposure, anm string
		want          ANMEntry
	}{
		"all public share one entry":                    {"public", "public", ANMShared},
		"all private share one entry":                   {"private", "private", ANMShared},
		"a private ANM among public hosts stands alone": {"public", "private", ANMInternal},
		"a public ANM among private hosts is refused":   {"private", "public", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := PlaceANM(c.exposure, c.anm)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestAnnotationsForApplicationGateway(t *testing.T) {
	const p = "appgw.ingress.kubernetes.io/"
	common := map[string]string{
		p + "backend-protocol": "https", p + "backend-hostname": "api.example.org", p + "ssl-redirect": "true",
		p + "connection-draining": "true", p + "connection-draining-timeout": "30", p + "request-timeout": "60",
	}
	for name, c := range map[string]struct {
		publication Publication
		extra       map[string]string
	}{
		"traffic has the reference's list":       {Publication{}, nil},
		"a UI has cookie affinity and more time": {Publication{UI: true}, map[string]string{p + "cookie-based-affinity": "true", p + "request-timeout": "120"}},
		"a private host keeps to the private IP": {Publication{Private: true}, map[string]string{p + "use-private-ip": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.publication.Controller, c.publication.Host = ApplicationGateway, "api.example.org"
			want := maps.Clone(common)
			maps.Copy(want, c.extra)
			if got := c.publication.Annotations(); !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

func TestAnnotationsForTheLoadBalancer(t *testing.T) {
	const p = "nginx.ingress.kubernetes.io/"
	common := map[string]string{
		p + "backend-protocol": "HTTPS", p + "proxy-ssl-verify": "on", p + "proxy-ssl-name": "api.example.org",
		p + "force-ssl-redirect": "true", p + "proxy-body-size": "10m", p + "proxy-read-timeout": "60", p + "proxy-send-timeout": "60",
	}
	for name, c := range map[string]struct {
		publication Publication
		extra       map[string]string
	}{
		"traffic has no cookie": {Publication{}, nil},
		"a UI has the reference's cookie for two days": {Publication{UI: true}, map[string]string{
			p + "affinity": "cookie", p + "affinity-mode": "persistent",
			p + "session-cookie-name": "API-Gateway-Manager-UI", p + "session-cookie-expires": "172800",
			p + "session-cookie-max-age": "172800", p + "session-cookie-change-on-failure": "true",
			p + "session-cookie-secure": "true", p + "proxy-read-timeout": "120", p + "proxy-send-timeout": "120",
		}},
		"source ranges are listed": {Publication{SourceRanges: []string{"192.0.2.0/24", "198.51.100.7/32"}},
			map[string]string{p + "whitelist-source-range": "192.0.2.0/24,198.51.100.7/32"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.publication.Controller, c.publication.Host = LoadBalancer, "api.example.org"
			want := maps.Clone(common)
			maps.Copy(want, c.extra)
			if got := c.publication.Annotations(); !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

func TestTheIngressClassIsNeverAnAnnotation(t *testing.T) {
	for _, controller := range []Controller{ApplicationGateway, LoadBalancer} {
		if controller.IngressClass() == "" {
			t.Errorf("%s has no class", controller)
		}
		for key := range (Publication{Controller: controller, UI: true, Private: true}).Annotations() {
			if strings.Contains(key, "ingress.class") {
				t.Errorf("%s sets %s", controller, key)
			}
		}
	}
}

func TestSourceRangesNeedTheLoadBalancer(t *testing.T) {
	p := Publication{Controller: ApplicationGateway, SourceRanges: []string{"192.0.2.0/24"}}
	if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), "ingress.sourceRanges: ") {
		t.Errorf("got %v", err)
	}
	p.Controller = LoadBalancer
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAGICsIdentityIsTheServiceAccountOfItsRelease(t *testing.T) {
	if got, want := AGICSubject(), "system:serviceaccount:ingress-controller:ingress-azure"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// dig reads a value by its path.
func dig(t *testing.T, values map[string]any, path string) any {
	t.Helper()
	var at any = values
	for _, key := range strings.Split(path, ".") {
		next, ok := at.(map[string]any)[key]
		if !ok {
			t.Fatalf("no value at %s", path)
		}
		at = next
	}
	return at
}

func TestAGICValues(t *testing.T) {
	values := AGICValues(GatewaySite{"sub", "group", "gateway", true}, map[string]string{"pool": "infrapool"})
	for path, want := range map[string]any{
		"reconcilePeriodSeconds": 30, "rbac.enabled": true, "kubernetes.nodeSelector.pool": "infrapool",
		"appgw.subscriptionId": "sub", "appgw.resourceGroup": "group", "appgw.name": "gateway", "appgw.usePrivateIP": true,
		"kubernetes.ingressClassResource.name": "azure-application-gateway",
	} {
		if got := dig(t, values, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestTraefikValues(t *testing.T) {
	values := TraefikValues(PublicAddress("group", "ip"), map[string]string{"pool": "infrapool"}, true)
	for path, want := range map[string]any{
		"providers.kubernetesIngressNGINX.enabled": true, "providers.kubernetesIngress.enabled": false,
		"tlsOptions.default.minVersion": "VersionTLS12", "nodeSelector.pool": "infrapool",
		"service.spec.externalTrafficPolicy": "Local", "ingressClass.enabled": false,
		"ports.websecure.transport.lifeCycle.graceTimeOut": 30, "ports.websecure.transport.lifeCycle.requestAcceptGraceTimeout": 10,
	} {
		if got := dig(t, values, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got := dig(t, values, "tlsOptions.default.alpnProtocols"); !slices.Equal(got.([]any), []any{"http/1.1"}) {
		t.Errorf("protocols are %v", got)
	}
	annotations := dig(t, values, "service.annotations").(map[string]any)
	if annotations["service.beta.kubernetes.io/azure-pip-name"] != "ip" ||
		annotations["service.beta.kubernetes.io/azure-load-balancer-resource-group"] != "group" {
		t.Errorf("the address is %v", annotations)
	}
}

func TestPodsSpreadByMachineWhereThereAreNoZones(t *testing.T) {
	if SpreadKey(true) != "topology.kubernetes.io/zone" || SpreadKey(false) != "kubernetes.io/hostname" {
		t.Errorf("%s, %s", SpreadKey(true), SpreadKey(false))
	}
}

func TestChartVersionsAreExact(t *testing.T) {
	for _, chart := range []Chart{AGICChart, TraefikChart, CertManagerChart} {
		if strings.ContainsAny(chart.Version, "^~*>< x") || strings.Count(chart.Version, ".") != 2 {
			t.Errorf("%s %s", chart.Reference, chart.Version)
		}
	}
}

func TestTheEventsVolumeBelongsToTheUserOfTheImages(t *testing.T) {
	options := VolumeMountOptions()
	for _, want := range []string{"uid=1000", "gid=1000", "dir_mode=0750", "file_mode=0640"} {
		if !slices.Contains(options, want) {
			t.Errorf("no %s in %v", want, options)
		}
	}
	if got, want := VolumeHandle("group", "account", "events"), "group#account#events"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
