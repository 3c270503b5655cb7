package gateway

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// shop is a gateway with three public hosts, one of them a wildcard, a redirect, a path map and a private host. IDs are names
// here; Azure's are longer and compare without regard to case.
const shop = `{
  "frontendIPConfigurations": [
    {"id": "fe/public", "publicIPAddress": {"id": "ip"}}, {"id": "fe/private", "privateIPAddress": "10.0.2.10", "subnet": {"id": "s"}}],
  "frontendPorts": [{"id": "port/80", "port": 80}, {"id": "port/443", "port": 443}, {"id": "port/8443", "port": 8443}],
  "sslCertificates": [{"id": "cert/shop", "name": "shop"}],
  "httpListeners": [
    {"id": "l/any", "name": "any", "protocol": "Http", "frontendIPConfiguration": {"id": "FE/PUBLIC"}, "frontendPort": {"id": "port/80"}, "hostNames": []},
    {"id": "l/shop", "name": "shop", "protocol": "Https", "frontendIPConfiguration": {"id": "fe/public"}, "frontendPort": {"id": "port/443"}, "hostNames": ["shop.example.com"], "sslCertificate": {"id": "cert/shop"}},
    {"id": "l/wild", "name": "wild", "protocol": "Https", "frontendIPConfiguration": {"id": "fe/public"}, "frontendPort": {"id": "port/443"}, "hostNames": ["*.example.com"], "sslCertificate": {"id": "cert/gone"}},
    {"id": "l/alt", "name": "alt", "protocol": "Https", "frontendIPConfiguration": {"id": "fe/public"}, "frontendPort": {"id": "port/8443"}, "hostName": "alt.example.com", "sslCertificate": {"id": "cert/shop"}},
    {"id": "l/orphan", "name": "orphan", "protocol": "Http", "frontendIPConfiguration": {"id": "fe/private"}, "frontendPort": {"id": "port/80"}, "hostNames": ["orphan.example.com"]},
    {"id": "l/admin", "name": "admin", "protocol": "Http", "frontendIPConfiguration": {"id": "fe/private"}, "frontendPort": {"id": "port/80"}, "hostNames": ["admin.example.com"]}],
  "redirectConfigurations": [
    {"id": "redirect/https", "name": "https", "redirectType": "Permanent", "targetListener": {"id": "l/shop"}, "includePath": true, "includeQueryString": true},
    {"id": "redirect/alt", "name": "alt", "redirectType": "Found", "targetListener": {"id": "l/alt"}},
    {"id": "redirect/away", "name": "away", "redirectType": "SeeOther", "targetUrl": "https://other.example.org"}],
  "backendAddressPools": [
    {"id": "pool/shop", "name": "shop", "backendAddresses": [{"ipAddress": "10.0.0.4"}, {"fqdn": "shop.internal"}]},
    {"id": "pool/empty", "name": "empty", "backendAddresses": []}],
  "backendHttpSettingsCollection": [
    {"id": "set/shop", "name": "shop", "port": 8065, "protocol": "Https", "hostName": "inner.example.com", "cookieBasedAffinity": "Enabled",
     "requestTimeout": 60, "connectionDraining": {"enabled": true, "drainTimeoutInSec": 30}, "probe": {"id": "probe/shop"}},
    {"id": "set/plain", "name": "plain", "port": 80, "protocol": "Http", "cookieBasedAffinity": "Disabled", "requestTimeout": 20, "path": "/v2/",
     "connectionDraining": {"enabled": false, "drainTimeoutInSec": 30}, "pickHostNameFromBackendAddress": true},
    {"id": "set/lost", "name": "lost", "port": 80, "protocol": "Http", "probe": {"id": "probe/lost"}}],
  "probes": [{"id": "probe/shop", "protocol": "Https", "pickHostNameFromBackendHttpSettings": true, "path": "/healthcheck", "interval": 10, "timeout": 5, "unhealthyThreshold": 3, "match": {"statusCodes": ["200-299"]}}],
  "urlPathMaps": [{"id": "map/shop", "name": "shop", "defaultBackendAddressPool": {"id": "pool/shop"}, "defaultBackendHttpSettings": {"id": "set/shop"}, "pathRules": [
    {"name": "broad", "paths": ["/api/*"], "backendAddressPool": {"id": "pool/empty"}, "backendHttpSettings": {"id": "set/plain"}},
    {"name": "narrow", "paths": ["/api/Orders*"], "backendAddressPool": {"id": "pool/shop"}, "backendHttpSettings": {"id": "set/plain"}},
    {"name": "exact", "paths": ["/alt"], "redirectConfiguration": {"id": "redirect/alt"}},
    {"name": "away", "paths": ["/away"], "redirectConfiguration": {"id": "redirect/away"}},
    {"name": "lost", "paths": ["/lost"], "backendAddressPool": {"id": "pool/shop"}, "backendHttpSettings": {"id": "set/lost"}},
    {"name": "poolless", "paths": ["/poolless"], "backendHttpSettings": {"id": "set/plain"}}]}],
  "requestRoutingRules": [
    {"name": "any", "ruleType": "Basic", "priority": 19500, "httpListener": {"id": "l/any"}, "redirectConfiguration": {"id": "redirect/https"}},
    {"name": "shop", "ruleType": "PathBasedRouting", "priority": 19000, "httpListener": {"id": "l/shop"}, "urlPathMap": {"id": "map/shop"}},
    {"name": "wild", "ruleType": "Basic", "priority": 19100, "httpListener": {"id": "l/wild"}, "backendAddressPool": {"id": "pool/shop"}, "backendHttpSettings": {"id": "set/shop"}},
    {"name": "admin", "ruleType": "Basic", "priority": 19010, "httpListener": {"id": "l/admin"}, "backendAddressPool": {"id": "pool/shop"}, "backendHttpSettings": {"id": "set/shop"}}]
}`

