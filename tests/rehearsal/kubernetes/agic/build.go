package agic

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// builder makes a gateway's configuration from a cluster (pkg/appgw of the real one). It writes nothing but its own fields.
type builder struct {
	settings  settings
	gateway   string // its ID, as Azure spells it
	live      object
	cluster   snapshot
	ingresses []*networkingv1.Ingress // those that passed prune

	certificates map[string]object
	listeners    map[listenerID]listener
	ports        map[int]object
	redirects    map[string]object
	probes       map[string]object
	backends     map[string]object // settings
	pools        map[string]object
	paths        map[listenerID]object

	warnings []warning
}

// warning is an event about an Ingress.
type warning struct {
	ingress         *networkingv1.Ingress
	reason, message string
}

// listener is what is known of one before it is written.
type listener struct {
	protocol    string // Http or Https
	certificate string
	profile     string
	redirect    bool // http of the same hosts leads here
}

// build returns the gateway's properties as the controller wants them: its own collections and tags made anew, everything else
// as it is. It also returns the Ingresses it serves, and what is wrong with them.
func build(s settings, gateway string, live object, cluster snapshot) (wanted object, served []*networkingv1.Ingress, warnings []warning) {
	b := &builder{
		settings: s, gateway: gateway, live: live, cluster: cluster,
		certificates: map[string]object{}, listeners: map[listenerID]listener{}, ports: map[int]object{}, redirects: map[string]object{},
		probes: map[string]object{}, backends: map[string]object{}, pools: map[string]object{}, paths: map[listenerID]object{},
	}
	b.prune()
	b.addDefaults()
	b.addCertificates()
	b.addListeners()
	b.addPaths()
	wanted = maps.Clone(live)
	listeners, ports := b.writeListeners()
	maps.Copy(wanted, object{
		"httpListeners": listeners, "frontendPorts": ports,
		"sslCertificates": inOrder(b.certificates), "redirectConfigurations": inOrder(b.redirects),
	})
	wanted["requestRoutingRules"], wanted["urlPathMaps"] = b.writeRules()
	b.dropUnusedDefaults(wanted)
	wanted["backendAddressPools"], wanted["backendHttpSettingsCollection"] = inOrder(b.pools), inOrder(b.backends)
	wanted["probes"] = inOrder(b.probes)
	return wanted, b.ingresses, b.warnings
}

func (b *builder) warn(ingress *networkingv1.Ingress, reason, message string) {
	w := warning{ingress, reason, message}
	if !slices.Contains(b.warnings, w) {
		b.warnings = append(b.warnings, w)
	}
}

// item is an entry of one of the gateway's collections.
func (b *builder) item(collection, name string, more object) object {
	more["name"], more["id"] = name, b.id(collection, name)
	return more
}

func (b *builder) id(collection, name string) string {
	return b.gateway + "/" + collection + "/" + name
}

func (b *builder) ref(collection, name string) object { return object{"id": b.id(collection, name)} }

// frontend is the name of the gateway's frontend of a type; "" if it has none.
func (b *builder) frontend(kind string) string {
	for _, f := range list(b.live, "frontendIPConfigurations") {
		if public := part(f, "publicIPAddress") != nil; public == (kind == "Public") {
			return text(f, "name")
		}
	}
	return ""
}

func (b *builder) frontendType(ingress *networkingv1.Ingress) string {
	if b.settings.private || ingress != nil && b.flag(ingress, "use-private-ip") {
		return "Private"
	}
	if ingress == nil && b.frontend("Public") == "" {
		return "Private"
	}
	return "Public"
}

// defaultListener is the one a gateway keeps when nothing else is left: it must have one.
func (b *builder) defaultListener() listenerID {
	return listenerID{FrontendPort: 80, FrontendType: b.frontendType(nil)}
}

// addCertificates keeps the gateway's certificates and adds those of the Ingresses. Azure takes a PFX and shows the certificate;
// this gateway opens none, so it is handed what it would show.
func (b *builder) addCertificates() {
	for _, c := range list(b.live, "sslCertificates") {
		b.certificates[text(c, "name")] = c
	}
	for _, ingress := range b.ingresses {
		for _, tls := range ingress.Spec.TLS {
			if tls.SecretName == "" {
				continue
			}
			certificate, private := b.keyPair(ingress.Namespace, tls.SecretName)
			if certificate == "" {
				b.warn(ingress, "SecretNotFound", "Unable to find the secret associated to secretId: ["+ingress.Namespace+"/"+tls.SecretName+"]")
				continue
			}
			name := b.certificateName(ingress.Namespace, tls.SecretName)
			b.certificates[name] = b.item("sslCertificates", name, object{"publicCertData": certificate, "data": private, "password": "msazure"})
		}
	}
}

