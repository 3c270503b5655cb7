package plan

import (
	"errors"
	"fmt"
	"regexp"
)

// Spec is one deployable component at the configuration's figures. It is what a pod is planned from.
type Spec interface {
	// Validate reports all problems, each under its configuration key.
	Validate() error
	// Pod plans the component's pods; the spec must be valid.
	Pod(Settings) Pod
}

// ANMSpec is the Admin Node Manager.
type ANMSpec struct {
	// Image is repository:tag in the registry.
	Image string
	// CPU is the limit in cores; half of it is requested.
	CPU string
	// MemoryMB is request and limit in MiB.
	MemoryMB int
	// HeapMB is the Java heap in MiB, three quarters of the memory at most.
	HeapMB int
	// Probe is what differs about the health check.
	Probe ProbeSpec
}

// GroupSpec is what API Manager UI and the gateways of a group share.
type GroupSpec struct {
	// Name is the group's: 1 to 30 lower-case letters, digits and underscores, a letter first and no underscore last.
	Name string
	// Image is repository:tag in the registry.
	Image string
	// Keyspace is the group's Cassandra keyspace: 1 to 46 letters, digits and underscores.
	Keyspace string
	// ManagerHost is the public host of the group's API Manager UI, which its certificate is for.
	ManagerHost string
	// ManagerProbe is what differs about the UI's health check, which the gateways wait for.
	ManagerProbe ProbeSpec
}

// ManagerSpec is a group's API Manager UI.
type ManagerSpec struct {
	Group GroupSpec
	// CPURequest and CPU are the request and the limit in cores.
	CPURequest, CPU string
	// MemoryRequestMB and MemoryMB are the request and the limit in MiB.
	MemoryRequestMB, MemoryMB int
	// HeapMB is the Java heap in MiB, three quarters of the limit at most.
	HeapMB int
}

// GatewaySpec is a group's gateways.
type GatewaySpec struct {
	Group GroupSpec
	// MinReplicas and MaxReplicas bound the autoscaler, 1 to 100.
	MinReplicas, MaxReplicas int
	// TargetCPUPercent is the average CPU, in percent of the request, above which a gateway is added: 10 to 95.
	TargetCPUPercent int
	// TargetMemoryPercent adds the same for memory; 0 is off, else 10 to 95.
	TargetMemoryPercent int
	// CPURequest and CPU are the request and the limit in cores.
	CPURequest, CPU string
	// MemoryMB is request and limit in MiB.
	MemoryMB int
	// HeapMB is the Java heap in MiB, three quarters of the memory at most.
	HeapMB int
	// ExtraPorts are further listeners to publish inside the cluster: 8443, 8080, 8081, 8089.
	ExtraPorts []int
	// Probe is what differs about the health check.
	Probe ProbeSpec
}

// KeyspacePattern is what a keyspace's name looks like: Cassandra takes 48 letters, digits and underscores, of which the
// throttling keyspace's prefix takes two.
const KeyspacePattern = `^[A-Za-z0-9_]{1,46}$`

var keyspaceName = regexp.MustCompile(KeyspacePattern)

// Validate reports all problems, each under its configuration key.
func (s ANMSpec) Validate() error {
	const key = "workloads.anm"
	_, err := s.Resources()
	return errors.Join(CheckImage(key+".image", s.Image), err, CheckHeap(key+".heapMB", s.HeapMB, s.MemoryMB),
		s.Probe.check(key+".probe", ProbePorts(ANM, nil)))
}

// Resources is the size of the Admin Node Manager: half the CPU limit is requested, all of the memory.
func (s ANMSpec) Resources() (Resources, error) {
	const key = "workloads.anm"
	limit, err := ParseCPU(s.CPU)
	if err != nil {
		return Resources{}, fmt.Errorf("%s.cpu: %w", key, err)
	}
	return size(key, cpuQuantity((limit+1)/2), s.CPU, s.MemoryMB, s.MemoryMB)
}

// Key is the configuration key of the group.
func (g GroupSpec) Key() string { return "workloads.groups[" + g.Name + "]" }

// Validate reports all problems, each under its configuration key.
func (g GroupSpec) Validate() error {
	var keyspace error
	if !keyspaceName.MatchString(g.Keyspace) {
		keyspace = fmt.Errorf("%s.keyspace: %q is not a keyspace name; use 1 to 46 letters, digits and underscores", g.Key(), g.Keyspace)
	}
	var host error
	if g.ManagerHost == "" {
		host = fmt.Errorf("%s.hosts.manager: the host name of API Manager UI is required", g.Key())
	}
	return errors.Join(CheckGroupName(g.Key()+".name", g.Name), CheckImage(g.Key()+".image", g.Image), keyspace, host,
		g.ManagerProbe.check(g.Key()+".manager.probe", ProbePorts(Manager, nil)))
}

// Validate reports all problems, each under its configuration key.
func (s ManagerSpec) Validate() error {
	_, err := s.Resources()
	return errors.Join(s.Group.Validate(), err, CheckHeap(s.Group.Key()+".manager.heapMB", s.HeapMB, s.MemoryMB))
}

// Resources is the size of API Manager UI.
func (s ManagerSpec) Resources() (Resources, error) {
	return size(s.Group.Key()+".manager", s.CPURequest, s.CPU, s.MemoryRequestMB, s.MemoryMB)
}

// Validate reports all problems, each under its configuration key.
func (s GatewaySpec) Validate() error {
	key := s.Group.Key() + ".gateway"
	_, errSize := s.Resources()
	_, errPorts := ExtraPorts(key+".extraPorts", s.ExtraPorts)
	return errors.Join(s.Group.Validate(), errSize, errPorts,
		CheckHeap(key+".heapMB", s.HeapMB, s.MemoryMB), s.checkScaling(key),
		s.Probe.check(key+".probe", ProbePorts(Gateway, s.ExtraPorts)))
}

// Resources is the size of one gateway. All of the memory is requested: a gateway that swells must not push others off the node.
func (s GatewaySpec) Resources() (Resources, error) {
	return size(s.Group.Key()+".gateway", s.CPURequest, s.CPU, s.MemoryMB, s.MemoryMB)
}
