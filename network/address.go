package network

import (
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// publicAddress creates a Standard, static address: the only kind Azure still sells. It spans all given zones; none means
// regional.
func publicAddress(ctx *pulumi.Context, p component.Placement, logicalName, name string, zones []string,
	opts ...pulumi.ResourceOption,
) (*network.PublicIPAddress, error) {
	return network.NewPublicIPAddress(ctx, logicalName, &network.PublicIPAddressArgs{
		ResourceGroupName:        p.ResourceGroupName,
		PublicIpAddressName:      pulumi.String(name),
		Location:                 pulumi.String(p.Location),
		Sku:                      network.PublicIPAddressSkuArgs{Name: pulumi.String("Standard"), Tier: pulumi.String("Regional")},
		PublicIPAllocationMethod: pulumi.String("Static"),
		PublicIPAddressVersion:   pulumi.String("IPv4"),
		Zones:                    component.Zones(zones...),
		Tags:                     p.TagMap(),
	}, opts...)
}

// reference points at a resource by ID.
func reference(id pulumi.StringInput) network.SubResourceArgs {
	return network.SubResourceArgs{Id: id.ToStringOutput().ToStringPtrOutput()}
}
