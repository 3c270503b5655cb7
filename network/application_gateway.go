package network

import (
	"errors"
	"fmt"
	"net/netip"

	"apim-azure/config/naming"
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApplicationGatewayToken is the component's type.
const ApplicationGatewayToken = "apim:network:ApplicationGateway"

// ApplicationGatewayArgs describes the gateway.
type ApplicationGatewayArgs struct {
	// Placement says where the gateway goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Zones are the region's availability zones; empty where it has none.
	Zones []string
	// Capacity is the fixed number of instances, 1 to 125. The reference asks for no autoscaling.
	Capacity int
	// SubnetID is the gateway subnet's resource ID.
	SubnetID pulumi.StringInput
	// PrivateAddress is the frontend's address in the gateway subnet when clients come from the network only. The invalid address
	// publishes the gateway on its public address.
	PrivateAddress netip.Addr
}

// ApplicationGateway is the layer 7 entry point. It starts with a listener that leads nowhere; the ingress controller in the
// cluster (AGIC) then owns its routes.
type ApplicationGateway struct {
	pulumi.ResourceState

	// ID is the gateway's resource ID.
	ID pulumi.StringOutput `pulumi:"id"`
	// Name is the gateway's name.
	Name pulumi.StringOutput `pulumi:"name"`
	// PublicIPID is the resource ID of the public address.
	PublicIPID pulumi.StringOutput `pulumi:"publicIpId"`
	// PublicAddress is the public address. A private gateway has one too, with no listener on it.
	PublicAddress pulumi.StringOutput `pulumi:"publicAddress"`
	// PrivateAddress is the private frontend's address, empty for a public gateway.
	PrivateAddress pulumi.StringOutput `pulumi:"privateAddress"`
}

// Validate reports every problem at once.
func (a *ApplicationGatewayArgs) Validate() error {
	if a == nil {
		return errors.New("application gateway: no arguments given")
	}
	var problems []error
	if a.Capacity < 1 || a.Capacity > 125 {
		problems = append(problems, fmt.Errorf("ingress.capacity: %d: Application Gateway runs 1 to 125 instances", a.Capacity))
	}
	if a.SubnetID == nil {
		problems = append(problems, errors.New("application gateway: SubnetID is missing"))
	}
	return errors.Join(problems...)
}

// agicOwned are the properties AGIC writes. Pulumi sets up a bare listener and never touches them again. Tags are among them:
// AGIC marks the gateway with its own, and every update by Pulumi is a full write that drops the routes until AGIC puts them
// back, up to 30 s later. So the gateway keeps the tags it was created with.
var agicOwned = []string{
	"backendAddressPools", "backendHttpSettingsCollection", "frontendPorts", "httpListeners", "probes", "redirectConfigurations",
	"requestRoutingRules", "rewriteRuleSets", "sslCertificates", "tags", "trustedRootCertificates", "urlPathMaps",
}

// NewApplicationGateway creates the gateway.
func NewApplicationGateway(ctx *pulumi.Context, name string, args *ApplicationGatewayArgs, opts ...pulumi.ResourceOption,
) (*ApplicationGateway, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	g := &ApplicationGateway{}
	children, err := args.Placement.Register(ctx, ApplicationGatewayToken, name, g, opts...)
	if err != nil {
		return nil, err
	}
	// Azure manages the gateway through its public address, so a private gateway needs one as well, unless the subscription
	// has network isolation for gateways registered.
	address, err := publicAddress(ctx, args.Placement, name+"-ip", args.Names.Of("gateway-ip"), args.Zones, children.Opts()...)
	if err != nil {
		return nil, err
	}
	gateway, err := network.NewApplicationGateway(ctx, name+"-gateway", args.gateway(address.ID().ToStringOutput()),
		children.Opts(pulumi.IgnoreChanges(agicOwned),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "60m", Delete: "60m"}))...)
	if err != nil {
		return nil, err
	}
	private := ""
	if args.PrivateAddress.IsValid() {
		private = args.PrivateAddress.String()
	}
	g.ID, g.Name = gateway.ID().ToStringOutput(), gateway.Name
	g.PublicIPID, g.PublicAddress = address.ID().ToStringOutput(), address.IpAddress.Elem()
	g.PrivateAddress = pulumi.String(private).ToStringOutput()
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{
		"id": g.ID, "name": g.Name, "publicIpId": g.PublicIPID, "publicAddress": g.PublicAddress, "privateAddress": g.PrivateAddress,
	})
}

