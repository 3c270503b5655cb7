package aks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/aks/plan"
	"apim-azure/config/naming"
	"apim-azure/internal/component"
)

// ClusterToken is the component's type.
const ClusterToken = "apim:aks:Cluster"

// slow gives cluster and pools time: creation takes minutes, an upgrade drains node after node.
var slow = pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "120m", Delete: "60m"})

// ClusterArgs describes the cluster.
type ClusterArgs struct {
	Placement component.Placement
	Names     naming.Names
	// Plan is what is known before anything exists.
	Plan plan.Cluster
	// Identities are the identities the cluster runs as; it waits for their roles.
	Identities *Identities
	// NATAddress is the public address nodes leave from; they reach the API from it, so it is authorised too.
	NATAddress pulumi.StringInput
	// AGICSubject is the subject of the tokens of the service account the ingress controller runs as. Required when Identities
	// has an identity for it.
	AGICSubject string
	// CertManagerSubject is the same for cert-manager.
	CertManagerSubject string
	// DependsOn is waited for before the cluster is asked for: the network, whose NAT gateway AKS looks for in the subnet.
	DependsOn []pulumi.Resource
}

// Validate reports every problem of the plan and of the wiring at once.
func (a *ClusterArgs) Validate() error {
	if a == nil {
		return errors.New("aks cluster: no arguments")
	}
	problems := []error{a.Plan.Validate()}
	if a.NATAddress == nil {
		problems = append(problems, errors.New("aks cluster: NATAddress is nil; hand over the NAT gateway's public address"))
	}
	switch {
	case a.Identities == nil:
		problems = append(problems, errors.New("aks cluster: Identities is nil; create them first"))
	case a.Identities.agic != nil && a.AGICSubject == "":
		problems = append(problems, errors.New("aks cluster: AGICSubject is empty; name the ingress controller's service account"))
	case a.Identities.certManager != nil && a.CertManagerSubject == "":
		problems = append(problems, errors.New("aks cluster: CertManagerSubject is empty; name cert-manager's service account"))
	}
	return errors.Join(problems...)
}

// Cluster is the managed cluster with its pools.
type Cluster struct {
	pulumi.ResourceState

	// Name is the cluster's physical name, ID its resource ID.
	Name pulumi.StringOutput `pulumi:"name"`
	ID   pulumi.StringOutput `pulumi:"clusterId"`
	// FQDN is the host name of the Kubernetes API.
	FQDN pulumi.StringOutput `pulumi:"fqdn"`
	// OIDCIssuerURL is the issuer federated credentials trust.
	OIDCIssuerURL pulumi.StringOutput `pulumi:"oidcIssuerUrl"`
	// NodeResourceGroup is the group AKS keeps nodes and load balancers in.
	NodeResourceGroup pulumi.StringOutput `pulumi:"nodeResourceGroup"`
	// Kubeconfig is a secret. With local accounts it holds the admin certificate, otherwise it runs kubelogin, which asks for a
	// device code unless AAD_LOGIN_METHOD names another way. What it may do in the cluster is up to the caller's groups.
	Kubeconfig pulumi.StringOutput `pulumi:"kubeconfig"`

	// Managed is the Azure resource, for options such as DeletedWith.
	Managed *containerservice.ManagedCluster
	// Pools are the user pools, for workloads to wait on.
	Pools []pulumi.Resource
}

