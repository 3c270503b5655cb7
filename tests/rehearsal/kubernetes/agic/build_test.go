package agic

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"apim-azure/tests/rehearsal/azure/gateway"
)

const gatewayID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw"

// bare is a gateway before AGIC: both frontends, a certificate of somebody else's, and a listener that leads nowhere.
func bare() object {
	part := func(collection, name string, more object) any {
		more["name"], more["id"] = name, gatewayID+"/"+collection+"/"+name
		return more
	}
	return object{
		"sku": object{"capacity": 2.0}, "etag": "old",
		"frontendIPConfigurations": []any{
			part("frontendIPConfigurations", "public", object{"publicIPAddress": object{"id": "ip"}}),
			part("frontendIPConfigurations", "private", object{"privateIPAddress": "10.0.2.10"}),
		},
		"frontendPorts":           []any{part("frontendPorts", "bootstrap", object{"port": 80.0})},
		"sslCertificates":         []any{part("sslCertificates", "installed", object{})},
		"trustedRootCertificates": []any{part("trustedRootCertificates", "root", object{})},
		"httpListeners":           []any{part("httpListeners", "bootstrap", object{})},
	}
}

// world is a cluster with one Service, api, of two pods of which one is ready, and a third that is going.
func world(ingresses ...*networkingv1.Ingress) snapshot {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apim", Name: "api"},
		Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "api"}, Ports: []corev1.ServicePort{
			{Name: "https", Port: 8065, TargetPort: intstr.FromString("traffic"), Protocol: corev1.ProtocolTCP},
			{Name: "admin", Port: 90, TargetPort: intstr.FromInt32(8090), Protocol: corev1.ProtocolTCP},
		}},
	}
	endpoint := func(address string, ready, terminating bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready, Terminating: &terminating}}
	}
	tcp := corev1.ProtocolTCP
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apim", Name: "api-1", Labels: map[string]string{discoveryv1.LabelServiceName: "api"}},
		Endpoints:  []discoveryv1.Endpoint{endpoint("10.0.0.9", false, false), endpoint("10.0.0.8", true, false), endpoint("10.0.0.7", false, true)},
		Ports:      []discoveryv1.EndpointPort{{Name: new("https"), Port: new(int32(8443)), Protocol: &tcp}, {Name: new("admin"), Port: new(int32(8090)), Protocol: &tcp}},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apim", Name: "api-1", Labels: map[string]string{"app": "api", "more": "of it"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "sidecar", Ports: []corev1.ContainerPort{{ContainerPort: 1}}},
			{
				Name: "api", Ports: []corev1.ContainerPort{{Name: "traffic", ContainerPort: 8443}, {Name: "health", ContainerPort: 8080}},
				ReadinessProbe: &corev1.Probe{
					PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 30,
					ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthcheck", Port: intstr.FromString("health"), Scheme: corev1.URISchemeHTTP}},
				},
			},
		}},
	}
	slices.SortFunc(ingresses, func(a, b *networkingv1.Ingress) int { return strings.Compare(a.Name, b.Name) })
	return snapshot{
		ingresses: ingresses, services: map[string]*corev1.Service{"apim/api": service}, pods: []*corev1.Pod{pod},
		slices:  map[string][]*discoveryv1.EndpointSlice{"apim/api": {slice}},
		secrets: map[string]*corev1.Secret{"apim/tls": pairOf("apim", "tls")},
	}
}

func path(path string, kind networkingv1.PathType) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &kind, Backend: backendOf("api", 8065)}
}

func backendOf(service string, port int32) networkingv1.IngressBackend {
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Number: port}}}
}

// ingress publishes a host with TLS; its path is / unless others are given.
func ingress(name, host string, annotations map[string]string, paths ...networkingv1.HTTPIngressPath) *networkingv1.Ingress {
	if paths == nil {
		paths = []networkingv1.HTTPIngressPath{path("/", networkingv1.PathTypePrefix)}
	}
	prefixed := map[string]string{}
	for k, v := range annotations {
		prefixed[prefix+k] = v
	}
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apim", Name: name, Annotations: prefixed},
		Spec: networkingv1.IngressSpec{
			TLS:   []networkingv1.IngressTLS{{Hosts: []string{host}, SecretName: "tls"}},
			Rules: []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}}},
		},
	}
}

