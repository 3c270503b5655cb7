package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// heapShare is the largest part of a container's memory, in percent, that the Java heap may take. The rest is the JVM's own:
// metaspace, threads, direct buffers. A heap as large as the limit gets the container killed under load.
const heapShare = 75

// storageRequest is what a component's pod is counted with on its node's disk, in MiB: the copy of the product, about (assumed).
const storageRequest = 2048

// Resources is what one container asks for and may use: CPU in thousandths of a core, memory and disk in MiB. Disk is that of the
// node: what the container writes outside of claims, and what the node keeps of its output.
type Resources struct {
	CPURequest, CPULimit         int
	MemoryRequest, MemoryLimit   int
	StorageRequest, StorageLimit int
}

// Requests returns the requests as Kubernetes quantities.
func (r Resources) Requests() map[string]string {
	return quantities(r.CPURequest, r.MemoryRequest, r.StorageRequest)
}

// Limits returns the limits as Kubernetes quantities.
func (r Resources) Limits() map[string]string {
	return quantities(r.CPULimit, r.MemoryLimit, r.StorageLimit)
}

func quantities(cpu, memory, storage int) map[string]string {
	amounts := map[string]string{"cpu": cpuQuantity(cpu), "memory": MemoryQuantity(memory)}
	if storage > 0 {
		amounts["ephemeral-storage"] = MemoryQuantity(storage)
	}
	return amounts
}

// cpuQuantity writes thousandths of a core as the API server would, so that a comparison of live and wanted objects finds no
// difference; MemoryQuantity writes MiB so.
func cpuQuantity(milli int) string {
	if milli%1000 == 0 {
		return strconv.Itoa(milli / 1000)
	}
	return strconv.Itoa(milli) + "m"
}

func MemoryQuantity(mebibytes int) string {
	if mebibytes%1024 == 0 {
		return strconv.Itoa(mebibytes/1024) + "Gi"
	}
	return strconv.Itoa(mebibytes) + "Mi"
}

// ParseCPU reads an amount of CPU, in cores (`2`, `0.5`) or thousandths (`500m`), as thousandths of a core. At most three
// decimals; zero and negative amounts are refused.
func ParseCPU(s string) (int, error) {
	refused := fmt.Errorf("%q is not an amount of CPU; write cores (`2`, `0.5`) or thousandths (`500m`)", s)
	if !cpuPattern.MatchString(s) {
		return 0, refused
	}
	digits, thousandths := strings.CutSuffix(s, "m")
	if !thousandths {
		whole, fraction, _ := strings.Cut(s, ".")
		digits = whole + fraction + strings.Repeat("0", 3-len(fraction))
	}
	milli, err := strconv.Atoi(digits)
	if err != nil || milli == 0 {
		return 0, refused
	}
	return milli, nil
}

var cpuPattern = regexp.MustCompile(`^\d+(m|\.\d{1,3})?$`)

// LargestHeap is the largest Java heap, in MiB, for a container of memoryMB MiB.
func LargestHeap(memoryMB int) int { return memoryMB * heapShare / 100 }

// CheckHeap refuses a Java heap, in MiB, that leaves less than a quarter of the container's memory, in MiB, to the JVM itself.
// The key is the configuration key of the heap.
func CheckHeap(key string, heapMB, memoryMB int) error {
	if most := LargestHeap(memoryMB); heapMB < 1 || heapMB > most {
		return fmt.Errorf("%s: %d MiB of heap in %d MiB of memory; a quarter must be left to the JVM itself, use 1 to %d or raise memoryMB",
			key, heapMB, memoryMB, most)
	}
	return nil
}

// size reads a request and a limit, and checks that the one fits the other. Every component may fill its empty directories.
func size(key, cpuRequest, cpuLimit string, memoryRequest, memoryLimit int) (Resources, error) {
	request, errRequest := ParseCPU(cpuRequest)
	if errRequest != nil {
		errRequest = fmt.Errorf("%s.cpuRequest: %w", key, errRequest)
	}
	limit, errLimit := ParseCPU(cpuLimit)
	if errLimit != nil {
		errLimit = fmt.Errorf("%s.cpu: %w", key, errLimit)
	}
	errs := []error{errRequest, errLimit}
	if errRequest == nil && errLimit == nil && request > limit {
		errs = append(errs, fmt.Errorf("%s.cpuRequest: %s is more than the limit of %s; lower it or raise %s.cpu", key, cpuRequest, cpuLimit, key))
	}
	if memoryRequest < 1 || memoryRequest > memoryLimit {
		errs = append(errs, fmt.Errorf("%s.memoryMB: %d MiB requested of %d MiB; the request must be at least 1 and not exceed the limit",
			key, memoryRequest, memoryLimit))
	}
	return Resources{
		CPURequest: request, CPULimit: limit, MemoryRequest: memoryRequest, MemoryLimit: memoryLimit,
		StorageRequest: storageRequest, StorageLimit: installMB + tmpMB + outputMB,
	}, errors.Join(errs...)
}

// Headroom is the size of one pod that keeps room for a rollout: the largest CPU, memory and disk requested by any gateway, since one rollout starts one gateway above the wanted number. The autoscaler has the time a JVM takes to start to
// make room for the next, while the one replaced still drains.
func Headroom(gateways []Resources) Resources {
	var room Resources
	for _, g := range gateways {
		room.CPURequest = max(room.CPURequest, g.CPURequest)
		room.MemoryRequest = max(room.MemoryRequest, g.MemoryRequest)
		room.StorageRequest = max(room.StorageRequest, g.StorageRequest)
	}
	room.CPULimit, room.MemoryLimit, room.StorageLimit = room.CPURequest, room.MemoryRequest, room.StorageRequest
	return room
}
