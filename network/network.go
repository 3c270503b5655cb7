package network

import (
	"errors"
	"fmt"
	"slices"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
	"apim-azure/network/plan"

	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/privatedns/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkToken is the component's type.
const NetworkToken = "apim:network:Network"

// NetworkArgs describes a stack's network.
type NetworkArgs struct {
	// Placement says where the network goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Zones are the region's availability zones; empty where it has none.
	Zones []string
	// Addresses is the address plan.
	Addresses plan.Addresses
	// Rules are the security rules of each subnet.
	Rules plan.Table
	// FrontendAddress is the load balancer's public address. Needed when a rule names it, see plan.Table.NeedsFrontendPublicIP.
	FrontendAddress pulumi.StringInput
	// PrivateZones are the private DNS zones to create and link.
	PrivateZones []string
}

// Network is the virtual network with everything that belongs to it. Its subnet IDs are known once all subnets stand.
type Network struct {
	pulumi.ResourceState

	// VNetID is the virtual network's resource ID.
	VNetID pulumi.StringOutput `pulumi:"vnetId"`
	// VNetName is the virtual network's name.
	VNetName pulumi.StringOutput `pulumi:"vnetName"`
	// AKSSubnetID, GatewaySubnetID, DataSubnetID, PrivateEndpointsSubnetID and BastionSubnetID are the subnets' resource IDs.
	AKSSubnetID              pulumi.StringOutput `pulumi:"aksSubnetId"`
	GatewaySubnetID          pulumi.StringOutput `pulumi:"gatewaySubnetId"`
	DataSubnetID             pulumi.StringOutput `pulumi:"dataSubnetId"`
	PrivateEndpointsSubnetID pulumi.StringOutput `pulumi:"privateEndpointsSubnetId"`
	BastionSubnetID          pulumi.StringOutput `pulumi:"bastionSubnetId"`
	// NATAddress is the public address everything but Application Gateway leaves the network from.
	NATAddress pulumi.StringOutput `pulumi:"natAddress"`
	// PrivateZones are the names of the private DNS zones. Each is known once the zone is linked.
	PrivateZones pulumi.StringMapOutput `pulumi:"privateZones"`
	// PrivateZoneIDs are the resource IDs of the private DNS zones, by name. Each is known once the zone is linked.
	PrivateZoneIDs pulumi.StringMapOutput `pulumi:"privateZoneIds"`
}

// Validate reports every problem at once.
func (a *NetworkArgs) Validate() error {
	if a == nil {
		return errors.New("network: no arguments given")
	}
	problems := []error{plan.ValidateTable(a.Rules, a.Addresses)}
	if a.Rules.NeedsFrontendPublicIP() && a.FrontendAddress == nil {
		problems = append(problems, errors.New("network: a rule names the load balancer's public address; set FrontendAddress"))
	}
	for i, z := range a.PrivateZones {
		if z == "" || slices.Contains(a.PrivateZones[:i], z) {
			problems = append(problems, fmt.Errorf("network: private zone %q is empty or listed twice; a network links a zone name once", z))
		}
	}
	return errors.Join(problems...)
}

// NewNetwork creates the network.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	n := &Network{}
	children, err := args.Placement.Register(ctx, NetworkToken, name, n, opts...)
	if err != nil {
		return nil, err
	}
	build := networkBuilder{ctx, name, args, children}
	vnet, err := build.vnet()
	if err != nil {
		return nil, err
	}
	nat, natAddress, err := build.nat()
	if err != nil {
		return nil, err
	}
	subnets, err := build.subnets(vnet, nat)
	if err != nil {
		return nil, err
	}
	zoneNames, zoneIDs, err := build.privateZones(vnet)
	if err != nil {
		return nil, err
	}
	n.VNetID, n.VNetName = vnet.ID().ToStringOutput(), vnet.Name
	n.AKSSubnetID, n.GatewaySubnetID, n.DataSubnetID = subnets[plan.AKSSubnet], subnets[plan.GatewaySubnet], subnets[plan.DataSubnet]
	n.PrivateEndpointsSubnetID, n.BastionSubnetID = subnets[plan.PrivateEndpointsSubnet], subnets[plan.BastionSubnet]
	n.NATAddress = natAddress
	n.PrivateZones, n.PrivateZoneIDs = zoneNames, zoneIDs
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"vnetId": n.VNetID, "vnetName": n.VNetName,
		"aksSubnetId": n.AKSSubnetID, "gatewaySubnetId": n.GatewaySubnetID, "dataSubnetId": n.DataSubnetID,
		"privateEndpointsSubnetId": n.PrivateEndpointsSubnetID, "bastionSubnetId": n.BastionSubnetID,
		"natAddress": n.NATAddress, "privateZones": n.PrivateZones, "privateZoneIds": n.PrivateZoneIDs,
	})
}