func plain(i *networkingv1.Ingress) *networkingv1.Ingress {
	i.Spec.TLS = nil
	return i
}

// pairOf is a TLS Secret with a certificate nobody trusts.
func pairOf(namespace, name string) *corev1.Secret {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err)
	}
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}),
	}}
}

// built is a configuration with what was wrong on the way.
type built struct {
	properties object
	warnings   []string
}

func construct(s settings, live object, cluster snapshot) built {
	properties, _, warnings := build(s, gatewayID, live, cluster)
	b := built{properties: properties}
	for _, w := range warnings {
		b.warnings = append(b.warnings, w.ingress.Name+" "+w.reason+": "+w.message)
	}
	return b
}

func (b built) route(t *testing.T, scheme, host, path string) gateway.Answer {
	t.Helper()
	answer, err := gateway.Route(b.properties, gateway.Request{Frontend: "public", Scheme: scheme, Host: host, Path: path})
	if err != nil {
		t.Errorf("%s://%s%s: %v; warnings %v", scheme, host, path, err, b.warnings)
	}
	return answer
}

func (b built) names(collection string) (names []string) {
	for _, o := range list(b.properties, collection) {
		names = append(names, text(o, "name"))
	}
	return names
}

var pods = []string{"10.0.0.8:8443", "10.0.0.9:8443"}

func TestAHostIsServedOverHTTPSAndRedirectedFromHTTP(t *testing.T) {
	b := construct(settings{}, bare(), world(ingress("api", "api.example.com", map[string]string{
		"backend-protocol": "https", "backend-hostname": "inner.example.com", "ssl-redirect": "true", "request-timeout": "60",
		"connection-draining": "true", "connection-draining-timeout": "45", "cookie-based-affinity": "true",
	})))
	want := gateway.Answer{
		Certificate: "cert-apim-tls", Backends: pods, Protocol: "Https", HostHeader: "inner.example.com", Path: "/v1", CookieAffinity: true,
		DrainSeconds: 45, TimeoutSeconds: 60, Probe: &gateway.Probe{
			Protocol: "Https", Host: "inner.example.com", Path: "/healthcheck", Port: 8080, IntervalSeconds: 10, TimeoutSeconds: 5, UnhealthyThreshold: 20,
		},
	}
	got := b.route(t, "https", "api.example.com", "/v1")
	got.Listener, got.Rule = "", ""
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, probe %+v\nwant %+v, probe %+v", got, got.Probe, want, want.Probe)
	}
	if got := b.route(t, "http", "api.example.com", "/v1?a=b"); got.Status != 301 || got.Location != "https://api.example.com/v1?a=b" {
		t.Errorf("over http: %+v", got)
	}
	for collection, want := range map[string][]string{
		"backendAddressPools":           {"pool-apim-api-8065-bp-8443"},
		"backendHttpSettingsCollection": {"bp-apim-api-8065-8443-api"},
		"probes":                        {"pb-apim-api-8065-api"},
		"frontendPorts":                 {"bootstrap", "fp-443"},
		"sslCertificates":               {"cert-apim-tls", "installed"},
	} {
		if got := b.names(collection); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", collection, got, want)
		}
	}
	if !reflect.DeepEqual(b.properties["sku"], bare()["sku"]) {
		t.Error("what isn't AGIC's was changed")
	}
}

func TestTheSameClusterGivesTheSameConfiguration(t *testing.T) {
	cluster := world(ingress("a", "a.example.com", nil), ingress("b", "b.example.com", map[string]string{"ssl-redirect": "true"}), plain(ingress("c", "", nil)))
	first := construct(settings{}, bare(), cluster)
	for range 20 {
		if again := construct(settings{}, bare(), cluster); fingerprint(again.properties) != fingerprint(first.properties) {
			t.Fatal("two runs differ")
		}
	}
	if again := construct(settings{}, first.properties, cluster); fingerprint(again.properties) != fingerprint(first.properties) {
		t.Error("built upon its own result it differs")
	}
}

