package registry

import (
	"errors"

	"github.com/pulumi/pulumi-azure-native-sdk/containerregistry/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
	"apim-azure/registry/plan"
)

// RegistryToken is the component's type.
const RegistryToken = "apim:registry:Registry"

// RegistryArgs describes the registry.
type RegistryArgs struct {
	Placement component.Placement
	Names     naming.Names
	// Plan is what is known before anything exists.
	Plan plan.Registry
	// SubnetID is the resource ID of the private endpoints' subnet.
	SubnetID string
	// DNSZoneID is the resource ID of the private zone plan.DNSZone.
	DNSZoneID string
	// DependsOn is waited for before the endpoint is created: the network the two IDs point into.
	DependsOn []pulumi.Resource
}

// Validate reports every problem of the plan and of the wiring at once.
func (a *RegistryArgs) Validate() error {
	if a == nil {
		return errors.New("registry: no arguments")
	}
	problems := []error{a.Plan.Validate()}
	if a.SubnetID == "" {
		problems = append(problems, errors.New("registry: SubnetID is empty; hand over the private endpoints' subnet"))
	}
	if a.DNSZoneID == "" {
		problems = append(problems, errors.New("registry: DNSZoneID is empty; hand over the zone "+plan.DNSZone))
	}
	return errors.Join(problems...)
}

// Registry is the container registry with its endpoint and replica.
type Registry struct {
	pulumi.ResourceState

	// Name is the registry's physical name, ID its resource ID.
	Name pulumi.StringOutput `pulumi:"name"`
	ID   pulumi.StringOutput `pulumi:"registryId"`
	// LoginServer is the host images are named after. It is derived from the name, so it stays known in previews.
	LoginServer pulumi.StringOutput `pulumi:"loginServer"`
}

// NewRegistry creates the registry, its replica and its private endpoint.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Registry{}
	children, err := args.Placement.Register(ctx, RegistryToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	registry, err := newRegistry(ctx, name, args, children)
	if err != nil {
		return nil, err
	}
	ready := []pulumi.Resource{registry}
	if args.Plan.Replica.Location != "" {
		replica, err := newReplica(ctx, name, args, registry, children)
		if err != nil {
			return nil, err
		}
		ready = append(ready, replica)
	}
	// The replica brings the endpoint one more data address: added later, it would be written while the endpoint is.
	if _, err := children.Endpoint(ctx, name, args.Placement, component.Endpoint{
		Name: args.Names.Of("registry-endpoint"), Group: "registry", TargetID: registry.ID().ToStringOutput(),
		SubnetID: pulumi.String(args.SubnetID), ZoneID: pulumi.String(args.DNSZoneID), After: append(ready, args.DependsOn...),
	}); err != nil {
		return nil, err
	}
	c.Name = registry.Name
	c.ID = registry.ID().ToStringOutput()
	c.LoginServer = pulumi.Sprintf("%s.azurecr.io", registry.Name)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name":        c.Name,
		"registryId":  c.ID,
		"loginServer": c.LoginServer,
	})
}

func newRegistry(ctx *pulumi.Context, name string, a *RegistryArgs, children component.Children,
) (*containerregistry.Registry, error) {
	suffix, err := children.Suffix(ctx, name)
	if err != nil {
		return nil, err
	}
	return containerregistry.NewRegistry(ctx, name, &containerregistry.RegistryArgs{
		ResourceGroupName: a.Placement.ResourceGroupName,
		RegistryName:      pulumi.Sprintf("%s%s", a.Names.RegistryPrefix(), suffix),
		Location:          pulumi.String(a.Placement.Location),
		Tags:              a.Placement.TagMap(),
		Sku:               &containerregistry.SkuArgs{Name: pulumi.String("Premium")},
		AdminUserEnabled:  pulumi.Bool(false),
		ZoneRedundancy:    component.Enabled(a.Plan.ZoneRedundant),
		// Enabled, or the workers' rules would not count; the default action denies the rest.
		PublicNetworkAccess:      pulumi.String("Enabled"),
		NetworkRuleBypassOptions: pulumi.String("AzureServices"),
		NetworkRuleSet: &containerregistry.NetworkRuleSetArgs{
			DefaultAction: pulumi.String("Deny"),
			IpRules:       ipRules(a.Plan.AllowedIPs),
		},
		Policies: &containerregistry.PoliciesArgs{
			RetentionPolicy: &containerregistry.RetentionPolicyArgs{
				Status: pulumi.String("enabled"),
				Days:   pulumi.Int(a.Plan.UntaggedRetentionDays),
			},
		},
	}, children.Protected()...)
}

func ipRules(allowed []string) containerregistry.IPRuleArray {
	rules := containerregistry.IPRuleArray{}
	for _, ip := range allowed {
		rules = append(rules, &containerregistry.IPRuleArgs{
			Action: pulumi.String("Allow"), IPAddressOrRange: pulumi.String(ip),
		})
	}
	return rules
}

func newReplica(ctx *pulumi.Context, name string, a *RegistryArgs, registry *containerregistry.Registry,
	children component.Children,
) (*containerregistry.Replication, error) {
	replica := a.Plan.Replica
	return containerregistry.NewReplication(ctx, name+"-replica", &containerregistry.ReplicationArgs{
		ResourceGroupName:     a.Placement.ResourceGroupName,
		RegistryName:          registry.Name,
		ReplicationName:       pulumi.String(replica.Location),
		Location:              pulumi.String(replica.Location),
		RegionEndpointEnabled: pulumi.Bool(true),
		ZoneRedundancy:        component.Enabled(replica.ZoneRedundant),
		Tags:                  a.Placement.TagMap(),
	}, children.Opts()...)
}
