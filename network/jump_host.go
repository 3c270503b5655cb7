package network

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"

	"apim-azure/config/naming"
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi-azure-native-sdk/authorization/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/compute/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// JumpHostToken is the component's type.
const JumpHostToken = "apim:network:JumpHost"

// The built-in roles that let an Entra user open a shell on a machine that has the Entra login extension, with sudo and without.
const (
	roleVMAdministratorLogin = "1c0163c0-47e6-4577-8991-ea5c82e286e4"
	roleVMUserLogin          = "fb879df8-f326-4884-b1cf-06f3ad86be52"
)

// toolsScript installs the administrators' tools. It is a Run Command, not cloud-init: cloud-init can't change without
// replacing the machine, and a new kubectl must not cost the machine and what administrators keep on it.
//
//go:embed jump_host_tools.sh
var toolsScript string

// JumpHostArgs describes the machine administrators work from.
type JumpHostArgs struct {
	// Placement says where the machine goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// Zones are the region's availability zones; the machine takes the first. Empty where there are none.
	Zones []string
	// SubnetID is the bastion subnet's resource ID.
	SubnetID pulumi.StringInput
	// PrivateAddress is the machine's fixed address in the subnet.
	PrivateAddress netip.Addr
	// VMSize is the machine's size.
	VMSize string
	// AdminUsername is the local administrator.
	AdminUsername string
	// SSHPublicKey is the local administrator's key, in OpenSSH form. There is no password.
	SSHPublicKey pulumi.StringInput
	// PublicIP gives the machine a public address.
	PublicIP bool
	// KubernetesVersion is the cluster's minor version, such as 1.36; kubectl follows it.
	KubernetesVersion string
	// AdminGroups are the object IDs of the Entra groups whose members may log in. Without any, only the local administrator can.
	AdminGroups []string
	// UserGroups are the same for logins without sudo.
	UserGroups []string
}

// JumpHost is the machine administrators work from.
type JumpHost struct {
	pulumi.ResourceState

	// ID is the machine's resource ID.
	ID pulumi.StringOutput `pulumi:"id"`
	// Name is the machine's name.
	Name pulumi.StringOutput `pulumi:"name"`
	// PrivateAddress is the machine's address in the bastion subnet.
	PrivateAddress pulumi.StringOutput `pulumi:"privateAddress"`
	// PublicAddress is the machine's public address, empty without one.
	PublicAddress pulumi.StringOutput `pulumi:"publicAddress"`
}

// Validate reports every problem at once.
func (a *JumpHostArgs) Validate() error {
	if a == nil {
		return errors.New("jump host: no arguments given")
	}
	var problems []error
	need := func(given bool, what string) {
		if !given {
			problems = append(problems, fmt.Errorf("jump host: %s is missing", what))
		}
	}
	need(a.SubnetID != nil, "SubnetID")
	need(a.PrivateAddress.IsValid(), "PrivateAddress")
	need(a.VMSize != "", "VMSize")
	need(a.AdminUsername != "", "AdminUsername")
	need(a.SSHPublicKey != nil, "SSHPublicKey")
	need(a.KubernetesVersion != "", "KubernetesVersion")
	return errors.Join(problems...)
}

// NewJumpHost creates the machine.
func NewJumpHost(ctx *pulumi.Context, name string, args *JumpHostArgs, opts ...pulumi.ResourceOption) (*JumpHost, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	j := &JumpHost{}
	children, err := args.Placement.Register(ctx, JumpHostToken, name, j, opts...)
	if err != nil {
		return nil, err
	}
	build := jumpHostBuilder{ctx, name, args, children}
	nic, publicAddress, err := build.nic()
	if err != nil {
		return nil, err
	}
	vm, err := compute.NewVirtualMachine(ctx, name+"-vm", args.machine(nic.ID().ToStringOutput()), children.Opts(
		// Azure reads the key when the machine is born and refuses another; operators roll keys with `az vm user update`.
		pulumi.IgnoreChanges([]string{"osProfile.linuxConfiguration.ssh"}),
	)...)
	if err != nil {
		return nil, err
	}
	if err := build.login(vm); err != nil {
		return nil, err
	}
	j.ID, j.Name = vm.ID().ToStringOutput(), vm.Name
	j.PrivateAddress = pulumi.String(args.PrivateAddress.String()).ToStringOutput()
	j.PublicAddress = publicAddress
	return j, ctx.RegisterResourceOutputs(j, pulumi.Map{
		"id": j.ID, "name": j.Name, "privateAddress": j.PrivateAddress, "publicAddress": j.PublicAddress,
	})
}

