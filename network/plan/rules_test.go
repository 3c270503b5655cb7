package plan

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// inputs is the default plan behind Application Gateway: public, with ANM on its own internal load balancer.
func inputs(t *testing.T) RuleInputs {
	t.Helper()
	addresses, err := Plan("10.0.0.0/22", Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	return RuleInputs{
		Addresses: addresses, Location: "westeurope", Controller: ApplicationGateway, Exposure: Public,
		ANM: netip.MustParseAddr("10.0.1.252"), AdminCIDRs: []string{"203.0.113.0/24"},
	}
}

func tables(t *testing.T, in RuleInputs) Table {
	t.Helper()
	table, err := Rules(in)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// find returns the one rule of that name, or fails.
func find(t *testing.T, rules []Rule, name string) Rule {
	t.Helper()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no rule %s", name)
	}
	return rules[i]
}

func TestEveryRowOfTheReferenceHasItsRule(t *testing.T) {
	const aks, data, bastion, gateway, endpoints = "10.0.0.0/23", "10.0.3.0/27", "10.0.3.64/28", "10.0.2.0/24", "10.0.3.32/27"
	table := tables(t, inputs(t))
	for _, row := range []struct {
		what, subnet, id string
		direction        Direction
		from, to         string
		ports            []string
	}{
		{"bastion 4: Kubernetes API, 8001 being local", BastionSubnet, "ref-4", Outbound, bastion, "AzureCloud.westeurope", []string{"443"}},
		{"bastion 5: MySQL", BastionSubnet, "ref-5", Outbound, bastion, data, []string{"3306"}},
		{"bastion 6: Cassandra", BastionSubnet, "ref-6", Outbound, bastion, data, []string{"9042"}},
		{"bastion 8: registry", BastionSubnet, "ref-8", Outbound, bastion, endpoints, []string{"443"}},
		{"bastion 12: administrators, SSH only", BastionSubnet, "ref-12", Inbound, "203.0.113.0/24", bastion, []string{"22"}},
		{"AKS 2: gateway to the pods", AKSSubnet, "ref-2", Inbound, gateway, aks, []string{"8065", "8075", "8091"}},
		{"AKS 3: Cassandra", AKSSubnet, "ref-3", Outbound, aks, data, []string{"9042"}},
		{"AKS 3: JMX exporter", AKSSubnet, "ref-3", Outbound, aks, data, []string{"7070"}},
		{"AKS 7: images from public registries", AKSSubnet, "ref-7", Outbound, aks, "Internet", []string{"443"}},
		{"AKS 7: images from the own registry", AKSSubnet, "ref-7", Outbound, aks, endpoints, []string{"443"}},
		{"AKS, no number: SMTP relay", AKSSubnet, "ref-smtp", Outbound, aks, "Internet", []string{"465", "587"}},
		{"AKS, no number: identity provider", AKSSubnet, "ref-iam", Outbound, aks, "Internet", []string{"443"}},
		{"AKS 13: MySQL", AKSSubnet, "ref-13", Outbound, aks, data, []string{"3306"}},
		{"data 3: components to the databases", DataSubnet, "ref-3", Inbound, aks, data, []string{"9042", "3306"}},
		{"data 6: administration", DataSubnet, "ref-6", Inbound, bastion, data, []string{"9042", "3306", "22"}},
		{"data 11: frontal subnet", DataSubnet, "ref-11", Outbound, data, gateway, []string{"443"}},
		{"PaaS 1: clients to the gateway", GatewaySubnet, "ref-1", Inbound, "Internet", gateway, []string{"443"}},
		{"PaaS 2: gateway to the node pool", GatewaySubnet, "ref-2", Outbound, gateway, aks, []string{"8065", "8075", "8091"}},
		{"PaaS 7: registry from AKS", PrivateEndpointsSubnet, "ref-7", Inbound, aks, endpoints, []string{"443"}},
		{"PaaS 8: registry from the bastion", PrivateEndpointsSubnet, "ref-8", Inbound, bastion, endpoints, []string{"443"}},
		{"PaaS 9, 10, 11: Files and Blob from AKS", AKSSubnet, "ref-9", Outbound, aks, "Storage.westeurope", []string{"445", "443"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			if !slices.ContainsFunc(table[row.subnet], func(r Rule) bool {
				return r.ID == row.id && r.Direction == row.direction && r.Access == Allow && r.Protocol == TCP &&
					slices.Equal(r.Sources, one(row.from)) && slices.Equal(r.Destinations, one(row.to)) && slices.Equal(r.Ports, row.ports)
			}) {
				t.Errorf("no such rule among %v", table[row.subnet])
			}
		})
	}
}

func TestRulesTheReferenceLacksAreThere(t *testing.T) {
	in := inputs(t)
	in.HTTP, in.ACME = true, true
	table := tables(t, in)
	for _, c := range []struct{ what, subnet, name, from, to, ports string }{
		{"Azure manages the gateway", GatewaySubnet, "AllowGatewayManagerInBound", "GatewayManager", "*", "65200-65535"},
		{"probes reach the gateway", GatewaySubnet, "AllowProbesInBound", "AzureLoadBalancer", "*", "*"},
		{"probes reach the nodes", AKSSubnet, "AllowProbesInBound", "AzureLoadBalancer", "*", "*"},
		{"pods talk to pods", AKSSubnet, "AllowClusterInBound", "10.0.0.0/23", "10.0.0.0/23", "*"},
		{"the jump host reaches ANM", AKSSubnet, "AllowAnmInBound", "10.0.3.64/28", "10.0.1.252/32", "443"},
		{"challenges arrive on port 80", GatewaySubnet, "AllowClientsInBound", "Internet", "10.0.2.0/24", "443 80"},
		{"challenges reach their solver", AKSSubnet, "AllowGatewayInBound", "10.0.2.0/24", "10.0.0.0/23", "8065 8075 8091 8089"},
		{"Cassandra nodes gossip", DataSubnet, "AllowNodesInBound", "10.0.3.0/27", "10.0.3.0/27", "7000 9042 3306"},
		{"Prometheus scrapes Cassandra", DataSubnet, "AllowJmxExporterInBound", "10.0.0.0/23", "10.0.3.0/27", "7070"},
		{"nodes are backed up", DataSubnet, "AllowBackupOutBound", "10.0.3.0/27", "AzureBackup", "443"},
		{"nodes resolve names", AKSSubnet, "AllowDnsOutBound", "10.0.0.0/23", "168.63.129.16/32", "53"},
		{"nodes keep time", DataSubnet, "AllowTimeOutBound", "10.0.3.0/27", "Internet", "123"},
		{"nodes install packages", DataSubnet, "AllowPackagesOutBound", "10.0.3.0/27", "Internet", "80 443"},
		{"administrators sign in", BastionSubnet, "AllowEntraOutBound", "10.0.3.64/28", "AzureActiveDirectory", "443"},
		{"sessions are logged", BastionSubnet, "AllowMonitorOutBound", "10.0.3.64/28", "AzureMonitor", "443"},
		{"nodes pull AKS's images", AKSSubnet, "AllowMicrosoftImagesOutBound", "10.0.0.0/23", "MicrosoftContainerRegistry", "443"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := find(t, table[c.subnet], c.name)
			if got := strings.Join(r.Sources, " "); got != c.from {
				t.Errorf("source %s, want %s", got, c.from)
			}
			if got := strings.Join(r.Destinations, " "); got != c.to {
				t.Errorf("destination %s, want %s", got, c.to)
			}
			if got := strings.Join(r.Ports, " "); got != c.ports {
				t.Errorf("ports %s, want %s", got, c.ports)
			}
		})
	}
}

