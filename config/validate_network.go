package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"apim-azure/network/plan"
)

// What the subnets must hold besides nodes and gateway instances, in addresses.
const (
	cassandraNodes   = 3
	mysqlEndpoints   = 1
	jumpHosts        = 1
	privateFrontends = 1
	// registryEndpoints: the registry's endpoint takes one address for itself, one for its data, one for its replica's.
	registryEndpoints = 3
	// nodeSurge is the extra node each of the three pools may have while it is upgraded.
	nodeSurge = 1
	pools     = 3
	// internalBalancers are the static addresses of ANM's and Traefik's internal load balancers.
	internalBalancers = 2
)

// reservedRanges can't be used by a VNet with AKS in it or by Kubernetes services. Source: AKS's Azure CNI prerequisites; the
// last three are Azure's own (platform address, loopback, multicast).
var reservedRanges = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.30.0.0/16"), netip.MustParsePrefix("172.31.0.0/16"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("168.63.129.16/32"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("224.0.0.0/4"),
}

func validateNetwork(c *Config, f *findings) {
	validateServiceCIDR(c, f)
	validatePublicZone(c, f)
	checkReserved(f, "network.addressSpace", c.Network.AddressSpace)
	addresses, err := c.plan()
	if err != nil {
		reportPlan(f, err)
		return
	}
	validateBudgets(c, f, addresses)
}

// reportPlan turns the address plan's errors into problems that name keys.
func reportPlan(f *findings, err error) {
	var all interface{ Unwrap() []error }
	if errors.As(err, &all) {
		for _, e := range all.Unwrap() {
			reportPlan(f, e)
		}
		return
	}
	var s *plan.SubnetError
	if !errors.As(err, &s) {
		f.refuse("network", nil, err.Error(), "change the address plan")
		return
	}
	key := "network.addressSpace"
	if s.Name != "" {
		key = "network.subnets." + s.Name
	}
	if f.refused(key) {
		return
	}
	var value any
	if s.Value != "" {
		value = s.Value
	}
	f.refuse(key, value, s.Rule, "change it, or use a larger network.addressSpace (a /22 holds the default plan)")
}

// validateBudgets checks that every subnet holds what the configuration will put into it.
func validateBudgets(c *Config, f *findings, a plan.Addresses) {
	budget := func(name string, p netip.Prefix, needed int, of string) {
		if usable := plan.Usable(p); usable < needed {
			f.refuse("network.subnets."+name, p.String(),
				fmt.Sprintf("holds %d usable addresses, %d needed (%s; Azure keeps 5 more)", usable, needed, of),
				fmt.Sprintf("use a /%d or larger", bitsFor(needed)))
		}
	}
	nodes := c.AKS.SystemPool.Count + c.AKS.APIMPool.Max + c.AKS.InfraPool.Max + pools*nodeSurge
	budget("aks", a.AKS, nodes*(c.AKS.MaxPods+1)+internalBalancers,
		fmt.Sprintf("%d nodes with surge x (%d pods + 1), %d load balancers", nodes, c.AKS.MaxPods, internalBalancers))
	if c.Ingress.Controller == "applicationGateway" {
		budget("gateway", a.Gateway, c.Ingress.Capacity+privateFrontends, fmt.Sprintf("%d instances, 1 private frontend", c.Ingress.Capacity))
	}
	budget("data", a.Data, cassandraNodes+mysqlEndpoints, "3 Cassandra nodes, 1 MySQL endpoint")
	budget("privateEndpoints", a.PrivateEndpoints, registryEndpoints, "3 of the registry's endpoint")
	budget("bastion", a.Bastion, jumpHosts, "1 jump host")
	// The private frontend takes the tenth address from the end. Cassandra's nodes take the tenth to twelfth of the data subnet,
	// which every range that holds four has.
	if !f.refused("network.subnets.gateway") && c.Ingress.Controller == "applicationGateway" && a.Gateway.Bits() > 28 {
		f.refuse("network.subnets.gateway", a.Gateway.String(), "has no tenth address from its end, which the private frontend takes", "use a /28 or larger; Azure recommends a /24")
	}
}

// bitsFor is the longest prefix with that many usable addresses.
func bitsFor(needed int) int {
	bits := 29
	for bits > 8 && plan.Usable(netip.PrefixFrom(netip.IPv4Unspecified(), bits)) < needed {
		bits--
	}
	return bits
}

func validateServiceCIDR(c *Config, f *findings) {
	const key = "aks.serviceCidr"
	services, err := netip.ParsePrefix(c.AKS.ServiceCIDR)
	if err != nil || f.refused(key) {
		return
	}
	if services.Bits() < 12 || services.Bits() > 24 {
		f.refuse(key, c.AKS.ServiceCIDR, "must be a /12 to /24: AKS takes none larger, and a smaller one runs out of service addresses", "use one such as 10.240.0.0/16")
	}
	if space, err := netip.ParsePrefix(c.Network.AddressSpace); err == nil && services.Overlaps(space) {
		f.refuse(key, c.AKS.ServiceCIDR, "overlaps network.addressSpace, "+space.String(), "use a range outside the VNet, such as 10.240.0.0/16")
	}
	checkReserved(f, key, c.AKS.ServiceCIDR)
}

func checkReserved(f *findings, key, value string) {
	p, err := netip.ParsePrefix(value)
	if err != nil || f.refused(key) {
		return
	}
	for _, r := range reservedRanges {
		if p.Overlaps(r) {
			f.refuse(key, value, "overlaps "+r.String()+", which Azure reserves", "use another private range, such as 10.0.0.0/22 for the VNet and 10.240.0.0/16 for services")
		}
	}
}

func validatePublicZone(c *Config, f *findings) {
	const key = "network.publicDnsZoneId"
	m := dnsZonePattern.FindStringSubmatch(c.Network.PublicDNSZoneID)
	if m == nil || f.refused("domain") {
		return
	}
	zone := strings.ToLower(m[1])
	if c.Domain != zone && !strings.HasSuffix(c.Domain, "."+zone) {
		f.refuse(key, zone, "neither is nor contains the domain, "+c.Domain, "use the zone the domain lives in, or remove the key and create the records by hand")
	}
}
