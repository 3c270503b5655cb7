package arm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	typeIdentity   = "Microsoft.ManagedIdentity/userAssignedIdentities"
	typeFederation = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
	typeAssignment = "Microsoft.Authorization/roleAssignments"

	roleIdentityOperator   = "f1a07417-d97a-45cb-824c-7a7467783830"
	roleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	roleContributor        = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	roleOwner              = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
)

// builtinRoles are the role definitions a request may name (learn: role-based-access-control/built-in-roles; more exist in Azure, unknown ones are refused
// because a mistyped GUID looks just like one).
var builtinRoles = map[string]string{
	"7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull", "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
	roleNetworkContributor: "Network Contributor", "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
	"0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8": "Azure Kubernetes Service Cluster Admin Role",
	"4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
	"b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
	roleContributor:                        "Contributor", roleOwner: "Owner",
	"17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor", "e5e2a7ff-d759-4cd2-bb51-3152d37e2eb1": "Storage Account Backup Contributor",
	"0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb": "Storage File Data SMB Share Contributor", "69566ab7-960f-475b-8e7c-b3118f30c6bd": "Storage File Data Privileged Contributor",
	"ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
	roleIdentityOperator: "Managed Identity Operator", "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
	"db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User", "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
	"1c0163c0-47e6-4577-8991-ea5c82e286e4": "Virtual Machine Administrator Login", "fb879df8-f326-4884-b1cf-06f3ad86be52": "Virtual Machine User Login",
	"befefa01-2a29-4197-83a8-272ff33ce314": "DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f": "Private DNS Zone Contributor",
	"3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher", "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
}

const guidPattern = `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`