func TestPathsBecomeRulesAndTheRootTheDefault(t *testing.T) {
	other := path("/admin", networkingv1.PathTypePrefix)
	other.Backend = backendOf("api", 90)
	b := construct(settings{}, bare(), world(
		ingress("api", "api.example.com", nil, path("/", networkingv1.PathTypePrefix), other, path("/exact", networkingv1.PathTypeExact)),
		ingress("more", "api.example.com", nil, path("/more", networkingv1.PathTypePrefix), path("/admin", networkingv1.PathTypePrefix)),
	))
	for path, want := range map[string]string{"/": "10.0.0.8:8443", "/admin/x": "10.0.0.8:8090", "/exact": "10.0.0.8:8443", "/more": "10.0.0.8:8443"} {
		if got := b.route(t, "https", "api.example.com", path); got.Backends[0] != want {
			t.Errorf("%s goes to %v, want %s", path, got.Backends, want)
		}
	}
	maps := list(b.properties, "urlPathMaps")
	if len(maps) != 1 || len(list(maps[0], "pathRules")) != 3 {
		t.Errorf("%d path maps; the second rule for /admin must be dropped: %v", len(maps), maps)
	}
}

func TestRulesAreNumberedHostsFirst(t *testing.T) {
	b := construct(settings{}, bare(), world(
		ingress("a", "a.example.com", nil), ingress("b", "b.example.com", nil), plain(ingress("any", "", nil)),
		ingress("first", "first.example.com", map[string]string{"rule-priority": "19000"}),
	))
	priorities := map[float64]bool{}
	for _, r := range list(b.properties, "requestRoutingRules") {
		priorities[r["priority"].(float64)] = true
	}
	if want := []float64{19000, 19005, 19010, 19500}; !reflect.DeepEqual(slices.Sorted(maps.Keys(priorities)), want) {
		t.Errorf("priorities %v, want %v", priorities, want)
	}
	if got := b.route(t, "http", "elsewhere.example.com", "/"); !reflect.DeepEqual(got.Backends, pods) {
		t.Errorf("the host of no Ingress goes to %v", got.Backends)
	}
}

func TestWithoutIngressesTheGatewayKeepsOneListenerThatLeadsNowhere(t *testing.T) {
	for _, private := range []bool{false, true} {
		b := construct(settings{private: private}, bare(), world())
		frontend := map[bool]string{false: "public", true: "private"}[private]
		_, err := gateway.Route(b.properties, gateway.Request{Frontend: frontend, Scheme: "http", Host: "x"})
		if err == nil || !strings.Contains(err.Error(), "pool defaultaddresspool is empty") {
			t.Errorf("%s: %v", frontend, err)
		}
		if got := b.names("probes"); !reflect.DeepEqual(got, []string{"defaultprobe-Http"}) {
			t.Errorf("probes %v", got)
		}
	}
}

func TestAMissingCertificateMeansPlainHTTP(t *testing.T) {
	cluster := world(ingress("api", "api.example.com", map[string]string{"ssl-redirect": "true"}))
	for name, spoil := range map[string]func(){
		"no Secret":    func() { delete(cluster.secrets, "apim/tls") },
		"another type": func() { cluster.secrets["apim/tls"] = &corev1.Secret{Type: corev1.SecretTypeOpaque} },
		"a key that's not its": func() {
			s := pairOf("apim", "tls")
			s.Data["tls.key"] = pairOf("apim", "tls").Data["tls.key"]
			cluster.secrets["apim/tls"] = s
		},
	} {
		spoil()
		b := construct(settings{}, bare(), cluster)
		if want := []string{"api SecretNotFound: Unable to find the secret associated to secretId: [apim/tls]"}; !reflect.DeepEqual(b.warnings, want) {
			t.Errorf("%s: warnings %v", name, b.warnings)
		}
		if got := b.route(t, "http", "api.example.com", "/"); got.Status != 0 || !reflect.DeepEqual(got.Backends, pods) {
			t.Errorf("%s: over http %+v; AGIC serves it without the redirect", name, got)
		}
		if _, err := gateway.Route(b.properties, gateway.Request{Frontend: "public", Scheme: "https", Host: "api.example.com"}); err == nil {
			t.Errorf("%s: https works", name)
		}
	}
}