// NewCluster creates the cluster, then its pools, its maintenance window, people's way in and the credentials of what runs on it.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Cluster{}
	children, err := args.Placement.Register(ctx, ClusterToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	spec, err := managedCluster(args)
	if err != nil {
		return nil, err
	}
	c.Managed, err = containerservice.NewManagedCluster(ctx, name, spec, children.Protected(
		slow,
		pulumi.DependsOn(slices.Concat(args.DependsOn, args.Identities.beforeCluster)),
		// AKS lists every user pool here and its autoscaler writes their counts; those pools have resources of their own. What
		// follows from it is in the package's documentation.
		pulumi.IgnoreChanges([]string{"agentPoolProfiles"}),
	)...)
	if err != nil {
		return nil, err
	}
	c.Pools, err = newPools(ctx, name, args, c.Managed, children)
	if err != nil {
		return nil, err
	}
	if err := newMaintenance(ctx, name, args, c.Managed, children); err != nil {
		return nil, err
	}
	c.outputs(ctx, args)
	if err := c.admit(ctx, name, args, children); err != nil {
		return nil, err
	}
	if err := c.federate(ctx, name, args, children); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name":              c.Name,
		"clusterId":         c.ID,
		"fqdn":              c.FQDN,
		"oidcIssuerUrl":     c.OIDCIssuerURL,
		"nodeResourceGroup": c.NodeResourceGroup,
		"kubeconfig":        c.Kubeconfig,
	})
}

// managedCluster maps the plan to the SDK's types.
func managedCluster(a *ClusterArgs) (*containerservice.ManagedClusterArgs, error) {
	p := a.Plan
	dns, err := p.DNSServiceIP()
	if err != nil {
		return nil, fmt.Errorf("aks.serviceCidr: %w", err)
	}
	return &containerservice.ManagedClusterArgs{
		ResourceGroupName: a.Placement.ResourceGroupName,
		ResourceName:      pulumi.String(a.Names.Of("aks")),
		Location:          pulumi.String(a.Placement.Location),
		Tags:              a.Placement.TagMap(),
		DnsPrefix:         pulumi.String(a.Names.DNSPrefix()),
		NodeResourceGroup: pulumi.String(a.Names.NodeResourceGroup()),
		KubernetesVersion: pulumi.String(p.KubernetesVersion),
		SupportPlan:       pulumi.String(p.SupportPlan()),
		Sku:               &containerservice.ManagedClusterSKUArgs{Name: pulumi.String("Base"), Tier: pulumi.String(p.Tier)},

		Identity: &containerservice.ManagedClusterIdentityArgs{
			Type:                   containerservice.ResourceIdentityTypeUserAssigned,
			UserAssignedIdentities: pulumi.StringArray{a.Identities.ControlPlaneID},
		},
		IdentityProfile: containerservice.UserAssignedIdentityMap{
			"kubeletidentity": &containerservice.UserAssignedIdentityArgs{ResourceId: a.Identities.KubeletID},
		},
		EnableRBAC: pulumi.Bool(true),
		AadProfile: &containerservice.ManagedClusterAADProfileArgs{
			Managed: pulumi.Bool(true),
			// Rights inside the cluster are Kubernetes' own, given to Entra groups.
			EnableAzureRBAC:     pulumi.Bool(false),
			TenantID:            pulumi.String(p.TenantID),
			AdminGroupObjectIDs: pulumi.ToStringArray(p.AdminGroups),
		},
		DisableLocalAccounts: pulumi.Bool(!p.LocalAccounts),
		OidcIssuerProfile:    &containerservice.ManagedClusterOIDCIssuerProfileArgs{Enabled: pulumi.Bool(true)},
		SecurityProfile: &containerservice.ManagedClusterSecurityProfileArgs{
			WorkloadIdentity: &containerservice.ManagedClusterSecurityProfileWorkloadIdentityArgs{Enabled: pulumi.Bool(true)},
		},

		NetworkProfile: &containerservice.ContainerServiceNetworkProfileArgs{
			// Azure CNI without a mode: pods have addresses of the subnet and no NAT, as the reference asks.
			NetworkPlugin:    pulumi.String("azure"),
			NetworkDataplane: pulumi.String(p.Dataplane()),
			NetworkPolicy:    pulumi.String(p.NetworkPolicy),
			LoadBalancerSku:  pulumi.String("standard"),
			OutboundType:     pulumi.String("userAssignedNATGateway"),
			ServiceCidr:      pulumi.String(p.ServiceCIDR),
			DnsServiceIP:     pulumi.String(dns),
		},
		ApiServerAccessProfile: apiServerAccess(a),

		AgentPoolProfiles: containerservice.ManagedClusterAgentPoolProfileArray{systemPool(a)},
		AutoScalerProfile: &containerservice.ManagedClusterPropertiesAutoScalerProfileArgs{
			ScaleDownUtilizationThreshold: pulumi.String(plan.ScaleDownUtilization),
			ScaleDownUnneededTime:         pulumi.String(plan.ScaleDownUnneeded),
		},
		AutoUpgradeProfile: &containerservice.ManagedClusterAutoUpgradeProfileArgs{
			// Node images follow their channel in the maintenance window; Kubernetes itself moves only when the key does.
			NodeOSUpgradeChannel: pulumi.String("NodeImage"),
			UpgradeChannel:       pulumi.String("none"),
		},
	}, nil
}

