package config_test

import (
	"maps"
	"slices"
	"testing"

	"apim-azure/config"
	"apim-azure/config/badconfig"
)

// with is production's configuration with changes.
func with(t *testing.T, set map[string]any) *config.Config {
	t.Helper()
	return load(t, badconfig.Stack, badconfig.Apply(badconfig.Base(), badconfig.Case{Set: set}))
}

func TestHostsAreANMsAndTwoPerGroup(t *testing.T) {
	chain, key := badconfig.Certificate("*.apim.example.com")
	c := with(t, map[string]any{
		"workloads.groups[1].name": "partner_b2b", "workloads.groups[1].image": "apim/partner:1",
		"workloads.groups[1].gateway.maxReplicas": 12, "aks.apimPool.vmSize": "Standard_D8s_v5",
		"secrets.certificate": chain, "secrets.privateKey": key,
	})
	want := []config.Host{
		{Role: config.RoleANM, FQDN: "anm.apim.example.com", Private: true, Key: "workloads.anm"},
		{Role: config.RoleManager, Group: "default", FQDN: "api-manager.apim.example.com", Key: "workloads.groups[0].hosts.manager"},
		{Role: config.RoleAPI, Group: "default", FQDN: "api.apim.example.com", Key: "workloads.groups[0].hosts.api"},
		{Role: config.RoleManager, Group: "partner_b2b", FQDN: "api-manager-partner-b2b.apim.example.com", Key: "workloads.groups[1].hosts.manager"},
		{Role: config.RoleAPI, Group: "partner_b2b", FQDN: "api-partner-b2b.apim.example.com", Key: "workloads.groups[1].hosts.api"},
	}
	got := c.Hosts()
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, h := range got {
		if h != want[i] {
			t.Errorf("host %d is %+v, want %+v", i, h, want[i])
		}
	}
}

func TestPrivateExposureMakesEveryHostPrivate(t *testing.T) {
	for _, h := range with(t, map[string]any{"ingress.exposure": "private"}).Hosts() {
		if !h.Private {
			t.Errorf("%s is public", h.FQDN)
		}
	}
}

func TestTheEventsShareHoldsWhatAllGatewaysMayWrite(t *testing.T) {
	for _, c := range []struct {
		what string
		set  map[string]any
		want int
	}{
		{"the reference's 13 GB are below Azure's smallest share", nil, 100},
		{"20 GB for each of 12 gateways, and 1", map[string]any{"workloads.groups[0].maxEventsGB": 20}, 241},
		{"a larger share that was asked for", map[string]any{"storage.eventsShareGB": 500}, 500},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := with(t, c.set).EventsShareGB(); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestKeyspacesDeriveFromStackAndGroup(t *testing.T) {
	c := load(t, "pre-prod", badconfig.Base())
	g := c.Workloads.Groups[0]
	if c.Keyspace(g) != "pre_prod_default" || c.ThrottlingKeyspace(g) != "t_pre_prod_default" {
		t.Errorf("got %s and %s", c.Keyspace(g), c.ThrottlingKeyspace(g))
	}
	g.Keyspace = "given"
	if c.Keyspace(g) != "given" || c.ThrottlingKeyspace(g) != "t_given" {
		t.Errorf("got %s and %s", c.Keyspace(g), c.ThrottlingKeyspace(g))
	}
}

func TestWhatTheRegionDecides(t *testing.T) {
	zoned, flat := with(t, nil), with(t, map[string]any{"azure.location": "northcentralus"})
	if !slices.Equal(zoned.Zones(), []string{"1", "2", "3"}) || flat.Zones() != nil {
		t.Errorf("zones are %v and %v", zoned.Zones(), flat.Zones())
	}
	if zoned.Region().Pair != "northeurope" || flat.Region().Pair != "southcentralus" {
		t.Errorf("pairs are %s and %s", zoned.Region().Pair, flat.Region().Pair)
	}
}

func TestNamesTagsAndAddressesOfAStack(t *testing.T) {
	c := with(t, nil)
	for _, v := range []struct{ what, got, want string }{
		{"its own resource group", c.ResourceGroup(), "apim-prod-westeurope"},
		{"an existing resource group", with(t, map[string]any{"azure.resourceGroup": "given"}).ResourceGroup(), "given"},
		{"a resource", c.Names().Of("vnet"), "apim-prod-vnet"},
		{"the internal zone", c.InternalZone(), "prod.apim.internal"},
		{"the data subnet", c.Addresses().Data.String(), "10.0.3.0/27"},
		{"a data subnet given by hand", with(t, map[string]any{"network.subnets.data": "10.0.3.128/26"}).Addresses().Data.String(), "10.0.3.128/26"},
	} {
		t.Run(v.what, func(t *testing.T) {
			if v.got != v.want {
				t.Errorf("got %s, want %s", v.got, v.want)
			}
		})
	}
	want := map[string]string{"managed-by": "pulumi", "project": "apim", "stack": "prod", "cost-centre": "integration"}
	if got := c.Tags(); !maps.Equal(got, want) {
		t.Errorf("tags are %v, want %v", got, want)
	}
}

func TestOnlyPrivateHostsAreProvedByRecords(t *testing.T) {
	for _, c := range []struct {
		certificates, exposure string
		want                   bool
	}{{"supplied", "private", false}, {config.ACME, "public", false}, {config.ACME, "private", true}} {
		stack := &config.Config{Ingress: config.Ingress{Certificates: c.certificates, Exposure: c.exposure}}
		if got := stack.ProvesByRecord(); got != c.want {
			t.Errorf("%s, %s: %t", c.certificates, c.exposure, got)
		}
	}
}

func TestAPublicZoneIsFoundByItsGroupAndName(t *testing.T) {
	stack := &config.Config{}
	if group, zone := stack.PublicZone(); group != "" || zone != "" {
		t.Errorf("without a zone: %q, %q", group, zone)
	}
	stack.Network.PublicDNSZoneID = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Names/providers/Microsoft.Network/dnsZones/Example.com"
	if group, zone := stack.PublicZone(); group != "Names" || zone != "example.com" {
		t.Errorf("got %q, %q", group, zone)
	}
}
