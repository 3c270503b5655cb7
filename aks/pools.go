package aks

import (
	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/aks/plan"
	"apim-azure/internal/component"
)

// newPools creates the user pools. Their logical names are the roles and stay; their physical names change with what AKS
// can't change in place.
func newPools(ctx *pulumi.Context, name string, a *ClusterArgs, cluster *containerservice.ManagedCluster,
	children component.Children,
) ([]pulumi.Resource, error) {
	var pools []pulumi.Resource
	for _, p := range a.Plan.Pools() {
		pool, err := containerservice.NewAgentPool(ctx, name+"-"+p.Role, agentPool(a, p, cluster), children.Opts(
			slow,
			// The new pool first, then the old one goes: the names differ, so both can stand side by side.
			pulumi.DeleteBeforeReplace(false),
			// Pools go down with their cluster.
			pulumi.DeletedWith(cluster),
			// The cluster's autoscaler writes the count.
			pulumi.IgnoreChanges([]string{"count"}),
		)...)
		if err != nil {
			return nil, err
		}
		pools = append(pools, pool)
	}
	return pools, nil
}

func agentPool(a *ClusterArgs, p plan.Pool, cluster *containerservice.ManagedCluster) *containerservice.AgentPoolArgs {
	return &containerservice.AgentPoolArgs{
		ResourceGroupName:   a.Placement.ResourceGroupName,
		ResourceName:        cluster.Name,
		AgentPoolName:       pulumi.String(a.Names.AgentPool(p.Role, p.Fingerprint())),
		Mode:                pulumi.String("User"),
		Type:                pulumi.String("VirtualMachineScaleSets"),
		VmSize:              pulumi.String(p.VMSize),
		OrchestratorVersion: pulumi.String(a.Plan.KubernetesVersion),
		EnableAutoScaling:   pulumi.Bool(true),
		MinCount:            pulumi.Int(p.Min),
		MaxCount:            pulumi.Int(p.Max),
		Count:               pulumi.Int(p.Min),
		MaxPods:             pulumi.Int(p.MaxPods),
		OsType:              pulumi.String("Linux"),
		OsSKU:               pulumi.String("Ubuntu"),
		OsDiskType:          pulumi.String(plan.OSDiskType),
		OsDiskSizeGB:        pulumi.Int(p.OSDiskGB),
		AvailabilityZones:   component.Zones(p.Zones...),
		VnetSubnetID:        pulumi.String(p.SubnetID),
		NodeLabels:          pulumi.ToStringMap(p.Labels()),
		UpgradeSettings:     upgradeSettings(),
		Tags:                a.Placement.TagMap(),
	}
}

// newMaintenance opens the weekly window node images are upgraded in. The configuration's name is AKS's own.
func newMaintenance(ctx *pulumi.Context, name string, a *ClusterArgs, cluster *containerservice.ManagedCluster,
	children component.Children,
) error {
	m := a.Plan.Maintenance
	_, err := containerservice.NewMaintenanceConfiguration(ctx, name+"-node-images", &containerservice.MaintenanceConfigurationArgs{
		ResourceGroupName: a.Placement.ResourceGroupName,
		ResourceName:      cluster.Name,
		ConfigName:        pulumi.String("aksManagedNodeOSUpgradeSchedule"),
		MaintenanceWindow: &containerservice.MaintenanceWindowArgs{
			Schedule: &containerservice.ScheduleArgs{Weekly: &containerservice.WeeklyScheduleArgs{
				DayOfWeek:     pulumi.String(m.Day),
				IntervalWeeks: pulumi.Int(1),
			}},
			StartTime:     pulumi.String(m.StartTime),
			DurationHours: pulumi.Int(m.DurationHours),
			UtcOffset:     pulumi.String(m.UTCOffset),
		},
	}, children.Opts(pulumi.DeletedWith(cluster))...)
	return err
}
