package agic

import (
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// addDefaults adds the pool, settings and probes that stand in where an Ingress names none.
func (b *builder) addDefaults() {
	pool, settings := b.name(defaultPool), b.name(defaultSettings)
	b.pools[pool] = b.item("backendAddressPools", pool, object{"backendAddresses": []any{}})
	b.backends[settings] = b.item("backendHttpSettingsCollection", settings, plainSettings(80, b.ref("probes", b.defaultProbe("Http"))))
	for _, protocol := range []string{"Http", "Https"} {
		name := b.defaultProbe(protocol)
		b.probes[name] = b.item("probes", name, plainProbe(protocol))
	}
}

func plainSettings(port float64, probe object) object {
	return object{
		"protocol": "Http", "port": port, "probe": probe,
		"pickHostNameFromBackendAddress": false, "cookieBasedAffinity": "Disabled", "requestTimeout": 30.0,
	}
}

func plainProbe(protocol string) object {
	return object{
		"protocol": protocol, "host": "localhost", "path": "/", "interval": 30.0, "timeout": 30.0, "unhealthyThreshold": 3.0,
		"match": object{}, "pickHostNameFromBackendHttpSettings": false, "minServers": 0.0,
	}
}

// backend adds pool, settings and probe of a Service an Ingress names, and returns them as a target.
func (b *builder) backend(ingress *networkingv1.Ingress, at *place, backend *networkingv1.IngressBackend) target {
	if backend.Service == nil {
		return b.target(b.name(defaultPool), b.name(defaultSettings))
	}
	service := b.cluster.services[serviceKey(ingress, backend)]
	port := b.resolvePort(ingress, backend, service)
	probe := b.probe(ingress, at, backend, service, port)
	settings := b.httpSettings(ingress, backend, port, probe)
	return b.target(b.pool(ingress, backend, port), settings)
}

// portName is a Service's port as the Ingress names it: by number or name.
func portName(backend *networkingv1.IngressBackend) string {
	return cmp.Or(backend.Service.Port.Name, strconv.Itoa(int(backend.Service.Port.Number)))
}

// resolvePort finds the pods' port: the smallest that fits. Where none does it is the one the Ingress says, else 80.
func (b *builder) resolvePort(ingress *networkingv1.Ingress, backend *networkingv1.IngressBackend, service *corev1.Service) int {
	name := serviceKey(ingress, backend)
	otherwise := cmp.Or(int(backend.Service.Port.Number), 80)
	if service == nil {
		b.warn(ingress, "PortResolutionError", "Service not found "+name)
		return otherwise
	}
	ports := slices.Sorted(maps.Keys(b.targetPorts(service, portName(backend))))
	if len(ports) == 0 {
		b.warn(ingress, "PortResolutionError", "No port matched "+name)
		return otherwise
	}
	if len(ports) > 1 {
		b.warn(ingress, "PortResolutionError", fmt.Sprintf(
			"service %s and service port %s has more than one service-backend port binding, choosing the smallest service-backend port %d",
			name, portName(backend), ports[0]))
	}
	return ports[0]
}

// targetPorts are the pods' ports behind a Service's port, which may be given by number, name or target.
func (b *builder) targetPorts(service *corev1.Service, port string) map[int]bool {
	out := map[int]bool{}
	for _, p := range service.Spec.Ports {
		if p.Protocol != corev1.ProtocolTCP || !slices.Contains([]string{strconv.Itoa(int(p.Port)), p.Name, p.TargetPort.String()}, port) {
			continue
		}
		if p.TargetPort.Type == intstr.Int {
			out[int(cmp.Or(p.TargetPort.IntVal, p.Port))] = true
			continue
		}
		for _, slice := range b.cluster.slices[key(service)] {
			for _, e := range slice.Ports {
				if e.Name != nil && *e.Name == p.Name && e.Port != nil {
					out[int(*e.Port)] = true
				}
			}
		}
	}
	return out
}

// pool adds the addresses of a Service's pods, ready or not, and returns the pool's name: the default one where there are none.
func (b *builder) pool(ingress *networkingv1.Ingress, backend *networkingv1.IngressBackend, port int) string {
	service := serviceKey(ingress, backend)
	slicesOf := b.cluster.slices[service]
	if len(slicesOf) == 0 {
		b.warn(ingress, "EndpointsEmpty", "Endpoint not found for "+service)
		return b.name(defaultPool)
	}
	name := b.name("pool-%s-%s-bp-%d", strings.Replace(service, "/", "-", 1), portName(backend), port)
	addresses, matched := map[string]object{}, false
	for _, slice := range slicesOf {
		serves := false
		for _, p := range slice.Ports {
			serves = serves || p.Port != nil && int(*p.Port) == port && (p.Protocol == nil || *p.Protocol == corev1.ProtocolTCP)
		}
		if !serves {
			if len(slice.Endpoints) > 0 {
				b.warn(ingress, "BackendPortTargetMatch", fmt.Sprintf("Backend target port %d does not have matching endpoint port", port))
			}
			continue
		}
		for _, e := range slice.Endpoints {
			// Endpoints, which AGIC reads, hold no pods that are going.
			if len(e.Addresses) > 0 && (e.Conditions.Terminating == nil || !*e.Conditions.Terminating) {
				addresses[e.Addresses[0]], matched = object{"ipAddress": e.Addresses[0]}, true
			}
		}
	}
	if !matched {
		return b.name(defaultPool)
	}
	b.pools[name] = b.item("backendAddressPools", name, object{"backendAddresses": inOrder(addresses)})
	return name
}

// httpSettings adds how the pods are spoken to, and returns the settings' name.
func (b *builder) httpSettings(ingress *networkingv1.Ingress, backend *networkingv1.IngressBackend, port int, probe string) string {
	name := b.name("bp-%s-%s-%s-%d-%s", ingress.Namespace, backend.Service.Name, portName(backend), port, ingress.Name)
	s := plainSettings(float64(port), b.ref("probes", probe))
	if path, set := ingress.Annotations[prefix+"backend-path-prefix"]; set {
		s["path"] = path
	}
	if host, set := ingress.Annotations[prefix+"backend-hostname"]; set {
		s["hostName"] = host
	}
	if b.flag(ingress, "connection-draining") {
		seconds, set := b.figure(ingress, "connection-draining-timeout")
		if !set {
			seconds = 30
		}
		s["connectionDraining"] = object{"enabled": true, "drainTimeoutInSec": seconds}
	}
	if b.flag(ingress, "cookie-based-affinity") {
		s["cookieBasedAffinity"] = "Enabled"
	}
	if seconds, set := b.figure(ingress, "request-timeout"); set {
		s["requestTimeout"] = seconds
	}
	if port == 443 {
		s["protocol"] = "Https"
	}
	s["protocol"] = cmp.Or(b.backendProtocol(ingress), text(s, "protocol"))
	if roots := annotation(ingress, "appgw-trusted-root-certificate"); roots != "" {
		var refs []any
		for _, root := range strings.Split(strings.TrimRight(roots, ","), ",") {
			refs = append(refs, b.ref("trustedRootCertificates", root))
		}
		s["trustedRootCertificates"] = refs
		s["pickHostNameFromBackendAddress"] = s["protocol"] == "Https" && text(s, "hostName") == ""
	}
	b.backends[name] = b.item("backendHttpSettingsCollection", name, s)
	return name
}

// probe adds the health probe of a back end and returns its name. It follows the readiness (else liveness) probe of the
// container that has the port, and the annotations outrank both. A back end that no path names gets a default probe.
func (b *builder) probe(
	ingress *networkingv1.Ingress, at *place, backend *networkingv1.IngressBackend, service *corev1.Service, port int,
) string {
	protocol := b.backendProtocol(ingress)
	if service == nil || at == nil {
		return b.defaultProbe(cmp.Or(protocol, "Http"))
	}
	p := plainProbe("Http")
	if at.host != "" && !strings.ContainsAny(at.host, "*?") {
		p["host"] = at.host
	}
	if host, set := ingress.Annotations[prefix+"backend-hostname"]; set {
		p["host"] = host
	}
	if path, set := ingress.Annotations[prefix+"backend-path-prefix"]; set {
		p["path"] = path
	} else if at.path.Path != "" {
		p["path"] = at.path.Path
	}
	if port == 443 || portName(backend) == "443" {
		p["protocol"] = "Https"
	}
	b.followContainer(p, service, backend)
	p["protocol"] = cmp.Or(protocol, text(p, "protocol"))
	b.annotateProbe(p, ingress)
	name := b.name("pb-%s-%s-%s-%s", ingress.Namespace, backend.Service.Name, portName(backend), ingress.Name)
	b.probes[name] = b.item("probes", name, p)
	return name
}

// followContainer takes over what the pods' own HTTP probe says; the first pod speaks for all.
func (b *builder) followContainer(p object, service *corev1.Service, backend *networkingv1.IngressBackend) {
	probe, container := b.containerProbe(service, b.targetPorts(service, portName(backend)))
	if probe == nil {
		return
	}
	get := probe.HTTPGet
	p["host"] = cmp.Or(get.Host, text(p, "host"))
	p["path"] = cmp.Or(get.Path, text(p, "path"))
	port := get.Port.IntVal
	for _, declared := range container.Ports {
		if get.Port.Type == intstr.String && declared.Name == get.Port.StrVal {
			port = declared.ContainerPort
		}
	}
	p["port"] = float64(port)
	p["protocol"] = "Http"
	if get.Scheme == corev1.URISchemeHTTPS || port == 443 {
		p["protocol"] = "Https"
	}
	for name, value := range map[string]int32{
		"interval": probe.PeriodSeconds, "timeout": probe.TimeoutSeconds, "unhealthyThreshold": min(probe.FailureThreshold, 20),
	} {
		if value != 0 {
			p[name] = float64(value)
		}
	}
}

func (b *builder) containerProbe(service *corev1.Service, ports map[int]bool) (*corev1.Probe, corev1.Container) {
	if len(service.Spec.Selector) == 0 {
		return nil, corev1.Container{}
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, pod := range b.cluster.pods {
		if pod.Namespace != service.Namespace || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		for _, c := range pod.Spec.Containers {
			if !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return ports[int(p.ContainerPort)] }) {
				continue
			}
			for _, probe := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe} {
				if probe != nil && probe.HTTPGet != nil {
					return probe, c
				}
			}
			break
		}
		break
	}
	return nil, corev1.Container{}
}

