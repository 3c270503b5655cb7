package agic

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"apim-azure/tests/rehearsal/azure"
)

// Built-in roles. Contributor and Owner hold the rights of each of them.
const (
	roleReader             = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	roleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	roleIdentityOperator   = "f1a07417-d97a-45cb-824c-7a7467783830"
)

const (
	typeIdentity   = "Microsoft.ManagedIdentity/userAssignedIdentities"
	typeFederation = typeIdentity + "/federatedIdentityCredentials"
)

// signIn returns the principal the controller acts as. With workload identity it swaps its ServiceAccount's token, issued by the
// cluster, for one of the identity, which needs a federated credential for exactly that issuer and subject. The errors' codes
// and words are Entra's (documented: learn.microsoft.com/entra/identity-platform/reference-error-codes).
func (c *controller) signIn() (principal string, err error) {
	if c.settings.auth != "workloadIdentity" {
		return "", fmt.Errorf("armAuth.type %q is not rehearsed; only workloadIdentity is", c.settings.auth)
	}
	account := c.cluster.account(c.settings)
	if account == nil {
		return "", fmt.Errorf("release %s has no ServiceAccount in namespace %s", c.settings.release, c.settings.namespace)
	}
	aks, found := c.options.Subscription.Find(c.options.ClusterID())
	if !found {
		return "", fmt.Errorf("the cluster %q is not in the subscription", c.options.ClusterID())
	}
	issuer := text(part(aks.Properties, "oidcIssuerProfile"), "issuerURL")
	security := part(part(aks.Properties, "securityProfile"), "workloadIdentity")
	if issuer == "" || security["enabled"] != true {
		return "", fmt.Errorf("the cluster gives pods no federated token: its OIDC issuer or workload identity is off")
	}
	resources := c.options.Subscription.Resources()
	at := slices.IndexFunc(resources, func(r azure.Resource) bool {
		return r.Type == typeIdentity && strings.EqualFold(text(r.Properties, "clientId"), c.settings.clientID)
	})
	if at < 0 {
		return "", fmt.Errorf("AADSTS700016: Application with identifier '%s' was not found in the directory", c.settings.clientID)
	}
	subject := "system:serviceaccount:" + account.Namespace + ":" + account.Name
	return text(resources[at].Properties, "principalId"), federated(resources, resources[at].ID, issuer, subject)
}

// federated looks for a credential of the identity; issuer and subject compare with case.
func federated(resources []azure.Resource, identity, issuer, subject string) error {
	issuerKnown := false
	for _, r := range resources {
		below := strings.HasPrefix(strings.ToLower(r.ID), strings.ToLower(identity)+"/")
		if r.Type != typeFederation || !below || text(r.Properties, "issuer") != issuer {
			continue
		}
		if issuerKnown = true; text(r.Properties, "subject") == subject {
			return nil
		}
	}
	if !issuerKnown {
		return fmt.Errorf("AADSTS700211: No matching federated identity record found for presented assertion issuer '%s'", issuer)
	}
	return fmt.Errorf("AADSTS700213: No matching federated identity record found for presented assertion subject '%s'", subject)
}

// mayRead is the controller's first request, a GET of the gateway (pkg/azure/client.go, WaitForGetAccessOnGateway).
func (c *controller) mayRead(principal string) error {
	s := c.settings
	if c.options.Subscription.Granted(principal, s.gatewayID, roleReader, roleNetworkContributor) {
		return nil
	}
	return fmt.Errorf("ErrorApplicationGatewayForbidden: unexpected status code '403' while performing a GET on Application Gateway. "+
		"AGIC Identity %s needs at least 'Contributor' access to Application Gateway '%s' and 'Reader' access to Application Gateway's Resource Group '%s'",
		s.clientID, s.gateway, s.group)
}

// mayWrite checks what a PUT of the gateway needs besides a look: to write it, to join it to its subnet, and to hand it the
// identities it has (documented: learn.microsoft.com/azure/application-gateway/configuration-infrastructure and
// ingress-controller-install-existing).
func (c *controller) mayWrite(principal string, gateway azure.Resource) error {
	const write = "Microsoft.Network/applicationGateways/write"
	if !c.options.Subscription.Granted(principal, gateway.ID, roleNetworkContributor) {
		return fmt.Errorf("StatusCode=403 Code=\"AuthorizationFailed\": the client '%s' does not have authorization to perform action '%s' over scope '%s'",
			principal, write, gateway.ID)
	}
	type link struct{ scope, action, role string }
	var links []link
	for _, configuration := range list(gateway.Properties, "gatewayIPConfigurations") {
		links = append(links, link{reference(configuration, "subnet"), "Microsoft.Network/virtualNetworks/subnets/join/action", roleNetworkContributor})
	}
	for _, id := range slices.Sorted(maps.Keys(part(part(gateway.Properties, "identity"), "userAssignedIdentities"))) {
		links = append(links, link{id, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", roleIdentityOperator})
	}
	for _, l := range links {
		if !c.options.Subscription.Granted(principal, l.scope, l.role) {
			return fmt.Errorf("StatusCode=403 Code=\"LinkedAuthorizationFailed\": the client '%s' has permission to perform action '%s' on scope '%s'; "+
				"however, it does not have permission to perform action '%s' on the linked scope '%s'", principal, write, gateway.ID, l.action, l.scope)
		}
	}
	return nil
}
