package arm

import (
	"fmt"
	"slices"
	"strings"
)

const (
	typePrivateZone = "Microsoft.Network/privateDnsZones"
	typeZoneLink    = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
	linkPage        = "learn: private-link/private-endpoint-overview and private-endpoint-dns"
)

// linkTarget is what a private endpoint may connect to: the group ID per resource type, and the zone its name lives in.
type linkTarget struct{ group, zone string }

var linkTargets = map[string][]linkTarget{
	strings.ToLower(typeMySQL):    {{"mysqlServer", "privatelink.mysql.database.azure.com"}},
	strings.ToLower(typeRegistry): {{"registry", "privatelink.azurecr.io"}},
	strings.ToLower(typeAccount): {
		{"file", "privatelink.file.core.windows.net"}, {"blob", "privatelink.blob.core.windows.net"},
		{"table", "privatelink.table.core.windows.net"}, {"queue", "privatelink.queue.core.windows.net"}, {"dfs", "privatelink.dfs.core.windows.net"},
	},
	strings.ToLower(typeCluster):        {{"management", ""}},
	"microsoft.keyvault/vaults":         {{"vault", "privatelink.vaultcore.azure.net"}},
	"microsoft.recoveryservices/vaults": {{"AzureBackup", ""}, {"AzureSiteRecovery", ""}},
}

// connections are an endpoint's connections, automatic and manual.
func connections(p Object) []Object {
	return append(objects(p, "privateLinkServiceConnections"), objects(p, "manualPrivateLinkServiceConnections")...)
}