func load(t *testing.T) map[string]any {
	t.Helper()
	var properties map[string]any
	if err := json.Unmarshal([]byte(shop), &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

var (
	https   = Request{Frontend: "public", Scheme: "https", Host: "shop.example.com"}
	healthy = &Probe{Protocol: "Https", Host: "inner.example.com", Path: "/healthcheck", IntervalSeconds: 10, TimeoutSeconds: 5, UnhealthyThreshold: 3, StatusCodes: []string{"200-299"}}
	pods    = []string{"10.0.0.4:8065", "shop.internal:8065"}
)

func to(path string) Request {
	r := https
	r.Path = path
	return r
}

func TestARequestGoesWhereTheConfigurationSendsIt(t *testing.T) {
	home := Answer{
		Listener: "shop", Rule: "shop", Certificate: "shop", Backends: pods, Protocol: "Https", HostHeader: "inner.example.com",
		Path: "/", CookieAffinity: true, DrainSeconds: 30, TimeoutSeconds: 60, Probe: healthy,
	}
	narrow := Answer{
		Listener: "shop", Rule: "shop", Certificate: "shop", Backends: []string{"10.0.0.4:80", "shop.internal:80"}, Protocol: "Http",
		HostHeader: "10.0.0.4", Path: "/v2/7?full=1", TimeoutSeconds: 20,
	}
	admin := home
	admin.Listener, admin.Rule, admin.Certificate = "admin", "admin", ""
	other := home
	other.Path = "/apix"
	for _, c := range []struct {
		says    string
		request Request
		want    Answer
	}{
		{"no path is the root", https, home},
		{"what no path rule matches goes to the default", to("/apix"), other},
		{"the longest path wins, in any case, and the override takes its place", to("/API/orders7?full=1"), narrow},
		{"http is redirected with path and query", Request{Frontend: "public", Scheme: "http", Host: "shop.example.com", Path: "/a?b=c"},
			Answer{Listener: "any", Rule: "any", Status: 301, Location: "https://shop.example.com/a?b=c"}},
		{"a redirect may drop the path and lead to another port", to("/alt"),
			Answer{Listener: "shop", Rule: "shop", Certificate: "shop", Status: 302, Location: "https://shop.example.com:8443"}},
		{"a redirect may lead away", to("/away"),
			Answer{Listener: "shop", Rule: "shop", Certificate: "shop", Status: 303, Location: "https://other.example.org"}},
		{"the private frontend has listeners of its own", Request{Frontend: "private", Scheme: "http", Host: "ADMIN.example.com"}, admin},
	} {
		got, err := Route(load(t), c.request)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.says, got, err, c.want)
		}
	}
}

func TestARequestThatLeadsNowhereNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		says    string
		request Request
		want    string
	}{
		{"a host nobody listens for", Request{Frontend: "public", Scheme: "https", Host: "example.org"}, "no https listener for host example.org on public:443"},
		{"a host of the other frontend", Request{Frontend: "private", Scheme: "https", Host: "shop.example.com"}, "no https listener for host shop.example.com on private:443"},
		{"https on a port that speaks http", Request{Frontend: "public", Scheme: "https", Port: 80, Host: "shop.example.com"}, "no https listener"},
		{"a listener without a rule", Request{Frontend: "private", Scheme: "http", Host: "orphan.example.com"}, "no rule for listener orphan"},
		{"a certificate that is gone", Request{Frontend: "public", Scheme: "https", Host: "a.example.com"}, "listener wild: there is no gone among the gateway's sslCertificates"},
		{"an empty pool", to("/api/x"), "pool empty is empty: 502"},
		{"a probe that is gone", to("/lost"), "settings lost: there is no lost among the gateway's probes"},
		{"a rule without a pool", to("/poolless"), "rule shop: backendAddressPool is not set"},
	} {
		if _, err := Route(load(t), c.request); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.says, err, c.want)
		}
	}
}

func TestTheRulesPriorityDecidesBetweenListenersThatBothMatch(t *testing.T) {
	properties := load(t)
	rules := properties["requestRoutingRules"].([]any)
	rules[2].(map[string]any)["priority"] = 1.0 // the wildcard's
	properties["httpListeners"].([]any)[2].(map[string]any)["sslCertificate"] = map[string]any{"id": "cert/shop"}
	if got, err := Route(properties, https); err != nil || got.Listener != "wild" {
		t.Errorf("%+v, %v; want the wildcard, whose rule has the lower number", got, err)
	}
	rules[2].(map[string]any)["priority"] = 20000.0
	if got, err := Route(properties, https); err != nil || got.Listener != "shop" {
		t.Errorf("%+v, %v; want the exact host", got, err)
	}
}

func TestAGatewayWithoutRoutesAnswersNothing(t *testing.T) {
	if _, err := Route(map[string]any{}, https); err == nil {
		t.Error("an empty configuration routed a request")
	}
}