// jumpHostBuilder carries what every step of building the machine needs.
type jumpHostBuilder struct {
	ctx      *pulumi.Context
	name     string
	args     *JumpHostArgs
	children component.Children
}

func (b jumpHostBuilder) nic() (*network.NetworkInterface, pulumi.StringOutput, error) {
	a, p := b.args, b.args.Placement
	config := network.NetworkInterfaceIPConfigurationArgs{
		Name:                      pulumi.String("primary"),
		Primary:                   pulumi.Bool(true),
		PrivateIPAddress:          pulumi.String(a.PrivateAddress.String()),
		PrivateIPAllocationMethod: pulumi.String("Static"),
		Subnet:                    network.SubnetTypeArgs{Id: a.SubnetID.ToStringOutput().ToStringPtrOutput()},
	}
	address := pulumi.String("").ToStringOutput()
	if a.PublicIP {
		public, err := publicAddress(b.ctx, p, b.name+"-ip", a.Names.Of("jump-ip"), a.Zones, b.children.Opts()...)
		if err != nil {
			return nil, address, err
		}
		config.PublicIPAddress = network.PublicIPAddressTypeArgs{Id: public.ID().ToStringOutput().ToStringPtrOutput()}
		address = public.IpAddress.Elem()
	}
	nic, err := network.NewNetworkInterface(b.ctx, b.name+"-nic", &network.NetworkInterfaceArgs{
		ResourceGroupName:    p.ResourceGroupName,
		NetworkInterfaceName: pulumi.String(a.Names.Of("jump-nic")),
		Location:             pulumi.String(p.Location),
		IpConfigurations:     network.NetworkInterfaceIPConfigurationArray{config},
		Tags:                 p.TagMap(),
	}, b.children.Opts()...)
	return nic, address, err
}