var _ = register(
	&Type{
		Token: "azure-native:network:PrivateEndpoint", ARM: typeEndpoint, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}",
		Name: networkName(2, 64), Required: []string{"location", "subnet.id"},
		ForceNew: []string{"subnet"}, Immutable: []string{"location", "subnet.id"}, ImmutableCode: "PrivateEndpointCannotBeUpdatedInVnet",
		SubResources: []string{"privateLinkServiceConnections", "manualPrivateLinkServiceConnections"},
		Minutes:      Minutes{1.5, 1, 1},
		Occupies:     []Occupies{{Property: "subnet.id"}, {Property: "privateLinkServiceId"}},
		Compute:      computeEndpoint,
		Rules: []Rule{
			{ID: "privateendpoint/one-connection", Code: "PrivateEndpointConnectionInvalid", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				if n := len(connections(c.Inputs)); n != 1 {
					return []string{fmt.Sprintf("privateLinkServiceConnections: exactly one connection, automatic or manual, is needed, got %d", n)}
				}
				return nil
			}},
			{ID: "privateendpoint/group", Code: "MissingParameterOnPrivateLinkServiceConnection", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				var out []string
				for i, connection := range connections(c.Inputs) {
					targets, known := linkTargets[strings.ToLower(typeOf(text(connection, "privateLinkServiceId")))]
					groups := texts(connection, "groupIds")
					if !known {
						continue
					}
					if len(groups) != 1 || !slices.ContainsFunc(targets, func(t linkTarget) bool { return t.group == groups[0] }) {
						out = append(out, fmt.Sprintf("privateLinkServiceConnections[%d].groupIds: %v doesn't fit %s", i, groups, typeOf(text(connection, "privateLinkServiceId"))))
					}
				}
				return out
			}},
			{ID: "privateendpoint/registry-premium", Code: "PrivateEndpointFeatureNotSupported", Provenance: Documented, Source: "learn: container-registry/container-registry-private-link", Check: func(c *Call) []string {
				for _, connection := range connections(c.Inputs) {
					if target := c.Store.find(text(connection, "privateLinkServiceId")); target != nil && target.Type == typeRegistry && text(target.Properties, "sku.name") != "Premium" {
						return []string{fmt.Sprintf("privateLinkServiceConnections: registry '%s' has SKU %s; private endpoints need Premium", target.Name, text(target.Properties, "sku.name"))}
					}
				}
				return nil
			}},
			{ID: "privateendpoint/mysql-public-mode", Code: "PrivateLinkNotSupportedForVnetInjectedServer", Provenance: Documented, Source: "learn: mysql/flexible-server/concepts-networking-private-link", Check: func(c *Call) []string {
				for _, connection := range connections(c.Inputs) {
					if target := c.Store.find(text(connection, "privateLinkServiceId")); target != nil && target.Type == typeMySQL && has(target.Properties, "network.delegatedSubnetResourceId") {
						return []string{fmt.Sprintf("privateLinkServiceConnections: server '%s' lives in a delegated subnet; Private Link needs one created with public access", target.Name)}
					}
				}
				return nil
			}},
			regionRule("privateendpoint"),
			subnetRoomRule("privateendpoint", "subnet.id"),
		},
	},
	&Type{
		Token: "azure-native:network:PrivateDnsZoneGroup", ARM: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups", APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
		Name: networkName(1, 80), Required: []string{"privateDnsZoneConfigs"},
		Minutes: Minutes{0.3, 0.3, 0.3},
		Compute: computeZoneGroup,
		Rules: []Rule{
			{ID: "privatednszonegroup/one-per-endpoint", Code: "PrivateDnsZoneGroupLimitReached", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				for _, other := range c.Store.below(c.Store.parentID(c.ID), c.Type.ARM) {
					if key(other.ID) != key(c.ID) {
						return []string{fmt.Sprintf("privateDnsZoneGroupName: the endpoint already has zone group '%s'; it takes one", other.Name)}
					}
				}
				return nil
			}},
			{ID: "privatednszonegroup/at-most-five-zones", Code: "PrivateDnsZoneConfigLimitReached", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				if n := len(list(c.Inputs, "privateDnsZoneConfigs")); n > 5 {
					return []string{fmt.Sprintf("privateDnsZoneConfigs: %d zones; at most 5", n)}
				}
				return nil
			}},
			{ID: "privatednszonegroup/zone-fits-target", Code: "PrivateDnsZoneMismatch", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				endpoint := c.Store.find(c.Store.parentID(c.ID))
				if endpoint == nil {
					return nil
				}
				want := endpointZone(endpoint.Properties)
				var out []string
				for i, config := range objects(c.Inputs, "privateDnsZoneConfigs") {
					if zone := nameIn(text(config, "privateDnsZoneId")); want != "" && zone != want {
						out = append(out, fmt.Sprintf("privateDnsZoneConfigs[%d].privateDnsZoneId: zone '%s' isn't where clients look; the endpoint's target needs '%s'", i, zone, want))
					}
				}
				return out
			}},
		},
	},
	&Type{
		Token: "azure-native:privatedns:PrivateZone", ARM: typePrivateZone, APIVersion: "2024-06-01",
		Path:     "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateDnsZones/{privateZoneName}",
		Name:     Name{3, 253, `[\w-]+(\.[\w-]+){1,33}`, "2 to 34 labels of letters, digits, - and _"},
		Required: []string{"location"}, Global: true, Minutes: Minutes{0.6, 0.1, 0.5},
		Compute: func(_ *Call, p Object) {
			merge(p, Object{"maxNumberOfRecordSets": 25000.0, "maxNumberOfVirtualNetworkLinks": 1000.0, "maxNumberOfVirtualNetworkLinksWithRegistration": 100.0})
		},
		DeleteRules: []Rule{{
			ID: "privatezone/no-links", Code: "CannotDeleteResource", Status: 409, Provenance: Observed, Source: "ARM common errors",
			Check: func(c *Call) []string {
				var out []string
				for _, link := range c.Store.below(c.ID, typeZoneLink) {
					out = append(out, fmt.Sprintf("Can not delete resource before nested resources are deleted: zone '%s' has virtual network link '%s'.", c.Name, link.Name))
				}
				return out
			},
		}},
	},
	&Type{
		Token: "azure-native:privatedns:VirtualNetworkLink", ARM: typeZoneLink, APIVersion: "2024-06-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
		Name: networkName(1, 80), Required: []string{"location", "virtualNetwork.id"}, Global: true,
		Immutable: []string{"virtualNetwork.id"}, ImmutableCode: "CannotUpdateVirtualNetworkReference",
		Defaults: Object{"registrationEnabled": false}, Minutes: Minutes{0.6, 0.2, 0.5},
		Compute: func(_ *Call, p Object) { p["virtualNetworkLinkState"] = "Completed" },
		Rules: []Rule{
			{ID: "virtualnetworklink/one-zone-name-per-network", Code: "Conflict", Status: 409, Provenance: Observed, Source: linkPage, Check: func(c *Call) []string {
				for _, other := range c.Store.ofType(typeZoneLink) {
					sameName := strings.EqualFold(nameIn(c.Store.parentID(other.ID)), c.Path["privateZoneName"])
					if sameName && key(other.ID) != key(c.ID) && key(text(other.Properties, "virtualNetwork.id")) == key(text(c.Inputs, "virtualNetwork.id")) {
						return []string{fmt.Sprintf("virtualNetwork: the network is already linked to a zone named '%s' by '%s'", c.Path["privateZoneName"], other.ID)}
					}
				}
				return nil
			}},
			{ID: "virtualnetworklink/no-registration-for-privatelink", Code: "BadRequest", Provenance: Documented, Source: linkPage, Check: func(c *Call) []string {
				if truth(c.Inputs, "registrationEnabled") && strings.HasPrefix(c.Path["privateZoneName"], "privatelink.") {
					return []string{"registrationEnabled: privatelink zones take no automatic registration"}
				}
				return nil
			}},
		},
	},
)

