package config

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"apim-azure/config/azure"
	"apim-azure/workloads/plan"
)

// nodeAgents estimates what AKS's own pods ask for on every node: network, storage and monitoring agents. They are not part
// of AKS's documented reservations.
var nodeAgents = azure.Capacity{MilliCPU: 400, MemoryMiB: 600}

// validateSizing checks each component against its own figures, against one node, and all of them against the pool.
func validateSizing(c *Config, f *findings) {
	w := c.Workloads
	if w.Enabled {
		validateEnabled(c, f)
	}
	if w.TraceLevel == "DATA" && c.Environment == "production" {
		f.warn("workloads.traceLevel", w.TraceLevel, "writes the payloads of messages to the logs")
	}
	validateSchema(c, f)
	checkHeap(f, "workloads.anm", w.ANM.HeapMB, w.ANM.MemoryMB)
	checkProbe(f, "workloads.anm.probe", w.ANM.Probe, plan.ProbePorts(plan.ANM, nil))
	for i, g := range w.Groups {
		path := fmt.Sprintf("workloads.groups[%d]", i)
		checkHeap(f, path+".manager", g.Manager.HeapMB, g.Manager.MemoryMB)
		checkHeap(f, path+".gateway", g.Gateway.HeapMB, g.Gateway.MemoryMB)
		checkProbe(f, path+".manager.probe", g.Manager.Probe, plan.ProbePorts(plan.Manager, nil))
		checkProbe(f, path+".gateway.probe", g.Gateway.Probe, plan.ProbePorts(plan.Gateway, g.Gateway.ExtraPorts))
		checkRequest(f, path+".manager", g.Manager.CPURequest, g.Manager.CPU)
		checkRequest(f, path+".gateway", g.Gateway.CPURequest, g.Gateway.CPU)
		if g.Manager.MemoryRequestMB > g.Manager.MemoryMB && !f.anyRefused(path+".manager", "memoryRequestMB", "memoryMB") {
			f.refuse(path+".manager.memoryRequestMB", g.Manager.MemoryRequestMB, fmt.Sprintf("is above the limit, memoryMB %d", g.Manager.MemoryMB), "lower the request or raise the limit")
		}
		if g.Gateway.MinReplicas > g.Gateway.MaxReplicas && !f.anyRefused(path+".gateway", "minReplicas", "maxReplicas") {
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
	if w.PreflightImage == "" {
		f.refuse("workloads.preflightImage", nil, "is required when workloads.enabled is true", "build cmd/preflight/Dockerfile, push it to the registry and set its repository:tag")
	}
	if w.ListenerCertificates && c.Ingress.Certificates == "acme" && c.Secrets.Certificate == "" {
		f.refuse("workloads.listenerCertificates", true, "mounts secrets.certificate, and there is none", "set secrets.certificate and secrets.privateKey, or put the certificates into the FED")
	}
	if len(w.Groups) == 0 && !f.refused("workloads.groups") {
		f.refuse("workloads.groups", nil, "needs one group at least when workloads.enabled is true", "add a group with a name and an image")
	}
}

// validateSchema checks that the job's files have different names, as they end up in one folder.
func validateSchema(c *Config, f *findings) {
	names := claims{}
	for i, file := range c.Workloads.MetricsSchema.Files {
		if key := fmt.Sprintf("workloads.metricsSchema.files[%d]", i); !f.refused(key) {
			names.take(f, key, path.Base(file), path.Base(file))
		}
	}
}

func checkProbe(f *findings, key string, probe Probe, ports []int) {
	if probe.Port != 0 && !slices.Contains(ports, probe.Port) && !f.refused(key+".port") {
		f.refuse(key+".port", probe.Port, "is no port the container listens on", "use "+strings.Trim(strings.ReplaceAll(fmt.Sprint(ports), " ", ", "), "[]"))
	}
}

func checkHeap(f *findings, path string, heapMB, memoryMB int) {
	if most := plan.LargestHeap(memoryMB); heapMB > most && !f.anyRefused(path, "heapMB", "memoryMB") {
		f.refuse(path+".heapMB", heapMB, fmt.Sprintf("is above three quarters of memoryMB %d, which is %d", memoryMB, most), "lower the heap or raise memoryMB")
	}
}

func checkRequest(f *findings, path, request, limit string) {
	if milliCPU(request) > milliCPU(limit) && !f.anyRefused(path, "cpuRequest", "cpu") {
		f.refuse(path+".cpuRequest", request, "is above the limit, cpu "+limit, "lower the request or raise the limit")
	}
}

// workload is a number of equal pods the API management pool must hold: their requests decide where they are scheduled, their
// limits what they may grow to. Headroom pods have no limits of their own.
type workload struct {
	key              string
	pods             int
	requests, limits azure.Capacity
}

// validatePool checks that every pod's limits fit on a node, and that all requests fit on the pool at its largest: every group
// at its largest, with a gateway and a UI more for a rollout, ANM and the headroom pods.
func validatePool(c *Config, f *findings) {
	size, ok := azure.FindSize(c.AKS.APIMPool.VMSize)
	if !ok || f.anyRefused("aks", "apimPool.vmSize", "maxPods") {
		return
	}
	node := size.Allocatable(c.AKS.MaxPods).Minus(nodeAgents)
	workloads := c.workloads()
	certain := !f.refused("aks.apimPool.max")
	for _, w := range workloads {
		if f.anyRefused(w.key, "cpuRequest", "cpu", "memoryRequestMB", "memoryMB", "maxReplicas") || f.refused(w.key) {
			certain = false
		} else if !node.Fits(w.limits) {
			certain = false
			f.refuse(w.key, fmt.Sprintf("limits of %dm CPU and %d MiB", w.limits.MilliCPU, w.limits.MemoryMiB),
				fmt.Sprintf("don't fit on a %s node, which leaves %dm and %d MiB to pods", size.Name, node.MilliCPU, node.MemoryMiB), "lower them, or use a larger aks.apimPool.vmSize")
		}
	}
	if !certain {
		return
	}
	if needed := nodesFor(workloads, node); needed > c.AKS.APIMPool.Max {
		f.refuse("aks.apimPool.max", c.AKS.APIMPool.Max, fmt.Sprintf("is too few: all groups at maxReplicas, a gateway and a UI more each for rollouts, ANM and headroom need %d nodes of %s", needed, size.Name),
			"raise it, or use a larger aks.apimPool.vmSize")
	}
}

// workloads lists what runs on the pool at its largest. The sizes of headroom pods are those the headroom component gives them.
func (c *Config) workloads() []workload {
	w := c.Workloads
	anm := capacity(w.ANM.CPU, w.ANM.MemoryMB)
	all := []workload{{"workloads.anm", 1, azure.Capacity{MilliCPU: (anm.MilliCPU + 1) / 2, MemoryMiB: anm.MemoryMiB}, anm}}
	var gateways []plan.Resources
	for i, g := range w.Groups {
		path := fmt.Sprintf("workloads.groups[%d]", i)
		gateway := capacity(g.Gateway.CPURequest, g.Gateway.MemoryMB)
		all = append(all,
			workload{path + ".manager", 1 + rolloutSurge, capacity(g.Manager.CPURequest, g.Manager.MemoryRequestMB), capacity(g.Manager.CPU, g.Manager.MemoryMB)},
			workload{path + ".gateway", g.Gateway.MaxReplicas + rolloutSurge, gateway, capacity(g.Gateway.CPU, g.Gateway.MemoryMB)})
		gateways = append(gateways, plan.Resources{CPURequest: gateway.MilliCPU, MemoryRequest: gateway.MemoryMiB})
	}
	room := plan.Headroom(gateways)
	return append(all, workload{key: "workloads.headroomPods", pods: w.HeadroomPods, requests: azure.Capacity{MilliCPU: room.CPURequest, MemoryMiB: room.MemoryRequest}})
}

// rolloutSurge is the number of pods a rollout starts above the wanted number.
const rolloutSurge = 1

func capacity(cpu string, memoryMB int) azure.Capacity {
	return azure.Capacity{MilliCPU: milliCPU(cpu), MemoryMiB: memoryMB}
}

// nodesFor is the number of nodes that hold all pods, placed largest first on the first node with room, as close as a scheduler
// gets in practice.
func nodesFor(workloads []workload, node azure.Capacity) int {
	slices.SortStableFunc(workloads, func(a, b workload) int {
		return cmp.Or(cmp.Compare(b.requests.MilliCPU, a.requests.MilliCPU), cmp.Compare(b.requests.MemoryMiB, a.requests.MemoryMiB))
	})
	var free []azure.Capacity
	for _, w := range workloads {
		for range w.pods {
			i := slices.IndexFunc(free, func(room azure.Capacity) bool { return room.Fits(w.requests) })
			if i < 0 {
				free = append(free, node)
				i = len(free) - 1
			}
			free[i] = free[i].Minus(w.requests)
		}
	}
	return len(free)
}
