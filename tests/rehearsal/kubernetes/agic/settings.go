package agic

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	records "apim-azure/tests/rehearsal/kubernetes"
)

// settings are the values of a release that reach the controller, with the chart's defaults (helm/ingress-azure, 1.9.8).
type settings struct {
	release, namespace string
	// gatewayID is the gateway it manages; subscription, group and gateway are its parts as given.
	gatewayID, subscription, group, gateway string
	// private puts every listener on the private frontend.
	private bool
	// shared means that others have routes on the gateway too.
	shared bool
	// period is the simulated time between two looks at the gateway; 0 is never.
	period time.Duration
	// auth is the kind of credentials, clientID whose.
	auth, clientID string
	// class is the IngressClass served, controller what it must name; both only where classes are enabled.
	class, controller  string
	classes, isDefault bool
	// prefix starts the names of the gateway's parts.
	prefix string
	// namespace restricts the Ingresses served; empty is all.
	watched string
}

func readSettings(r records.Release) settings {
	v := values(r.Values)
	s := settings{
		release: r.Name, namespace: r.Namespace,
		subscription: v.text("appgw", "subscriptionId"), group: v.text("appgw", "resourceGroup"), gateway: v.text("appgw", "name"),
		private: v.truth("appgw", "usePrivateIP"), shared: v.truth("appgw", "shared"),
		auth: v.text("armAuth", "type"), clientID: v.text("armAuth", "identityClientID"),
		class:      cmp.Or(v.text("kubernetes", "ingressClassResource", "name"), "azure-application-gateway"),
		controller: cmp.Or(v.text("kubernetes", "ingressClassResource", "controllerValue"), "azure/application-gateway"),
		classes:    v.text("kubernetes", "ingressClassResource", "enabled") != "false",
		isDefault:  v.truth("kubernetes", "ingressClassResource", "default"),
		prefix:     v.text("appgw", "subResourceNamePrefix"),
		watched:    v.text("kubernetes", "watchNamespace"),
	}
	seconds, _ := strconv.ParseFloat(v.text("reconcilePeriodSeconds"), 64)
	s.period = time.Duration(seconds * float64(time.Second))
	s.gatewayID = cmp.Or(v.text("appgw", "applicationGatewayID"), fmt.Sprintf(
		"/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/applicationGateways/%s", s.subscription, s.group, s.gateway))
	return s
}

// values are a release's values; numbers and truth values are read as Helm would print them.
type values map[string]any

func (v values) text(path ...string) string {
	var at any = map[string]any(v)
	for _, key := range path {
		m, _ := at.(map[string]any)
		at = m[key]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

func (v values) truth(path ...string) bool { return v.text(path...) == "true" }
