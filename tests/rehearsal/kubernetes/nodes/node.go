package nodes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	sizes "apim-azure/config/azure"
	"apim-azure/tests/rehearsal/kubernetes/kubelet"
)

const (
	labelPool = "agentpool"
	labelZone = "topology.kubernetes.io/zone"

	// annotationPool keeps the labels and taints that came from the pool's settings, so that those taken off the pool can be taken
	// off its nodes.
	annotationPool = "rehearsal.apim/pool"
	// annotationLeaving marks the node the autoscaler picked.
	annotationLeaving = "rehearsal.apim/leaving"
)

// agents are the requests of the pods AKS runs on every node: cloud-node-manager 50m and 50 MiB, the two storage drivers 30m and
// 60 MiB each, azure-cns 40m and 250 MiB, azure-ip-masq-agent 100m and 50 MiB, Cilium 100m and 100 MiB. Observed in issue reports of
// several clusters for all but Cilium's, which is assumed.
var agents = sizes.Capacity{MilliCPU: 350, MemoryMiB: 570}

// agentPods is the number of those pods; they count against maxPods.
const agentPods = 6

// osMemoryMiB is the part of a machine's memory its kernel keeps, in MiB: 2 % and 96 MiB. Observed: nodes of 3.5, 4 and 7 GiB
// lack 166, 165 and 237 MiB (3500452Ki, 4025836Ki and 7097600Ki of capacity); larger ones are assumed to follow.
func osMemoryMiB(memoryMiB int) int { return memoryMiB/50 + 96 }

// Bytes of a GiB of disk the file system leaves as capacity (observed: 129886128Ki of a 128 GiB disk), and the share the kubelet
// keeps free of it (its nodefs.available threshold of 10 %; observed: 119703055367 bytes allocatable of that disk).
const (
	diskKiBPerGiB   = 1_014_735
	diskAllocatable = 0.9
)

// defaultDiskGB is the OS disk AKS picks for sizes of up to 7 processors (AKS docs: concepts-storage; larger machines get more).
const defaultDiskGB = 128

// capacity is what a node of a size shows as its own and leaves to pods. The reservations are AKS's (see Size.Allocatable), on the
// memory the kernel leaves; agents come off on top, because their pods are not there to be counted.
func capacity(size sizes.Size, maxPods, diskGB int) (all, allocatable corev1.ResourceList) {
	if diskGB == 0 {
		diskGB = defaultDiskGB
	}
	kernel := osMemoryMiB(size.MemoryGiB * 1024)
	left := size.Allocatable(maxPods).Minus(sizes.Capacity{MemoryMiB: kernel}).Minus(agents)
	disk := int64(diskGB) * diskKiBPerGiB * 1024
	all = resources(size.VCPUs*1000, size.MemoryGiB*1024-kernel, maxPods, disk)
	return all, resources(left.MilliCPU, left.MemoryMiB, maxPods-agentPods, int64(float64(disk)*diskAllocatable))
}

func resources(milliCPU, memoryMiB, pods int, disk int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(int64(milliCPU), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(memoryMiB)<<20, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(int64(pods), resource.DecimalSI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(disk, resource.BinarySI),
	}
}

// node is the Node object of a pool's machine. zone is the number of an availability zone, or empty; block are the addresses of the
// node and its pods.
func (p pool) node(index int, zone string, block netip.Prefix) (*corev1.Node, error) {
	size, err := p.size()
	if err != nil {
		return nil, err
	}
	extra, err := p.extras()
	if err != nil {
		return nil, err
	}
	all, allocatable := capacity(size, p.MaxPods, p.OSDiskGB)
	name := p.nodeName(index)
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      p.labels(size, name, zone),
			Annotations: map[string]string{annotationPool: extra.encode()},
		},
		Spec: corev1.NodeSpec{
			ProviderID: p.providerID(index),
			PodCIDR:    block.String(), PodCIDRs: []string{block.String()},
			Taints: extra.Taints,
		},
		Status: corev1.NodeStatus{
			Capacity: all, Allocatable: allocatable,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: block.Addr().String()},
				{Type: corev1.NodeHostName, Address: name},
			},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: "v" + p.Version, KubeProxyVersion: "v" + p.Version, OperatingSystem: "linux", Architecture: "amd64",
				OSImage: "Ubuntu 24.04 LTS", ContainerRuntimeVersion: "containerd://2.0",
			},
		},
	}
	maps.Copy(n.Labels, extra.Labels)
	return n, nil
}

