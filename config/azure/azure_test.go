package azure

import (
	"slices"
	"testing"
)

func TestEveryRegionIsConsistent(t *testing.T) {
	if len(regions) < 50 {
		t.Fatalf("only %d regions", len(regions))
	}
	seen := map[string]bool{}
	for _, r := range regions {
		t.Run(r.Name, func(t *testing.T) {
			if seen[r.Name] {
				t.Error("listed twice")
			}
			seen[r.Name] = true
			if r.FaultDomains != 2 && r.FaultDomains != 3 {
				t.Errorf("%d fault domains; Azure has 2 or 3", r.FaultDomains)
			}
			if r.Zones && r.Restricted {
				t.Error("no restricted region has zones")
			}
			if _, known := FindRegion(r.Pair); r.Pair != "" && (!known || r.Pair == r.Name) {
				t.Errorf("pair %q is not another region", r.Pair)
			}
			if !r.Zones && r.Pair == "" {
				t.Error("every region without zones has a pair")
			}
		})
	}
}

func TestOnlyTheTwoAmericanZonelessRegionsHaveThreeFaultDomains(t *testing.T) {
	if got, want := ZonelessRegionsWithThreeFaultDomains(), []string{"northcentralus", "westus"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARegionNamesItsZones(t *testing.T) {
	with, _ := FindRegion("westeurope")
	without, _ := FindRegion("westus")
	if !slices.Equal(with.ZoneNames(), []string{"1", "2", "3"}) || without.ZoneNames() != nil {
		t.Errorf("got %v and %v", with.ZoneNames(), without.ZoneNames())
	}
}

func TestANodeLeavesToPodsWhatAKSDocuments(t *testing.T) {
	for _, c := range []struct {
		what, size string
		maxPods    int
		want       Capacity
	}{
		{"an 8 GiB node with 30 pods gives up 650 MiB and the eviction threshold", "Standard_D2s_v5", 30, Capacity{1900, 8192 - 650 - 100}},
		{"a 4 GiB node with 70 pods gives up a quarter, not 1450 MiB", "Standard_B2ls_v2", 70, Capacity{1900, 4096 - 1024 - 100}},
		{"the API management pool's default", "Standard_D4s_v5", 30, Capacity{3860, 16384 - 650 - 100}},
		{"a node between two documented steps reserves the lower step", "Standard_D32s_v5", 30, Capacity{31580, 131072 - 650 - 100}},
	} {
		t.Run(c.what, func(t *testing.T) {
			size, ok := FindSize(c.size)
			if !ok {
				t.Fatalf("%s is missing", c.size)
			}
			if got := size.Allocatable(c.maxPods); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestDatabaseSizesCarryTheirTier(t *testing.T) {
	for sku, want := range map[string]DatabaseSize{
		"Standard_D4ads_v5":  {"GeneralPurpose", 4},
		"Standard_D8ds_v4":   {"GeneralPurpose", 8},
		"Standard_E16ads_v5": {"MemoryOptimized", 16},
		"Standard_B1ms":      {"Burstable", 1},
		"Standard_B2s":       {"Burstable", 2},
		"Standard_B20ms":     {"Burstable", 20},
	} {
		if got, ok := ParseDatabaseSize(sku); !ok || got != want {
			t.Errorf("%s is %+v, %v; want %+v", sku, got, ok, want)
		}
	}
	for _, sku := range []string{"", "Standard_D4s_v5", "Standard_D5ads_v5", "GP_Gen5_4", "Standard_B3ms", "standard_d4ads_v5"} {
		if got, ok := ParseDatabaseSize(sku); ok {
			t.Errorf("%q is accepted as %+v", sku, got)
		}
	}
}

func TestEverySizeOfTheReferenceIsAcceptedAndAgeing(t *testing.T) {
	for _, name := range []string{"Standard_DS3_v2", "Standard_D2_v3", "Standard_D4s_v3"} {
		if s, ok := FindSize(name); !ok || s.Ageing == "" {
			t.Errorf("%s: known %v, ageing %q", name, ok, s.Ageing)
		}
	}
	names := SizeNames()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(sizes) {
		t.Error("a size is listed twice")
	}
}