func TestAnIngressThatAsksForWhatTheGatewayLacksIsLeftOut(t *testing.T) {
	without := func(name string) object {
		live := bare()
		live["frontendIPConfigurations"] = slices.DeleteFunc(live["frontendIPConfigurations"].([]any), func(f any) bool { return text(f.(object), "name") == name })
		return live
	}
	for _, c := range []struct {
		ingress *networkingv1.Ingress
		live    object
		want    string
	}{
		{ingress("x", "x.example.com", map[string]string{"use-private-ip": "true"}), without("private"), "NoPrivateIP"},
		{ingress("x", "x.example.com", nil), without("public"), "NoPublicIP"},
		{plain(ingress("x", "x.example.com", map[string]string{"ssl-redirect": "true"})), bare(), "RedirectWithNoTLS"},
		{ingress("x", "x.example.com", map[string]string{"appgw-ssl-certificate": "gone"}), bare(), "NoPreInstalledSslCertificate"},
		{ingress("x", "x.example.com", map[string]string{"appgw-ssl-profile": "gone"}), bare(), "NoPreInstalledSslProfile"},
		{ingress("x", "x.example.com", map[string]string{"appgw-trusted-root-certificate": "root,gone"}), bare(), "NoPreInstalledRootCertificate"},
	} {
		live := c.live
		b := construct(settings{private: c.want == "NoPrivateIP"}, live, world(c.ingress))
		if len(b.warnings) != 1 || !strings.HasPrefix(b.warnings[0], "x "+c.want+": ignoring Ingress apim/x as ") {
			t.Errorf("%s: warnings %v", c.want, b.warnings)
		}
		if names := b.names("backendAddressPools"); !reflect.DeepEqual(names, []string{"defaultaddresspool"}) {
			t.Errorf("%s: it is served all the same: pools %v", c.want, names)
		}
	}
}

func TestWhatTheGatewayHasMayBeNamed(t *testing.T) {
	b := construct(settings{}, bare(), world(plain(ingress("x", "x.example.com", map[string]string{
		"appgw-ssl-certificate": "installed", "appgw-trusted-root-certificate": "root", "backend-protocol": "https", "rewrite-rule-set": "headers",
	}))))
	if got := b.route(t, "https", "x.example.com", "/"); got.Certificate != "installed" || got.HostHeader != "10.0.0.8" {
		t.Errorf("%+v; with a root certificate and no host name the address is asked for", got)
	}
	rule := list(b.properties, "requestRoutingRules")[0]
	if !strings.HasSuffix(reference(rule, "rewriteRuleSet"), "/rewriteRuleSets/headers") {
		t.Errorf("rule %v", rule)
	}
}

func TestAServiceWithoutPodsLeadsToTheEmptyPool(t *testing.T) {
	cluster := world(ingress("api", "api.example.com", nil))
	cluster.slices = nil
	b := construct(settings{}, bare(), cluster)
	_, err := gateway.Route(b.properties, gateway.Request{Frontend: "public", Scheme: "https", Host: "api.example.com"})
	if err == nil || !strings.Contains(err.Error(), "defaultaddresspool is empty: 502") || !strings.Contains(fmt.Sprint(b.warnings), "EndpointsEmpty") {
		t.Errorf("%v; warnings %v", err, b.warnings)
	}

	cluster.services = nil
	if b := construct(settings{}, bare(), cluster); !strings.Contains(fmt.Sprint(b.warnings), "api PortResolutionError: Service not found apim/api") {
		t.Errorf("warnings %v", b.warnings)
	}
}

func TestAPortNoPodHasIsReported(t *testing.T) {
	wrong := path("/", networkingv1.PathTypePrefix)
	wrong.Backend = backendOf("api", 1234)
	b := construct(settings{}, bare(), world(ingress("api", "api.example.com", nil, wrong)))
	if all := fmt.Sprint(b.warnings); !strings.Contains(all, "No port matched apim/api") || !strings.Contains(all, "Backend target port 1234 does not have matching endpoint port") {
		t.Errorf("warnings %v", b.warnings)
	}
}

func TestADefaultBackendAloneTakesTheDefaultListener(t *testing.T) {
	i := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "apim", Name: "all"}, Spec: networkingv1.IngressSpec{DefaultBackend: new(backendOf("api", 8065))}}
	b := construct(settings{}, bare(), world(i))
	// The default settings' port, 80, and not the Service's: so it is in AGIC.
	if got := b.route(t, "http", "any.example.com", "/"); !reflect.DeepEqual(got.Backends, []string{"10.0.0.8:80", "10.0.0.9:80"}) {
		t.Errorf("%+v", got)
	}
}

