package arm

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

const (
	typeNetwork  = "Microsoft.Network/virtualNetworks"
	typeSubnet   = "Microsoft.Network/virtualNetworks/subnets"
	typeNSG      = "Microsoft.Network/networkSecurityGroups"
	typePublicIP = "Microsoft.Network/publicIPAddresses"
	typeNAT      = "Microsoft.Network/natGateways"
	typeNIC      = "Microsoft.Network/networkInterfaces"
	typeEndpoint = "Microsoft.Network/privateEndpoints"
	typeGateway  = "Microsoft.Network/applicationGateways"

	subnetsPage = "learn: virtual-network/virtual-networks-faq"
	nsgPage     = "learn: virtual-network/network-security-groups-overview"
)

// networkName is the naming rule most of Microsoft.Network shares.
func networkName(shortest, longest int) Name {
	return Name{shortest, longest, `[A-Za-z0-9](?:[\w.-]*\w)?`, "letters, digits, _ . -, start with a letter or digit and end with one or _"}
}

var _ = register(
	&Type{
		Token: "azure-native:network:VirtualNetwork", ARM: typeNetwork, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/virtualNetworks/{virtualNetworkName}",
		Name: networkName(2, 64), Required: []string{"location", "addressSpace.addressPrefixes"},
		ForceNew: []string{"location"}, Immutable: []string{"location"}, ImmutableCode: "InvalidResourceLocation",
		Keep:    []string{"subnets", "virtualNetworkPeerings"},
		Minutes: Minutes{0.1, 0.1, 0.2},
		Compute: func(_ *Call, p Object) {
			merge(p, Object{"subnets": []any{}, "virtualNetworkPeerings": []any{}, "privateEndpointVNetPolicies": "Disabled"})
		},
		Rules: []Rule{
			{
				ID: "virtualnetwork/address-space", Code: "InvalidAddressPrefixFormat", Provenance: Documented, Source: subnetsPage,
				Check: func(c *Call) []string {
					_, problems := prefixes("addressSpace.addressPrefixes", texts(c.Inputs, "addressSpace.addressPrefixes"))
					return problems
				},
			},
			{
				ID: "virtualnetwork/space-holds-subnets", Code: "InUsePrefixCannotBeDeleted", Status: 409, Provenance: Observed, Source: subnetsPage,
				Check: func(c *Call) []string {
					space, _ := prefixes("", texts(c.Inputs, "addressSpace.addressPrefixes"))
					var out []string
					for _, subnet := range c.Store.below(c.ID, typeSubnet) {
						for _, p := range subnetPrefixes(subnet.Properties) {
							if !insideAny(p, space) {
								out = append(out, fmt.Sprintf("addressSpace: subnet '%s' uses %s, which the new space leaves out", subnet.Name, p))
							}
						}
					}
					return out
				},
			},
			{
				ID: "virtualnetwork/no-inline-subnets", Code: "RehearsalUnsupported", Status: 501, Provenance: Assumed,
				Source:  "azure-native issues 74 and 611: inline subnets and Subnet resources undo each other",
				Confirm: "nothing to confirm: Azure takes inline subnets; the stand-in doesn't, and the program has none",
				Check: func(c *Call) []string {
					if c.Old == nil && len(list(c.Inputs, "subnets")) > 0 {
						return []string{"subnets: inline subnets aren't rehearsed; use Subnet resources"}
					}
					return nil
				},
			},
		},
		DeleteRules: []Rule{{
			ID: "virtualnetwork/not-in-use", Code: "InUseSubnetCannotBeDeleted", Status: 400, Provenance: Observed, Source: "ARM common errors",
			Check: func(c *Call) []string {
				var out []string
				for _, subnet := range c.Store.below(c.ID, typeSubnet) {
					out = append(out, subnetUse(c.Store, subnet)...)
				}
				return out
			},
		}},
	},
	&Type{
		Token: "azure-native:network:Subnet", ARM: typeSubnet, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
		Name: networkName(1, 80),
		Defaults: Object{
			"privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled",
		},
		Minutes: Minutes{0.07, 0.07, 0.1}, Occupies: []Occupies{{Levels: 2}},
		Compute: func(_ *Call, p Object) { merge(p, Object{"delegations": []any{}, "serviceEndpoints": []any{}}) },
		Rules: []Rule{
			{
				ID: "subnet/prefix", Code: "NetcfgInvalidSubnet", Provenance: Observed, Source: subnetsPage + ": smallest /29, five addresses reserved",
				Check: checkSubnetPrefix,
			},
			{
				ID: "subnet/no-overlap", Code: "NetcfgSubnetRangesOverlap", Provenance: Observed, Source: "ARM common errors",
				Check: func(c *Call) []string {
					var out []string
					for _, sibling := range c.Store.below(c.Store.parentID(c.ID), typeSubnet) {
						if key(sibling.ID) == key(c.ID) {
							continue
						}
						for _, mine := range subnetPrefixes(c.Inputs) {
							for _, theirs := range subnetPrefixes(sibling.Properties) {
								if mine.Overlaps(theirs) {
									out = append(out, fmt.Sprintf("addressPrefix: subnet '%s' with %s overlaps subnet '%s' with %s", c.Name, mine, sibling.Name, theirs))
								}
							}
						}
					}
					return out
				},
			},
			{
				ID: "subnet/prefix-in-use", Code: "InUseSubnetPrefixCannotBeChanged", Status: 409, Provenance: Observed,
				Source: "a subnet's range is fixed while something has an address in it",
				Check: func(c *Call) []string {
					if c.Old == nil || same(subnetPrefixes(c.Old.Properties), subnetPrefixes(c.Inputs)) {
						return nil
					}
					if use := subnetUse(c.Store, c.Old); use != nil {
						return []string{"addressPrefix: " + use[0]}
					}
					return nil
				},
			},
			{
				ID: "subnet/default-outbound-at-creation", Code: "DefaultOutboundAccessCannotBeChanged", Provenance: Documented,
				Source: "REST API 2024-05-01: defaultOutboundAccess can only be set at the time of subnet creation",
				Check: func(c *Call) []string {
					if c.Old == nil || !has(c.Inputs, "defaultOutboundAccess") || !has(c.Old.Properties, "defaultOutboundAccess") ||
						truth(c.Inputs, "defaultOutboundAccess") == truth(c.Old.Properties, "defaultOutboundAccess") {
						return nil
					}
					return []string{"defaultOutboundAccess: can't be changed after the subnet was created"}
				},
			},
			{
				ID: "subnet/delegation-exclusive", Code: "DelegationCannotBeAdded", Provenance: Documented,
				Source: "learn: virtual-network/subnet-delegation-overview",
				Check: func(c *Call) []string {
					if c.Old == nil || len(list(c.Inputs, "delegations")) == 0 || len(list(c.Old.Properties, "delegations")) > 0 {
						return nil
					}
					if use := subnetUse(c.Store, c.Old); use != nil {
						return []string{"delegations: " + use[0]}
					}
					return nil
				},
			},
			{
				ID: "subnet/service-endpoint-known", Code: "InvalidServiceEndpoint", Provenance: Documented,
				Source: "learn: virtual-network/virtual-network-service-endpoints-overview",
				Check: func(c *Call) []string {
					known := words("Microsoft.Storage Microsoft.Storage.Global Microsoft.Sql Microsoft.AzureCosmosDB Microsoft.KeyVault Microsoft.ServiceBus Microsoft.EventHub Microsoft.Web Microsoft.CognitiveServices Microsoft.ContainerRegistry")
					var out []string
					for i, e := range objects(c.Inputs, "serviceEndpoints") {
						if !slices.Contains(known, text(e, "service")) {
							out = append(out, fmt.Sprintf("serviceEndpoints[%d].service: '%s' is not a service endpoint", i, text(e, "service")))
						}
					}
					return out
				},
			},
			values("subnet", Documented, "REST API 2024-05-01", map[string][]string{
				"privateEndpointNetworkPolicies":    {"Enabled", "Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"},
				"privateLinkServiceNetworkPolicies": {"Enabled", "Disabled"},
			}),
		},
		DeleteRules: []Rule{{
			ID: "subnet/not-in-use", Code: "InUseSubnetCannotBeDeleted", Status: 400, Provenance: Observed, Source: "ARM common errors",
			Check: func(c *Call) []string { return subnetUse(c.Store, c.Old) },
		}},
	},
	&Type{
		Token: "azure-native:network:NetworkSecurityGroup", ARM: typeNSG, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}",
		Name: networkName(1, 80), Required: []string{"location"}, Immutable: []string{"location"}, ImmutableCode: "InvalidResourceLocation",
		SubResources: []string{"securityRules"}, Keep: []string{"securityRules"},
		Minutes: Minutes{0.1, 0.1, 0.2},
		Compute: func(_ *Call, p Object) {
			merge(p, Object{"securityRules": []any{}})
			for _, rule := range objects(p, "securityRules") {
				merge(rule, Object{
					"sourceAddressPrefixes": []any{}, "destinationAddressPrefixes": []any{}, "sourcePortRanges": []any{}, "destinationPortRanges": []any{},
				})
			}
		},
		Rules: []Rule{
			{ID: "networksecuritygroup/rule-names", Code: "SecurityRuleNameConflict", Provenance: Documented, Source: nsgPage, Check: checkRuleNames},
			{ID: "networksecuritygroup/priorities", Code: "SecurityRuleConflict", Provenance: Documented, Source: nsgPage + ": 100 to 4096, unique per direction", Check: checkPriorities},
			{ID: "networksecuritygroup/rule-fields", Code: "SecurityRuleInvalidParameter", Provenance: Documented, Source: nsgPage, Check: checkRuleFields},
			{ID: "networksecuritygroup/address-prefixes", Code: "SecurityRuleInvalidAddressPrefix", Provenance: Observed, Source: nsgPage, Check: checkRuleAddresses},
			{ID: "networksecuritygroup/ports", Code: "SecurityRuleInvalidPortRange", Provenance: Observed, Source: nsgPage, Check: checkRulePorts},
		},
		DeleteRules: []Rule{mentions("networksecuritygroup/not-in-use", "InUseNetworkSecurityGroupCannotBeDeleted", 400, Observed, "ARM common errors",
			"Network security group '%s' cannot be deleted because it is in use by %s.", typeSubnet, typeNIC)},
	},
	&Type{
		Token: "azure-native:network:PublicIPAddress", ARM: typePublicIP, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/publicIPAddresses/{publicIpAddressName}",
		Name: networkName(1, 80), Required: []string{"location"},
		ForceNew:  []string{"location", "publicIPAddressVersion", "publicIPPrefix", "sku"},
		Immutable: []string{"location", "sku", "zones", "publicIPAddressVersion"}, ImmutableCode: "ResourceAvailabilityZonesCannotBeModified",
		Defaults: Object{"publicIPAddressVersion": "IPv4", "idleTimeoutInMinutes": 4.0, "publicIPAllocationMethod": "Dynamic", "sku": Object{"name": "Basic", "tier": "Regional"}},
		Minutes:  Minutes{0.1, 0.1, 0.2},
		Compute: func(c *Call, p Object) {
			if text(p, "publicIPAllocationMethod") == "Static" {
				p["ipAddress"] = c.previous("ipAddress", c.Store.publicAddress(c.ID))
			}
			if label := text(p, "dnsSettings.domainNameLabel"); label != "" {
				set(p, "dnsSettings.fqdn", label+"."+c.location()+".cloudapp.azure.com")
			}
		},
		Rules: []Rule{
			{
				ID: "publicipaddress/standard-static", Code: "PublicIPBasicSkuRetired", Provenance: Documented,
				Source: "Basic public IPs were retired on 2025-09-30; Standard ones are static",
				Check: func(c *Call) []string {
					var out []string
					if sku := text(c.Inputs, "sku.name"); sku != "Standard" && sku != "StandardV2" {
						out = append(out, fmt.Sprintf("sku.name: '%s' is retired; use Standard", sku))
					}
					if m := text(c.Inputs, "publicIPAllocationMethod"); m != "Static" {
						out = append(out, fmt.Sprintf("publicIPAllocationMethod: '%s' isn't possible with a Standard address; use Static", m))
					}
					return out
				},
			},
			zonesRule("publicipaddress", 3),
			ranges("publicipaddress", "InvalidIdleTimeout", Documented, "REST API", map[string][2]float64{"idleTimeoutInMinutes": {4, 30}}),
		},
		DeleteRules: []Rule{mentions("publicipaddress/not-in-use", "PublicIPAddressCannotBeDeleted", 400, Observed, "ARM common errors",
			"Public IP address '%s' can not be deleted since it is still allocated to resource %s.", typeNAT, typeNIC, typeGateway, "Microsoft.Network/loadBalancers")},
	},
	&Type{
		Token: "azure-native:network:NatGateway", ARM: typeNAT, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/natGateways/{natGatewayName}",
		Name: networkName(1, 80), Required: []string{"location", "sku.name"}, Immutable: []string{"location", "zones", "sku"}, ImmutableCode: "ResourceAvailabilityZonesCannotBeModified",
		Defaults: Object{"idleTimeoutInMinutes": 4.0},
		Minutes:  Minutes{0.5, 0.3, 0.2},
		Rules: []Rule{
			zonesRule("natgateway", 1),
			values("natgateway", Documented, "REST API 2024-05-01", map[string][]string{"sku.name": {"Standard"}}),
			ranges("natgateway", "InvalidIdleTimeout", Documented, "REST API", map[string][2]float64{"idleTimeoutInMinutes": {4, 120}}),
			{
				ID: "natgateway/address-zones", Code: "NatGatewayZoneMismatch", Provenance: Documented,
				Source: "learn: nat-gateway/nat-availability-zones",
				Check: func(c *Call) []string {
					zone := texts(c.Inputs, "zones")
					var out []string
					for i, ref := range objects(c.Inputs, "publicIpAddresses") {
						ip := c.Store.find(text(ref, "id"))
						if ip == nil || len(zone) == 0 || len(texts(ip.Properties, "zones")) == 0 {
							continue
						}
						if !slices.Contains(texts(ip.Properties, "zones"), zone[0]) {
							out = append(out, fmt.Sprintf("publicIpAddresses[%d]: '%s' isn't in the gateway's zone %s", i, ip.Name, zone[0]))
						}
					}
					return out
				},
			},
			addressFreeRule("natgateway", "publicIpAddresses", "id"),
		},
		DeleteRules: []Rule{mentions("natgateway/not-in-use", "InUseNatGatewayCannotBeDeleted", 400, Observed, "ARM common errors",
			"NAT gateway '%s' cannot be deleted because it is in use by %s.", typeSubnet)},
	},
	&Type{
		Token: "azure-native:network:NetworkInterface", ARM: typeNIC, APIVersion: "2024-05-01",
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/networkInterfaces/{networkInterfaceName}",
		Name: networkName(1, 80), Required: []string{"location", "ipConfigurations"}, Immutable: []string{"location"}, ImmutableCode: "InvalidResourceLocation",
		SubResources: []string{"ipConfigurations"},
		Minutes:      Minutes{0.1, 0.1, 0.2},
		Compute: func(c *Call, p Object) {
			for i, ip := range objects(p, "ipConfigurations") {
				merge(ip, Object{"privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4", "primary": i == 0})
				if text(ip, "privateIPAddress") == "" {
					if old := c.Old; old != nil && len(objects(old.Properties, "ipConfigurations")) > i {
						ip["privateIPAddress"] = text(objects(old.Properties, "ipConfigurations")[i], "privateIPAddress")
					} else {
						ip["privateIPAddress"] = c.Store.freeAddress(text(ip, "subnet.id"))
					}
				}
			}
			merge(p, Object{"enableIPForwarding": false, "enableAcceleratedNetworking": false, "nicType": "Standard", "macAddress": mac(c.GUID("mac"))})
		},
		Rules: []Rule{
			{ID: "networkinterface/address", Code: "PrivateIPAddressNotInSubnet", Provenance: Observed, Source: "ARM common errors", Check: checkNICAddress},
			{ID: "networkinterface/address-free", Code: "PrivateIPAddressInUse", Provenance: Observed, Source: "ARM common errors", Check: func(c *Call) []string {
				var out []string
				for i, ip := range objects(c.Inputs, "ipConfigurations") {
					address := text(ip, "privateIPAddress")
					if owner := c.Store.addresses(text(ip, "subnet.id"))[address]; address != "" && owner != "" && key(owner) != key(c.ID) {
						out = append(out, fmt.Sprintf("ipConfigurations[%d].privateIPAddress: %s is already allocated to resource %s", i, address, owner))
					}
				}
				return out
			}},
			addressFreeRule("networkinterface", "ipConfigurations", "publicIPAddress.id"),
			regionRule("networkinterface"),
		},
		DeleteRules: []Rule{mentions("networkinterface/not-in-use", "NicInUse", 400, Observed, "ARM common errors",
			"Network interface '%s' is used by %s; delete that first.", typeVM)},
	},
)

