package nodes

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	sizes "apim-azure/config/azure"
	"apim-azure/tests/rehearsal/azure"
)

const (
	typePool = "Microsoft.ContainerService/managedClusters/agentPools"
	// States of a resource that matter here: a pool has its nodes once it has been created, and loses them as soon as its
	// deletion begins.
	stateCreating, stateUpdating, stateDeleting = "Creating", "Updating", "Deleting"
)

// cluster is what nodes have of their cluster.
type cluster struct {
	Location          string     `json:"location"`
	NodeResourceGroup string     `json:"nodeResourceGroup"`
	AutoScaler        autoScaler `json:"autoScalerProfile"`
	Identities        struct {
		Kubelet struct {
			ClientID string `json:"clientId"`
		} `json:"kubeletidentity"`
	} `json:"identityProfile"`
}

// pool is a node pool of the subscription.
type pool struct {
	ID, Name, State string       `json:"-"`
	Generation      int          `json:"-"`
	Cluster         cluster      `json:"-"`
	Subnet          netip.Prefix `json:"-"` // of nodes and pods

	Mode         string            `json:"mode"`
	VMSize       string            `json:"vmSize"`
	Count        int               `json:"count"`
	AutoScaling  bool              `json:"enableAutoScaling"`
	MinCount     int               `json:"minCount"`
	MaxCount     int               `json:"maxCount"`
	MaxPods      int               `json:"maxPods"`
	Zones        []string          `json:"availabilityZones"`
	NodeLabels   map[string]string `json:"nodeLabels"`
	NodeTaints   []string          `json:"nodeTaints"`
	OSSKU        string            `json:"osSKU"`
	OSDiskGB     int               `json:"osDiskSizeGB"`
	OSDiskType   string            `json:"osDiskType"`
	Version      string            `json:"currentOrchestratorVersion"`
	ImageVersion string            `json:"nodeImageVersion"`
	Priority     string            `json:"scaleSetPriority"`
	SubnetID     string            `json:"vnetSubnetID"`
}

// managedSubnet is where AKS puts the nodes of a cluster that brings no subnet of its own (observed: the node addresses in issue
// reports of such clusters).
var managedSubnet = netip.MustParsePrefix("10.224.0.0/16")

// readPools finds a cluster's pools among the resources of a subscription, sorted by ID. found is false when there is no such
// cluster, or it is being deleted: its nodes then go with its control plane.
func readPools(resources []azure.Resource, clusterID string) (pools []pool, found bool, err error) {
	at := slices.IndexFunc(resources, func(r azure.Resource) bool { return strings.EqualFold(r.ID, clusterID) })
	if clusterID == "" || at < 0 || resources[at].State == stateDeleting {
		return nil, false, nil
	}
	var c cluster
	if err := decode(resources[at], &c); err != nil {
		return nil, false, err
	}
	c.Location = strings.ToLower(strings.ReplaceAll(c.Location, " ", ""))
	prefix := strings.ToLower(clusterID) + "/agentpools/"
	for _, r := range resources {
		if !strings.EqualFold(r.Type, typePool) || !strings.HasPrefix(strings.ToLower(r.ID), prefix) {
			continue
		}
		p := pool{ID: r.ID, Name: r.Name, State: r.State, Generation: r.Generation, Cluster: c, MaxPods: 30}
		if err := decode(r, &p); err != nil {
			return nil, false, err
		}
		if p.Subnet, err = subnetRange(resources, p.SubnetID); err != nil {
			return nil, false, err
		}
		pools = append(pools, p)
	}
	return pools, true, nil
}

// decode reads properties, which come from JSON, into a struct.
func decode(r azure.Resource, into any) error {
	text, err := json.Marshal(r.Properties)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.ID, err)
	}
	return nil
}

func subnetRange(resources []azure.Resource, id string) (netip.Prefix, error) {
	at := slices.IndexFunc(resources, func(r azure.Resource) bool { return strings.EqualFold(r.ID, id) })
	if at < 0 {
		return managedSubnet, nil
	}
	var subnet struct {
		Prefix   string   `json:"addressPrefix"`
		Prefixes []string `json:"addressPrefixes"`
	}
	if err := decode(resources[at], &subnet); err != nil {
		return netip.Prefix{}, err
	}
	text := append(subnet.Prefixes, subnet.Prefix)[0]
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s: %w", id, err)
	}
	return prefix.Masked(), nil
}

// scaleSet is the name of the virtual machine scale set behind a pool (observed: aks-POOL-8DIGITS-vmss, with other digits for
// each pool). The digits depend on how often a pool of the name was made, so that a new pool's nodes have new names.
func (p pool) scaleSet() string {
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%s %d", strings.ToLower(p.ID), p.Generation)
	return fmt.Sprintf("aks-%s-%08d-vmss", p.Name, hash.Sum32()%100_000_000)
}

// size looks the machine size up; Azure ignores the case of its name.
func (p pool) size() (sizes.Size, error) {
	for _, name := range sizes.SizeNames() {
		if strings.EqualFold(name, p.VMSize) {
			size, _ := sizes.FindSize(name)
			return size, nil
		}
	}
	return sizes.Size{}, fmt.Errorf("pool %s: no figures are known for size %q; add it to the table of sizes", p.Name, p.VMSize)
}

// zoneLabel is the value of topology.kubernetes.io/zone: REGION-ZONE, and 0, the fault domain, outside zones (observed).
func (p pool) zoneLabel(zone string) string {
	if zone == "" {
		return "0"
	}
	return p.Cluster.Location + "-" + zone
}