// networkBuilder carries what every step of building the network needs.
type networkBuilder struct {
	ctx      *pulumi.Context
	name     string
	args     *NetworkArgs
	children component.Children
}

// vnet creates the network without inline subnets: inline and separate ones delete each other.
func (b networkBuilder) vnet() (*network.VirtualNetwork, error) {
	p := b.args.Placement
	return network.NewVirtualNetwork(b.ctx, b.name+"-vnet", &network.VirtualNetworkArgs{
		ResourceGroupName:  p.ResourceGroupName,
		VirtualNetworkName: pulumi.String(b.args.Names.Of("vnet")),
		Location:           pulumi.String(p.Location),
		AddressSpace: network.AddressSpaceArgs{
			AddressPrefixes: pulumi.StringArray{pulumi.String(b.args.Addresses.Space.String())},
		},
		Tags: p.TagMap(),
	}, b.children.Opts()...)
}

// nat creates the way out. A Standard NAT gateway lives in one zone at most; its address spans all of them, so that it outlives
// the gateway when that has to move to another zone.
func (b networkBuilder) nat() (*network.NatGateway, pulumi.StringOutput, error) {
	p := b.args.Placement
	address, err := publicAddress(b.ctx, p, b.name+"-nat-ip", b.args.Names.Of("nat-ip"), b.args.Zones, b.children.Opts()...)
	if err != nil {
		return nil, pulumi.StringOutput{}, err
	}
	nat, err := network.NewNatGateway(b.ctx, b.name+"-nat", &network.NatGatewayArgs{
		ResourceGroupName:    p.ResourceGroupName,
		NatGatewayName:       pulumi.String(b.args.Names.Of("nat")),
		Location:             pulumi.String(p.Location),
		Sku:                  network.NatGatewaySkuArgs{Name: pulumi.String("Standard")},
		IdleTimeoutInMinutes: pulumi.Int(4), // Azure's smallest and default; longer idle connections hold ports
		PublicIpAddresses:    network.SubResourceArray{reference(address.ID().ToStringOutput())},
		Zones:                component.Zones(b.args.Zones[:min(1, len(b.args.Zones))]...),
		Tags:                 p.TagMap(),
	}, b.children.Opts()...)
	return nat, address.IpAddress.Elem(), err
}

// subnets creates one security group per subnet, and the subnets one after another: Azure refuses two changes of a network's
// subnets at a time. Every ID it returns waits for all subnets, so that nothing moves in while a later one is being created.
func (b networkBuilder) subnets(vnet *network.VirtualNetwork, nat *network.NatGateway) (map[string]pulumi.StringOutput, error) {
	ids := pulumi.StringArray{}
	var previous []pulumi.Resource
	planned := b.args.Addresses.Subnets()
	for _, s := range planned {
		group, err := b.securityGroup(s.Name)
		if err != nil {
			return nil, err
		}
		args := b.subnet(s, vnet, group)
		if wayOut(s.Name) {
			args.NatGateway = reference(nat.ID().ToStringOutput())
		}
		subnet, err := network.NewSubnet(b.ctx, b.name+"-subnet-"+kebab[s.Name], args, b.children.Opts(pulumi.DependsOn(previous))...)
		if err != nil {
			return nil, err
		}
		previous = []pulumi.Resource{subnet}
		ids = append(ids, subnet.ID().ToStringOutput())
	}
	all := ids.ToStringArrayOutput()
	byName := map[string]pulumi.StringOutput{}
	for i, s := range planned {
		byName[s.Name] = all.Index(pulumi.Int(i))
	}
	return byName, nil
}

func (b networkBuilder) securityGroup(subnet string) (*network.NetworkSecurityGroup, error) {
	p := b.args.Placement
	return network.NewNetworkSecurityGroup(b.ctx, b.name+"-nsg-"+kebab[subnet], &network.NetworkSecurityGroupArgs{
		ResourceGroupName:        p.ResourceGroupName,
		NetworkSecurityGroupName: pulumi.String(b.args.Names.Of("nsg-" + kebab[subnet])),
		Location:                 pulumi.String(p.Location),
		SecurityRules:            securityRules(b.args.Rules[subnet], b.args.FrontendAddress),
		Tags:                     p.TagMap(),
	}, b.children.Opts()...)
}

