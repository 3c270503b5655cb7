package cassandra

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"apim-azure/config/naming"
)

var names = naming.Names{Project: "apim", Stack: "dev", Location: "westeurope"}

func TestEveryZoneGetsANodeWithItsOwnRackAndStaticAddress(t *testing.T) {
	got, err := Plan(names, netip.MustParsePrefix("10.0.3.0/27"), []string{"1", "2", "3"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Node{
		{1, "apim-dev-cassandra-1", netip.MustParseAddr("10.0.3.10"), "1", "zone-1", true},
		{2, "apim-dev-cassandra-2", netip.MustParseAddr("10.0.3.11"), "2", "zone-2", true},
		{3, "apim-dev-cassandra-3", netip.MustParseAddr("10.0.3.12"), "3", "zone-3", false},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRegionsWithoutZonesGetARackPerNodeAndNoZone(t *testing.T) {
	got, err := Plan(names, netip.MustParsePrefix("10.0.3.0/27"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, node := range got {
		if want := []string{"rack-1", "rack-2", "rack-3"}[i]; node.Zone != "" || node.Rack != want {
			t.Errorf("node %d: zone %q rack %q, want no zone and %q", node.Index, node.Zone, node.Rack, want)
		}
	}
}

func TestPlansThatCannotHoldThreeNodesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, subnet string
		zones        []string
		want         string
	}{
		{"a /29 holds no tenth address", "10.0.3.0/29", nil, "use /28 or larger"},
		{"two zones are not three", "10.0.3.0/27", []string{"1", "2"}, "2 availability zones, 3 needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Plan(names, netip.MustParsePrefix(c.subnet), c.zones)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Plan(names, netip.MustParsePrefix("10.0.3.0/28"), nil); err != nil {
		t.Errorf("a /28 holds 10 to 12: %v", err)
	}
}

func TestTheHostNameIsTheRecordInTheZone(t *testing.T) {
	if got := HostName("dev.apim.internal"); got != "cassandra.dev.apim.internal" {
		t.Errorf("got %s", got)
	}
}