// prefixes parses CIDRs; one that isn't a network's address is a problem.
func prefixes(path string, cidrs []string) ([]netip.Prefix, []string) {
	var out []netip.Prefix
	var problems []string
	for i, cidr := range cidrs {
		p, err := netip.ParsePrefix(cidr)
		if err != nil || p != p.Masked() {
			problems = append(problems, fmt.Sprintf("%s[%d]: '%s' is not a network in CIDR form", path, i, cidr))
			continue
		}
		out = append(out, p)
	}
	return out, problems
}

// subnetPrefixes are a subnet's ranges, from the singular or the plural property.
func subnetPrefixes(p Object) []netip.Prefix {
	cidrs := texts(p, "addressPrefixes")
	if single := text(p, "addressPrefix"); single != "" {
		cidrs = []string{single}
	}
	out, _ := prefixes("", cidrs)
	return out
}

func insideAny(p netip.Prefix, space []netip.Prefix) bool {
	return slices.ContainsFunc(space, func(s netip.Prefix) bool { return s.Bits() <= p.Bits() && s.Contains(p.Addr()) })
}

func checkSubnetPrefix(c *Call) []string {
	cidrs := texts(c.Inputs, "addressPrefixes")
	if single := text(c.Inputs, "addressPrefix"); single != "" {
		cidrs = []string{single}
	}
	if len(cidrs) == 0 {
		return []string{"addressPrefix: a subnet needs a range"}
	}
	ranges, problems := prefixes("addressPrefix", cidrs)
	vnet := c.Store.find(c.Store.parentID(c.ID))
	if vnet == nil {
		return problems
	}
	space, _ := prefixes("", texts(vnet.Properties, "addressSpace.addressPrefixes"))
	for _, p := range ranges {
		if !insideAny(p, space) {
			problems = append(problems, fmt.Sprintf("addressPrefix: subnet '%s' with %s is not inside virtual network '%s' with %v", c.Name, p, vnet.Name, space))
		}
		if p.Addr().Is4() && p.Bits() > 29 {
			problems = append(problems, fmt.Sprintf("addressPrefix: %s is smaller than /29, the smallest subnet", p))
		}
	}
	return problems
}

