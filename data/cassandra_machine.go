package data

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-azure-native-sdk/compute/v3"
	"github.com/pulumi/pulumi-azure-native-sdk/network/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/data/cassandra"
	"apim-azure/internal/component"
)

// faultDomains is the number of fault and update domains of the availability set: one per node. Regions with two are refused
// by the configuration.
const faultDomains = 3

// The machines' image: the newest Ubuntu LTS, generation 2, whose package archive still carries OpenJDK 8, the only Java
// Cassandra 2.2 runs on.
var image = compute.ImageReferenceArgs{
	Publisher: pulumi.String("Canonical"),
	Offer:     pulumi.String("ubuntu-24_04-lts"),
	Sku:       pulumi.String("server"),
	Version:   pulumi.String("latest"),
}

// availabilitySet spreads the machines in regions without zones. It returns nil elsewhere.
func (b cassandraBuilder) availabilitySet() (*compute.AvailabilitySet, error) {
	if len(b.args.Zones) > 0 {
		return nil, nil
	}
	p := b.args.Placement
	return compute.NewAvailabilitySet(b.ctx, b.name+"-set", &compute.AvailabilitySetArgs{
		ResourceGroupName:         p.ResourceGroupName,
		AvailabilitySetName:       pulumi.String(b.args.Names.Of("cassandra-set")),
		Location:                  pulumi.String(p.Location),
		PlatformFaultDomainCount:  pulumi.Int(faultDomains),
		PlatformUpdateDomainCount: pulumi.Int(faultDomains),
		Sku:                       compute.SkuArgs{Name: pulumi.String("Aligned")}, // managed disks ask for it
		Tags:                      p.TagMap(),
	}, b.children.Opts()...)
}

// machine creates one node's interface, data disk and virtual machine, the last after the configuration of the node before.
func (b cassandraBuilder) machine(node cassandra.Node, set *compute.AvailabilitySet, previous pulumi.Resource) (
	*compute.VirtualMachine, error,
) {
	nic, err := b.nic(node)
	if err != nil {
		return nil, err
	}
	disk, err := b.disk(node)
	if err != nil {
		return nil, err
	}
	args := b.machineArgs(node, nic.ID(), disk.ID())
	if set != nil {
		args.AvailabilitySet = compute.SubResourceArgs{Id: set.ID().ToStringPtrOutput()}
	}
	var after []pulumi.Resource
	if previous != nil {
		after = append(after, previous)
	}
	return compute.NewVirtualMachine(b.ctx, b.child(node, "vm"), args, b.children.Protected(
		pulumi.DependsOn(after),
		pulumi.IgnoreChanges([]string{
			// Azure reads these when the machine is born and refuses to change them; a difference would replace the machine.
			// Afterwards the node script writes what cloud-init wrote, and operators roll keys with `az vm user update`.
			"osProfile.customData",
			"osProfile.linuxConfiguration.ssh",
			// The running system upgrades itself from Ubuntu's archive.
			"storageProfile.imageReference",
		}),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m", Update: "30m", Delete: "30m"}),
	)...)
}

func (b cassandraBuilder) nic(node cassandra.Node) (*network.NetworkInterface, error) {
	p := b.args.Placement
	return network.NewNetworkInterface(b.ctx, b.child(node, "nic"), &network.NetworkInterfaceArgs{
		ResourceGroupName:    p.ResourceGroupName,
		NetworkInterfaceName: pulumi.String(b.physical(node, "nic")),
		Location:             pulumi.String(p.Location),
		IpConfigurations: network.NetworkInterfaceIPConfigurationArray{network.NetworkInterfaceIPConfigurationArgs{
			Name:                      pulumi.String("primary"),
			Primary:                   pulumi.Bool(true),
			PrivateIPAddress:          pulumi.String(node.Address.String()),
			PrivateIPAllocationMethod: pulumi.String("Static"),
			Subnet:                    network.SubnetTypeArgs{Id: b.args.SubnetID.ToStringOutput().ToStringPtrOutput()},
		}},
		Tags: p.TagMap(),
	}, b.children.Opts()...)
}