func TestAnnotationsChangeListenersAndProbes(t *testing.T) {
	b := construct(settings{prefix: "x-"}, bare(), world(ingress("api", "api.example.com", map[string]string{
		"hostname-extension": "www.example.com, api.example.com,*.api.example.com", "backend-path-prefix": "/inner/", "health-probe-hostname": "probe.example.com",
		"health-probe-port": "9000", "health-probe-path": "/up*", "health-probe-interval": "7", "health-probe-timeout": "3",
		"health-probe-unhealthy-threshold": "2", "health-probe-status-codes": "200-299, 401", "connection-draining": "true",
	})))
	got := b.route(t, "https", "www.example.com", "/v1")
	probe := &gateway.Probe{
		Protocol: "Http", Host: "probe.example.com", Path: "/up", Port: 9000, IntervalSeconds: 7, TimeoutSeconds: 3, UnhealthyThreshold: 2, StatusCodes: []string{"200-299", "401"},
	}
	if !reflect.DeepEqual(got.Probe, probe) || got.DrainSeconds != 30 || got.Path != "/inner/v1" || got.Certificate != "x-cert-apim-tls" {
		t.Errorf("%+v, probe %+v", got, got.Probe)
	}
	b.route(t, "https", "eu.api.example.com", "/")
}

func TestAValueThatIsNoneIsReportedAndIgnored(t *testing.T) {
	b := construct(settings{}, bare(), world(ingress("api", "api.example.com", map[string]string{
		"request-timeout": "soon", "cookie-based-affinity": "yes please", "backend-protocol": "gopher",
	})))
	if got := b.route(t, "https", "api.example.com", "/"); got.TimeoutSeconds != 30 || got.CookieAffinity || got.Protocol != "Http" {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"request-timeout", "cookie-based-affinity", "backend-protocol"} {
		if !slices.ContainsFunc(b.warnings, func(w string) bool { return strings.HasPrefix(w, "api InvalidAnnotation: annotation "+prefix+name+" ") }) {
			t.Errorf("nothing about %s in %v", name, b.warnings)
		}
	}
}

func TestNoNameIsLongerThanAzureTakes(t *testing.T) {
	long := ingress(strings.Repeat("long-", 20), "api.example.com", nil, path("/a", networkingv1.PathTypePrefix))
	b := construct(settings{prefix: "prefix-"}, bare(), world(long))
	for _, collection := range []string{"backendHttpSettingsCollection", "probes", "httpListeners", "requestRoutingRules", "urlPathMaps"} {
		for _, name := range b.names(collection) {
			if len(name) > 80 {
				t.Errorf("%s: %s has %d characters", collection, name, len(name))
			}
		}
	}
	b.route(t, "https", "api.example.com", "/a")
}

func TestAnIngressBelongsToTheControllerItsClassNames(t *testing.T) {
	s := settings{class: "azure-application-gateway", controller: "azure/application-gateway", classes: true}
	class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: s.class}, Spec: networkingv1.IngressClassSpec{Controller: s.controller}}
	other := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: s.class}, Spec: networkingv1.IngressClassSpec{Controller: "other"}}
	named := func(field *string, old string) *networkingv1.Ingress {
		i := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{IngressClassName: field}}
		if old != "" {
			i.Annotations = map[string]string{"kubernetes.io/ingress.class": old}
		}
		return i
	}
	byDefault := s
	byDefault.isDefault = true
	for _, c := range []struct {
		says     string
		settings settings
		ingress  *networkingv1.Ingress
		class    *networkingv1.IngressClass
		want     bool
	}{
		{"by its field", s, named(&s.class, ""), class, true},
		{"a class of another controller", s, named(&s.class, ""), other, false},
		{"another class", s, named(new("nginx"), ""), class, false},
		{"by the old annotation, which names the controller", s, named(nil, s.controller), class, true},
		{"the class's name in the old annotation", s, named(nil, s.class), class, false},
		{"both: the annotation wins", s, named(&s.class, "nginx"), class, false},
		{"none", s, named(nil, ""), class, false},
		{"none, and AGIC is the default", byDefault, named(nil, ""), class, true},
	} {
		if got := c.settings.serves(c.ingress, []*networkingv1.IngressClass{c.class}); got != c.want {
			t.Errorf("%s: %v", c.says, got)
		}
	}
}