func TestIngressFollowsControllerAndExposure(t *testing.T) {
	for _, c := range []struct {
		what     string
		change   func(*RuleInputs)
		subnet   string
		name     string
		from, to string
		frontend bool
	}{
		{"a public gateway takes clients from the Internet", func(*RuleInputs) {},
			GatewaySubnet, "AllowClientsInBound", "Internet", "10.0.2.0/24", false},
		{"a private gateway takes clients from the network and its peers",
			func(in *RuleInputs) { in.Exposure = Private },
			GatewaySubnet, "AllowClientsInBound", "VirtualNetwork", "10.0.2.0/24", false},
		{"a public load balancer keeps its public address as destination",
			func(in *RuleInputs) { in.Controller = LoadBalancer },
			AKSSubnet, "AllowIngressInBound", "Internet", FrontendPublicIP, true},
		{"a private load balancer keeps its private address as destination",
			func(in *RuleInputs) {
				in.Controller, in.Exposure, in.Frontend = LoadBalancer, Private, netip.MustParseAddr("10.0.1.250")
			},
			AKSSubnet, "AllowIngressInBound", "VirtualNetwork", "10.0.1.250/32", false},
		{"source ranges replace the exposure's own source",
			func(in *RuleInputs) {
				in.Controller, in.SourceRanges = LoadBalancer, []string{"198.51.100.0/25", "192.0.2.0/24"}
			},
			AKSSubnet, "AllowIngressInBound", "198.51.100.0/25 192.0.2.0/24", FrontendPublicIP, true},
		{"the jump host finds a shared ANM on the gateway",
			func(in *RuleInputs) { in.Exposure, in.ANM = Private, netip.Addr{} },
			BastionSubnet, "AllowAnmOutBound", "10.0.3.64/28", "10.0.2.0/24", false},
		{"the jump host finds a shared ANM on the load balancer",
			func(in *RuleInputs) {
				in.Controller, in.Exposure = LoadBalancer, Private
				in.Frontend, in.ANM = netip.MustParseAddr("10.0.1.250"), netip.Addr{}
			},
			BastionSubnet, "AllowAnmOutBound", "10.0.3.64/28", "10.0.1.250/32", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			in := inputs(t)
			c.change(&in)
			table := tables(t, in)
			r := find(t, table[c.subnet], c.name)
			if got := strings.Join(r.Sources, " "); got != c.from {
				t.Errorf("source %s, want %s", got, c.from)
			}
			if got := strings.Join(r.Destinations, " "); got != c.to {
				t.Errorf("destination %s, want %s", got, c.to)
			}
			if got := table.NeedsFrontendPublicIP(); got != c.frontend {
				t.Errorf("needs the public address: %t, want %t", got, c.frontend)
			}
		})
	}
}

