package nodes

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	sizes "apim-azure/config/azure"
	"apim-azure/tests/rehearsal/azure"
)

type object = map[string]any

const (
	groupID   = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg"
	clusterID = groupID + "/providers/Microsoft.ContainerService/managedClusters/apim"
	subnetID  = groupID + "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aks"
)

// zonal is a pool as most tests want it.
func zonal(count int) pool {
	return pool{
		ID: clusterID + "/agentPools/apim0a1b2c", Name: "apim0a1b2c", State: "Succeeded", Generation: 1, Mode: "User", VMSize: "Standard_D4s_v5",
		Count: count, AutoScaling: true, MinCount: 1, MaxCount: 6, MaxPods: 30, Zones: []string{"1", "2", "3"}, OSSKU: "Ubuntu", OSDiskType: "Managed",
		Version: "1.36.3", ImageVersion: "AKSUbuntu-2404gen2containerd-202611.10.0", NodeLabels: map[string]string{"apim.io/pool": "apimpool"},
		Subnet:  netip.MustParsePrefix("10.0.0.0/23"),
		Cluster: cluster{Location: "westeurope", NodeResourceGroup: "RG-nodes"},
	}
}

// machines are count nodes of a pool, spread as they would join.
func machines(t *testing.T, p pool, count int) []*corev1.Node {
	t.Helper()
	var out []*corev1.Node
	for i := range count {
		zone, _ := p.nextZone(out, nil)
		n, err := p.node(i, zone, netip.MustParsePrefix(fmt.Sprintf("10.0.%d.%d/27", (i+1)/8, (i+1)%8*32)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func TestPoolsAreReadFromTheSubscription(t *testing.T) {
	resources := []azure.Resource{
		{ID: subnetID, Type: "Microsoft.Network/virtualNetworks/subnets", Properties: object{"addressPrefix": "10.1.0.0/23"}},
		{ID: clusterID, Type: "Microsoft.ContainerService/managedClusters", State: "Succeeded", Properties: object{
			"location": "West Europe", "nodeResourceGroup": "rg-nodes", "autoScalerProfile": object{"scaleDownUnneededTime": "10m"}}},
		{ID: clusterID + "/agentPools/system", Name: "system", Type: typePool, State: "Succeeded", Properties: object{
			"mode": "System", "vmSize": "Standard_D4s_v5", "count": 2.0, "vnetSubnetID": strings.ToUpper(subnetID), "nodeTaints": []any{"CriticalAddonsOnly=true:NoSchedule"}}},
		{ID: clusterID + "2/agentPools/other", Name: "other", Type: typePool},
	}
	pools, found, err := readPools(resources, strings.ToLower(clusterID))
	if err != nil || !found || len(pools) != 1 {
		t.Fatalf("%v, found %v, error %v", pools, found, err)
	}
	p := pools[0]
	if p.Cluster.Location != "westeurope" || p.Cluster.AutoScaler.Unneeded != "10m" || p.Count != 2 || p.MaxPods != 30 || p.Subnet.String() != "10.1.0.0/23" {
		t.Errorf("%+v", p)
	}

	t.Run("a cluster that goes takes its nodes along with its control plane", func(t *testing.T) {
		resources[1].State = "Deleting"
		if _, found, err := readPools(resources, clusterID); found || err != nil {
			t.Errorf("found %v, error %v", found, err)
		}
	})
	t.Run("without a cluster there is nothing to do", func(t *testing.T) {
		for _, id := range []string{"", clusterID + "3"} {
			if _, found, err := readPools(resources, id); found || err != nil {
				t.Errorf("%q: found %v, error %v", id, found, err)
			}
		}
	})
}

func TestANodeLooksAsAKSMakesIt(t *testing.T) {
	p := zonal(3)
	p.NodeTaints = []string{"dedicated=apim:NoSchedule"}
	n := machines(t, p, 38)[37]
	if want := p.scaleSet() + "000011"; n.Name != want || !strings.HasPrefix(n.Name, "aks-apim0a1b2c-") || len(p.scaleSet()) != len("aks-apim0a1b2c-01234567-vmss") {
		t.Errorf("name %s, want %s", n.Name, want)
	}
	if want := "azure:///subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-nodes/providers/Microsoft.Compute/virtualMachineScaleSets/" +
		p.scaleSet() + "/virtualMachines/37"; n.Spec.ProviderID != want {
		t.Errorf("provider ID %s, want %s", n.Spec.ProviderID, want)
	}
	for label, want := range map[string]string{
		"agentpool": "apim0a1b2c", "kubernetes.azure.com/agentpool": "apim0a1b2c", "kubernetes.azure.com/mode": "user", "kubernetes.azure.com/cluster": "RG-nodes",
		"kubernetes.azure.com/role": "agent", "kubernetes.azure.com/os-sku": "Ubuntu", "kubernetes.azure.com/storageprofile": "managed",
		"kubernetes.azure.com/storagetier": "Premium_LRS", "node.kubernetes.io/instance-type": "Standard_D4s_v5", "kubernetes.io/hostname": n.Name,
		"topology.kubernetes.io/region": "westeurope", "topology.kubernetes.io/zone": "westeurope-2", "topology.disk.csi.azure.com/zone": "westeurope-2",
		"apim.io/pool": "apimpool", "rehearsal.apim/kubelet": "running",
	} {
		if got := n.Labels[label]; got != want {
			t.Errorf("label %s is %q, want %q", label, got, want)
		}
	}
	if want := []corev1.Taint{{Key: "dedicated", Value: "apim", Effect: "NoSchedule"}}; !reflect.DeepEqual(n.Spec.Taints, want) {
		t.Errorf("taints %v", n.Spec.Taints)
	}

	t.Run("a regional pool's nodes are in no zone", func(t *testing.T) {
		p.Zones = nil
		n := machines(t, p, 1)[0]
		if zone, disk := n.Labels["topology.kubernetes.io/zone"], n.Labels["topology.disk.csi.azure.com/zone"]; zone != "0" || disk != "" || zoneOf(n) != "" {
			t.Errorf("zone %q, disk zone %q", zone, disk)
		}
	})
	t.Run("a pool made anew has other names", func(t *testing.T) {
		again := p
		again.Generation++
		if again.scaleSet() == p.scaleSet() {
			t.Error(p.scaleSet())
		}
		if _, ok := again.index(p.nodeName(0)); ok {
			t.Error("it takes the old pool's nodes for its own")
		}
	})
	t.Run("a size nobody has figures for is an error", func(t *testing.T) {
		p.VMSize = "Standard_Z1"
		if _, err := p.node(0, "", netip.MustParsePrefix("10.0.0.32/27")); err == nil || !strings.Contains(err.Error(), "Standard_Z1") {
			t.Error(err)
		}
	})
}

func TestCapacityFollowsTheSizeOfTheMachine(t *testing.T) {
	for _, test := range []struct {
		size                              string
		maxPods, diskGB                   int
		cpu, memory, freeCPU, freeMemory  string
		freePods, disk, freeDiskAtMostGiB int64
	}{
		// 4 GiB observed as 4025836Ki, 7 GiB as 7097600Ki: the model stays within 20 MiB of either.
		{"Standard_B2s", 30, 0, "2", "3919Mi", "1550m", "2599Mi", 24, 128, 112},
		{"Standard_D2s_v5", 30, 128, "2", "7933Mi", "1550m", "6613Mi", 24, 128, 112},
		{"Standard_D4s_v5", 30, 0, "4", "15961Mi", "3510m", "14641Mi", 24, 128, 112},
		{"Standard_D4s_v5", 110, 256, "4", "15961Mi", "3510m", "13041Mi", 104, 256, 224},
		{"Standard_B2ls_v2", 250, 0, "2", "3919Mi", "1550m", "2225Mi", 244, 128, 112}, // a quarter of the memory at most
	} {
		t.Run(fmt.Sprintf("%s with %d pods", test.size, test.maxPods), func(t *testing.T) {
			size, ok := sizes.FindSize(test.size)
			if !ok {
				t.Fatal("no such size")
			}
			all, free := capacity(size, test.maxPods, test.diskGB)
			if got := []string{all.Cpu().String(), all.Memory().String(), free.Cpu().String(), free.Memory().String()}; !slices.Equal(got,
				[]string{test.cpu, test.memory, test.freeCPU, test.freeMemory}) {
				t.Errorf("%v", got)
			}
			if free.Pods().Value() != test.freePods || all.Pods().Value() != int64(test.maxPods) {
				t.Errorf("%v of %v pods", free.Pods(), all.Pods())
			}
			if whole, part := all.StorageEphemeral().Value()>>30, free.StorageEphemeral().Value()>>30; whole >= test.disk || part >= test.freeDiskAtMostGiB || part < whole*8/10 {
				t.Errorf("%d of %d GiB of disk", part, whole)
			}
		})
	}
}

func TestNodesFollowTheirPoolsSettings(t *testing.T) {
	p := zonal(1)
	p.NodeTaints = []string{"old=1:NoSchedule"}
	n := machines(t, p, 1)[0]
	n.Labels["theirs"] = "stays"
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "node.kubernetes.io/unreachable", Effect: "NoExecute"})
	if changed, err := p.follow(n); changed || err != nil {
		t.Fatalf("changed %v, error %v, though nothing was set", changed, err)
	}
	p.NodeLabels, p.NodeTaints = map[string]string{"apim.io/tier": "gold"}, []string{"new:NoExecute"}
	if changed, err := p.follow(n); !changed || err != nil {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	if n.Labels["theirs"] != "stays" || n.Labels["apim.io/tier"] != "gold" || n.Labels["apim.io/pool"] != "" || n.Labels["agentpool"] == "" {
		t.Errorf("labels %v", n.Labels)
	}
	want := []corev1.Taint{{Key: "node.kubernetes.io/unreachable", Effect: "NoExecute"}, {Key: "new", Effect: "NoExecute"}}
	if !reflect.DeepEqual(n.Spec.Taints, want) {
		t.Errorf("taints %v", n.Spec.Taints)
	}
	if changed, err := p.follow(n); changed || err != nil {
		t.Errorf("changed again: %v, error %v", changed, err)
	}
}

func TestNodesSpreadOverTheZonesThatAreThere(t *testing.T) {
	p := zonal(4)
	var got []string
	for _, n := range machines(t, p, 4) {
		got = append(got, zoneOf(n))
	}
	if !slices.Equal(got, []string{"1", "2", "3", "1"}) {
		t.Errorf("zones %v", got)
	}
	if zone, ok := p.nextZone(machines(t, p, 4), []string{"2"}); zone != "3" || !ok {
		t.Errorf("with zone 2 lost the next is %q, %v", zone, ok)
	}
	if _, ok := p.nextZone(nil, []string{"3", "2", "1"}); ok {
		t.Error("a node finds a place though all zones are lost")
	}
}

func TestTheNodePickedOrTheNewestOfTheFullestZoneGoes(t *testing.T) {
	p := zonal(3)
	mine := machines(t, p, 5) // zones 1 2 3 1 2
	if stay := p.staying(mine); len(stay) != 3 || slices.Contains(stay, mine[3]) || slices.Contains(stay, mine[4]) {
		t.Errorf("staying: %v", names(stay))
	}
	mine[0].Annotations[annotationLeaving] = "scale-down"
	p.Count = 4
	if stay := p.staying(mine); len(stay) != 4 || slices.Contains(stay, mine[0]) {
		t.Errorf("staying: %v", names(stay))
	}
}

func names(nodes []*corev1.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Name)
	}
	return out
}

func TestEveryNodeGetsAddressesOfItsOwn(t *testing.T) {
	subnet := netip.MustParsePrefix("10.0.0.0/24")
	var taken []netip.Prefix
	for range 7 {
		block, err := freeBlock(subnet, 30, taken)
		if err != nil {
			t.Fatal(err)
		}
		if block.Bits() != 27 || !subnet.Overlaps(block) || overlapsAny(block, taken) || block.Contains(netip.MustParseAddr("10.0.0.3")) {
			t.Fatalf("%v after %v", block, taken)
		}
		taken = append(taken, block)
	}
	if block, err := freeBlock(subnet, 30, taken); err == nil || !strings.Contains(err.Error(), "no addresses left") {
		t.Errorf("an eighth node gets %v, error %v", block, err)
	}
	if block, err := freeBlock(subnet, 30, slices.Delete(taken, 2, 3)); err != nil || block.String() != "10.0.0.96/27" {
		t.Errorf("the block that came free is not used again: %v, error %v", block, err)
	}
	for maxPods, bits := range map[int]int{30: 27, 31: 26, 62: 26, 110: 25} {
		if block, err := freeBlock(netip.MustParsePrefix("10.0.0.0/20"), maxPods, nil); err != nil || block.Bits() != bits {
			t.Errorf("%d pods: %v, error %v, want /%d", maxPods, block, err, bits)
		}
	}
	if _, err := freeBlock(netip.MustParsePrefix("10.0.0.0/27"), 30, nil); err == nil {
		t.Error("a subnet of one block holds a node next to Azure's own addresses")
	}
}
