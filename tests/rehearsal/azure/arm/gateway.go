package arm

import (
	"fmt"
	"slices"
	"strings"
)

const gatewayPage = "learn: application-gateway/configuration-overview and configuration-infrastructure"

// gatewayLists are the collections of a gateway whose items others point at.
var gatewayLists = words(`gatewayIPConfigurations frontendIPConfigurations frontendPorts backendAddressPools
	backendHttpSettingsCollection httpListeners requestRoutingRules probes redirectConfigurations sslCertificates
	trustedRootCertificates urlPathMaps rewriteRuleSets sslProfiles`)

var _ = register(&Type{
	Token: "azure-native:network:ApplicationGateway", ARM: typeGateway, APIVersion: "2024-05-01",
	Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/applicationGateways/{applicationGatewayName}",
	Name: networkName(1, 80),
	Required: []string{"location", "sku.name", "sku.tier", "gatewayIPConfigurations", "frontendIPConfigurations", "frontendPorts",
		"backendAddressPools", "backendHttpSettingsCollection", "httpListeners", "requestRoutingRules"},
	Immutable: []string{"location", "zones"}, ImmutableCode: "ResourceAvailabilityZonesCannotBeModified",
	SubResources: gatewayLists,
	Minutes:      Minutes{6, 3, 5},
	WriteOnly:    nil,
	Compute:      computeGateway,
	Rules: []Rule{
		{ID: "applicationgateway/sku", Code: "ApplicationGatewayV1SkuRetired", Provenance: Documented, Source: "v1 was retired on 2026-04-28", Check: func(c *Call) []string {
			name, tier := text(c.Inputs, "sku.name"), text(c.Inputs, "sku.tier")
			if name != tier || !slices.Contains([]string{"Standard_v2", "WAF_v2", "Basic"}, name) {
				return []string{fmt.Sprintf("sku: name '%s' and tier '%s' must both be Standard_v2 or WAF_v2", name, tier)}
			}
			return nil
		}},
		{ID: "applicationgateway/capacity", Code: "ApplicationGatewayInvalidCapacity", Provenance: Documented, Source: gatewayPage + ": 1 to 125, or autoscaling, not both", Check: func(c *Call) []string {
			capacity, fixed := number(c.Inputs, "sku.capacity")
			scales := has(c.Inputs, "autoscaleConfiguration")
			if fixed == scales {
				return []string{"sku.capacity: exactly one of sku.capacity and autoscaleConfiguration must be set"}
			}
			if fixed && (capacity < 1 || capacity > 125) {
				return []string{fmt.Sprintf("sku.capacity: %v is outside 1 to 125", capacity)}
			}
			return slices.Concat(between(c.Inputs, "autoscaleConfiguration.minCapacity", 0, 100), between(c.Inputs, "autoscaleConfiguration.maxCapacity", 2, 125))
		}},
		zonesRule("applicationgateway", 3),
		{ID: "applicationgateway/subnet", Code: "ApplicationGatewaySubnetCannotHaveOtherResources", Provenance: Observed, Source: gatewayPage + ": a subnet of its own", Check: checkGatewaySubnet},
		{ID: "applicationgateway/subnet-size", Code: "ApplicationGatewaySubnetHasInsufficientIpAddresses", Provenance: Documented, Source: gatewayPage + ": one address per instance and one per private frontend", Check: func(c *Call) []string {
			subnet := gatewaySubnet(c)
			if subnet == nil || len(subnetPrefixes(subnet.Properties)) == 0 {
				return nil
			}
			need := max(whole(c.Inputs, "sku.capacity"), whole(c.Inputs, "autoscaleConfiguration.maxCapacity")) + 1
			if room := usable(subnetPrefixes(subnet.Properties)[0]); room < need {
				return []string{fmt.Sprintf("gatewayIPConfigurations[0].subnet: '%s' holds %d addresses, %d needed", subnet.Name, room, need)}
			}
			return nil
		}},
		{ID: "applicationgateway/subnet-nsg", Code: "ApplicationGatewaySubnetInboundTrafficBlockedByNetworkSecurityGroup", Provenance: Observed, Source: gatewayPage + ": 65200-65535 from GatewayManager", Check: checkGatewayNSG},
		{ID: "applicationgateway/frontends", Code: "ApplicationGatewayInvalidFrontendIpConfiguration", Provenance: Documented, Source: gatewayPage, Check: checkFrontends},
		{ID: "applicationgateway/public-frontend-needed", Code: "ApplicationGatewayV2SkuMustSpecifyPublicIpAddress", Provenance: Documented, Source: "needed unless the subscription has EnableApplicationGatewayNetworkIsolation", Check: func(c *Call) []string {
			for _, f := range objects(c.Inputs, "frontendIPConfigurations") {
				if has(f, "publicIPAddress.id") {
					return nil
				}
			}
			return []string{"frontendIPConfigurations: one with a public IP address is needed"}
		}},
		{ID: "applicationgateway/public-address", Code: "ApplicationGatewayPublicIpZoneMismatch", Provenance: Documented, Source: gatewayPage + ": a Standard address, in every zone of the gateway", Check: func(c *Call) []string {
			var out []string
			for i, f := range objects(c.Inputs, "frontendIPConfigurations") {
				ip := c.Store.find(text(f, "publicIPAddress.id"))
				if ip == nil {
					continue
				}
				for _, zone := range texts(c.Inputs, "zones") {
					if !slices.Contains(texts(ip.Properties, "zones"), zone) {
						out = append(out, fmt.Sprintf("frontendIPConfigurations[%d].publicIPAddress: '%s' isn't in zone %s", i, ip.Name, zone))
					}
				}
			}
			return out
		}},
		addressFreeRule("applicationgateway", "frontendIPConfigurations", "publicIPAddress.id"),
		{ID: "applicationgateway/parts-exist", Code: "InvalidResourceReference", Provenance: Observed, Source: "azure-native issue 631", Check: checkGatewayParts},
		{ID: "applicationgateway/unique-names", Code: "ApplicationGatewayDuplicateName", Provenance: Assumed, Source: gatewayPage,
			Confirm: "send a gateway with two listeners of one name with `az rest` and read the answer", Check: func(c *Call) []string {
				var out []string
				for _, collection := range gatewayLists {
					seen := map[string]bool{}
					for _, item := range objects(c.Inputs, collection) {
						if name := text(item, "name"); seen[name] || name == "" {
							out = append(out, fmt.Sprintf("%s: name '%s' is empty or used twice", collection, name))
						} else {
							seen[name] = true
						}
					}
				}
				return out
			}},
		{ID: "applicationgateway/rule-priority", Code: "ApplicationGatewayRequestRoutingRulePriorityInvalid", Provenance: Documented, Source: "required since API 2021-08-01: 1 to 20000, unique", Check: func(c *Call) []string {
			var out []string
			seen := map[int]string{}
			for i, rule := range objects(c.Inputs, "requestRoutingRules") {
				priority := whole(rule, "priority")
				if priority < 1 || priority > 20000 {
					out = append(out, fmt.Sprintf("requestRoutingRules[%d].priority: %d is outside 1 to 20000", i, priority))
				} else if other := seen[priority]; other != "" {
					out = append(out, fmt.Sprintf("requestRoutingRules[%d].priority: %d is taken by '%s'", i, priority, other))
				}
				seen[priority] = text(rule, "name")
			}
			return out
		}},
		{ID: "applicationgateway/https-certificate", Code: "ApplicationGatewayHttpsListenerMustReferenceSslCert", Provenance: Observed, Source: gatewayPage, Check: func(c *Call) []string {
			var out []string
			for i, l := range objects(c.Inputs, "httpListeners") {
				if text(l, "protocol") == "Https" && !has(l, "sslCertificate.id") {
					out = append(out, fmt.Sprintf("httpListeners[%d].sslCertificate: an Https listener needs one", i))
				}
			}
			return out
		}},
		{ID: "applicationgateway/listeners-distinct", Code: "ApplicationGatewayListenersHaveSameFrontend", Provenance: Documented, Source: gatewayPage, Check: func(c *Call) []string {
			var out []string
			seen := map[string]string{}
			for i, l := range objects(c.Inputs, "httpListeners") {
				slot := text(l, "frontendIPConfiguration.id") + text(l, "frontendPort.id") + text(l, "hostName") + strings.Join(texts(l, "hostNames"), ",")
				if other := seen[slot]; other != "" {
					out = append(out, fmt.Sprintf("httpListeners[%d]: same frontend, port and host as '%s'", i, other))
				}
				seen[slot] = text(l, "name")
			}
			return out
		}},
		{ID: "applicationgateway/ssl-policy", Code: "ApplicationGatewaySslPolicyInvalid", Provenance: Documented, Source: "TLS 1.0 and 1.1 ended on 2025-08-31", Check: func(c *Call) []string {
			switch name := text(c.Inputs, "sslPolicy.policyName"); name {
			case "", "AppGwSslPolicy20170401S", "AppGwSslPolicy20220101", "AppGwSslPolicy20220101S":
				if v := text(c.Inputs, "sslPolicy.minProtocolVersion"); v == "TLSv1_0" || v == "TLSv1_1" {
					return []string{"sslPolicy.minProtocolVersion: " + v + " is no longer offered"}
				}
				return nil
			default:
				return []string{fmt.Sprintf("sslPolicy.policyName: '%s' is not offered any more; use AppGwSslPolicy20220101", name)}
			}
		}},
		{ID: "applicationgateway/timers", Code: "ApplicationGatewayBackendHttpSettingsInvalid", Provenance: Documented, Source: gatewayPage, Check: func(c *Call) []string {
			var out []string
			for i, s := range objects(c.Inputs, "backendHttpSettingsCollection") {
				for _, problem := range slices.Concat(between(s, "port", 1, 65535), between(s, "requestTimeout", 1, 86400), between(s, "connectionDraining.drainTimeoutInSec", 1, 3600), oneOf(s, "cookieBasedAffinity", "Enabled", "Disabled")) {
					out = append(out, fmt.Sprintf("backendHttpSettingsCollection[%d].%s", i, problem))
				}
			}
			for i, p := range objects(c.Inputs, "probes") {
				for _, problem := range slices.Concat(between(p, "interval", 1, 86400), between(p, "timeout", 1, 86400), between(p, "unhealthyThreshold", 1, 20)) {
					out = append(out, fmt.Sprintf("probes[%d].%s", i, problem))
				}
			}
			return out
		}},
		{ID: "applicationgateway/identity", Code: "ApplicationGatewayIdentityInvalid", Provenance: Documented, Source: "Key Vault certificates need a user-assigned identity and a versionless secret", Check: func(c *Call) []string {
			var out []string
			for i, cert := range objects(c.Inputs, "sslCertificates") {
				secret := text(cert, "keyVaultSecretId")
				if secret == "" {
					continue
				}
				if len(identities(c.Inputs)) == 0 {
					out = append(out, "identity: sslCertificates from Key Vault need a user-assigned identity")
				}
				if strings.Count(strings.TrimPrefix(secret, "https://"), "/") > 2 {
					out = append(out, fmt.Sprintf("sslCertificates[%d].keyVaultSecretId: must not name a version", i))
				}
			}
			return out
		}},
		regionRule("applicationgateway"),
	},
})

