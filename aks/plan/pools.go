package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PoolLabel is the node label pods select their pool by. Its value is the pool's role, so it survives a pool's physical
// renaming, unlike AKS's own `agentpool` label.
const PoolLabel = "apim.io/pool"

// The roles of the two user pools, as the reference architecture names them.
const (
	APIMRole  = "apimpool"
	InfraRole = "infrapool"
)

// SystemPoolName is the physical name of the inline pool. It carries no hash: the inline pool is never replaced.
const SystemPoolName = "system"

// SystemTaint keeps everything but the cluster's own pods off the system pool (AKS: dedicated system pools).
const SystemTaint = "CriticalAddonsOnly=true:NoSchedule"

// MaxSurge is the number of extra nodes a pool may use while it is upgraded. One node: the address plan of a node subnet
// pays maxPods + 1 addresses for each.
const MaxSurge = 1

// OSDiskType is `Managed`: the default sizes have no temporary disk an ephemeral one could live on.
const OSDiskType = "Managed"

// Autoscaler figures of the reference architecture: a node below 50 % for more than 10 minutes is removed.
const (
	ScaleDownUtilization = "0.5"
	ScaleDownUnneeded    = "10m"
)

// SystemPool is the inline pool.
type SystemPool struct {
	// VMSize is the nodes' size; AKS asks for 4 vCPU and 4 GiB at least.
	VMSize string
	// Count is the number of nodes, 2 to 10.
	Count int
}

// UserPool is an autoscaled pool as it is configured.
type UserPool struct {
	// VMSize is the nodes' size.
	VMSize string
	// Min and Max bound the number of nodes, 1 to 100.
	Min, Max int
	// OSDiskGB is the size of each node's disk, 30 to 2048 GiB.
	OSDiskGB int
}

// Pool is a user pool with everything the cluster decides for it.
type Pool struct {
	UserPool
	// Role is the logical name, and the value of PoolLabel.
	Role string
	// MaxPods, Zones and SubnetID are the cluster's; AKS can't change them on a pool that exists.
	MaxPods  int
	Zones    []string
	SubnetID string
}

// Fingerprint spells out the settings AKS refuses to change on a pool that exists. The physical name is derived from it.
func (p Pool) Fingerprint() string {
	zones := slices.Sorted(slices.Values(p.Zones))
	return strings.Join([]string{
		"vmSize=" + strings.ToLower(p.VMSize),
		"osDiskSizeGB=" + strconv.Itoa(p.OSDiskGB),
		"osDiskType=" + OSDiskType,
		"zones=" + strings.Join(zones, ","),
		"maxPods=" + strconv.Itoa(p.MaxPods),
		"vnetSubnetID=" + strings.ToLower(p.SubnetID),
	}, "\n")
}

// Labels are the labels of the pool's nodes.
func (p Pool) Labels() map[string]string { return map[string]string{PoolLabel: p.Role} }

// Drift says what a running system pool has that the configuration doesn't ask for, with the way out; nothing when they agree.
// The program can't correct it: see the cluster's IgnoreChanges. A size in another case is the same size.
func (s SystemPool) Drift(vmSize string, count int) string {
	wayOut := ""
	switch {
	case !strings.EqualFold(vmSize, s.VMSize):
		wayOut = "AKS can't change the size of the inline pool, set vmSize back"
	case count != s.Count:
		wayOut = fmt.Sprintf("run `az aks nodepool scale --name %s --node-count %d`, then `pulumi refresh`", SystemPoolName, s.Count)
	default:
		return ""
	}
	return fmt.Sprintf("aks.systemPool: %d x %s are configured, the cluster runs %d x %s; %s", s.Count, s.VMSize, count, vmSize, wayOut)
}
