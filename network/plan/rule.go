package plan

import (
	"fmt"
	"net/netip"
)

// Direction is the way a flow goes, seen from the subnet the rule protects.
type Direction string

// Access is what happens to a flow.
type Access string

// Protocol is a flow's transport protocol, as Azure spells it.
type Protocol string

// The values Azure takes for a security rule.
const (
	Inbound  Direction = "Inbound"
	Outbound Direction = "Outbound"

	Allow Access = "Allow"
	Deny  Access = "Deny"

	TCP         Protocol = "Tcp"
	UDP         Protocol = "Udp"
	AnyProtocol Protocol = "*"
)

// Any is every address, or every port.
const Any = "*"

// FrontendPublicIP stands in a rule for the load balancer's public address, which is known only once the address exists. The
// network component puts the address in its place.
const FrontendPublicIP = "<frontend-public-ip>"

// Rule is one row of a security group.
type Rule struct {
	// ID is the row's number in the reference's tables, such as `ref-4`; the reference's two unnumbered rows are `ref-smtp` and
	// `ref-iam`. Rows the reference lacks are `add-...`, the rules that close the group are `deny-...`.
	ID string
	// Name is the rule's name in Azure, unique in its group.
	Name string
	// Direction is Inbound or Outbound.
	Direction Direction
	// Priority orders the rules of one direction, 100 to 4096; the lowest number wins.
	Priority int
	// Access is Allow or Deny.
	Access Access
	// Protocol is TCP, UDP or any.
	Protocol Protocol
	// Sources are CIDRs, or a single service tag, Any or FrontendPublicIP.
	Sources []string
	// Destinations are CIDRs, or a single service tag, Any or FrontendPublicIP.
	Destinations []string
	// Ports are destination ports or ranges, or a single Any.
	Ports []string
	// Purpose says what the flow is for.
	Purpose string
	// Encryption says what protects the flow, or why nothing does. Empty for rules that deny.
	Encryption string
}

// Description is the text the rule carries in Azure, 140 characters at most.
func (r Rule) Description() string {
	if r.Encryption == "" {
		return fmt.Sprintf("%s: %s", r.ID, r.Purpose)
	}
	return fmt.Sprintf("%s: %s [%s]", r.ID, r.Purpose, r.Encryption)
}

// Table is the rules of every subnet, by the subnet's name in Addresses.Subnets.
type Table map[string][]Rule

// NeedsFrontendPublicIP tells whether a rule names the load balancer's public address.
func (t Table) NeedsFrontendPublicIP() bool {
	for _, rules := range t {
		for _, r := range rules {
			for _, side := range [][]string{r.Sources, r.Destinations} {
				if len(side) == 1 && side[0] == FrontendPublicIP {
					return true
				}
			}
		}
	}
	return false
}

// Subnet names, as Addresses.Subnets lists them.
const (
	AKSSubnet              = "aks"
	GatewaySubnet          = "gateway"
	DataSubnet             = "data"
	PrivateEndpointsSubnet = "privateEndpoints"
	BastionSubnet          = "bastion"
)

func allow(id, name string, d Direction, priority int, p Protocol, from, to, ports []string, purpose, encryption string) Rule {
	return Rule{id, name, d, priority, Allow, p, from, to, ports, purpose, encryption}
}

// The rules that close a group. Azure's own rules let everything inside the network talk and everything out to the Internet;
// these sit right before them, so only what a table allows remains. Azure's last rule already refuses everything else.
func denyVNetInbound() Rule {
	return Rule{"deny-vnet-in", "DenyVnetInBound", Inbound, maxPriority, Deny, AnyProtocol, one("VirtualNetwork"), one(Any), one(Any),
		"no other flow from inside the network, peered networks or on-premises", ""}
}

func denyVNetOutbound() Rule {
	return Rule{"deny-vnet-out", "DenyVnetOutBound", Outbound, maxPriority - 1, Deny, AnyProtocol, one(Any), one("VirtualNetwork"), one(Any),
		"no other flow to the network, peered networks or on-premises", ""}
}

func denyInternetOutbound() Rule {
	return Rule{"deny-internet-out", "DenyInternetOutBound", Outbound, maxPriority, Deny, AnyProtocol, one(Any), one("Internet"), one(Any),
		"no other flow to public addresses, Azure's included", ""}
}

func one(s ...string) []string { return s }

func cidrs(prefixes ...netip.Prefix) []string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return texts
}

func host(a netip.Addr) []string { return one(netip.PrefixFrom(a, a.BitLen()).String()) }