// apiServerAccess is nil, which leaves the API open to any address, unless ranges are configured. Nodes reach the API from
// the NAT gateway's address, so it comes first.
func apiServerAccess(a *ClusterArgs) containerservice.ManagedClusterAPIServerAccessProfilePtrInput {
	ranges := a.Plan.AuthorizedRanges()
	if len(ranges) == 0 {
		return nil
	}
	all := pulumi.StringArray{pulumi.Sprintf("%s/32", a.NATAddress)}
	for _, r := range ranges {
		all = append(all, pulumi.String(r))
	}
	return &containerservice.ManagedClusterAPIServerAccessProfileArgs{AuthorizedIPRanges: all}
}

func systemPool(a *ClusterArgs) *containerservice.ManagedClusterAgentPoolProfileArgs {
	p := a.Plan
	return &containerservice.ManagedClusterAgentPoolProfileArgs{
		Name:              pulumi.String(plan.SystemPoolName),
		Mode:              pulumi.String("System"),
		Type:              pulumi.String("VirtualMachineScaleSets"),
		VmSize:            pulumi.String(p.System.VMSize),
		Count:             pulumi.Int(p.System.Count),
		MaxPods:           pulumi.Int(p.MaxPods),
		OsType:            pulumi.String("Linux"),
		OsSKU:             pulumi.String("Ubuntu"),
		OsDiskType:        pulumi.String(plan.OSDiskType),
		AvailabilityZones: component.Zones(p.Zones...),
		VnetSubnetID:      pulumi.String(p.SubnetID),
		NodeTaints:        pulumi.ToStringArray([]string{plan.SystemTaint}),
		Tags:              a.Placement.TagMap(),
		UpgradeSettings:   upgradeSettings(),
	}
}

func upgradeSettings() *containerservice.AgentPoolUpgradeSettingsArgs {
	return &containerservice.AgentPoolUpgradeSettingsArgs{MaxSurge: pulumi.Sprintf("%d", plan.MaxSurge)}
}

// outputs reads what others need from the cluster as Azure knows it, by its name, which stays known in previews.
func (c *Cluster) outputs(ctx *pulumi.Context, a *ClusterArgs) {
	live := containerservice.LookupManagedClusterOutput(ctx, containerservice.LookupManagedClusterOutputArgs{
		ResourceGroupName: pulumi.String(a.Placement.ResourceGroup),
		ResourceName:      c.Managed.Name,
	}, pulumi.Parent(c))
	c.Name = c.Managed.Name
	c.ID = c.Managed.ID().ToStringOutput()
	c.FQDN = live.Fqdn()
	c.OIDCIssuerURL = live.OidcIssuerProfile().IssuerURL().Elem()
	c.NodeResourceGroup = pulumi.String(a.Names.NodeResourceGroup()).ToStringOutput()
	c.Kubeconfig = c.kubeconfig(ctx, a)
	c.warnOfDrift(ctx, a.Plan.System, live.AgentPoolProfiles())
}