// subnetUse says what keeps a subnet from being deleted: network interfaces, endpoints, gateways, clusters. Service
// endpoint rules of storage accounts don't.
func subnetUse(s *Store, subnet *Resource) []string {
	var out []string
	for _, u := range s.users(subnet.ID, typeNIC, typeEndpoint, typeGateway, typeCluster, typePool, typeMySQL) {
		out = append(out, fmt.Sprintf("Subnet %s is in use by %s and cannot be deleted.", subnet.Name, u.ID))
	}
	return out
}

// zonesRule holds `zones` to the region's zones; most at the given number of entries.
func zonesRule(family string, most int) Rule {
	return Rule{
		ID: family + "/zones", Code: "AvailabilityZoneNotSupported", Provenance: Documented, Source: "learn: reliability/availability-zones-overview",
		Check: func(c *Call) []string {
			zones := texts(c.Inputs, "zones")
			var out []string
			if len(zones) > most {
				out = append(out, fmt.Sprintf("zones: %d zones; at most %d", len(zones), most))
			}
			for _, z := range zones {
				if !slices.Contains([]string{"1", "2", "3"}, z) {
					out = append(out, fmt.Sprintf("zones: '%s' is not one of 1, 2, 3", z))
				}
			}
			if len(zones) > 0 && !hasZones(c.location()) {
				out = append(out, fmt.Sprintf("zones: region '%s' has no availability zones", c.location()))
			}
			return out
		},
	}
}

