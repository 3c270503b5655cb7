package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func legal() Rule {
	return allow("ref-1", "AllowHttpsInBound", Inbound, 100, TCP, one("10.0.0.0/24"), one("10.0.1.0/24"), one("443"), "test", "TLS")
}

func TestValidateRulesRefusesWhatAzureRefuses(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Rule)
		want   string
	}{
		{"a priority below 100", func(r *Rule) { r.Priority = 99 }, "priority 99"},
		{"a priority above 4096", func(r *Rule) { r.Priority = 4097 }, "priority 4097"},
		{"a name with a space", func(r *Rule) { r.Name = "Allow https" }, "80 letters"},
		{"a name that ends in a dash", func(r *Rule) { r.Name = "Allow-" }, "80 letters"},
		{"a name of 81 characters", func(r *Rule) { r.Name = strings.Repeat("a", 81) }, "80 letters"},
		{"no ID", func(r *Rule) { r.ID = "" }, "no ID"},
		{"an unknown direction", func(r *Rule) { r.Direction = "In" }, `direction "In"`},
		{"an unknown access", func(r *Rule) { r.Access = "Permit" }, `access "Permit"`},
		{"an unknown protocol", func(r *Rule) { r.Protocol = "Http" }, `protocol "Http"`},
		{"no source", func(r *Rule) { r.Sources = nil }, "has no source"},
		{"no destination", func(r *Rule) { r.Destinations = nil }, "has no destination"},
		{"a tag in a list", func(r *Rule) { r.Sources = one("10.0.0.0/24", "Internet") }, "must stand alone"},
		{"everything in a list", func(r *Rule) { r.Destinations = one(Any, "10.0.0.0/24") }, "must stand alone"},
		{"the frontend in a list", func(r *Rule) { r.Destinations = one("10.0.0.0/24", FrontendPublicIP) }, "must stand alone"},
		{"an unknown tag", func(r *Rule) { r.Sources = one("AzureCloudX") }, "neither a CIDR nor a known service tag"},
		{"a regional tag that has no regions", func(r *Rule) { r.Sources = one("Internet.westeurope") }, "neither a CIDR nor a known service tag"},
		{"a range with host bits", func(r *Rule) { r.Sources = one("10.0.0.1/24") }, "the range is 10.0.0.0/24"},
		{"overlapping ranges", func(r *Rule) { r.Sources = one("10.0.0.0/24", "10.0.0.128/25") }, "overlaps"},
		{"no ports", func(r *Rule) { r.Ports = nil }, "has no ports"},
		{"a port above 65535", func(r *Rule) { r.Ports = one("65536") }, `port "65536"`},
		{"a port range upside down", func(r *Rule) { r.Ports = one("90-80") }, "upside down"},
		{"a port in words", func(r *Rule) { r.Ports = one("https") }, `port "https"`},
		{"every port in a list", func(r *Rule) { r.Ports = one("443", Any) }, "must stand alone"},
		{"a port twice", func(r *Rule) { r.Ports = one("443", "443") }, "listed twice"},
		{"nothing said about encryption", func(r *Rule) { r.Encryption = "" }, "encryption"},
		{"a description Azure cuts", func(r *Rule) { r.Purpose = strings.Repeat("x", 140) }, "Azure takes 140"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := legal()
			c.change(&r)
			if err := ValidateRules([]Rule{r}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestValidateRulesTakesWhatAzureTakes(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Rule)
	}{
		{"several ranges", func(r *Rule) { r.Sources = one("10.0.0.0/24", "10.0.1.0/24") }},
		{"a regional tag", func(r *Rule) { r.Destinations = one("Storage.westeurope") }},
		{"a tag with a dot", func(r *Rule) { r.Destinations = one("AzureFrontDoor.FirstParty") }},
		{"a port range", func(r *Rule) { r.Ports = one("65200-65535") }},
		{"the highest priority number", func(r *Rule) { r.Priority = 4096 }},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := legal()
			c.change(&r)
			if err := ValidateRules([]Rule{r}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRulesOfOneGroupMayNotCollide(t *testing.T) {
	inbound, outbound := legal(), legal()
	outbound.Direction, outbound.Name = Outbound, "AllowHttpsOutBound"
	if err := ValidateRules([]Rule{inbound, outbound}); err != nil {
		t.Errorf("one priority in both directions: %v", err)
	}
	samePriority := legal()
	samePriority.Name = "AllowOther"
	if err := ValidateRules([]Rule{inbound, samePriority}); err == nil || !strings.Contains(err.Error(), "priority 100 Inbound is taken") {
		t.Errorf("one priority twice in a direction: %v", err)
	}
	sameName := legal()
	sameName.Priority, sameName.Name = 110, strings.ToUpper(inbound.Name)
	if err := ValidateRules([]Rule{inbound, sameName}); err == nil || !strings.Contains(err.Error(), "used twice") {
		t.Errorf("one name twice, in other letters: %v", err)
	}
	var many []Rule
	for i := range 1001 {
		r := legal()
		r.Name, r.Priority = fmt.Sprintf("Rule%d", i), 100+i
		many = append(many, r)
	}
	if err := ValidateRules(many); err == nil || !strings.Contains(err.Error(), "1001 rules") {
		t.Errorf("more rules than a group holds: %v", err)
	}
}

func TestValidateTableRefusesGroupsThatDontClose(t *testing.T) {
	in := inputs(t)
	without := func(t *testing.T, subnet, name string) Table {
		table := tables(t, in)
		table[subnet] = slices.DeleteFunc(table[subnet], func(r Rule) bool { return r.Name == name })
		return table
	}
	for _, c := range []struct {
		what  string
		table Table
		want  string
	}{
		{"no denial of the network", without(t, DataSubnet, "DenyVnetInBound"), "subnet data: no rule denies VirtualNetwork"},
		{"a cluster cut from itself inbound", without(t, AKSSubnet, "AllowClusterInBound"), "10.0.0.0/23 Inbound"},
		{"a cluster cut from itself outbound", without(t, AKSSubnet, "AllowClusterOutBound"), "10.0.0.0/23 Outbound"},
		{"a subnet without rules", func() Table {
			table := tables(t, in)
			delete(table, BastionSubnet)
			return table
		}(), "subnet bastion: has no rules"},
		{"a denial before the cluster's own flows", func() Table {
			table := tables(t, in)
			early := denyVNetInbound()
			early.Priority, early.Name = 135, "DenyEarly"
			table[AKSSubnet] = append(table[AKSSubnet], early)
			return table
		}(), "before the first denial"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if err := ValidateTable(c.table, in.Addresses); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDescriptionsNameTheRowAndTheEncryption(t *testing.T) {
	if got, want := legal().Description(), "ref-1: test [TLS]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := denyInternetOutbound().Description(), "deny-internet-out: no other flow to public addresses, Azure's included"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
