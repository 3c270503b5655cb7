package plan

// ControllerNamespace is where the ingress controllers run, apart from the workloads: they need rights and host paths that
// the workloads' namespace must not grant.
const ControllerNamespace = "ingress-controller"

// CertManagerNamespace is cert-manager's own.
const CertManagerNamespace = "cert-manager"

// Chart is a pinned chart.
type Chart struct {
	// Release names the release, and with it the chart's objects.
	Release string
	// Reference is an OCI address.
	Reference string
	// Version is exact.
	Version string
}

// The charts of the two controllers and of cert-manager. AGIC and cert-manager name their service accounts after the release.
// cert-manager 1.21 supports Kubernetes 1.33 to 1.36. Source: its table of supported releases (documented).
var (
	AGICChart        = Chart{"ingress-azure", "oci://mcr.microsoft.com/azure-application-gateway/charts/ingress-azure", "1.9.8"}
	TraefikChart     = Chart{"traefik", "oci://ghcr.io/traefik/helm/traefik", "41.3.0"}
	CertManagerChart = Chart{"cert-manager", "oci://quay.io/jetstack/charts/cert-manager", "v1.21.2"}
)

// AGICSubject is the subject of AGIC's tokens, for the federated credential of its Azure identity.
func AGICSubject() string {
	return serviceAccountSubject(ControllerNamespace, AGICChart.Release)
}

// CertManagerSubject is the same for cert-manager, which writes records into the public zone as its identity.
func CertManagerSubject() string {
	return serviceAccountSubject(CertManagerNamespace, CertManagerChart.Release)
}

func serviceAccountSubject(namespace, name string) string {
	return "system:serviceaccount:" + namespace + ":" + name
}

// reconcileSeconds is how often AGIC puts its routes back: the shortest it takes. Any change Pulumi makes to the gateway wipes
// them until then.
const reconcileSeconds = 30

// GatewaySite says which Application Gateway AGIC manages.
type GatewaySite struct {
	SubscriptionID, ResourceGroup, Name string
	// Private puts all listeners on the private address.
	Private bool
}

// AGICValues are the values of AGIC's chart, without the identity's client ID, which is known only once the identity exists.
func AGICValues(site GatewaySite, nodeSelector map[string]string) map[string]any {
	return map[string]any{
		"verbosityLevel":         3,
		"reconcilePeriodSeconds": reconcileSeconds,
		"appgw": map[string]any{
			"subscriptionId": site.SubscriptionID,
			"resourceGroup":  site.ResourceGroup,
			"name":           site.Name,
			"usePrivateIP":   site.Private,
			// The stack owns the whole gateway, so AGIC may.
			"shared": false,
		},
		"rbac": map[string]any{"enabled": true},
		"kubernetes": map[string]any{
			"nodeSelector":             anyMap(nodeSelector),
			"ingressClassResource":     map[string]any{"name": ApplicationGateway.IngressClass(), "enabled": true, "default": false, "controllerValue": "azure/application-gateway"},
			"resources":                containerValues(Resources{CPURequest: 100, CPULimit: 500, MemoryRequest: 128, MemoryLimit: 512}),
			"containerSecurityContext": map[string]any{"allowPrivilegeEscalation": false},
		},
	}
}

// TraefikValues are the values of Traefik's chart. The annotations are those of the Service: where the load balancer gets its
// address.
func TraefikValues(annotations, nodeSelector map[string]string, zonal bool) map[string]any {
	return map[string]any{
		"deployment":          map[string]any{"replicas": 2},
		"ports":               map[string]any{"web": draining(), "websecure": draining()},
		"podDisruptionBudget": map[string]any{"enabled": true, "maxUnavailable": 1},
		"nodeSelector":        anyMap(nodeSelector),
		"resources":           containerValues(Resources{CPURequest: 250, CPULimit: 1000, MemoryRequest: 256, MemoryLimit: 512}),
		"topologySpreadConstraints": []any{map[string]any{
			"maxSkew": 1, "topologyKey": SpreadKey(zonal), "whenUnsatisfiable": "ScheduleAnyway",
			"labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "traefik"}},
		}},
		// The class is ours: it must name the controller whose annotations Traefik stands in for.
		"ingressClass": map[string]any{"enabled": false},
		"providers": map[string]any{
			"kubernetesCRD":          map[string]any{"enabled": true},
			"kubernetesIngress":      map[string]any{"enabled": false},
			"kubernetesIngressNGINX": map[string]any{"enabled": true, "controllerClass": NginxController, "publishService": map[string]any{"enabled": true}},
		},
		// The same rules as on Application Gateway: TLS 1.2 or newer, HTTP/1.1, and no certificate for unknown names.
		"tlsOptions": map[string]any{"default": map[string]any{
			"minVersion": "VersionTLS12", "alpnProtocols": []any{"http/1.1"}, "sniStrict": true,
		}},
		"service": map[string]any{
			"annotations": anyMap(annotations),
			// Local keeps the caller's address, which source ranges and the gateways' logs need.
			"spec": map[string]any{"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
		},
		"global": map[string]any{"checkNewVersion": false, "sendAnonymousUsage": false},
	}
}

// draining lets a pod of Traefik's that goes away take calls until the load balancer has noticed, and finish those it has. The chart
// gives it 60 seconds, which is more than both.
func draining() map[string]any {
	return map[string]any{"transport": map[string]any{"lifeCycle": map[string]any{
		"requestAcceptGraceTimeout": noticedSeconds, "graceTimeOut": drainSeconds,
	}}}
}

// noticedSeconds is how long Azure's load balancer may go on sending: two probes, 5 seconds apart. Source: the defaults of its
// health probes on AKS (documented).
const noticedSeconds = 10

// NginxController is the controller named by the class of the load-balancer variant.
const NginxController = "k8s.io/ingress-nginx"

// SpreadKey is the node label pods are spread by: the zone, or the machine where a region has no zones.
func SpreadKey(zonal bool) string {
	if zonal {
		return "topology.kubernetes.io/zone"
	}
	return "kubernetes.io/hostname"
}

func containerValues(r Resources) map[string]any {
	return map[string]any{"requests": anyMap(r.Requests()), "limits": anyMap(r.Limits())}
}

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}