func TestNothingIsOpenThatNobodyAskedFor(t *testing.T) {
	table := tables(t, inputs(t))
	for subnet, rules := range table {
		for _, r := range rules {
			if r.Access == Allow && r.Direction == Inbound && slices.Equal(r.Sources, one(Any)) {
				t.Errorf("%s: %s lets everybody in", subnet, r.Name)
			}
			if slices.Contains(r.Ports, "3389") || slices.Contains(r.Ports, "8001") {
				t.Errorf("%s: %s opens a port no Linux jump host needs", subnet, r.Name)
			}
			if subnet != GatewaySubnet && r.Direction == Inbound && r.Access == Allow && slices.Equal(r.Sources, one("Internet")) {
				t.Errorf("%s: %s lets the Internet in past the gateway", subnet, r.Name)
			}
		}
	}
	if r := find(t, table[GatewaySubnet], "AllowClientsInBound"); slices.Contains(r.Ports, "80") {
		t.Error("port 80 is open although nothing asked for it")
	}
	if slices.ContainsFunc(table[GatewaySubnet], func(r Rule) bool { return r.Direction == Outbound && r.Access == Deny }) {
		t.Error("the gateway subnet denies an outbound flow, which Azure refuses to manage a gateway with")
	}
}

func TestSubnetsThatCloseLetNothingElseOut(t *testing.T) {
	table := tables(t, inputs(t))
	for _, subnet := range []string{AKSSubnet, DataSubnet, BastionSubnet, PrivateEndpointsSubnet} {
		for name, tag := range map[string]string{"DenyVnetOutBound": "VirtualNetwork", "DenyInternetOutBound": "Internet"} {
			if r := find(t, table[subnet], name); r.Access != Deny || !slices.Equal(r.Destinations, one(tag)) {
				t.Errorf("%s: %s doesn't deny %s", subnet, name, tag)
			}
		}
	}
}

func TestCassandraWithTLSGossipsOnItsOwnPort(t *testing.T) {
	in := inputs(t)
	for _, c := range []struct {
		tls         bool
		gossip      string
		description string
	}{{false, "7000", "none: password only"}, {true, "7001", "mutual TLS 1.2"}} {
		in.CassandraTLS = c.tls
		table := tables(t, in)
		for _, name := range []string{"AllowNodesInBound", "AllowNodesOutBound"} {
			if r := find(t, table[DataSubnet], name); !slices.Equal(r.Ports, one(c.gossip, "9042", "3306")) {
				t.Errorf("TLS %t: %s opens %v, want gossip on %s", c.tls, name, r.Ports, c.gossip)
			}
		}
		if got := find(t, table[AKSSubnet], "AllowCassandraOutBound").Encryption; got != c.description {
			t.Errorf("TLS %t: the flow is described as %q, want %q", c.tls, got, c.description)
		}
	}
}

