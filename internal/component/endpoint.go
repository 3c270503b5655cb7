package component

import (
	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Endpoint is a private endpoint: an address for one managed service in a subnet, and its name in a private DNS zone.
type Endpoint struct {
	// Name is the endpoint's physical name.
	Name string
	// SubnetID is the resource ID of the subnet the address is taken from.
	SubnetID pulumi.StringInput
	// TargetID is the service's resource ID.
	TargetID pulumi.StringInput
	// Group is the part of the service that is reached, such as `registry`. Source: Azure's private endpoint table.
	Group string
	// ZoneID is the resource ID of the private zone that table names for the group.
	ZoneID pulumi.StringInput
	// After is what has to be done before the endpoint is created.
	After []pulumi.Resource
}

// Endpoint creates the children <name>-endpoint and <name>-endpoint-zone and returns the latter, after which the service's name
// resolves to the address.
func (c Children) Endpoint(ctx *pulumi.Context, name string, p Placement, e Endpoint) (pulumi.Resource, error) {
	endpoint, err := network.NewPrivateEndpoint(ctx, name+"-endpoint", &network.PrivateEndpointArgs{
		ResourceGroupName:          p.ResourceGroupName,
		PrivateEndpointName:        pulumi.String(e.Name),
		CustomNetworkInterfaceName: pulumi.String(e.Name + "-nic"),
		Location:                   pulumi.String(p.Location),
		Subnet:                     network.SubnetTypeArgs{Id: e.SubnetID.ToStringOutput().ToStringPtrOutput()},
		PrivateLinkServiceConnections: network.PrivateLinkServiceConnectionArray{network.PrivateLinkServiceConnectionArgs{
			Name:                 pulumi.String(e.Group),
			PrivateLinkServiceId: e.TargetID.ToStringOutput().ToStringPtrOutput(),
			GroupIds:             pulumi.ToStringArray([]string{e.Group}),
		}},
		Tags: p.TagMap(),
	}, c.Opts(pulumi.DependsOn(e.After))...)
	if err != nil {
		return nil, err
	}
	return network.NewPrivateDnsZoneGroup(ctx, name+"-endpoint-zone", &network.PrivateDnsZoneGroupArgs{
		ResourceGroupName:       p.ResourceGroupName,
		PrivateEndpointName:     endpoint.Name, // not the plain name: a replaced endpoint needs a new group
		PrivateDnsZoneGroupName: pulumi.String("default"),
		PrivateDnsZoneConfigs: network.PrivateDnsZoneConfigArray{network.PrivateDnsZoneConfigArgs{
			Name:             pulumi.String(e.Group),
			PrivateDnsZoneId: e.ZoneID.ToStringOutput().ToStringPtrOutput(),
		}},
	}, c.Opts(pulumi.DeletedWith(endpoint))...)
}