// certificateName is never shortened by the real one, and refused by Azure where it is too long.
func (b *builder) certificateName(namespace, secret string) string {
	return b.settings.prefix + "cert-" + namespace + "-" + secret
}

// addListeners collects the listeners of all rules. A later Ingress overrides an earlier one that wants the same.
func (b *builder) addListeners() {
	for _, ingress := range b.ingresses {
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP != nil {
				maps.Copy(b.listeners, b.listenersOf(ingress, rule))
			}
		}
	}
	if len(b.listeners) == 0 {
		b.listeners[b.defaultListener()] = listener{protocol: "Http"}
	}
	for id, l := range b.listeners {
		if l.redirect {
			name := b.redirectName(id)
			b.redirects[name] = b.item("redirectConfigurations", name, object{
				"redirectType": "Permanent", "targetListener": b.ref("httpListeners", b.listenerName(id)), "includePath": true, "includeQueryString": true,
			})
		}
	}
}

// listenersOf are a rule's listeners: HTTPS where there is a certificate; HTTP where there is none, or to redirect.
func (b *builder) listenersOf(ingress *networkingv1.Ingress, rule networkingv1.IngressRule) map[listenerID]listener {
	out := map[listenerID]listener{}
	certificate := cmp.Or(b.certificateFor(ingress, rule.Host), annotation(ingress, "appgw-ssl-certificate"))
	redirect := b.flag(ingress, "ssl-redirect")
	if certificate != "" {
		out[b.listenerFor(ingress, rule.Host, 443)] = listener{
			protocol: "Https", certificate: certificate, profile: annotation(ingress, "appgw-ssl-profile"), redirect: redirect,
		}
	}
	if redirect || certificate == "" {
		out[b.listenerFor(ingress, rule.Host, 80)] = listener{protocol: "Http"}
	}
	return out
}

// certificateFor names the certificate of a host: its own entry's, else that of an entry without hosts. It is "" when the
// Secret is missing.
func (b *builder) certificateFor(ingress *networkingv1.Ingress, host string) string {
	byHost := map[string]string{}
	for _, tls := range ingress.Spec.TLS {
		if certificate, _ := b.keyPair(ingress.Namespace, tls.SecretName); certificate == "" {
			continue
		}
		if len(tls.Hosts) == 0 {
			byHost[""] = tls.SecretName
		}
		for _, h := range tls.Hosts {
			byHost[h] = tls.SecretName
		}
	}
	if secret := cmp.Or(byHost[host], byHost[""]); secret != "" {
		return b.certificateName(ingress.Namespace, secret)
	}
	return ""
}

func (b *builder) listenerFor(ingress *networkingv1.Ingress, host string, port int) listenerID {
	if other, ok := b.figure(ingress, "override-frontend-port"); ok && other > 0 && other < 65000 {
		port = int(other)
	}
	id := listenerID{FrontendPort: port, FrontendType: b.frontendType(ingress)}
	hosts := []string{}
	for _, h := range append([]string{host}, strings.Split(annotation(ingress, "hostname-extension"), ",")...) {
		if h = strings.TrimSpace(h); h != "" && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	copy(id.HostNames[:], hosts) // those beyond the limit are lost, as in the real one
	return id
}

// writeListeners turns listeners into the gateway's, and keeps the ports they use under the names they have.
func (b *builder) writeListeners() (listeners, ports []any) {
	for _, p := range list(b.live, "frontendPorts") {
		b.ports[number(p, "port")] = p
	}
	written, used := map[string]object{}, map[string]object{}
	for id, l := range b.listeners {
		port := b.ports[id.FrontendPort]
		if port == nil {
			port = b.item("frontendPorts", b.name("fp-%d", id.FrontendPort), object{"port": float64(id.FrontendPort)})
		}
		used[text(port, "name")] = port
		o := object{
			"protocol": l.protocol, "hostNames": id.hosts(), "requireServerNameIndication": false,
			"frontendIPConfiguration": b.ref("frontendIPConfigurations", b.frontend(id.FrontendType)),
			"frontendPort":            b.ref("frontendPorts", text(port, "name")),
		}
		if l.certificate != "" {
			o["sslCertificate"] = b.ref("sslCertificates", l.certificate)
		}
		if l.profile != "" {
			o["sslProfile"] = b.ref("sslProfiles", l.profile)
		}
		name := b.listenerName(id)
		written[name] = b.item("httpListeners", name, o)
	}
	return inOrder(written), inOrder(used)
}

// inOrder are the values of a map in the order of its keys.
func inOrder(m map[string]object) []any {
	out := make([]any, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[name])
	}
	return out
}