// disk is a resource of its own, so that the data outlives the machine.
func (b cassandraBuilder) disk(node cassandra.Node) (*compute.Disk, error) {
	p := b.args.Placement
	return compute.NewDisk(b.ctx, b.child(node, "disk"), &compute.DiskArgs{
		ResourceGroupName: p.ResourceGroupName,
		DiskName:          pulumi.String(b.physical(node, "data")),
		Location:          pulumi.String(p.Location),
		Zones:             zones(node),
		Sku:               compute.DiskSkuArgs{Name: pulumi.String("Premium_LRS")},
		CreationData:      compute.CreationDataArgs{CreateOption: pulumi.String("Empty")},
		DiskSizeGB:        pulumi.Int(b.args.DataDiskGB),
		// Nobody exports the disk over the network; the machine and backups don't need to.
		NetworkAccessPolicy: pulumi.String("DenyAll"),
		PublicNetworkAccess: pulumi.String("Disabled"),
		Tags:                p.TagMap(),
	}, b.children.Protected()...)
}

func (b cassandraBuilder) machineArgs(node cassandra.Node, nicID, diskID pulumi.IDOutput) *compute.VirtualMachineArgs {
	p := b.args.Placement
	return &compute.VirtualMachineArgs{
		ResourceGroupName: p.ResourceGroupName,
		VmName:            pulumi.String(node.Name),
		Location:          pulumi.String(p.Location),
		Zones:             zones(node),
		HardwareProfile:   compute.HardwareProfileArgs{VmSize: pulumi.String(b.args.VMSize)},
		NetworkProfile: compute.NetworkProfileArgs{NetworkInterfaces: compute.NetworkInterfaceReferenceArray{
			compute.NetworkInterfaceReferenceArgs{Id: nicID.ToStringPtrOutput(), Primary: pulumi.Bool(true)},
		}},
		OsProfile: b.osProfile(node),
		StorageProfile: compute.StorageProfileArgs{
			ImageReference: image,
			OsDisk: compute.OSDiskArgs{
				Name:         pulumi.String(b.physical(node, "os")),
				CreateOption: pulumi.String("FromImage"),
				Caching:      compute.CachingTypesReadWrite,
				ManagedDisk:  compute.ManagedDiskParametersArgs{StorageAccountType: pulumi.String("Premium_LRS")},
				DeleteOption: pulumi.String("Delete"), // holds nothing the scripts can't put back
			},
			DataDisks: compute.DataDiskArray{compute.DataDiskArgs{
				Lun:          pulumi.Int(cassandra.DiskLUN),
				CreateOption: pulumi.String("Attach"),
				Caching:      compute.CachingTypesReadOnly,
				DeleteOption: pulumi.String("Detach"),
				ManagedDisk:  compute.ManagedDiskParametersArgs{Id: diskID.ToStringPtrOutput()},
			}},
		},
		SecurityProfile: compute.SecurityProfileArgs{
			SecurityType: pulumi.String("TrustedLaunch"),
			UefiSettings: compute.UefiSettingsArgs{SecureBootEnabled: pulumi.Bool(true), VTpmEnabled: pulumi.Bool(true)},
		},
		DiagnosticsProfile: compute.DiagnosticsProfileArgs{
			BootDiagnostics: compute.BootDiagnosticsArgs{Enabled: pulumi.Bool(true)}, // in storage Azure manages
		},
		Tags: p.TagMap(),
	}
}

func (b cassandraBuilder) osProfile(node cassandra.Node) compute.OSProfileArgs {
	return compute.OSProfileArgs{
		ComputerName:  pulumi.String(node.Name),
		AdminUsername: pulumi.String(b.args.AdminUsername),
		CustomData:    pulumi.String(base64.StdEncoding.EncodeToString([]byte(cassandra.CloudInit()))),
		LinuxConfiguration: compute.LinuxConfigurationArgs{
			DisablePasswordAuthentication: pulumi.Bool(true),
			ProvisionVMAgent:              pulumi.Bool(true), // Run Commands need the agent
			Ssh: compute.SshConfigurationArgs{PublicKeys: compute.SshPublicKeyTypeArray{compute.SshPublicKeyTypeArgs{
				Path:    pulumi.String(fmt.Sprintf("/home/%s/.ssh/authorized_keys", b.args.AdminUsername)),
				KeyData: b.args.SSHPublicKey.ToStringOutput().ToStringPtrOutput(),
			}}},
		},
	}
}

func (b cassandraBuilder) physical(node cassandra.Node, role string) string {
	return b.args.Names.Of("cassandra-" + strconv.Itoa(node.Index) + "-" + role)
}

// zones is the zone of a node as Azure takes it: one element, or nothing.
func zones(node cassandra.Node) pulumi.StringArrayInput {
	if node.Zone == "" {
		return nil
	}
	return component.Zones(node.Zone)
}