// addressFreeRule refuses a public address another resource has.
func addressFreeRule(family, collection, ref string) Rule {
	return Rule{
		ID: family + "/public-address-free", Code: "PublicIPAddressInUse", Provenance: Observed, Source: "ARM common errors",
		Check: func(c *Call) []string {
			var out []string
			for i, item := range objects(c.Inputs, collection) {
				id := text(item, ref)
				if id == "" {
					continue
				}
				for _, u := range c.Store.users(id, typeNAT, typeNIC, typeGateway) {
					if key(u.ID) != key(c.ID) {
						out = append(out, fmt.Sprintf("%s[%d].%s: %s is already used by %s", collection, i, ref, nameIn(id), u.ID))
					}
				}
			}
			return out
		},
	}
}

// regionRule holds the network and compute resources a request points at to its own region.
func regionRule(family string) Rule {
	return Rule{
		ID: family + "/same-region", Code: "InvalidResourceReference", Provenance: Documented, Source: "ARM: both resources are in the same region",
		Check: func(c *Call) []string {
			var out []string
			c.references(func(path, id string) {
				if strings.Contains(path, "privateLinkServiceId") {
					return // a private endpoint's target may be elsewhere
				}
				holder := c.Store.covering(id)
				for holder != nil && !has(holder.Properties, "location") {
					holder = c.Store.find(c.Store.parentID(holder.ID)) // a subnet is where its network is
				}
				if holder == nil {
					return
				}
				if there := normal(text(holder.Properties, "location")); there != "global" && there != c.location() {
					out = append(out, fmt.Sprintf("%s: %s is in %s, this resource in %s", path, id, there, c.location()))
				}
			})
			return out
		},
	}
}