func (b *builder) annotateProbe(p object, ingress *networkingv1.Ingress) {
	p["host"] = cmp.Or(annotation(ingress, "health-probe-hostname"), text(p, "host"))
	p["path"] = strings.TrimRight(cmp.Or(annotation(ingress, "health-probe-path"), text(p, "path")), "*")
	for name, property := range map[string]string{
		"health-probe-port": "port", "health-probe-interval": "interval", "health-probe-timeout": "timeout",
		"health-probe-unhealthy-threshold": "unhealthyThreshold",
	} {
		if n, ok := b.positive(ingress, name); ok {
			p[property] = n
		}
	}
	if codes := annotation(ingress, "health-probe-status-codes"); codes != "" {
		var list []any
		for _, code := range strings.Split(codes, ",") {
			list = append(list, strings.TrimSpace(code))
		}
		p["match"] = object{"statusCodes": list}
	}
}

// keyPair reads a TLS Secret: the leaf certificate and all of it, in base64; empty if it is missing or its halves don't fit.
func (b *builder) keyPair(namespace, secret string) (leaf, all string) {
	s := b.cluster.secrets[namespace+"/"+secret]
	if s == nil || s.Type != corev1.SecretTypeTLS {
		return "", ""
	}
	pair, err := tls.X509KeyPair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return "", ""
	}
	encode := base64.StdEncoding.EncodeToString
	return encode(pair.Certificate[0]), encode(slices.Concat(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey]))
}