func (b networkBuilder) subnet(s plan.Subnet, vnet *network.VirtualNetwork, group *network.NetworkSecurityGroup) *network.SubnetArgs {
	args := &network.SubnetArgs{
		ResourceGroupName:     b.args.Placement.ResourceGroupName,
		VirtualNetworkName:    vnet.Name,
		SubnetName:            pulumi.String(b.args.Names.Of("subnet-" + kebab[s.Name])),
		AddressPrefix:         pulumi.String(s.Range.String()),
		NetworkSecurityGroup:  network.NetworkSecurityGroupTypeArgs{Id: group.ID().ToStringOutput().ToStringPtrOutput()},
		DefaultOutboundAccess: pulumi.Bool(false), // the API version in use still defaults to an address Azure picks and may change
	}
	switch s.Name {
	case plan.AKSSubnet:
		// Storage accounts let this subnet in by rule, which needs the endpoint here.
		args.ServiceEndpoints = network.ServiceEndpointPropertiesFormatArray{
			network.ServiceEndpointPropertiesFormatArgs{Service: pulumi.String("Microsoft.Storage")},
		}
	case plan.DataSubnet, plan.PrivateEndpointsSubnet:
		// Without this Azure ignores the security group on private endpoints.
		args.PrivateEndpointNetworkPolicies = pulumi.String("Enabled")
	}
	return args
}

// wayOut tells whether machines of the subnet leave through the NAT gateway. Application Gateway has its own address, and
// private endpoints start no flow.
func wayOut(subnet string) bool {
	return subnet == plan.AKSSubnet || subnet == plan.DataSubnet || subnet == plan.BastionSubnet
}

// kebab spells subnet names the way physical and logical names are spelled.
var kebab = map[string]string{
	plan.AKSSubnet: "aks", plan.GatewaySubnet: "gateway", plan.DataSubnet: "data",
	plan.PrivateEndpointsSubnet: "private-endpoints", plan.BastionSubnet: "bastion",
}

// privateZones creates and links the zones. Zones and links belong to no region, which Azure calls `global`. Machines don't
// register themselves: the platform's names are records of their own.
func (b networkBuilder) privateZones(vnet *network.VirtualNetwork) (names, ids pulumi.StringMapOutput, err error) {
	p := b.args.Placement
	nameMap, idMap := pulumi.StringMap{}, pulumi.StringMap{}
	for _, zoneName := range b.args.PrivateZones {
		zone, err := privatedns.NewPrivateZone(b.ctx, b.name+"-zone-"+zoneName, &privatedns.PrivateZoneArgs{
			ResourceGroupName: p.ResourceGroupName,
			PrivateZoneName:   pulumi.String(zoneName),
			Location:          pulumi.String("global"),
			Tags:              p.TagMap(),
		}, b.children.Opts()...)
		if err != nil {
			return names, ids, err
		}
		link, err := privatedns.NewVirtualNetworkLink(b.ctx, b.name+"-link-"+zoneName, &privatedns.VirtualNetworkLinkArgs{
			ResourceGroupName:      p.ResourceGroupName,
			PrivateZoneName:        zone.Name,
			VirtualNetworkLinkName: pulumi.String(b.args.Names.Of("link")),
			Location:               pulumi.String("global"),
			RegistrationEnabled:    pulumi.Bool(false),
			VirtualNetwork:         privatedns.SubResourceArgs{Id: vnet.ID().ToStringOutput().ToStringPtrOutput()},
			Tags:                   p.TagMap(),
		}, b.children.Opts()...)
		if err != nil {
			return names, ids, err
		}
		nameMap[zoneName] = afterLink(zone.Name, link)
		idMap[zoneName] = afterLink(zone.ID().ToStringOutput(), link)
	}
	return nameMap.ToStringMapOutput(), idMap.ToStringMapOutput(), nil
}

// afterLink hands out a zone's value once the zone answers in the network.
func afterLink(value pulumi.StringOutput, link *privatedns.VirtualNetworkLink) pulumi.StringOutput {
	return pulumi.All(value, link.ID()).ApplyT(func(values []any) string { return values[0].(string) }).(pulumi.StringOutput)
}