// publicAddress hands out an address of the documentation range, so that no rehearsal points at somebody's machine.
func (s *Store) publicAddress(id string) string {
	taken := map[string]bool{}
	for _, ip := range s.ofType(typePublicIP) {
		taken[text(ip.Properties, "ipAddress")] = true
	}
	// Another generation of an address gets another one: a released address is somebody else's.
	start := int(guid(key(id))[0]) + 37*max(s.generations[key(id)]-1, 0)
	for i := range 254 {
		if a := fmt.Sprintf("203.0.113.%d", 1+(start+i)%254); !taken[a] {
			return a
		}
	}
	return ""
}

// addresses maps every address taken in a subnet to its holder.
func (s *Store) addresses(subnet string) map[string]string {
	taken := map[string]string{}
	for _, r := range s.users(subnet, typeNIC, typeGateway) {
		for _, collection := range []string{"ipConfigurations", "frontendIPConfigurations"} {
			for _, ip := range objects(r.Properties, collection) {
				if a := text(ip, "privateIPAddress"); a != "" && key(text(ip, "subnet.id")) == key(subnet) {
					taken[a] = r.ID
				}
			}
		}
	}
	return taken
}

// freeAddress picks the lowest free address of a subnet; Azure keeps the first four and the last.
func (s *Store) freeAddress(subnet string) string {
	r := s.find(subnet)
	if r == nil || len(subnetPrefixes(r.Properties)) == 0 {
		return ""
	}
	p, taken := subnetPrefixes(r.Properties)[0], s.addresses(subnet)
	for a := nth(p, 4); p.Contains(a) && p.Contains(a.Next()); a = a.Next() {
		if taken[a.String()] == "" {
			return a.String()
		}
	}
	return ""
}