// Names of the gateway's parts. They refer to each other by ID, derived from the gateway's own name.
const (
	publicFrontend  = "public"
	privateFrontend = "private"
	bootstrap       = "bootstrap"
)

func (a *ApplicationGatewayArgs) gateway(publicIP pulumi.StringInput) *network.ApplicationGatewayArgs {
	p, gatewayName := a.Placement, a.Names.Of("gateway")
	part := func(kind, partName string) network.SubResourceArgs {
		return reference(pulumi.String(p.ID("Microsoft.Network/applicationGateways", gatewayName, kind, partName)))
	}
	frontends, listening := a.frontends(publicIP)
	return &network.ApplicationGatewayArgs{
		ResourceGroupName:      p.ResourceGroupName,
		ApplicationGatewayName: pulumi.String(gatewayName),
		Location:               pulumi.String(p.Location),
		Zones:                  component.Zones(a.Zones...),
		Sku: network.ApplicationGatewaySkuArgs{
			Name: pulumi.String("Standard_v2"), Tier: pulumi.String("Standard_v2"), Capacity: pulumi.Int(a.Capacity),
		},
		EnableHttp2: pulumi.Bool(false), // the reference asks for HTTP/1.1
		// TLS 1.2 at least, and 1.3 where the client has it.
		SslPolicy: network.ApplicationGatewaySslPolicyArgs{
			PolicyType: pulumi.String("Predefined"), PolicyName: pulumi.String("AppGwSslPolicy20220101"),
		},
		GatewayIPConfigurations: network.ApplicationGatewayIPConfigurationArray{
			network.ApplicationGatewayIPConfigurationArgs{Name: pulumi.String("subnet"), Subnet: reference(a.SubnetID)},
		},
		FrontendIPConfigurations: frontends,
		FrontendPorts: network.ApplicationGatewayFrontendPortArray{
			network.ApplicationGatewayFrontendPortArgs{Name: pulumi.String(bootstrap), Port: pulumi.Int(80)},
		},
		BackendAddressPools: network.ApplicationGatewayBackendAddressPoolArray{
			network.ApplicationGatewayBackendAddressPoolArgs{Name: pulumi.String(bootstrap)},
		},
		BackendHttpSettingsCollection: network.ApplicationGatewayBackendHttpSettingsArray{
			network.ApplicationGatewayBackendHttpSettingsArgs{
				Name: pulumi.String(bootstrap), Port: pulumi.Int(80), Protocol: pulumi.String("Http"),
				CookieBasedAffinity: pulumi.String("Disabled"), RequestTimeout: pulumi.Int(30),
			},
		},
		HttpListeners: network.ApplicationGatewayHttpListenerArray{
			network.ApplicationGatewayHttpListenerArgs{
				Name: pulumi.String(bootstrap), Protocol: pulumi.String("Http"),
				FrontendIPConfiguration: part("frontendIPConfigurations", listening),
				FrontendPort:            part("frontendPorts", bootstrap),
			},
		},
		RequestRoutingRules: network.ApplicationGatewayRequestRoutingRuleArray{
			network.ApplicationGatewayRequestRoutingRuleArgs{
				Name: pulumi.String(bootstrap), RuleType: pulumi.String("Basic"), Priority: pulumi.Int(20000), // the last that may match
				HttpListener:        part("httpListeners", bootstrap),
				BackendAddressPool:  part("backendAddressPools", bootstrap),
				BackendHttpSettings: part("backendHttpSettingsCollection", bootstrap),
			},
		},
		Tags: p.TagMap(),
	}
}

// frontends lists the addresses the gateway listens on and names the one clients use.
func (a *ApplicationGatewayArgs) frontends(publicIP pulumi.StringInput) (network.ApplicationGatewayFrontendIPConfigurationArray, string) {
	frontends := network.ApplicationGatewayFrontendIPConfigurationArray{
		network.ApplicationGatewayFrontendIPConfigurationArgs{
			Name: pulumi.String(publicFrontend), PublicIPAddress: reference(publicIP),
			PrivateIPAllocationMethod: pulumi.String("Dynamic"),
		},
	}
	if !a.PrivateAddress.IsValid() {
		return frontends, publicFrontend
	}
	return append(frontends, network.ApplicationGatewayFrontendIPConfigurationArgs{
		Name: pulumi.String(privateFrontend), Subnet: reference(a.SubnetID),
		PrivateIPAddress: pulumi.String(a.PrivateAddress.String()), PrivateIPAllocationMethod: pulumi.String("Static"),
	}), privateFrontend
}
