package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	aks "apim-azure/aks/plan"
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
	// pools is how many node pools may be upgraded, and have an extra node, at once.
	pools = 3
	// internalBalancers are the static addresses of ANM's and Traefik's internal load balancers.
	internalBalancers = 2
	// smallestGatewayBits is the smallest gateway subnet that has a tenth address from its end.
	smallestGatewayBits = 28
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
	checkReserved(f, spaceKey, c.Network.AddressSpace)
	addresses, err := c.plan()
	if err != nil {
		reportPlan(c, f, err)
		return
	}
	validateBudgets(c, f, addresses)
}

// reportPlan turns the address plan's errors into problems that name keys. Ranges that find no room are one problem of the
// address space, not one of each subnet.
func reportPlan(c *Config, f *findings, err error) {
	problems := []error{err}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		problems = all.Unwrap()
	}
	var homeless []string
	for _, problem := range problems {
		var s *plan.SubnetError
		switch {
		case !errors.As(problem, &s):
			f.refuse("network", nil, problem.Error(), "change the address plan")
		case s.Value == "":
			homeless = append(homeless, s.Name)
		case s.Name == "":
			refuseOnce(f, spaceKey, s.Value, s.Rule, "use a /22, which holds the default plan")
		default:
			refuseOnce(f, "network.subnets."+s.Name, s.Value, s.Rule, "use a free range of /29 or larger inside "+spaceKey+", or remove the key to have one carved")
		}
	}
	if len(homeless) > 0 {
		f.refuse(spaceKey, c.Network.AddressSpace, "has no room left for "+strings.Join(homeless, ", "), "use a larger range (a /22 holds the default plan exactly), or give the subnets smaller ranges under network.subnets")
	}
}

const spaceKey = "network.addressSpace"

func refuseOnce(f *findings, key, value, rule, wayOut string) {
	if !f.refused(key) {
		f.refuse(key, value, rule, wayOut)
	}
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
	if !f.anyRefused("aks", "maxPods", "systemPool.count", "apimPool.min", "apimPool.max", "infraPool.min", "infraPool.max") {
		// While pools are upgraded each has extra nodes; while one is replaced, the new one starts before the old one goes.
		surge := max(pools*aks.MaxSurge, c.AKS.APIMPool.Min, c.AKS.InfraPool.Min)
		nodes := c.AKS.SystemPool.Count + c.AKS.APIMPool.Max + c.AKS.InfraPool.Max + surge
		budget("aks", a.AKS, nodes*(c.AKS.MaxPods+1)+internalBalancers,
			fmt.Sprintf("%d nodes with surge x (%d pods + 1), %d load balancers", nodes, c.AKS.MaxPods, internalBalancers))
	}
	if c.Ingress.Controller == "applicationGateway" && !f.refused("ingress.capacity") {
		// The private frontend takes the tenth address from the end.
		if needed := c.Ingress.Capacity + privateFrontends; a.Gateway.Bits() > smallestGatewayBits {
			f.refuse("network.subnets.gateway", a.Gateway.String(), "has no tenth address from its end, which the private frontend takes",
				fmt.Sprintf("use a /%d or larger (Azure recommends a /24)", min(smallestGatewayBits, bitsFor(needed))))
		} else {
			budget("gateway", a.Gateway, needed, fmt.Sprintf("%d instances, 1 private frontend", c.Ingress.Capacity))
		}
	}
	// Cassandra's nodes take the tenth to twelfth address, which every range that holds four has.
	budget("data", a.Data, cassandraNodes+mysqlEndpoints, "3 Cassandra nodes, 1 MySQL endpoint")
	budget("privateEndpoints", a.PrivateEndpoints, registryEndpoints, "3 of the registry's endpoint")
	budget("bastion", a.Bastion, jumpHosts, "1 jump host")
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
		return
	}
	if space, err := netip.ParsePrefix(c.Network.AddressSpace); err == nil && services.Overlaps(space) && !f.refused(spaceKey) {
		f.refuse(key, c.AKS.ServiceCIDR, "overlaps network.addressSpace, "+space.String(), "use a range outside the VNet, such as 10.240.0.0/16")
	}
	checkReserved(f, key, c.AKS.ServiceCIDR)
}

func checkReserved(f *findings, key, value string) {
	p, err := netip.ParsePrefix(value)
	if err != nil || f.refused(key) {
		return
	}
	if i := slices.IndexFunc(reservedRanges, p.Overlaps); i >= 0 {
		f.refuse(key, value, "overlaps "+reservedRanges[i].String()+", which Azure reserves", "use another private range, such as 10.0.0.0/22 for the VNet and 10.240.0.0/16 for services")
	}
}

func validatePublicZone(c *Config, f *findings) {
	const key = "network.publicDnsZoneId"
	m := dnsZonePattern.FindStringSubmatch(c.Network.PublicDNSZoneID)
	if m == nil || f.refused("domain") {
		return
	}
	zone := strings.ToLower(m[2])
	switch {
	case !strings.EqualFold(m[1], c.Azure.SubscriptionID) && !f.refused("azure.subscriptionId"):
		f.refuse(key, zone, "is in subscription "+m[1]+", and the stack's is "+c.Azure.SubscriptionID, "remove the key and create the records of the stack output dnsRecords by hand")
	case c.Domain != zone && !strings.HasSuffix(c.Domain, "."+zone):
		f.refuse(key, zone, "neither is nor contains the domain, "+c.Domain, "use the zone the domain lives in, or remove the key and create the records by hand")
	}
}