func nth(p netip.Prefix, n int) netip.Addr {
	a := p.Addr()
	for range n {
		a = a.Next()
	}
	return a
}

// usable is the number of addresses Azure leaves to the user.
func usable(p netip.Prefix) int { return 1<<(p.Addr().BitLen()-p.Bits()) - 5 }

// reserved says whether an address is one of the five Azure keeps: the first four and the last.
func reserved(p netip.Prefix, a netip.Addr) bool {
	return a.Less(nth(p, 4)) || !p.Contains(a.Next())
}

func checkNICAddress(c *Call) []string {
	var out []string
	for i, ip := range objects(c.Inputs, "ipConfigurations") {
		path := fmt.Sprintf("ipConfigurations[%d]", i)
		if text(ip, "subnet.id") == "" {
			out = append(out, path+".subnet: a network interface needs a subnet")
			continue
		}
		address := text(ip, "privateIPAddress")
		if static := text(ip, "privateIPAllocationMethod") == "Static"; static != (address != "") {
			out = append(out, fmt.Sprintf("%s: privateIPAddress '%s' doesn't go with privateIPAllocationMethod '%s'", path, address, text(ip, "privateIPAllocationMethod")))
		}
		out = append(out, inSubnet(c.Store, path+".privateIPAddress", address, text(ip, "subnet.id"))...)
	}
	return out
}

// inSubnet checks a static address against the subnet it is to live in.
func inSubnet(s *Store, path, address, subnetID string) []string {
	subnet := s.find(subnetID)
	if address == "" || subnet == nil {
		return nil
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return []string{fmt.Sprintf("%s: '%s' is not an address", path, address)}
	}
	for _, p := range subnetPrefixes(subnet.Properties) {
		if p.Contains(a) {
			if reserved(p, a) {
				return []string{fmt.Sprintf("%s: %s is one of the five addresses Azure reserves in %s", path, address, p)}
			}
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %s is outside subnet '%s'", path, address, subnet.Name)}
}

func mac(id string) string {
	hex := strings.ToUpper(strings.ReplaceAll(id, "-", ""))
	return "00-0D-3A-" + hex[0:2] + "-" + hex[2:4] + "-" + hex[4:6]
}
