package aks

import (
	"errors"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
)

// IdentitiesToken is the component's type.
const IdentitiesToken = "apim:aks:Identities"

// Built-in roles, by the GUID Azure gives them in every tenant.
const (
	RoleAKSClusterUser          = "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"
	RoleAcrPull                 = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
	RoleContributor             = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	RoleDNSZoneContributor      = "befefa01-2a29-4197-83a8-272ff33ce314"
	RoleManagedIdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830"
	RoleNetworkContributor      = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	RoleReader                  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
)

// IdentitiesArgs says what the cluster's identities may reach.
type IdentitiesArgs struct {
	Placement component.Placement
	Names     naming.Names
	// SubnetID is the resource ID of the AKS subnet.
	SubnetID string
	// RegistryID is the resource ID of the registry the nodes pull from.
	RegistryID pulumi.StringInput
	// PublicIPID is the resource ID of the pre-created address of the load balancer. Nil without one.
	PublicIPID pulumi.StringInput
	// Gateway is what the ingress controller manages. Nil with the load balancer variant.
	Gateway *GatewayAccess
	// DNSZoneID is the resource ID of the public zone cert-manager proves hosts in. Empty: it writes no records.
	DNSZoneID string
	// DependsOn is waited for before roles are granted: the network the subnet IDs point into.
	DependsOn []pulumi.Resource
}

// GatewayAccess is what the Application Gateway ingress controller manages.
type GatewayAccess struct {
	// ID is the gateway's resource ID.
	ID pulumi.StringInput
	// SubnetID is the resource ID of the gateway's subnet.
	SubnetID string
}

// Validate reports everything that is missing. No argument comes straight from a configuration key.
func (a *IdentitiesArgs) Validate() error {
	if a == nil {
		return errors.New("aks identities: no arguments")
	}
	var problems []error
	if a.SubnetID == "" {
		problems = append(problems, errors.New("aks identities: SubnetID is empty; hand over the AKS subnet's resource ID"))
	}
	if a.RegistryID == nil {
		problems = append(problems, errors.New("aks identities: RegistryID is nil; hand over the registry's resource ID"))
	}
	if a.Gateway != nil && (a.Gateway.ID == nil || a.Gateway.SubnetID == "") {
		problems = append(problems, errors.New("aks identities: Gateway needs both ID and SubnetID"))
	}
	return errors.Join(problems...)
}

// Identities are the identities of one cluster, with their roles.
type Identities struct {
	pulumi.ResourceState

	// ControlPlaneID and KubeletID are resource IDs.
	ControlPlaneID pulumi.StringOutput `pulumi:"controlPlaneId"`
	KubeletID      pulumi.StringOutput `pulumi:"kubeletId"`
	// AGICClientID belongs to the ingress controller; empty with the load balancer variant.
	AGICClientID pulumi.StringOutput `pulumi:"agicClientId"`

	// CertManagerClientID belongs to cert-manager; empty when it writes no records.
	CertManagerClientID pulumi.StringOutput `pulumi:"certManagerClientId"`

	// beforeCluster are the roles AKS checks while it accepts the cluster.
	beforeCluster []pulumi.Resource
	agic          *identity
	certManager   *identity
}

// NewIdentities creates the identities and grants their roles.
func NewIdentities(ctx *pulumi.Context, name string, args *IdentitiesArgs, opts ...pulumi.ResourceOption) (*Identities, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Identities{}
	children, err := args.Placement.Register(ctx, IdentitiesToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	m := &identityMaker{ctx: ctx, name: name, args: args, parent: c, children: children}
	if err := c.controlPlane(m); err != nil {
		return nil, err
	}
	c.AGICClientID, c.CertManagerClientID = pulumi.String("").ToStringOutput(), pulumi.String("").ToStringOutput()
	if args.Gateway != nil {
		if err := c.ingressController(m); err != nil {
			return nil, err
		}
	}
	if args.DNSZoneID != "" {
		if err := c.proofs(m); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"controlPlaneId":      c.ControlPlaneID,
		"kubeletId":           c.KubeletID,
		"agicClientId":        c.AGICClientID,
		"certManagerClientId": c.CertManagerClientID,
	})
}

// controlPlane creates the two identities of the cluster itself. AKS demands the operator role for a kubelet identity it did
// not make, and the network role for a subnet it did not make; both must hold before the cluster is asked for.
func (c *Identities) controlPlane(m *identityMaker) error {
	controlPlane, err := m.identity("control-plane")
	if err != nil {
		return err
	}
	kubelet, err := m.identity("kubelet")
	if err != nil {
		return err
	}
	c.ControlPlaneID, c.KubeletID = controlPlane.ID().ToStringOutput(), kubelet.ID().ToStringOutput()
	c.beforeCluster, err = m.grantAll(
		grant{controlPlane, "subnet", RoleNetworkContributor, pulumi.String(m.args.SubnetID)},
		grant{controlPlane, "kubelet", RoleManagedIdentityOperator, kubelet.ID().ToStringOutput()},
		grant{kubelet, "registry", RoleAcrPull, m.args.RegistryID},
	)
	if err != nil || m.args.PublicIPID == nil {
		return err
	}
	// The cloud provider finds a pre-created address by listing its resource group, then attaches it.
	_, err = m.grantAll(
		grant{controlPlane, "public-ip", RoleNetworkContributor, m.args.PublicIPID},
		grant{controlPlane, "group", RoleReader, m.resourceGroupID()},
	)
	return err
}

