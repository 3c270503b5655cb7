package azure

import (
	"regexp"
	"slices"
	"strconv"
)

// Size is a virtual machine size.
type Size struct {
	// Name is Azure's name, such as `Standard_D4s_v5`.
	Name string
	// VCPUs is the number of virtual processors.
	VCPUs int
	// MemoryGiB is the memory, in GiB.
	MemoryGiB int
	// Premium says whether premium disks may be attached.
	Premium bool
	// TrustedLaunch says whether the size runs generation 2 images with Trusted Launch.
	TrustedLaunch bool
	// Burstable says whether the processors are shared (B series).
	Burstable bool
	// Ageing says why the size should be left behind, for a warning. Empty: current generation.
	Ageing string
}

// FindSize looks a size up by its name.
func FindSize(name string) (Size, bool) {
	i := slices.IndexFunc(sizes, func(s Size) bool { return s.Name == name })
	if i < 0 {
		return Size{}, false
	}
	return sizes[i], true
}

// SizeNames lists the names of all sizes the platform may use.
func SizeNames() []string {
	names := make([]string, len(sizes))
	for i, s := range sizes {
		names[i] = s.Name
	}
	return names
}

// Capacity is what a node leaves to pods, or what a pod asks for.
type Capacity struct {
	// MilliCPU is processor time, in thousandths of a core.
	MilliCPU int
	// MemoryMiB is memory, in MiB.
	MemoryMiB int
}

// Fits says whether need fits into c.
func (c Capacity) Fits(need Capacity) bool {
	return need.MilliCPU <= c.MilliCPU && need.MemoryMiB <= c.MemoryMiB
}

// Minus is c without used.
func (c Capacity) Minus(used Capacity) Capacity {
	return Capacity{c.MilliCPU - used.MilliCPU, c.MemoryMiB - used.MemoryMiB}
}

// Figures of AKS's node reservations (Kubernetes 1.29 and later).
const (
	evictionMiB           = 100
	reservedMiBPerPod     = 20
	reservedMiBBase       = 50
	reservedMemoryPercent = 25
)

// Allocatable is what an AKS node of this size leaves to pods, after AKS's own reservations: a share of the processors that
// grows with their number, 20 MiB for each of maxPods and 50 MiB on top (a quarter of the memory at most), and the 100 MiB below
// which the kubelet evicts. Source: AKS node resource reservations.
func (s Size) Allocatable(maxPods int) Capacity {
	memory := s.MemoryGiB * 1024
	reserved := min(reservedMiBPerPod*maxPods+reservedMiBBase, memory*reservedMemoryPercent/100)
	return Capacity{
		MilliCPU:  s.VCPUs*1000 - reservedMilliCPU(s.VCPUs),
		MemoryMiB: memory - reserved - evictionMiB,
	}
}

// reservedMilliCPU is the processor share AKS keeps, by the number of processors.
func reservedMilliCPU(vCPUs int) int {
	steps := []struct{ vCPUs, milliCPU int }{{64, 740}, {32, 420}, {16, 260}, {8, 180}, {4, 140}, {2, 100}}
	for _, s := range steps {
		if vCPUs >= s.vCPUs {
			return s.milliCPU
		}
	}
	return 60
}

const (
	retires2028May = "it retires on 2028-05-01 and new subscriptions may not get it"
	retires2028Nov = "it retires on 2028-11-15"
	previousSeries = "it is of a previous generation and no reservations are sold for it any more"
)

