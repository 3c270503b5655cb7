package network

import (
	"apim-azure/config/naming"
	"apim-azure/internal/component"
)

// SubnetID derives the resource ID of one of the five subnets from its names. Unlike the resource's own output it is known in
// every preview; whoever uses it waits for Network.
func SubnetID(p component.Placement, names naming.Names, subnet string) string {
	return p.ID("Microsoft.Network/virtualNetworks", names.Of("vnet"), "subnets", names.Of("subnet-"+kebab[subnet]))
}

// PrivateZoneID derives the resource ID of one of the stack's private DNS zones.
func PrivateZoneID(p component.Placement, zone string) string {
	return p.ID("Microsoft.Network/privateDnsZones", zone)
}
