package arm

import (
	"fmt"
	"strings"
)

const (
	typeRegistry    = "Microsoft.ContainerRegistry/registries"
	typeReplication = "Microsoft.ContainerRegistry/registries/replications"
	registryPath    = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ContainerRegistry/registries/{registryName}"
	registryPage    = "learn: container-registry/container-registry-skus"
)

var _ = register(
	&Type{
		Token: "azure-native:containerregistry:Registry", ARM: typeRegistry, APIVersion: "2023-01-01-preview", Path: registryPath,
		Name: Name{5, 50, `[a-zA-Z0-9]+`, "letters and digits"}, Unique: true, Required: []string{"location", "sku.name"},
		ForceNew: []string{"location", "zoneRedundancy"}, Immutable: []string{"location", "zoneRedundancy"}, ImmutableCode: "PropertyChangeNotAllowed",
		Defaults: Object{"adminUserEnabled": false, "anonymousPullEnabled": false, "dataEndpointEnabled": false, "networkRuleBypassOptions": "AzureServices", "publicNetworkAccess": "Enabled", "zoneRedundancy": "Disabled"},
		Minutes:  Minutes{0.3, 0.2, 0.2},
		Compute: func(c *Call, p Object) {
			p["loginServer"] = strings.ToLower(c.Name) + ".azurecr.io"
			set(p, "sku.tier", text(p, "sku.name"))
			p["status"], p["dataEndpointHostNames"], p["privateEndpointConnections"] = Object{"displayStatus": "Ready"}, []any{}, []any{}
			if images := c.previous("images", nil); images != nil {
				p["images"] = images
			}
			setIdentity(c, p)
		},
		Rules: []Rule{
			values("registry", Documented, "REST API 2023-01-01-preview", map[string][]string{
				"sku.name": {"Basic", "Standard", "Premium"}, "publicNetworkAccess": {"Enabled", "Disabled"}, "zoneRedundancy": {"Enabled", "Disabled"},
				"networkRuleBypassOptions": {"AzureServices", "None"}, "networkRuleSet.defaultAction": {"Allow", "Deny"},
			}),
			{ID: "registry/premium-features", Code: "FeatureNotSupportedForSku", Provenance: Documented, Source: registryPage, Check: func(c *Call) []string {
				if text(c.Inputs, "sku.name") == "Premium" {
					return nil
				}
				var out []string
				for path, used := range map[string]bool{
					"networkRuleSet": has(c.Inputs, "networkRuleSet"), "zoneRedundancy": text(c.Inputs, "zoneRedundancy") == "Enabled",
					"dataEndpointEnabled": truth(c.Inputs, "dataEndpointEnabled"), "publicNetworkAccess": text(c.Inputs, "publicNetworkAccess") == "Disabled",
					"policies.retentionPolicy": text(c.Inputs, "policies.retentionPolicy.status") == "enabled", "policies.trustPolicy": text(c.Inputs, "policies.trustPolicy.status") == "enabled",
				} {
					if used {
						out = append(out, fmt.Sprintf("%s: only in SKU Premium, not %s", path, text(c.Inputs, "sku.name")))
					}
				}
				return out
			}},
			ranges("registry", "InvalidRetentionDays", Documented, "learn: container-registry/container-registry-retention-policy", map[string][2]float64{"policies.retentionPolicy.days": {0, 365}}),
			{ID: "registry/ip-rules", Code: "NetworkRuleInvalid", Provenance: Documented, Source: "learn: container-registry/container-registry-access-selected-networks; 100 rules", Check: func(c *Call) []string {
				rules := objects(c.Inputs, "networkRuleSet.ipRules")
				var out []string
				if len(rules) > 100 {
					out = append(out, fmt.Sprintf("networkRuleSet.ipRules: %d rules; at most 100", len(rules)))
				}
				for i, rule := range rules {
					value := strings.TrimSuffix(text(rule, "iPAddressOrRange"), "/32")
					out = append(out, publicRange(fmt.Sprintf("networkRuleSet.ipRules[%d]", i), value)...)
				}
				return out
			}},
			{ID: "registry/zones", Code: "ZoneRedundancyNotSupported", Provenance: Documented, Source: "learn: container-registry/zone-redundancy", Check: func(c *Call) []string {
				if text(c.Inputs, "zoneRedundancy") == "Enabled" && !hasZones(c.location()) {
					return []string{fmt.Sprintf("zoneRedundancy: region '%s' has no availability zones", c.location())}
				}
				return nil
			}},
			{ID: "registry/sku-downgrade", Code: "CannotDowngradeSku", Status: 409, Provenance: Documented, Source: registryPage, Check: func(c *Call) []string {
				if c.Old != nil && text(c.Inputs, "sku.name") != "Premium" && len(c.Store.below(c.ID, typeReplication)) > 0 {
					return []string{"sku.name: replications exist; they need Premium"}
				}
				return nil
			}},
		},
		DeleteRules: []Rule{mentions("registry/no-endpoints", "PrivateEndpointConnectionExists", 409, Assumed, "delete the endpoint before its target",
			"registry '%s' is the target of %s", typeEndpoint).
			confirmedBy("the first destroy shows the order; delete a spare registry with an endpoint by hand and read the answer")},
	},
	&Type{
		Token: "azure-native:containerregistry:Replication", ARM: typeReplication, APIVersion: "2023-01-01-preview", Path: registryPath + "/replications/{replicationName}",
		Name: Name{5, 50, `[a-zA-Z0-9]+`, "letters and digits"}, Required: []string{"location"}, ForceNew: []string{"location", "zoneRedundancy"},
		Immutable: []string{"location", "zoneRedundancy"}, ImmutableCode: "PropertyChangeNotAllowed", Defaults: Object{"regionEndpointEnabled": true, "zoneRedundancy": "Disabled"},
		Minutes: Minutes{2, 0.5, 1}, Occupies: []Occupies{{Levels: 2}},
		Compute: func(_ *Call, p Object) { p["status"] = Object{"displayStatus": "Ready"} },
		Rules: []Rule{
			{ID: "replication/premium", Code: "FeatureNotSupportedForSku", Provenance: Documented, Source: registryPage, Check: func(c *Call) []string {
				if registry := c.Store.find(c.Store.parentID(c.ID)); registry != nil && text(registry.Properties, "sku.name") != "Premium" {
					return []string{fmt.Sprintf("registryName: '%s' has SKU %s; replications need Premium", registry.Name, text(registry.Properties, "sku.name"))}
				}
				return nil
			}},
			{ID: "replication/another-region", Code: "ReplicationLocationConflict", Status: 409, Provenance: Documented, Source: "learn: container-registry/container-registry-geo-replication", Check: func(c *Call) []string {
				var out []string
				if registry := c.Store.find(c.Store.parentID(c.ID)); registry != nil && normal(text(registry.Properties, "location")) == c.location() {
					out = append(out, fmt.Sprintf("location: '%s' is the registry's own region", c.location()))
				}
				for _, other := range c.Store.below(c.Store.parentID(c.ID), typeReplication) {
					if key(other.ID) != key(c.ID) && normal(text(other.Properties, "location")) == c.location() {
						out = append(out, fmt.Sprintf("location: '%s' already has replication '%s'", c.location(), other.Name))
					}
				}
				return out
			}},
			{ID: "replication/zones", Code: "ZoneRedundancyNotSupported", Provenance: Documented, Source: "learn: container-registry/zone-redundancy", Check: func(c *Call) []string {
				if text(c.Inputs, "zoneRedundancy") == "Enabled" && !hasZones(c.location()) {
					return []string{fmt.Sprintf("zoneRedundancy: region '%s' has no availability zones", c.location())}
				}
				return nil
			}},
		},
	},
)
