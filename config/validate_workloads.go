package config

import (
	"cmp"
	"fmt"
	"slices"

	"apim-azure/config/azure"
)

// nodeAgents estimates what AKS's own pods ask for on every node: network, storage and monitoring agents. They are not part
// of AKS's documented reservations.
var nodeAgents = azure.Capacity{MilliCPU: 400, MemoryMiB: 600}

// largestHeapPercent is the share of a container's memory a Java heap may take; the JVM needs the rest for itself.
const largestHeapPercent = 75

// validateSizing checks each component against its own figures, against one node, and all of them against the pool.
func validateSizing(c *Config, f *findings) {
	w := c.Workloads
	if w.Enabled {
		validateEnabled(c, f)
	}
	if w.TraceLevel == "DATA" && c.Environment == "production" {
		f.warn("workloads.traceLevel", w.TraceLevel, "writes the payloads of messages to the logs")
	}
	checkHeap(f, "workloads.anm", w.ANM.HeapMB, w.ANM.MemoryMB)
	for i, g := range w.Groups {
		path := fmt.Sprintf("workloads.groups[%d]", i)
		checkHeap(f, path+".manager", g.Manager.HeapMB, g.Manager.MemoryMB)
		checkHeap(f, path+".gateway", g.Gateway.HeapMB, g.Gateway.MemoryMB)
		checkRequest(f, path+".manager.cpuRequest", g.Manager.CPURequest, g.Manager.CPU)
		checkRequest(f, path+".gateway.cpuRequest", g.Gateway.CPURequest, g.Gateway.CPU)
		if g.Manager.MemoryRequestMB > g.Manager.MemoryMB {
			f.refuse(path+".manager.memoryRequestMB", g.Manager.MemoryRequestMB, fmt.Sprintf("is above the limit, memoryMB %d", g.Manager.MemoryMB), "lower the request or raise the limit")
		}
		if g.Gateway.MinReplicas > g.Gateway.MaxReplicas {
			f.refuse(path+".gateway.maxReplicas", g.Gateway.MaxReplicas, fmt.Sprintf("is below minReplicas, %d", g.Gateway.MinReplicas), "raise the maximum or lower the minimum")
		}
		if m := g.Gateway.TargetMemoryPercent; m > 0 && m < 10 {
			f.refuse(path+".gateway.targetMemoryPercent", m, "must be 0, which is off, or 10 to 95", "raise it or set it to 0")
		}
	}
	validatePool(c, f)
}

// validateEnabled checks what the workloads need before they can start.
func validateEnabled(c *Config, f *findings) {
	w := c.Workloads
	if !w.AcceptGeneralConditions {
		f.refuse("workloads.acceptGeneralConditions", false, "must be true, as the containers refuse to start without it", "read Axway's general conditions and set it to true to accept them, or set workloads.enabled to false")
	}
	if w.ANM.Image == "" {
		f.refuse("workloads.anm.image", nil, "is required when workloads.enabled is true", "set it to repository:tag of the image in the registry")
	}
	if len(w.Groups) == 0 && !f.refused("workloads.groups") {
		f.refuse("workloads.groups", nil, "needs one group at least when workloads.enabled is true", "add a group with a name and an image")
	}
}

func checkHeap(f *findings, path string, heapMB, memoryMB int) {
	if most := memoryMB * largestHeapPercent / 100; heapMB > most && !f.refused(path+".memoryMB") {
		f.refuse(path+".heapMB", heapMB, fmt.Sprintf("is above %d %% of memoryMB %d, which is %d", largestHeapPercent, memoryMB, most), "lower the heap or raise memoryMB")
	}
}

func checkRequest(f *findings, key, request, limit string) {
	asked, okAsked := milliCPU(request)
	most, okMost := milliCPU(limit)
	if okAsked && okMost && asked > most {
		f.refuse(key, request, "is above the limit, cpu "+limit, "lower the request or raise the limit")
	}
}

// pod is one pod the API management pool must hold: its requests decide where it is scheduled, its limits what it may grow to.
type pod struct {
	key             string
	request, limits azure.Capacity
}