func TestBackEndsGetOneRuleEachWhateverTheirOrder(t *testing.T) {
	in := inputs(t)
	in.Backends = []Backend{{"172.20.0.0/16", []int{8443, 443}}, {"10.9.0.0/24", []int{5432}}, {"172.20.0.0/16", []int{443}}}
	first := tables(t, in)[AKSSubnet]
	slices.Reverse(in.Backends)
	second := tables(t, in)[AKSSubnet]
	for _, rules := range [][]Rule{first, second} {
		r := find(t, rules, "AllowBackend-172.20.0.0-16-OutBound")
		if !slices.Equal(r.Ports, one("443", "8443")) || r.Priority != firstBackend+1 {
			t.Errorf("ports %v at priority %d, want [443 8443] at %d", r.Ports, r.Priority, firstBackend+1)
		}
	}
}

func TestCloudTagsFollowAzuresOwnRegionNames(t *testing.T) {
	for location, want := range map[string]string{
		"westeurope": "AzureCloud.westeurope", "francecentral": "AzureCloud.centralfrance",
		"germanywestcentral": "AzureCloud.germanywc", "switzerlandnorth": "AzureCloud.switzerlandn",
	} {
		in := inputs(t)
		in.Location = location
		if got := find(t, tables(t, in)[BastionSubnet], "AllowKubernetesApiOutBound").Destinations[0]; got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}

func TestInputsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*RuleInputs)
		want   string
	}{
		{"no address plan", func(in *RuleInputs) { in.Addresses = Addresses{} }, "subnet aks has no range"},
		{"no region", func(in *RuleInputs) { in.Location = "West Europe" }, `location "West Europe"`},
		{"an unknown controller", func(in *RuleInputs) { in.Controller = "nginx" }, `controller "nginx"`},
		{"an unknown exposure", func(in *RuleInputs) { in.Exposure = "both" }, `exposure "both"`},
		{"a private load balancer without address", func(in *RuleInputs) { in.Controller, in.Exposure = LoadBalancer, Private },
			"private load balancer needs an address"},
		{"an ANM address outside the AKS subnet", func(in *RuleInputs) { in.ANM = netip.MustParseAddr("10.0.3.5") }, "anm 10.0.3.5"},
		{"nobody to administer", func(in *RuleInputs) { in.AdminCIDRs = nil }, "at least one range is needed"},
		{"everybody to administer", func(in *RuleInputs) { in.AdminCIDRs = []string{"0.0.0.0/0"} }, "is everything"},
		{"an admin range with host bits", func(in *RuleInputs) { in.AdminCIDRs = []string{"203.0.113.7/24"} }, "the range is 203.0.113.0/24"},
		{"an admin address without length", func(in *RuleInputs) { in.AdminCIDRs = []string{"203.0.113.7"} }, "not an IPv4 range"},
		{"an IPv6 admin range", func(in *RuleInputs) { in.AdminCIDRs = []string{"2001:db8::/32"} }, "not an IPv4 range"},
		{"overlapping admin ranges", func(in *RuleInputs) { in.AdminCIDRs = []string{"203.0.113.0/24", "203.0.113.8/29"} }, "overlaps"},
		{"source ranges with the gateway", func(in *RuleInputs) { in.SourceRanges = []string{"192.0.2.0/24"} }, "only the load balancer has them"},
		{"a back end without ports", func(in *RuleInputs) { in.Backends = []Backend{{"10.9.0.0/24", nil}} }, "at least one port"},
		{"a back end with an impossible port", func(in *RuleInputs) { in.Backends = []Backend{{"10.9.0.0/24", []int{70000}}} }, "port 70000"},
		{"challenges without the port they arrive on", func(in *RuleInputs) { in.ACME = true }, "set HTTP too"},
		{"a back end that is everything", func(in *RuleInputs) { in.Backends = []Backend{{"0.0.0.0/0", []int{443}}} }, "is everything"},
	} {
		t.Run(c.what, func(t *testing.T) {
			in := inputs(t)
			c.change(&in)
			if _, err := Rules(in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestProblemsAreReportedTogether(t *testing.T) {
	in := inputs(t)
	in.Controller, in.AdminCIDRs, in.Location = "nginx", nil, ""
	_, err := Rules(in)
	for _, want := range []string{"controller", "admin CIDRs", "location"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't mention %s", err, want)
		}
	}
}
