package network

import (
	"errors"

	"apim-azure/config/naming"
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LoadBalancerIPToken is the component's type.
const LoadBalancerIPToken = "apim:network:LoadBalancerIP"

// LoadBalancerIPArgs describes the load balancer's public address.
type LoadBalancerIPArgs struct {
	// Placement says where the address goes. AKS needs Network Contributor on it, because it lives outside the node group.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Zones are the region's availability zones; empty where it has none.
	Zones []string
}

// LoadBalancerIP is the public address of an ingress controller behind Azure's load balancer. It exists before the controller,
// so that security rules and DNS records can name it, and it outlives the cluster.
type LoadBalancerIP struct {
	pulumi.ResourceState

	// ID is the address's resource ID.
	ID pulumi.StringOutput `pulumi:"id"`
	// Name is the address's name, for the service annotation that picks it.
	Name pulumi.StringOutput `pulumi:"name"`
	// Address is the address itself.
	Address pulumi.StringOutput `pulumi:"address"`
}

// Validate refuses missing arguments; everything else has a meaning when empty.
func (a *LoadBalancerIPArgs) Validate() error {
	if a == nil {
		return errors.New("load balancer address: no arguments given")
	}
	return nil
}

// NewLoadBalancerIP creates the address.
func NewLoadBalancerIP(ctx *pulumi.Context, name string, args *LoadBalancerIPArgs, opts ...pulumi.ResourceOption) (*LoadBalancerIP, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	l := &LoadBalancerIP{}
	children, err := args.Placement.Register(ctx, LoadBalancerIPToken, name, l, opts...)
	if err != nil {
		return nil, err
	}
	address, err := publicAddress(ctx, args.Placement, name+"-ip", args.Names.Of("ingress-ip"), args.Zones, children.Opts()...)
	if err != nil {
		return nil, err
	}
	l.ID, l.Name, l.Address = address.ID().ToStringOutput(), address.Name, address.IpAddress.Elem()
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"id": l.ID, "name": l.Name, "address": l.Address})
}