var _ = register(
	&Type{
		Token: "azure-native:managedidentity:UserAssignedIdentity", ARM: typeIdentity, APIVersion: "2023-01-31",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
		Name: Name{3, 128, `[A-Za-z0-9][\w-]*`, "letters, digits, - and _, starting with a letter or digit"}, Required: []string{"location"},
		ForceNew: []string{"location"}, Immutable: []string{"location"}, ImmutableCode: "InvalidResourceLocation", Minutes: Minutes{0.1, 0.1, 0.1},
		Propagation: propagationMinutes,
		Compute: func(c *Call, p Object) {
			p["principalId"], p["clientId"], p["tenantId"] = c.GUID("principal"), c.GUID("client"), c.Store.tenant()
		},
		DeleteRules: []Rule{mentions("userassignedidentity/not-in-use", "IdentityInUse", 409, Assumed,
			"Azure lets an identity go from under its users, which breaks them later; refused here so that the order is right",
			"identity '%s' is still used by %s", typeCluster, typeVM, typeGateway).
			confirmedBy("delete a spare identity of a machine by hand: if Azure lets it go, the rule is stricter than Azure, on purpose")},
	},
	&Type{
		Token: "azure-native:managedidentity:FederatedIdentityCredential", ARM: typeFederation, APIVersion: "2023-01-31",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
		Name: Name{3, 120, `[A-Za-z0-9][\w-]*`, "letters, digits, - and _, starting with a letter or digit"}, Required: []string{"audiences", "issuer", "subject"},
		Minutes: Minutes{0.1, 0.1, 0.1}, Occupies: []Occupies{{Levels: 2}},
		Rules: []Rule{
			{ID: "federatedidentitycredential/at-most-20", Code: "FederatedIdentityCredentialLimitExceeded", Provenance: Documented, Source: "learn: entra/workload-id/workload-identity-federation-considerations", Check: func(c *Call) []string {
				if n := len(c.Store.below(c.Store.parentID(c.ID), typeFederation)); c.Old == nil && n >= 20 {
					return []string{fmt.Sprintf("the identity has %d credentials; 20 is the limit", n)}
				}
				return nil
			}},
			{ID: "federatedidentitycredential/issuer", Code: "InvalidFederatedIdentityCredentialValue", Provenance: Documented, Source: "learn: entra/workload-id/workload-identity-federation-considerations", Check: func(c *Call) []string {
				var out []string
				if !strings.HasPrefix(text(c.Inputs, "issuer"), "https://") {
					out = append(out, fmt.Sprintf("issuer: '%s' is not an https URL", text(c.Inputs, "issuer")))
				}
				if n := len(list(c.Inputs, "audiences")); n != 1 {
					out = append(out, fmt.Sprintf("audiences: exactly one is supported, got %d", n))
				}
				return out
			}},
			{ID: "federatedidentitycredential/unique-subject", Code: "IssuerAndSubjectAlreadyExists", Status: 409, Provenance: Documented, Source: "learn: entra/workload-id/workload-identity-federation-considerations", Check: func(c *Call) []string {
				for _, other := range c.Store.below(c.Store.parentID(c.ID), typeFederation) {
					if key(other.ID) != key(c.ID) && text(other.Properties, "issuer") == text(c.Inputs, "issuer") && text(other.Properties, "subject") == text(c.Inputs, "subject") {
						return []string{fmt.Sprintf("subject: '%s' from the same issuer is already trusted by '%s'", text(c.Inputs, "subject"), other.Name)}
					}
				}
				return nil
			}},
		},
	},
	&Type{
		Token: "azure-native:authorization:RoleAssignment", ARM: typeAssignment, APIVersion: "2022-04-01",
		Path:     "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
		Name:     Name{36, 36, guidPattern, "a GUID"},
		ForceNew: []string{"principalId", "scope"}, Required: []string{"principalId", "roleDefinitionId"},
		Immutable: []string{"principalId", "roleDefinitionId", "principalType"}, ImmutableCode: "RoleAssignmentUpdateNotPermitted",
		Minutes: Minutes{0.05, 0.05, 0.05}, Propagation: propagationMinutes,
		Compute: func(c *Call, p Object) { p["scope"] = "/" + strings.Trim(c.Path["scope"], "/") },
		Rules: []Rule{
			{ID: "roleassignment/role-known", Code: "RoleDefinitionDoesNotExist", Provenance: Observed, Source: "learn: role-based-access-control/built-in-roles", Check: func(c *Call) []string {
				id := text(c.Inputs, "roleDefinitionId")
				if _, known := builtinRoles[strings.ToLower(nameIn(id))]; !known || !strings.Contains(id, "/providers/Microsoft.Authorization/roleDefinitions/") {
					return []string{fmt.Sprintf("roleDefinitionId: the specified role definition with ID '%s' does not exist", id)}
				}
				return nil
			}},
			{ID: "roleassignment/not-twice", Code: "RoleAssignmentExists", Status: 409, Provenance: Observed, Source: "learn: role-based-access-control/troubleshooting", Check: func(c *Call) []string {
				for _, other := range c.Store.ofType(typeAssignment) {
					if key(other.ID) != key(c.ID) && key(text(other.Properties, "scope")) == key("/"+strings.Trim(c.Path["scope"], "/")) &&
						text(other.Properties, "principalId") == text(c.Inputs, "principalId") && strings.EqualFold(nameIn(text(other.Properties, "roleDefinitionId")), nameIn(text(c.Inputs, "roleDefinitionId"))) {
						return []string{fmt.Sprintf("The role assignment already exists: '%s' gives the same principal the same role on the same scope", other.Name)}
					}
				}
				return nil
			}},
			{ID: "roleassignment/principal", Code: "InvalidPrincipalId", Provenance: Documented, Source: "REST API", Check: func(c *Call) []string {
				if why := (Name{36, 36, guidPattern, "a GUID"}).check(text(c.Inputs, "principalId")); why != "" {
					return []string{"principalId: " + why}
				}
				return oneOf(c.Inputs, "principalType", "User", "Group", "ServicePrincipal", "ForeignGroup", "Device")
			}},
			{ID: "roleassignment/principal-known", Code: "PrincipalNotFound", Provenance: Documented, Source: "learn: role-based-access-control/troubleshooting; with principalType ServicePrincipal the directory isn't asked", Check: func(c *Call) []string {
				id := text(c.Inputs, "principalId")
				owner := c.Store.principal(id)
				if owner == nil || known(owner) || text(c.Inputs, "principalType") == "ServicePrincipal" {
					return nil
				}
				return []string{fmt.Sprintf("Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay.", strings.ReplaceAll(id, "-", ""), c.Store.tenant())}
			}},
			{ID: "roleassignment/principal-type", Code: "UnmatchedPrincipalType", Provenance: Observed, Source: "learn: role-based-access-control/troubleshooting; the SDK's default is User", Check: func(c *Call) []string {
				owner := c.Store.principal(text(c.Inputs, "principalId"))
				if kind := text(c.Inputs, "principalType"); owner != nil && kind != "" && kind != "ServicePrincipal" {
					return []string{fmt.Sprintf("principalType: the PrincipalId of '%s' has type 'ServicePrincipal', which is different from the specified '%s'", owner.Name, kind)}
				}
				return nil
			}},
		},
	},
)

