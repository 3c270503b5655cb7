package arm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Region facts, from Azure's list of regions, zones and pairs. The list is long enough to tell a typo from a region; it is
// kept apart from the program's own table on purpose, so that one checks the other.
var (
	zonedRegions = words(`australiaeast brazilsouth canadacentral centralindia centralus eastasia eastus eastus2 francecentral
		germanywestcentral israelcentral italynorth japaneast japanwest koreacentral mexicocentral newzealandnorth northeurope
		norwayeast polandcentral qatarcentral southafricanorth southcentralus southeastasia spaincentral swedencentral
		switzerlandnorth uaenorth uksouth westeurope westus2 westus3 austriaeast chilecentral indonesiacentral malaysiawest
		belgiumcentral`)
	otherRegions = words(`australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth
		germanynorth koreasouth northcentralus norwaywest southafricawest southindia swedensouth switzerlandwest uaecentral
		ukwest westcentralus westindia westus`)
	// unpairedRegions have zones but no partner region to copy backups to.
	unpairedRegions = words(`israelcentral italynorth mexicocentral newzealandnorth polandcentral qatarcentral spaincentral
		austriaeast chilecentral indonesiacentral malaysiawest belgiumcentral`)
)

func words(s string) []string { return strings.Fields(s) }

// normal is a region's short name: lower case, no spaces.
func normal(location string) string {
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}

func knownRegion(location string) bool {
	l := normal(location)
	return slices.Contains(zonedRegions, l) || slices.Contains(otherRegions, l)
}

func hasZones(location string) bool { return slices.Contains(zonedRegions, normal(location)) }

func hasPair(location string) bool { return !slices.Contains(unpairedRegions, normal(location)) }

// vmSize is what the rules need to know of a VM size.
type vmSize struct {
	vCPU      int
	memoryGiB float64
	premium   bool // takes premium disks
	burstable bool
	dataDisks int
}

var (
	modernSize = regexp.MustCompile(`^Standard_([DEF])(\d+)([a-z]*)_v([2-6])$`)
	oldSize    = regexp.MustCompile(`^Standard_(DS|D)(\d+)_v2$`)
	burstSize  = regexp.MustCompile(`^Standard_B(\d+)(s|ms|as|ls|als|ps|pls)(_v2)?$`)
	coreCounts = []int{2, 4, 8, 16, 32, 48, 64, 96}
	suffixes   = words("s d ds as ads ls lds als alds ps pds pls plds a") // plus none
)

// lookupSize reads a size's figures off its name, as Azure's naming convention allows; ok is false for names the convention
// doesn't produce.
func lookupSize(name string) (size vmSize, ok bool) {
	if m := modernSize.FindStringSubmatch(name); m != nil {
		cores, _ := strconv.Atoi(m[2])
		if !slices.Contains(coreCounts, cores) || (m[3] != "" && !slices.Contains(suffixes, m[3])) {
			return vmSize{}, false
		}
		perCore := map[string]float64{"D": 4, "E": 8, "F": 2}[m[1]]
		if strings.Contains(m[3], "l") {
			perCore = 2
		}
		return vmSize{vCPU: cores, memoryGiB: perCore * float64(cores), premium: strings.Contains(m[3], "s"), dataDisks: min(2*cores, 32)}, true
	}
	if m := oldSize.FindStringSubmatch(name); m != nil {
		step, _ := strconv.Atoi(m[2])
		if step < 1 || step > 5 {
			return vmSize{}, false
		}
		cores := 1 << (step - 1)
		return vmSize{vCPU: cores, memoryGiB: 3.5 * float64(cores), premium: m[1] == "DS", dataDisks: 4 * cores}, true
	}
	if m := burstSize.FindStringSubmatch(name); m != nil {
		cores, _ := strconv.Atoi(m[1])
		if !slices.Contains([]int{1, 2, 4, 8, 12, 16, 20, 32}, cores) {
			return vmSize{}, false
		}
		perCore := 4.0
		if m[2] == "s" && m[3] == "" {
			perCore = 2
		}
		return vmSize{vCPU: cores, memoryGiB: perCore * float64(cores), premium: true, burstable: true, dataDisks: 2 * cores}, true
	}
	return vmSize{}, false
}
