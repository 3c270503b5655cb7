package azure

import (
	"slices"
	"strings"
)

// Region is a region of Azure's public cloud.
type Region struct {
	// Name is the short name, such as `westeurope`.
	Name string
	// Zones says whether the region has three availability zones.
	Zones bool
	// Pair is the short name of the region geo-redundant storage, backups and replicas go to. Empty: the region has no pair.
	Pair string
	// Restricted says that Azure opens the region only on request, usually for disaster recovery of its pair.
	Restricted bool
	// FaultDomains is the largest number of fault domains of an availability set with managed disks, 2 or 3.
	FaultDomains int
}

// ZoneNames are the region's availability zones; nil without zones.
func (r Region) ZoneNames() []string {
	if !r.Zones {
		return nil
	}
	return []string{"1", "2", "3"}
}

// FindRegion looks a region up by its short name.
func FindRegion(name string) (Region, bool) {
	i := slices.IndexFunc(regions, func(r Region) bool { return r.Name == name })
	if i < 0 {
		return Region{}, false
	}
	return regions[i], true
}

// RegionNames lists the short names of all regions, sorted.
func RegionNames() []string {
	return regionNames(func(Region) bool { return true })
}

// ZonelessRegionsWithThreeFaultDomains lists the regions that have no zones but can still spread three machines over three
// fault domains.
func ZonelessRegionsWithThreeFaultDomains() []string {
	return regionNames(func(r Region) bool { return !r.Zones && r.FaultDomains == 3 })
}

func regionNames(wanted func(Region) bool) []string {
	var names []string
	for _, r := range regions {
		if wanted(r) {
			names = append(names, r.Name)
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// Zones, pairs and access follow Microsoft's list of Azure regions, fault domains its table for availability sets with managed
// disks (regions that table doesn't name have two). Pairs are one-way in places: Brazil South replicates to South Central US,
// which replicates to North Central US.
var regions = []Region{
	{"australiacentral", false, "australiacentral2", false, 2},
	{"australiacentral2", false, "australiacentral", true, 2},
	{"australiaeast", true, "australiasoutheast", false, 2},
	{"australiasoutheast", false, "australiaeast", false, 2},
	{"austriaeast", true, "", false, 2},
	{"belgiumcentral", true, "", false, 2},
	{"brazilsouth", true, "southcentralus", false, 2},
	{"brazilsoutheast", false, "brazilsouth", true, 2},
	{"canadacentral", true, "canadaeast", false, 2},
	{"canadaeast", false, "canadacentral", false, 2},
	{"centralindia", true, "southindia", false, 2},
	{"centralus", true, "eastus2", false, 3},
	{"chilecentral", true, "", false, 2},
	{"eastasia", true, "southeastasia", false, 3},
	{"eastus", true, "westus", false, 3},
	{"eastus2", true, "centralus", false, 3},
	{"francecentral", true, "francesouth", false, 2},
	{"francesouth", false, "francecentral", true, 2},
	{"germanynorth", false, "germanywestcentral", true, 2},
	{"germanywestcentral", true, "germanynorth", false, 2},
	{"indonesiacentral", true, "", false, 2},
	{"israelcentral", true, "", false, 2},
	{"italynorth", true, "", false, 2},
	{"japaneast", true, "japanwest", false, 2},
	{"japanwest", true, "japaneast", false, 2},
	{"koreacentral", true, "koreasouth", false, 2},
	{"koreasouth", false, "koreacentral", false, 2},
	{"malaysiawest", true, "", false, 2},
	{"mexicocentral", true, "", false, 2},
	{"newzealandnorth", true, "", false, 2},
	{"northcentralus", false, "southcentralus", false, 3},
	{"northeurope", true, "westeurope", false, 3},
	{"norwayeast", true, "norwaywest", false, 2},
	{"norwaywest", false, "norwayeast", true, 2},
	{"polandcentral", true, "", false, 2},
	{"qatarcentral", true, "", false, 2},
	{"southafricanorth", true, "southafricawest", false, 2},
	{"southafricawest", false, "southafricanorth", true, 2},
	{"southcentralus", true, "northcentralus", false, 3},
	{"southeastasia", true, "eastasia", false, 2},
	{"southindia", false, "centralindia", false, 2},
	{"spaincentral", true, "", false, 2},
	{"swedencentral", true, "swedensouth", false, 2},
	{"swedensouth", false, "swedencentral", true, 2},
	{"switzerlandnorth", true, "switzerlandwest", false, 2},
	{"switzerlandwest", false, "switzerlandnorth", true, 2},
	{"uaecentral", false, "uaenorth", true, 2},
	{"uaenorth", true, "uaecentral", false, 2},
	{"uksouth", true, "ukwest", false, 2},
	{"ukwest", false, "uksouth", false, 2},
	{"westcentralus", false, "westus2", false, 2},
	{"westeurope", true, "northeurope", false, 3},
	{"westindia", false, "southindia", false, 2},
	{"westus", false, "eastus", false, 3},
	{"westus2", true, "westcentralus", false, 2},
	{"westus3", true, "eastus", false, 2},
}
