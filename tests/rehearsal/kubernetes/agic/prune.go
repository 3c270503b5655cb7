package agic

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// prune leaves out the Ingresses that ask for something the gateway doesn't have, each with an event (pkg/controller/prune.go).
func (b *builder) prune() {
	for _, ingress := range b.cluster.ingresses {
		if reason, why := b.refused(ingress); reason != "" {
			b.warn(ingress, reason, fmt.Sprintf("ignoring Ingress %s/%s as %s", ingress.Namespace, ingress.Name, why))
			continue
		}
		b.ingresses = append(b.ingresses, ingress)
	}
}

func (b *builder) refused(ingress *networkingv1.Ingress) (reason, why string) {
	requires := "it requires Application Gateway " + nameOf(b.gateway) + " to have "
	kind := b.frontendType(ingress)
	certificate, named := ingress.Annotations[prefix+"appgw-ssl-certificate"]
	switch {
	case b.frontend(kind) == "":
		return "No" + kind + "IP", requires + "a " + strings.ToLower(kind) + " IP address"
	case b.flag(ingress, "ssl-redirect") && len(ingress.Spec.TLS) == 0 && certificate == "":
		return "RedirectWithNoTLS", "it has an invalid spec. It is annotated with ssl-redirect: true but is missing a TLS secret"
	case named && !b.has("sslCertificates", certificate):
		return "NoPreInstalledSslCertificate", requires + "pre-installed ssl certificate '" + certificate + "'"
	}
	if profile, named := ingress.Annotations[prefix+"appgw-ssl-profile"]; named && !b.has("sslProfiles", profile) {
		return "NoPreInstalledSslProfile", requires + "pre-installed ssl profile '" + profile + "'"
	}
	if roots, named := ingress.Annotations[prefix+"appgw-trusted-root-certificate"]; named {
		for _, root := range strings.Split(roots, ",") {
			if !b.has("trustedRootCertificates", root) {
				return "NoPreInstalledRootCertificate", requires + "pre-installed root certificate '" + root + "'"
			}
		}
	}
	return "", ""
}

func (b *builder) has(collection, name string) bool {
	return slices.ContainsFunc(list(b.live, collection), func(o object) bool { return text(o, "name") == name })
}

func nameOf(id string) string { return id[strings.LastIndex(id, "/")+1:] }