// General purpose (D) and memory optimised (E) sizes with 2 to 32 processors, the burstable ones a jump host is content with,
// and the three sizes the reference architecture names.
var sizes = []Size{
	{"Standard_B2ls_v2", 2, 4, true, true, true, ""},
	{"Standard_B2s_v2", 2, 8, true, true, true, ""},
	{"Standard_B4ls_v2", 4, 8, true, true, true, ""},
	{"Standard_B4s_v2", 4, 16, true, true, true, ""},
	{"Standard_B2s", 2, 4, true, true, true, retires2028Nov},
	{"Standard_B2ms", 2, 8, true, true, true, retires2028Nov},

	{"Standard_D2s_v5", 2, 8, true, true, false, ""},
	{"Standard_D4s_v5", 4, 16, true, true, false, ""},
	{"Standard_D8s_v5", 8, 32, true, true, false, ""},
	{"Standard_D16s_v5", 16, 64, true, true, false, ""},
	{"Standard_D32s_v5", 32, 128, true, true, false, ""},
	{"Standard_D2ds_v5", 2, 8, true, true, false, ""},
	{"Standard_D4ds_v5", 4, 16, true, true, false, ""},
	{"Standard_D8ds_v5", 8, 32, true, true, false, ""},
	{"Standard_D16ds_v5", 16, 64, true, true, false, ""},
	{"Standard_D32ds_v5", 32, 128, true, true, false, ""},
	{"Standard_D2as_v5", 2, 8, true, true, false, ""},
	{"Standard_D4as_v5", 4, 16, true, true, false, ""},
	{"Standard_D8as_v5", 8, 32, true, true, false, ""},
	{"Standard_D16as_v5", 16, 64, true, true, false, ""},
	{"Standard_D2ads_v5", 2, 8, true, true, false, ""},
	{"Standard_D4ads_v5", 4, 16, true, true, false, ""},
	{"Standard_D8ads_v5", 8, 32, true, true, false, ""},
	{"Standard_D16ads_v5", 16, 64, true, true, false, ""},

	{"Standard_E2s_v5", 2, 16, true, true, false, ""},
	{"Standard_E4s_v5", 4, 32, true, true, false, ""},
	{"Standard_E8s_v5", 8, 64, true, true, false, ""},
	{"Standard_E16s_v5", 16, 128, true, true, false, ""},
	{"Standard_E4ds_v5", 4, 32, true, true, false, ""},
	{"Standard_E8ds_v5", 8, 64, true, true, false, ""},

	{"Standard_DS3_v2", 4, 14, true, true, false, retires2028May},
	{"Standard_D2_v3", 2, 8, false, false, false, previousSeries},
	{"Standard_D4_v3", 4, 16, false, false, false, previousSeries},
	{"Standard_D2s_v3", 2, 8, true, true, false, previousSeries},
	{"Standard_D4s_v3", 4, 16, true, true, false, previousSeries},
	{"Standard_D8s_v3", 8, 32, true, true, false, previousSeries},
}

// DatabaseSize is a compute size of MySQL Flexible Server.
type DatabaseSize struct {
	// Tier is GeneralPurpose, MemoryOptimized or Burstable: what Azure wants next to the size's name.
	Tier string
	// VCores is the number of virtual cores.
	VCores int
}

// ParseDatabaseSize reads the tier and cores out of a size's name, such as `Standard_D4ads_v5`. It returns false for names
// MySQL Flexible Server doesn't sell.
func ParseDatabaseSize(sku string) (DatabaseSize, bool) {
	for _, family := range databaseFamilies {
		if m := family.pattern.FindStringSubmatch(sku); m != nil {
			cores, err := strconv.Atoi(m[1])
			return DatabaseSize{family.tier, cores}, err == nil && slices.Contains(family.vCores, cores)
		}
	}
	return DatabaseSize{}, false
}

var databaseFamilies = []struct {
	tier    string
	pattern *regexp.Regexp
	vCores  []int
}{
	{"Burstable", regexp.MustCompile(`^Standard_B(1)m?s$`), []int{1}},
	{"Burstable", regexp.MustCompile(`^Standard_B(2)s$`), []int{2}},
	{"Burstable", regexp.MustCompile(`^Standard_B(\d+)ms$`), []int{2, 4, 8, 12, 16, 20}},
	{"GeneralPurpose", regexp.MustCompile(`^Standard_D(\d+)(?:ads_v5|ds_v4)$`), []int{2, 4, 8, 16, 32, 48, 64}},
	{"MemoryOptimized", regexp.MustCompile(`^Standard_E(\d+)(?:ads_v5|ds_v5|ds_v4)$`), []int{2, 4, 8, 16, 20, 32, 48, 64, 96}},
}