func gatewaySubnet(c *Call) *Resource {
	for _, config := range objects(c.Inputs, "gatewayIPConfigurations") {
		return c.Store.find(text(config, "subnet.id"))
	}
	return nil
}

func checkGatewaySubnet(c *Call) []string {
	subnet := gatewaySubnet(c)
	if subnet == nil {
		return nil
	}
	var out []string
	for _, u := range c.Store.users(subnet.ID, typeNIC, typeEndpoint, typeCluster, typePool) {
		out = append(out, fmt.Sprintf("gatewayIPConfigurations[0].subnet: '%s' also holds %s; a gateway's subnet holds gateways only", subnet.Name, u.ID))
	}
	if len(list(subnet.Properties, "delegations")) > 0 {
		out = append(out, fmt.Sprintf("gatewayIPConfigurations[0].subnet: '%s' is delegated", subnet.Name))
	}
	return out
}

// checkGatewayNSG looks for the rule that lets Azure manage the gateway.
func checkGatewayNSG(c *Call) []string {
	subnet := gatewaySubnet(c)
	if subnet == nil {
		return nil
	}
	nsg := c.Store.find(text(subnet.Properties, "networkSecurityGroup.id"))
	if nsg == nil {
		return nil
	}
	for _, rule := range objects(nsg.Properties, "securityRules") {
		source := text(rule, "sourceAddressPrefix")
		ports := append(texts(rule, "destinationPortRanges"), text(rule, "destinationPortRange"))
		if text(rule, "direction") == "Inbound" && text(rule, "access") == "Allow" && slices.Contains([]string{"GatewayManager", "*", "Internet"}, source) &&
			(slices.Contains(ports, "65200-65535") || slices.Contains(ports, "*")) {
			return nil
		}
	}
	return []string{fmt.Sprintf("gatewayIPConfigurations[0].subnet: network security group '%s' blocks incoming internet traffic on ports 65200 - 65535 from GatewayManager", nsg.Name)}
}