// login lets Entra users in and installs the tools. The two follow each other: a machine runs one extension at a time.
func (b jumpHostBuilder) login(vm *compute.VirtualMachine) error {
	a, p := b.args, b.args.Placement
	entra, err := compute.NewVirtualMachineExtension(b.ctx, b.name+"-entra-login", &compute.VirtualMachineExtensionArgs{
		ResourceGroupName:       p.ResourceGroupName,
		VmName:                  vm.Name,
		VmExtensionName:         pulumi.String("AADSSHLoginForLinux"),
		Location:                pulumi.String(p.Location),
		Publisher:               pulumi.String("Microsoft.Azure.ActiveDirectory"),
		Type:                    pulumi.String("AADSSHLoginForLinux"),
		TypeHandlerVersion:      pulumi.String("1.0"),
		AutoUpgradeMinorVersion: pulumi.Bool(true),
		Tags:                    p.TagMap(),
	}, b.children.Opts(pulumi.DeletedWith(vm))...) // Azure takes no extension off a machine that is switched off
	if err != nil {
		return err
	}
	if _, err := compute.NewVirtualMachineRunCommandByVirtualMachine(b.ctx, b.name+"-tools",
		&compute.VirtualMachineRunCommandByVirtualMachineArgs{
			ResourceGroupName: p.ResourceGroupName,
			VmName:            vm.Name,
			RunCommandName:    pulumi.String("tools"),
			Location:          pulumi.String(p.Location),
			Source:            compute.VirtualMachineRunCommandScriptSourceArgs{Script: pulumi.String(toolsScript)},
			Parameters: compute.RunCommandInputParameterArray{
				compute.RunCommandInputParameterArgs{Name: pulumi.String("kubernetes_version"), Value: pulumi.String(a.KubernetesVersion)},
			},
			TimeoutInSeconds:                pulumi.Int(1800),
			AsyncExecution:                  pulumi.Bool(false),
			TreatFailureAsDeploymentFailure: pulumi.Bool(true),
			Tags:                            p.TagMap(),
		}, b.children.Opts(pulumi.DependsOn([]pulumi.Resource{entra}), pulumi.DeletedWith(vm),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "40m", Update: "40m"}))...); err != nil {
		return err
	}
	scope := p.ID("Microsoft.Compute/virtualMachines", a.Names.Of("jump"))
	for role, groups := range map[string][]string{roleVMAdministratorLogin: a.AdminGroups, roleVMUserLogin: a.UserGroups} {
		for _, group := range groups {
			if _, err := authorization.NewRoleAssignment(b.ctx, b.name+"-login-"+group, &authorization.RoleAssignmentArgs{
				Scope:              vm.ID(), // not the plain ID: the assignment goes when the machine is replaced
				RoleAssignmentName: pulumi.String(a.Names.RoleAssignment(scope, role, group)),
				RoleDefinitionId:   pulumi.String(p.RoleDefinition(role)),
				PrincipalId:        pulumi.String(group),
				PrincipalType:      pulumi.String("Group"),
			}, b.children.Opts()...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *JumpHostArgs) machine(nicID pulumi.StringInput) *compute.VirtualMachineArgs {
	p, vmName := a.Placement, a.Names.Of("jump")
	return &compute.VirtualMachineArgs{
		ResourceGroupName: p.ResourceGroupName,
		VmName:            pulumi.String(vmName),
		Location:          pulumi.String(p.Location),
		Zones:             component.Zones(a.Zones[:min(1, len(a.Zones))]...),
		HardwareProfile:   compute.HardwareProfileArgs{VmSize: pulumi.String(a.VMSize)},
		Identity:          compute.VirtualMachineIdentityArgs{Type: compute.ResourceIdentityTypeSystemAssigned}, // for the Entra login
		NetworkProfile: compute.NetworkProfileArgs{NetworkInterfaces: compute.NetworkInterfaceReferenceArray{
			compute.NetworkInterfaceReferenceArgs{Id: nicID.ToStringOutput().ToStringPtrOutput(), Primary: pulumi.Bool(true)},
		}},
		OsProfile: compute.OSProfileArgs{
			ComputerName:  pulumi.String(vmName),
			AdminUsername: pulumi.String(a.AdminUsername),
			LinuxConfiguration: compute.LinuxConfigurationArgs{
				DisablePasswordAuthentication: pulumi.Bool(true),
				ProvisionVMAgent:              pulumi.Bool(true),
				PatchSettings: compute.LinuxPatchSettingsArgs{
					PatchMode: pulumi.String("AutomaticByPlatform"), AssessmentMode: pulumi.String("AutomaticByPlatform"),
				},
				Ssh: compute.SshConfigurationArgs{PublicKeys: compute.SshPublicKeyTypeArray{
					compute.SshPublicKeyTypeArgs{
						KeyData: a.SSHPublicKey.ToStringOutput().ToStringPtrOutput(),
						Path:    pulumi.String("/home/" + a.AdminUsername + "/.ssh/authorized_keys"),
					},
				}},
			},
		},
		StorageProfile: compute.StorageProfileArgs{
			ImageReference: compute.ImageReferenceArgs{
				Publisher: pulumi.String("Canonical"), Offer: pulumi.String("ubuntu-24_04-lts"), Sku: pulumi.String("server"),
				Version: pulumi.String("latest"),
			},
			OsDisk: compute.OSDiskArgs{
				Name:         pulumi.String(a.Names.Of("jump-os")),
				CreateOption: pulumi.String("FromImage"),
				Caching:      compute.CachingTypesReadWrite,
				DeleteOption: pulumi.String("Delete"),
				ManagedDisk:  compute.ManagedDiskParametersArgs{StorageAccountType: pulumi.String("StandardSSD_LRS")},
			},
		},
		SecurityProfile: compute.SecurityProfileArgs{
			SecurityType: pulumi.String("TrustedLaunch"),
			UefiSettings: compute.UefiSettingsArgs{SecureBootEnabled: pulumi.Bool(true), VTpmEnabled: pulumi.Bool(true)},
		},
		DiagnosticsProfile: compute.DiagnosticsProfileArgs{BootDiagnostics: compute.BootDiagnosticsArgs{Enabled: pulumi.Bool(true)}},
		Tags:               p.TagMap(),
	}
}