// labels are those AKS and its cloud provider put on a node (AKS docs: reserved-labels-reference; observed in `kubectl describe node`
// of issue reports up to Kubernetes 1.32, where values are lower case except for names).
func (p pool) labels(size sizes.Size, name, zone string) map[string]string {
	where, disk := p.zoneLabel(zone), ""
	if zone != "" {
		disk = where
	}
	storage, tier := strings.ToLower(p.OSDiskType), "Standard_LRS"
	if storage == "" {
		storage = "managed"
	}
	if size.Premium {
		tier = "Premium_LRS"
	}
	labels := map[string]string{
		kubelet.NodeLabel: kubelet.NodeRunning,

		labelPool:                                  p.Name,
		"storageprofile":                           storage,
		"storagetier":                              tier,
		"beta.kubernetes.io/arch":                  "amd64",
		"beta.kubernetes.io/instance-type":         p.VMSize,
		"beta.kubernetes.io/os":                    "linux",
		"failure-domain.beta.kubernetes.io/region": p.Cluster.Location,
		"failure-domain.beta.kubernetes.io/zone":   where,
		"kubernetes.azure.com/agentpool":           p.Name,
		"kubernetes.azure.com/cluster":             p.Cluster.NodeResourceGroup,
		"kubernetes.azure.com/mode":                strings.ToLower(p.Mode),
		"kubernetes.azure.com/node-image-version":  p.ImageVersion,
		"kubernetes.azure.com/nodepool-type":       "VirtualMachineScaleSets",
		"kubernetes.azure.com/os-sku":              p.OSSKU,
		"kubernetes.azure.com/role":                "agent",
		"kubernetes.azure.com/sku-cpu":             strconv.Itoa(size.VCPUs),
		"kubernetes.azure.com/sku-memory":          strconv.Itoa(size.MemoryGiB * 1024),
		"kubernetes.azure.com/storageprofile":      storage,
		"kubernetes.azure.com/storagetier":         tier,
		"kubernetes.io/arch":                       "amd64",
		"kubernetes.io/hostname":                   name,
		"kubernetes.io/os":                         "linux",
		"node.kubernetes.io/instance-type":         p.VMSize,
		"topology.disk.csi.azure.com/zone":         disk,
		"topology.kubernetes.io/region":            p.Cluster.Location,
		labelZone:                                  where,
	}
	if id := p.Cluster.Identities.Kubelet.ClientID; id != "" {
		labels["kubernetes.azure.com/kubelet-identity-client-id"] = id
	}
	if p.spot() {
		labels["kubernetes.azure.com/scalesetpriority"] = "spot"
	}
	return labels
}

func (p pool) spot() bool { return strings.EqualFold(p.Priority, "Spot") }

// extras are the labels and taints a node has from its pool's settings, which may change while the node lives (AKS docs:
// use-labels, use-node-taints).
type extras struct {
	Labels map[string]string `json:"labels,omitempty"`
	Taints []corev1.Taint    `json:"taints,omitempty"`
}

func (e extras) encode() string {
	text, _ := json.Marshal(e) // strings only: can't fail
	return string(text)
}

func (p pool) extras() (extras, error) {
	e := extras{Labels: p.NodeLabels}
	texts := p.NodeTaints
	if p.spot() { // AKS docs: spot-node-pool
		texts = append(slices.Clone(texts), "kubernetes.azure.com/scalesetpriority=spot:NoSchedule")
	}
	for _, text := range texts {
		key, effect, found := strings.Cut(text, ":")
		if !found {
			return extras{}, fmt.Errorf("pool %s: taint %q is not key=value:effect", p.Name, text)
		}
		key, value, _ := strings.Cut(key, "=")
		e.Taints = append(e.Taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
	}
	return e, nil
}

// follow brings a node's labels and taints in line with its pool's settings and tells whether anything changed. What others put
// on the node stays.
func (p pool) follow(n *corev1.Node) (changed bool, err error) {
	want, err := p.extras()
	if err != nil || n.Annotations[annotationPool] == want.encode() {
		return false, err
	}
	var had extras
	_ = json.Unmarshal([]byte(n.Annotations[annotationPool]), &had) // unreadable: nothing is known to be ours
	for key := range had.Labels {
		delete(n.Labels, key)
	}
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool {
		return slices.ContainsFunc(had.Taints, func(h corev1.Taint) bool { return h.MatchTaint(&t) })
	})
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if n.Annotations == nil {
		n.Annotations = map[string]string{}
	}
	maps.Copy(n.Labels, want.Labels)
	n.Spec.Taints = append(n.Spec.Taints, want.Taints...)
	n.Annotations[annotationPool] = want.encode()
	return true, nil
}

// nodeName is the host name of a scale set's machine: its instance number in base 36, six digits (documented: virtual machine
// scale sets' instance names).
func (p pool) nodeName(index int) string {
	return p.scaleSet() + fmt.Sprintf("%06s", strconv.FormatInt(int64(index), 36))
}

// index reads the instance number back from a node's name; false when the node isn't the pool's.
func (p pool) index(name string) (int, bool) {
	suffix, mine := strings.CutPrefix(name, p.scaleSet())
	n, err := strconv.ParseInt(suffix, 36, 32)
	return int(n), mine && err == nil
}

// providerID names the machine as the cloud provider does, the group in lower case (observed).
func (p pool) providerID(index int) string {
	subscription := strings.Split(p.ID+"//", "/")[2]
	return fmt.Sprintf("azure:///subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s"+
		"/virtualMachines/%d", subscription, strings.ToLower(p.Cluster.NodeResourceGroup), p.scaleSet(), index)
}

// zoneOf is the number of the zone a node is in, or empty.
func zoneOf(n *corev1.Node) string {
	label := n.Labels[labelZone]
	if at := strings.LastIndex(label, "-"); at >= 0 {
		return label[at+1:]
	}
	return ""
}

// ready tells whether a node's kubelet reported lately.
func ready(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// silent tells whether a node's kubelet has reported before and does no longer.
func silent(n *corev1.Node) bool {
	return !ready(n) && slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
}