// ingressController creates the identity of the Application Gateway ingress controller: it rewrites the gateway, reads the
// group the gateway is in, and joins the gateway to its subnet on every write.
func (c *Identities) ingressController(m *identityMaker) error {
	agic, err := m.identity("agic")
	if err != nil {
		return err
	}
	c.agic, c.AGICClientID = agic, agic.live.ClientId()
	_, err = m.grantAll(
		grant{agic, "gateway", RoleContributor, m.args.Gateway.ID},
		grant{agic, "group", RoleReader, m.resourceGroupID()},
		grant{agic, "gateway-subnet", RoleNetworkContributor, pulumi.String(m.args.Gateway.SubnetID)},
	)
	return err
}

// proofs creates the identity cert-manager writes its records as. The zone may be in another resource group: whoever deploys must
// be allowed to grant roles there too.
func (c *Identities) proofs(m *identityMaker) error {
	certManager, err := m.identity("cert-manager")
	if err != nil {
		return err
	}
	c.certManager, c.CertManagerClientID = certManager, certManager.live.ClientId()
	_, err = m.grantAll(grant{certManager, "dns-zone", RoleDNSZoneContributor, pulumi.String(m.args.DNSZoneID)})
	return err
}

// identity is a user-assigned identity with the plain name its role assignments are named after.
type identity struct {
	*managedidentity.UserAssignedIdentity
	role, physical string
	// live is the identity as Azure knows it. It stays known while an update of the identity is previewed, which its own
	// outputs do not, and is looked up only once the identity exists.
	live managedidentity.LookupUserAssignedIdentityResultOutput
}

// grant gives an identity a role on a scope; on names the scope in logical names.
type grant struct {
	to    *identity
	on    string
	role  string
	scope pulumi.StringInput
}

type identityMaker struct {
	ctx      *pulumi.Context
	name     string
	args     *IdentitiesArgs
	parent   pulumi.Resource
	children component.Children
}

func (m *identityMaker) identity(role string) (*identity, error) {
	id := &identity{role: role, physical: m.args.Names.Of("aks-" + role)}
	var err error
	id.UserAssignedIdentity, err = managedidentity.NewUserAssignedIdentity(m.ctx, m.name+"-"+role,
		&managedidentity.UserAssignedIdentityArgs{
			ResourceGroupName: m.args.Placement.ResourceGroupName,
			ResourceName:      pulumi.String(id.physical),
			Location:          pulumi.String(m.args.Placement.Location),
			Tags:              m.args.Placement.TagMap(),
		}, m.children.Opts()...)
	if err != nil {
		return nil, err
	}
	id.live = managedidentity.LookupUserAssignedIdentityOutput(m.ctx, managedidentity.LookupUserAssignedIdentityOutputArgs{
		ResourceGroupName: pulumi.String(m.args.Placement.ResourceGroup),
		ResourceName:      id.Name,
	}, pulumi.Parent(m.parent))
	return id, nil
}

func (m *identityMaker) grantAll(grants ...grant) ([]pulumi.Resource, error) {
	assignments := make([]pulumi.Resource, 0, len(grants))
	for _, g := range grants {
		assignment, err := m.grant(g)
		if err != nil {
			return nil, err
		}
		assignments = append(assignments, assignment)
	}
	return assignments, nil
}

func (m *identityMaker) grant(g grant) (*authorization.RoleAssignment, error) {
	guid := g.scope.ToStringOutput().ApplyT(func(scope string) string {
		return m.args.Names.RoleAssignment(scope, g.role, g.to.physical)
	}).(pulumi.StringOutput)
	return authorization.NewRoleAssignment(m.ctx, m.name+"-"+g.to.role+"-on-"+g.on, &authorization.RoleAssignmentArgs{
		RoleAssignmentName: guid,
		RoleDefinitionId:   pulumi.String(m.args.Placement.RoleDefinition(g.role)),
		Scope:              g.scope,
		PrincipalId:        g.to.live.PrincipalId(),
		// Named, so that Azure does not look for a principal that has not reached its directory yet.
		PrincipalType: pulumi.String("ServicePrincipal"),
	}, m.children.Opts(pulumi.DependsOn(m.args.DependsOn))...)
}

// resourceGroupID waits for the group but is derived from its plain name.
func (m *identityMaker) resourceGroupID() pulumi.StringOutput {
	id := "/subscriptions/" + m.args.Placement.SubscriptionID + "/resourceGroups/" + m.args.Placement.ResourceGroup
	return m.args.Placement.ResourceGroupName.ToStringOutput().ApplyT(func(string) string { return id }).(pulumi.StringOutput)
}