// tenant is the Entra tenant; a store that isn't told one makes one up.
func (s *Store) tenant() string {
	if s.Tenant != "" {
		return s.Tenant
	}
	return guid("tenant", s.Subscription)
}

// principal returns the resource whose identity has a principal ID, or nil.
func (s *Store) principal(id string) *Resource {
	for _, r := range s.all() {
		if text(r.Properties, "principalId") == id && r.Type == typeIdentity || text(r.Properties, "identity.principalId") == id {
			return r
		}
	}
	return nil
}

// propagationMinutes are a planning figure; Azure documents up to ten.
var propagationMinutes = [2]float64{0.5, 2}

// known tells whether a resource is known everywhere by now.
func known(r *Resource) bool { return !time.Now().Before(r.Known) }

// Granted tells whether a principal holds one of the roles, by GUID, on a scope or above it, and everybody knows by now. Contributor
// and Owner count as any of them.
func (s *Store) Granted(principal, scope string, roles ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allowed(principal, scope, roles...)
}

// allowed is Granted for those who hold the lock.
func (s *Store) allowed(principal, scope string, roles ...string) bool {
	roles = append(slices.Clone(roles), roleContributor, roleOwner)
	for _, a := range s.ofType(typeAssignment) {
		role := nameIn(text(a.Properties, "roleDefinitionId"))
		if text(a.Properties, "principalId") == principal && within(scope, text(a.Properties, "scope")) && known(a) &&
			slices.ContainsFunc(roles, func(r string) bool { return strings.EqualFold(r, role) }) {
			return true
		}
	}
	return false
}

// identities are the IDs of the user-assigned identities a resource has, whether they are given as a list or as a map.
func identities(p Object) []string {
	if given, ok := get(p, "identity.userAssignedIdentities").(Object); ok {
		return sortedKeys(given)
	}
	return texts(p, "identity.userAssignedIdentities")
}

// setIdentity shows identities as Azure does: user-assigned ones by ID with their GUIDs, a system-assigned one with its own.
func setIdentity(c *Call, p Object) {
	if !has(p, "identity") {
		return
	}
	if ids := identities(p); len(ids) > 0 {
		shown := Object{}
		for _, id := range ids {
			shown[id] = Object{}
			if r := c.Store.find(id); r != nil {
				shown[id] = Object{"clientId": text(r.Properties, "clientId"), "principalId": text(r.Properties, "principalId")}
			}
		}
		set(p, "identity.userAssignedIdentities", shown)
	}
	if strings.Contains(text(p, "identity.type"), "SystemAssigned") {
		set(p, "identity.principalId", c.previous("identity.principalId", c.GUID("principal")))
		set(p, "identity.tenantId", c.Store.tenant())
	}
}

// identityRule holds an identity block to itself.
func identityRule(family string) Rule {
	return Rule{
		ID: family + "/identity-consistent", Code: "InvalidIdentityValues", Provenance: Documented, Source: "REST API: identity",
		Check: func(c *Call) []string {
			kind, ids := text(c.Inputs, "identity.type"), identities(c.Inputs)
			if strings.Contains(kind, "UserAssigned") != (len(ids) > 0) {
				return []string{fmt.Sprintf("identity: type '%s' doesn't go with %d user-assigned identities", kind, len(ids))}
			}
			return nil
		},
	}
}
