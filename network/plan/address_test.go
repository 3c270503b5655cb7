package plan

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPlanCarvesTheReferenceMasks(t *testing.T) {
	for _, c := range []struct {
		what, space string
		overrides   Overrides
		want        [5]string // aks, gateway, data, private endpoints, bastion
	}{
		{"a /22 holds the default plan", "10.0.0.0/22", Overrides{},
			[5]string{"10.0.0.0/23", "10.0.2.0/24", "10.0.3.0/27", "10.0.3.32/27", "10.0.3.64/28"}},
		{"a larger range leaves the rest free", "10.20.0.0/16", Overrides{},
			[5]string{"10.20.0.0/23", "10.20.2.0/24", "10.20.3.0/27", "10.20.3.32/27", "10.20.3.64/28"}},
		{"an override is kept and the others go around it", "10.0.0.0/21", Overrides{Gateway: "10.0.0.0/24"},
			[5]string{"10.0.2.0/23", "10.0.0.0/24", "10.0.1.0/27", "10.0.1.32/27", "10.0.1.64/28"}},
		{"a larger AKS subnet moves the others behind it", "10.0.0.0/20", Overrides{AKS: "10.0.8.0/21"},
			[5]string{"10.0.8.0/21", "10.0.0.0/24", "10.0.1.0/27", "10.0.1.32/27", "10.0.1.64/28"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := Plan(c.space, c.overrides)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range got.Subnets() {
				if s.Range.String() != c.want[i] {
					t.Errorf("%s is %s, want %s", s.Name, s.Range, c.want[i])
				}
			}
		})
	}
}

func TestPlanRefusesRangesAzureWouldRefuse(t *testing.T) {
	for _, c := range []struct {
		what, space string
		overrides   Overrides
		want        []string
	}{
		{"a space that is no range", "10.0.0.0", Overrides{}, []string{"address space", "CIDR"}},
		{"an IPv6 space", "fd00::/48", Overrides{}, []string{"IPv4"}},
		{"host bits, with the range that was meant", "10.0.1.0/22", Overrides{}, []string{"host bits", "10.0.0.0/22"}},
		{"a space too small for the default plan", "10.0.0.0/23", Overrides{}, []string{"gateway", "no free /24", "bastion", "no free /28"}},
		{"a subnet outside the space", "10.0.0.0/22", Overrides{Data: "10.1.0.0/27"}, []string{"subnet data", "outside the address space"}},
		{"a subnet larger than the space", "10.0.0.0/22", Overrides{AKS: "10.0.0.0/16"}, []string{"outside"}},
		{"two subnets that overlap", "10.0.0.0/22", Overrides{Data: "10.0.3.0/27", Bastion: "10.0.3.16/28"}, []string{"subnet bastion", "overlaps subnet data"}},
		{"a subnet below Azure's smallest", "10.0.0.0/22", Overrides{Bastion: "10.0.3.0/30"}, []string{"/29"}},
		{"several at once", "10.0.0.0/22", Overrides{Data: "x", Bastion: "y"}, []string{`subnet data "x"`, `subnet bastion "y"`}},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := Plan(c.space, c.overrides)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not mention %q", err, w)
				}
			}
		})
	}
}

func TestAddressesAreCountedFromBothEnds(t *testing.T) {
	data := netip.MustParsePrefix("10.0.3.0/27")
	for _, c := range []struct {
		what string
		got  netip.Addr
		want string
	}{
		{"the first usable address is the fourth after the network", Nth(data, 4), "10.0.3.4"},
		{"Cassandra's first node", Nth(data, 10), "10.0.3.10"},
		{"the last usable address comes before the broadcast", FromEnd(data, 1), "10.0.3.30"},
		{"the gateway's private frontend", FromEnd(netip.MustParsePrefix("10.0.2.0/24"), 10), "10.0.2.245"},
		{"no address past the end", Nth(data, 32), "invalid IP"},
		{"no address before the start", FromEnd(data, 32), "invalid IP"},
		{"no address in no range", Nth(netip.Prefix{}, 0), "invalid IP"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.got.String() != c.want {
				t.Errorf("got %s, want %s", c.got, c.want)
			}
		})
	}
}

func TestUsableLeavesAzureItsFiveAddresses(t *testing.T) {
	for prefix, want := range map[string]int{
		"10.0.0.0/23": 507, "10.0.2.0/24": 251, "10.0.3.0/27": 27, "10.0.3.64/28": 11, "10.0.3.0/29": 3, "10.0.3.0/31": 0,
	} {
		if got := Usable(netip.MustParsePrefix(prefix)); got != want {
			t.Errorf("%s leaves %d, want %d", prefix, got, want)
		}
	}
}