// validatePool checks that every pod's limits fit on a node, and that all requests fit on the pool at its largest: every group
// at its largest with one gateway more for a rollout, the managers, ANM and the headroom pods.
func validatePool(c *Config, f *findings) {
	size, ok := azure.FindSize(c.AKS.APIMPool.VMSize)
	if !ok || f.refused("aks.apimPool.vmSize") {
		return
	}
	node := size.Allocatable(c.AKS.MaxPods).Minus(nodeAgents)
	fits := true
	for _, p := range slices.CompactFunc(c.pods(), func(a, b pod) bool { return a.key == b.key }) {
		if !node.Fits(p.limits) {
			fits = false
			f.refuse(p.key, fmt.Sprintf("limits of %dm CPU and %d MiB", p.limits.MilliCPU, p.limits.MemoryMiB),
				fmt.Sprintf("don't fit on a %s node, which leaves %dm and %d MiB to a pod", size.Name, node.MilliCPU, node.MemoryMiB), "lower them, or use a larger aks.apimPool.vmSize")
		}
	}
	if !fits {
		return
	}
	if needed := nodesFor(c.pods(), node); needed > c.AKS.APIMPool.Max {
		f.refuse("aks.apimPool.max", c.AKS.APIMPool.Max, fmt.Sprintf("is too few: all groups at maxReplicas, a gateway more each for rollouts, managers, ANM and headroom need %d nodes of %s", needed, size.Name),
			"raise it, use a larger aks.apimPool.vmSize, or lower maxReplicas or cpuRequest of the groups")
	}
}

// pods lists the pods of the pool at its largest. Pods of the same kind are neighbours.
func (c *Config) pods() []pod {
	w := c.Workloads
	anmCPU, _ := milliCPU(w.ANM.CPU)
	all := []pod{{"workloads.anm", azure.Capacity{MilliCPU: anmCPU / 2, MemoryMiB: w.ANM.MemoryMB}, azure.Capacity{MilliCPU: anmCPU, MemoryMiB: w.ANM.MemoryMB}}}
	var largest pod
	for i, g := range w.Groups {
		path := fmt.Sprintf("workloads.groups[%d]", i)
		all = append(all, pod{path + ".manager", capacity(g.Manager.CPURequest, g.Manager.MemoryRequestMB), capacity(g.Manager.CPU, g.Manager.MemoryMB)})
		gateway := pod{path + ".gateway", capacity(g.Gateway.CPURequest, g.Gateway.MemoryMB), capacity(g.Gateway.CPU, g.Gateway.MemoryMB)}
		all = append(all, slices.Repeat([]pod{gateway}, max(0, g.Gateway.MaxReplicas)+1)...)
		if gateway.request.MilliCPU > largest.request.MilliCPU {
			largest = gateway
		}
	}
	// Headroom pods only ask for room; they have no limits of their own to check.
	largest.key, largest.limits = "workloads.headroomPods", largest.request
	return append(all, slices.Repeat([]pod{largest}, max(0, w.HeadroomPods))...)
}

func capacity(cpu string, memoryMB int) azure.Capacity {
	n, _ := milliCPU(cpu)
	return azure.Capacity{MilliCPU: n, MemoryMiB: memoryMB}
}

// nodesFor is the number of nodes that hold all pods, placed largest first on the first node with room, as close as a scheduler
// gets in practice.
func nodesFor(pods []pod, node azure.Capacity) int {
	slices.SortStableFunc(pods, func(a, b pod) int {
		return cmp.Or(cmp.Compare(b.request.MilliCPU, a.request.MilliCPU), cmp.Compare(b.request.MemoryMiB, a.request.MemoryMiB))
	})
	var free []azure.Capacity
	for _, p := range pods {
		i := slices.IndexFunc(free, func(room azure.Capacity) bool { return room.Fits(p.request) })
		if i < 0 {
			free = append(free, node)
			i = len(free) - 1
		}
		free[i] = free[i].Minus(p.request)
	}
	return len(free)
}