// endpointZone is the private DNS zone an endpoint's target is looked up in, "" if we don't know.
func endpointZone(p Object) string {
	for _, connection := range connections(p) {
		for _, target := range linkTargets[strings.ToLower(typeOf(text(connection, "privateLinkServiceId")))] {
			if slices.Contains(texts(connection, "groupIds"), target.group) {
				return target.zone
			}
		}
	}
	return ""
}

// computeEndpoint gives an endpoint its network interface and the names its target answers to. A registry takes an address
// for itself and one for its data endpoint.
func computeEndpoint(c *Call, p Object) {
	for _, connection := range connections(p) {
		connection["privateLinkServiceConnectionState"] = Object{"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
	}
	nic := text(p, "customNetworkInterfaceName")
	if nic == "" {
		nic = c.Name + ".nic." + c.GUID("nic")
	}
	nicID := groupOf(c.ID) + "/providers/" + typeNIC + "/" + nic
	p["networkInterfaces"] = []any{Object{"id": nicID}}
	subnet := text(p, "subnet.id")
	var configurations, names []any
	if existing := c.Store.find(nicID); existing != nil {
		p["customDnsConfigs"] = c.previous("customDnsConfigs", []any{})
		return
	}
	c.bring(typeNIC, nicID, Object{"location": c.location(), "ipConfigurations": []any{}})
	for i, host := range endpointHosts(c.Store, p) {
		address := ""
		if wanted := objects(p, "ipConfigurations"); i < len(wanted) {
			address = text(wanted[i], "privateIPAddress")
		}
		if address == "" {
			address = c.Store.freeAddress(subnet)
		}
		configurations = append(configurations, Object{"name": "privateEndpointIpConfig." + itoa(i), "privateIPAddress": address, "subnet": Object{"id": subnet}})
		c.Store.find(nicID).Properties["ipConfigurations"] = configurations
		names = append(names, Object{"fqdn": host, "ipAddresses": []any{address}})
	}
	p["customDnsConfigs"] = names
}

// endpointHosts are the public names that lead to a private endpoint's target.
func endpointHosts(s *Store, p Object) []string {
	all := connections(p)
	if len(all) == 0 {
		return nil
	}
	id := text(all[0], "privateLinkServiceId")
	name, group := nameIn(id), strings.Join(texts(all[0], "groupIds"), "")
	switch group {
	case "mysqlServer":
		return []string{name + ".mysql.database.azure.com"}
	case "registry":
		return registryHosts(s, id)
	case "file", "blob", "table", "queue", "dfs":
		return []string{name + "." + group + ".core.windows.net"}
	}
	return []string{name + "." + group}
}

// registryHosts are a registry's own name and that of its data endpoint in every region it is in.
func registryHosts(s *Store, id string) []string {
	name := nameIn(id)
	hosts := []string{name + ".azurecr.io"}
	target := s.find(id)
	if target == nil {
		return hosts
	}
	for _, r := range append([]*Resource{target}, s.below(id, typeReplication)...) {
		hosts = append(hosts, name+"."+normal(text(r.Properties, "location"))+".data.azurecr.io")
	}
	return hosts
}

// computeZoneGroup shows the records the group writes into its zones.
func computeZoneGroup(c *Call, p Object) {
	endpoint := c.Store.find(c.Store.parentID(c.ID))
	for _, config := range objects(p, "privateDnsZoneConfigs") {
		zone := nameIn(text(config, "privateDnsZoneId"))
		public := strings.TrimPrefix(zone, "privatelink.")
		var records []any
		for _, name := range objects(endpoint.Properties, "customDnsConfigs") {
			host := strings.TrimSuffix(text(name, "fqdn"), "."+public)
			records = append(records, Object{
				"fqdn": host + "." + zone, "recordSetName": host, "recordType": "A", "ttl": 10.0,
				"provisioningState": "Succeeded", "ipAddresses": cloneAny(name["ipAddresses"]),
			})
		}
		config["recordSets"] = records
	}
}

// subnetRoomRule refuses a request for which the subnet has no address left.
func subnetRoomRule(family, path string) Rule {
	return Rule{
		ID: family + "/subnet-has-room", Code: "SubnetIsFull", Provenance: Observed, Source: "ARM common errors",
		Check: func(c *Call) []string {
			subnet := c.referred(path)
			if c.Old != nil || subnet == nil {
				return nil
			}
			if c.Store.freeAddress(subnet.ID) == "" {
				return []string{fmt.Sprintf("%s: subnet '%s' has no free address", path, subnet.Name)}
			}
			return nil
		},
	}
}