func checkFrontends(c *Call) []string {
	var out []string
	public, private := 0, 0
	for i, f := range objects(c.Inputs, "frontendIPConfigurations") {
		path := fmt.Sprintf("frontendIPConfigurations[%d]", i)
		hasPublic, hasSubnet := has(f, "publicIPAddress.id"), has(f, "subnet.id")
		switch {
		case hasPublic && hasSubnet, !hasPublic && !hasSubnet:
			out = append(out, path+": exactly one of publicIPAddress and subnet must be set")
		case hasPublic:
			public++
		default:
			private++
			if text(f, "privateIPAllocationMethod") != "Static" || text(f, "privateIPAddress") == "" {
				out = append(out, path+".privateIPAddress: a v2 gateway's private frontend must be Static, with an address")
			}
			if subnet := gatewaySubnet(c); subnet != nil && key(text(f, "subnet.id")) != key(subnet.ID) {
				out = append(out, path+".subnet: must be the gateway's own subnet")
			}
			out = append(out, inSubnet(c.Store, path+".privateIPAddress", text(f, "privateIPAddress"), text(f, "subnet.id"))...)
		}
	}
	if public > 1 || private > 1 {
		out = append(out, fmt.Sprintf("frontendIPConfigurations: %d public and %d private; at most one of each", public, private))
	}
	return out
}

// checkGatewayParts resolves every reference from one part of the gateway to another.
func checkGatewayParts(c *Call) []string {
	parts := map[string]bool{}
	for _, collection := range gatewayLists {
		for _, item := range objects(c.Inputs, collection) {
			parts[key(c.ID+"/"+collection+"/"+text(item, "name"))] = true
		}
	}
	var out []string
	walk(c.Inputs, "", func(path, id string) {
		if within(id, c.ID) && key(id) != key(c.ID) && !parts[key(id)] {
			out = append(out, fmt.Sprintf("%s: the gateway has no part %s", path, strings.TrimPrefix(key(id), key(c.ID)+"/")))
		}
	})
	return out
}

func computeGateway(c *Call, p Object) {
	p["operationalState"] = "Running"
	p["defaultPredefinedSslPolicy"] = "AppGwSslPolicy20220101"
	merge(p, Object{"enableHttp2": false})
	for _, f := range objects(p, "frontendIPConfigurations") {
		merge(f, Object{"privateIPAllocationMethod": "Dynamic"})
	}
	for _, cert := range objects(p, "sslCertificates") {
		delete(cert, "data")
		delete(cert, "password")
	}
	setIdentity(c, p)
}