// kubeconfig asks for the credentials by the cluster's name. AKS refuses the admin ones when local accounts are off.
func (c *Cluster) kubeconfig(ctx *pulumi.Context, a *ClusterArgs) pulumi.StringOutput {
	group := pulumi.String(a.Placement.ResourceGroup)
	var files containerservice.CredentialResultResponseArrayOutput
	if a.Plan.LocalAccounts {
		files = containerservice.ListManagedClusterAdminCredentialsOutput(ctx,
			containerservice.ListManagedClusterAdminCredentialsOutputArgs{ResourceGroupName: group, ResourceName: c.Managed.Name},
			pulumi.Parent(c)).Kubeconfigs()
	} else {
		files = containerservice.ListManagedClusterUserCredentialsOutput(ctx,
			containerservice.ListManagedClusterUserCredentialsOutputArgs{
				ResourceGroupName: group, ResourceName: c.Managed.Name, Format: pulumi.String("exec"),
			}, pulumi.Parent(c)).Kubeconfigs()
	}
	decoded := files.ApplyT(func(files []containerservice.CredentialResultResponse) (string, error) {
		if len(files) == 0 {
			return "", errors.New("AKS returned no kubeconfig; the deployer needs Azure Kubernetes Service Cluster User Role")
		}
		text, err := base64.StdEncoding.DecodeString(files[0].Value)
		return string(text), err
	})
	return pulumi.ToSecret(decoded).(pulumi.StringOutput)
}

// warnOfDrift warns when the inline pool, which the program leaves alone, isn't the configured one.
func (c *Cluster) warnOfDrift(ctx *pulumi.Context, want plan.SystemPool,
	live containerservice.ManagedClusterAgentPoolProfileResponseArrayOutput,
) {
	live.ApplyT(func(pools []containerservice.ManagedClusterAgentPoolProfileResponse) (bool, error) {
		for _, pool := range pools {
			if pool.Name != plan.SystemPoolName || pool.VmSize == nil || pool.Count == nil {
				continue
			}
			if drift := want.Drift(*pool.VmSize, *pool.Count); drift != "" {
				return true, ctx.Log.Warn(drift, &pulumi.LogArgs{Resource: c})
			}
		}
		return false, nil
	})
}

// admit lets all groups fetch the kubeconfig from Azure. What they may do inside is Kubernetes' own decision.
func (c *Cluster) admit(ctx *pulumi.Context, name string, a *ClusterArgs, children component.Children) error {
	scope := a.Placement.ID("Microsoft.ContainerService/managedClusters", a.Names.Of("aks"))
	for _, list := range []struct {
		who    string
		groups []string
	}{{"admins", a.Plan.AdminGroups}, {"users", a.Plan.UserGroups}} {
		for _, group := range list.groups {
			if _, err := authorization.NewRoleAssignment(ctx, name+"-"+list.who+"-"+group, &authorization.RoleAssignmentArgs{
				Scope:              c.Managed.ID(), // not the plain ID: the assignment goes when the cluster is replaced
				RoleAssignmentName: pulumi.String(a.Names.RoleAssignment(scope, RoleAKSClusterUser, group)),
				RoleDefinitionId:   pulumi.String(a.Placement.RoleDefinition(RoleAKSClusterUser)),
				PrincipalId:        pulumi.String(group),
				PrincipalType:      pulumi.String("Group"),
			}, children.Opts(pulumi.DeletedWith(c.Managed))...); err != nil {
				return err
			}
		}
	}
	return nil
}

// federate lets service accounts act as the identities made for them.
func (c *Cluster) federate(ctx *pulumi.Context, name string, a *ClusterArgs, children component.Children) error {
	for _, f := range []struct {
		credential, subject string
		as                  *identity
	}{
		{"agic", a.AGICSubject, a.Identities.agic},
		{"cert-manager", a.CertManagerSubject, a.Identities.certManager},
	} {
		if f.as == nil {
			continue
		}
		if _, err := managedidentity.NewFederatedIdentityCredential(ctx, name+"-"+f.credential, &managedidentity.FederatedIdentityCredentialArgs{
			ResourceGroupName:                       a.Placement.ResourceGroupName,
			ResourceName:                            f.as.Name,
			FederatedIdentityCredentialResourceName: pulumi.String(f.credential),
			Issuer:                                  c.OIDCIssuerURL,
			Subject:                                 pulumi.String(f.subject),
			Audiences:                               pulumi.ToStringArray([]string{"api://AzureADTokenExchange"}),
		}, children.Opts()...); err != nil {
			return err
		}
	}
	return nil
}
