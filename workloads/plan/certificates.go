package plan

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of cert-manager. Source: its API, version 1 (documented).
const (
	CertificateAPI  = "cert-manager.io/v1"
	IssuerKind      = "Issuer"
	CertificateKind = "Certificate"
)

// IssuerName names the issuer of all hosts' certificates.
const IssuerName = "acme"

// accountSecret is where the issuer keeps its key at the authority.
const accountSecret = "acme-account"

// IssuedSecret names the secret cert-manager writes a host's certificate to. It is not the supplied one's: a stack that changes
// over deletes that one after the new one has been asked for.
func IssuedSecret(object string) string { return CertificateSecret(object) + "-acme" }

// Issuer says how certificates are had from an authority that speaks ACME. The proof for public hosts is an answer over HTTP, given
// by pods the ingress controller leads to; for private ones a record in the public zone of their names.
type Issuer struct {
	// Server is the authority's directory, Email where it writes to.
	Server, Email string
	// Controller leads calls to the pods that answer over HTTP.
	Controller Controller
	// Zone is where the records go. Nil: the proof is given over HTTP.
	Zone *PublicZone
	// NodeSelector picks the nodes of the pods that answer.
	NodeSelector map[string]string
}

// PublicZone is an Azure DNS zone.
type PublicZone struct {
	SubscriptionID, ResourceGroup, Name string
}

// Validate reports all problems.
func (i Issuer) Validate() error {
	var errs []error
	if !strings.HasPrefix(i.Server, "https://") {
		errs = append(errs, fmt.Errorf("ingress.acmeServer: %q; use the https:// address of the authority's directory", i.Server))
	}
	if !strings.Contains(i.Email, "@") {
		errs = append(errs, fmt.Errorf("ingress.acmeEmail: %q; name a mailbox that is read", i.Email))
	}
	if z := i.Zone; z != nil && (z.SubscriptionID == "" || z.ResourceGroup == "" || z.Name == "") {
		errs = append(errs, fmt.Errorf("network.publicDnsZoneId: subscription, group and name are all required, got %v", *z))
	}
	return errors.Join(errs...)
}

// Spec is the issuer's specification. clientID is the client ID of the identity that may write to the zone, of any type that stands
// for a text; it isn't used without a zone.
func (i Issuer) Spec(clientID any) map[string]any {
	return map[string]any{"acme": map[string]any{
		"server": i.Server, "email": i.Email,
		"privateKeySecretRef": map[string]any{"name": accountSecret},
		"solvers":             []any{i.solver(clientID)},
	}}
}

func (i Issuer) solver(clientID any) map[string]any {
	if z := i.Zone; z != nil {
		return map[string]any{"dns01": map[string]any{"azureDNS": map[string]any{
			"environment": "AzurePublicCloud", "subscriptionID": z.SubscriptionID, "resourceGroupName": z.ResourceGroup,
			"hostedZoneName": z.Name, "managedIdentity": map[string]any{"clientID": clientID},
		}}}
	}
	return map[string]any{"http01": map[string]any{"ingress": map[string]any{
		"ingressClassName": i.Controller.IngressClass(),
		// The answer comes from a pod that the controller calls directly: a Service of the kind that opens node ports is not needed.
		"serviceType": "ClusterIP",
		"podTemplate": map[string]any{"spec": map[string]any{"nodeSelector": anyMap(i.NodeSelector)}},
	}}}
}

// CertificateSpec is the specification of one host's certificate. RSA is what every client takes, Application Gateway among them. The
// key changes with each renewal, so that a stolen one serves for a while only.
func CertificateSpec(object, host string) map[string]any {
	return map[string]any{
		"secretName": IssuedSecret(object),
		"dnsNames":   []any{host},
		"issuerRef":  map[string]any{"group": "cert-manager.io", "kind": IssuerKind, "name": IssuerName},
		"privateKey": map[string]any{"algorithm": "RSA", "size": 2048, "rotationPolicy": "Always"},
		"usages":     []any{"digital signature", "key encipherment", "server auth"},
	}
}

// publicResolvers are asked, over HTTPS, whether a record has appeared and whose a name is. The cluster's own answer for private
// hosts from the private zones of the network, where the record will never be; and the network rules let out HTTPS, not DNS.
const publicResolvers = "https://1.1.1.1/dns-query,https://8.8.8.8/dns-query"

// CertManagerValues are the values of cert-manager's chart. With records, its pod gets a token for its Azure identity, and issuers
// that belong to a namespace may use it: only administrators make issuers.
func CertManagerValues(nodeSelector map[string]string, records bool) map[string]any {
	small := containerValues(Resources{CPURequest: 50, CPULimit: 500, MemoryRequest: 128, MemoryLimit: 256})
	values := map[string]any{
		// The definitions stay when the release goes: with them every certificate would.
		"crds":      map[string]any{"enabled": true, "keep": true},
		"global":    map[string]any{"nodeSelector": anyMap(nodeSelector), "leaderElection": map[string]any{"namespace": CertManagerNamespace}},
		"resources": small,
		"webhook":   map[string]any{"resources": small},
		"cainjector": map[string]any{
			"resources": containerValues(Resources{CPURequest: 50, CPULimit: 500, MemoryRequest: 128, MemoryLimit: 512}),
		},
	}
	if records {
		identity := map[string]any{"azure.workload.identity/use": "true"}
		values["podLabels"] = identity
		values["serviceAccount"] = map[string]any{"labels": identity}
		values["extraArgs"] = []any{"--issuer-ambient-credentials=true"}
		values["dns01RecursiveNameserversOnly"] = true
		values["dns01RecursiveNameservers"] = publicResolvers
	}
	return values
}
