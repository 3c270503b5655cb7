package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Controller is the way into the cluster.
type Controller string

// The reference's two options. ingress-nginx itself is retired: Traefik reads its annotations behind Azure Load Balancer.
const (
	ApplicationGateway Controller = "applicationGateway"
	LoadBalancer       Controller = "loadBalancer"
)

// IngressClass names the class whose ingresses the controller serves: AGIC's chart creates its own, the other is ours.
func (c Controller) IngressClass() string {
	if c == ApplicationGateway {
		return "azure-application-gateway"
	}
	return "nginx"
}

// SecurityLevel is what the controller's namespace can hold its pods to. Traefik's chart keeps the restricted profile. AGIC's
// mounts a folder of the node, from which it reads the cloud's settings, and runs as root: no level but the lowest lets it in.
// Source: the charts' templates and values (documented).
func (c Controller) SecurityLevel() SecurityLevel {
	if c == ApplicationGateway {
		return Privileged
	}
	return Restricted
}

// ANMEntry is how browsers reach ANM.
type ANMEntry string

// ANM shares the entry point of the other hosts, or has an internal load balancer of its own.
const (
	ANMShared   ANMEntry = "shared"
	ANMInternal ANMEntry = "internal"
)

// PlaceANM decides how browsers reach ANM. Application Gateway can't serve one port on a public and a private address at once,
// so an ANM that is private among public hosts gets an internal load balancer; the opposite is refused.
func PlaceANM(exposure, anmExposure string) (ANMEntry, error) {
	switch {
	case exposure == anmExposure:
		return ANMShared, nil
	case anmExposure == "private":
		return ANMInternal, nil
	default:
		return "", fmt.Errorf("ingress.anmExposure: %q while ingress.exposure is %q; the administration can't be more exposed than the APIs, use %q",
			anmExposure, exposure, exposure)
	}
}

// Drain, cookie and time-out figures: the first three are the reference's, in seconds.
const (
	drainSeconds  = 30
	cookieName    = "API-Gateway-Manager-UI"
	cookieSeconds = 172800
	// requestSeconds is above the 30 seconds after which the gateways themselves give up on a back end.
	requestSeconds = 60
	// uiRequestSeconds leaves API Manager UI time to import a large API.
	uiRequestSeconds = 120
	// maxBody is what Axway's own nginx examples allow; the default of 1 MB would refuse ordinary API imports.
	maxBody = "10m"
)

// Publication is one host as the controller publishes it: HTTPS only, HTTPS to the pods, no path rewriting.
type Publication struct {
	Controller Controller
	// Host is the full host name.
	Host string
	// Private keeps the host on the private address.
	Private bool
	// UI adds cookie affinity and a longer time-out: the reference wants affinity for the user interfaces only.
	UI bool
	// SourceRanges are the CIDRs that may connect. Load balancer only.
	SourceRanges []string
}

// Validate reports what the controller can't do.
func (p Publication) Validate() error {
	if p.Controller == ApplicationGateway && len(p.SourceRanges) > 0 {
		return fmt.Errorf("ingress.sourceRanges: %v with controller %s; AGIC has no source ranges, leave the list empty or use %s",
			p.SourceRanges, ApplicationGateway, LoadBalancer)
	}
	return nil
}

// Annotations are the reference's two lists, each in its controller's terms. The class is never among them: it is the
// ingress's own field, and an ingress with both is refused.
func (p Publication) Annotations() map[string]string {
	if p.Controller == ApplicationGateway {
		return p.gatewayAnnotations()
	}
	return p.nginxAnnotations()
}

func (p Publication) timeout() string {
	if p.UI {
		return strconv.Itoa(uiRequestSeconds)
	}
	return strconv.Itoa(requestSeconds)
}

func (p Publication) gatewayAnnotations() map[string]string {
	const prefix = "appgw.ingress.kubernetes.io/"
	annotations := map[string]string{
		prefix + "backend-protocol": "https",
		// The name the gateway asks the pod's listener for, and checks its certificate against.
		prefix + "backend-hostname":            p.Host,
		prefix + "ssl-redirect":                "true",
		prefix + "connection-draining":         "true",
		prefix + "connection-draining-timeout": strconv.Itoa(drainSeconds),
		prefix + "request-timeout":             p.timeout(),
	}
	if p.UI {
		annotations[prefix+"cookie-based-affinity"] = "true"
	}
	if p.Private {
		annotations[prefix+"use-private-ip"] = "true"
	}
	return annotations
}

func (p Publication) nginxAnnotations() map[string]string {
	const prefix = "nginx.ingress.kubernetes.io/"
	annotations := map[string]string{
		prefix + "backend-protocol": "HTTPS",
		// The pods' certificates are publicly signed, so they are checked here too, as Application Gateway does.
		prefix + "proxy-ssl-verify":   "on",
		prefix + "proxy-ssl-name":     p.Host,
		prefix + "force-ssl-redirect": "true",
		prefix + "proxy-body-size":    maxBody,
		prefix + "proxy-read-timeout": p.timeout(),
		prefix + "proxy-send-timeout": p.timeout(),
	}
	if p.UI {
		annotations[prefix+"affinity"] = "cookie"
		annotations[prefix+"affinity-mode"] = "persistent"
		annotations[prefix+"session-cookie-name"] = cookieName
		annotations[prefix+"session-cookie-expires"] = strconv.Itoa(cookieSeconds)
		annotations[prefix+"session-cookie-max-age"] = strconv.Itoa(cookieSeconds)
		annotations[prefix+"session-cookie-secure"] = "true"
		// Traefik ignores this one; it is kept for the day another controller reads the list.
		annotations[prefix+"session-cookie-change-on-failure"] = "true"
	}
	if len(p.SourceRanges) > 0 {
		annotations[prefix+"whitelist-source-range"] = strings.Join(p.SourceRanges, ",")
	}
	return annotations
}

// InternalAddress are the annotations that put a Service on an internal Azure load balancer at a fixed address of the
// cluster's subnet.
func InternalAddress(address string) map[string]string {
	return map[string]string{
		"service.beta.kubernetes.io/azure-load-balancer-internal": "true",
		"service.beta.kubernetes.io/azure-load-balancer-ipv4":     address,
	}
}

// PublicAddress are the annotations that put a Service on a public address created beforehand, outside the cluster's own
// resource group.
func PublicAddress(resourceGroup, name string) map[string]string {
	return map[string]string{
		"service.beta.kubernetes.io/azure-load-balancer-resource-group": resourceGroup,
		"service.beta.kubernetes.io/azure-pip-name":                     name,
	}
}
