package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"apim-azure/workloads/plan"
)

func site() Site {
	prefix := netip.MustParsePrefix
	return Site{
		Namespace: "apim", Controller: plan.ApplicationGateway, ANM: plan.ANMInternal, ACME: true, MetricsSchema: true,
		VNet: prefix("10.0.0.0/22"), Cluster: prefix("10.0.0.0/23"), Gateway: prefix("10.0.2.0/24"),
		Data: prefix("10.0.3.0/27"), Bastion: prefix("10.0.3.64/28"),
		Monitoring: Monitoring{Namespace: "monitoring", Ports: []int{9404}},
		Groups: []Group{{Name: "default", ExtraPorts: []int{8443}, AllowedNamespaces: []string{"shop"},
			Backends: []Backend{{CIDR: "10.0.0.0/8", Ports: []int{9443}}, {Namespace: "ledger", Ports: []int{8443}}}}},
	}
}

func TestEveryFlowSaysWhereItComesFromWhyAndWhatProtectsIt(t *testing.T) {
	for _, f := range site().Flows() {
		if f.Why == "" || f.Encryption == "" || len(f.Ports) == 0 {
			t.Errorf("%s leaves something out", f)
		}
		if !strings.HasPrefix(f.ID, "ref-") && !strings.HasPrefix(f.ID, "add-") {
			t.Errorf("%s: the ID is neither the reference's nor an addition", f)
		}
	}
}

func TestEveryFlowConcernsPodsThatHaveAPolicy(t *testing.T) {
	s := site()
	for _, f := range s.Flows() {
		if !slices.ContainsFunc(s.subjects(), func(subject Peer) bool { return f.From.covers(subject) || f.To.covers(subject) }) {
			t.Errorf("%s becomes no rule", f)
		}
	}
}

func TestEveryPolicyGovernsBothDirections(t *testing.T) {
	policies, err := Policies(site())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range policies {
		names = append(names, p.Name)
		if p.Namespace != "apim" || !slices.Equal(p.Spec.PolicyTypes, []string{Ingress, Egress}) {
			t.Errorf("%s: namespace %q, types %v", p.Name, p.Namespace, p.Spec.PolicyTypes)
		}
	}
	want := []string{"default-deny", "anm", "metrics-schema", "acme-solver", "api-manager-default", "traffic-default"}
	if !slices.Equal(names, want) {
		t.Errorf("policies %v, want %v", names, want)
	}
}

func TestAPolicyExplainsItsRulesInOrder(t *testing.T) {
	policies, err := Policies(site())
	if err != nil {
		t.Fatal(err)
	}
	anm := policies[1]
	rows := strings.Split(anm.Annotations[flowsAnnotation], "\n")
	if len(rows) != len(anm.Spec.Ingress)+len(anm.Spec.Egress) {
		t.Fatalf("%d rows for %d rules", len(rows), len(anm.Spec.Ingress)+len(anm.Spec.Egress))
	}
	want := "ingress 1: ref-11: 10.0.3.64/28 to anm, TCP 8091: ANM's pages [TLS 1.2, publicly signed certificate]"
	if rows[0] != want {
		t.Errorf("got  %s\nwant %s", rows[0], want)
	}
}

func TestRangesLeaveTheClusterOut(t *testing.T) {
	for _, f := range site().Flows() {
		for _, p := range []Peer{f.From, f.To} {
			if !p.Addresses.IsValid() || !p.Addresses.Overlaps(site().Cluster) {
				continue
			}
			if !slices.ContainsFunc(p.Except, func(e netip.Prefix) bool { return contains(e, site().Cluster) }) {
				t.Errorf("%s reaches into the cluster's subnet, which Calico takes for pods and Cilium doesn't", f)
			}
		}
	}
}

func TestAPublicNetworkIsNotTheInternet(t *testing.T) {
	s := site()
	s.VNet = netip.MustParsePrefix("198.51.100.0/24")
	if !slices.Contains(s.internet().Except, s.VNet) {
		t.Errorf("the Internet includes the network %s", s.VNet)
	}
	if s := site(); slices.Contains(s.internet().Except, s.VNet) {
		t.Errorf("%s is listed next to the private range that holds it", s.VNet)
	}
}

func TestWithoutMonitoringNothingScrapes(t *testing.T) {
	s := site()
	s.Monitoring = Monitoring{}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(s.Flows(), func(f Flow) bool { return f.ID == "ref-policy" && f.To.Group == "" }) {
		t.Error("a flow for monitoring is left")
	}
}

func TestBadSitesAreRefusedByConfigurationKey(t *testing.T) {
	const group = "workloads.groups[default]"
	for _, c := range []struct {
		want   string
		change func(*Site)
	}{
		{`workloads.namespace: "APIM" is not a namespace`, func(s *Site) { s.Namespace = "APIM" }},
		{`workloads.namespace: "ingress-controller" is the ingress controller's`, func(s *Site) { s.Namespace = "ingress-controller" }},
		{`ingress.controller: "nginx": must be`, func(s *Site) { s.Controller = "nginx" }},
		{`ingress.anmExposure: "": must lead to`, func(s *Site) { s.ANM = "" }},
		{"network.addressSpace: invalid Prefix is not", func(s *Site) { s.VNet = netip.Prefix{} }},
		{"network.subnets.data: 10.0.3.9/27 is not", func(s *Site) { s.Data = netip.MustParsePrefix("10.0.3.9/27") }},
		{"network.subnets.gateway: 10.1.0.0/24 lies outside", func(s *Site) { s.Gateway = netip.MustParsePrefix("10.1.0.0/24") }},
		{"network.subnets.bastion: 10.0.1.0/28 overlaps the cluster's", func(s *Site) { s.Bastion = netip.MustParsePrefix("10.0.1.0/28") }},
		{`monitoring.namespace: "apim" is the platform's own`, func(s *Site) { s.Monitoring.Namespace = "apim" }},
		{"monitoring.ports: at least one", func(s *Site) { s.Monitoring.Ports = nil }},
		{`monitoring.namespace: "" is not a namespace`, func(s *Site) { s.Monitoring.Namespace = "" }},
		{"workloads.anm.backends[0]: names a namespace or a CIDR", func(s *Site) { s.ANMBackends = []Backend{{Ports: []int{636}}} }},
		{group + `.name: "default" names two groups`, func(s *Site) { s.Groups = append(s.Groups, Group{Name: "default"}) }},
		{`workloads.groups[my-group].name: "my-group" is not a group name`, func(s *Site) { s.Groups[0].Name = "my-group" }},
		{group + ".gateway.extraPorts: 8065 is not", func(s *Site) { s.Groups[0].ExtraPorts = []int{8065} }},
		{group + `.allowedNamespaces[0]: "Shop" is not`, withNamespaces("Shop")},
		{group + `.allowedNamespaces[0]: "apim" is the platform's own`, withNamespaces("apim")},
		{group + `.allowedNamespaces[1]: "shop" is listed twice`, withNamespaces("shop", "shop")},
		{group + `.backends[0].namespace: "apim" is the platform's own`, withBackend(Backend{Namespace: "apim", Ports: []int{1}})},
		{group + ".backends[0]: names a namespace or a CIDR", withBackend(Backend{Namespace: "shop", CIDR: "10.9.0.0/16", Ports: []int{1}})},
		{group + `.backends[0].cidr: "10.9.0.0" is not an IPv4 range`, withBackend(Backend{CIDR: "10.9.0.0", Ports: []int{1}})},
		{group + `.backends[0].cidr: "10.9.0.1/16" has host bits set; the range is 10.9.0.0/16`,
			withBackend(Backend{CIDR: "10.9.0.1/16", Ports: []int{1}})},
		{group + `.backends[0].cidr: "0.0.0.0/0" is everything`, withBackend(Backend{CIDR: "0.0.0.0/0", Ports: []int{1}})},
		{group + `.backends[0].cidr: "10.0.1.0/24" lies in the cluster's subnet`, withBackend(Backend{CIDR: "10.0.1.0/24", Ports: []int{1}})},
		{group + ".manager.backends[0]: names a namespace or a CIDR", func(s *Site) { s.Groups[0].ManagerBackends = []Backend{{Ports: []int{389}}} }},
		{group + ".backends[0].ports: at least one", withBackend(Backend{Namespace: "shop"})},
		{group + ".backends[0].ports: 70000 is not", withBackend(Backend{Namespace: "shop", Ports: []int{70000}})},
	} {
		s := site()
		c.change(&s)
		_, err := Policies(s)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want %s, got %v", c.want, err)
		}
	}
}

func withNamespaces(names ...string) func(*Site) {
	return func(s *Site) { s.Groups[0].AllowedNamespaces = names }
}

func withBackend(b Backend) func(*Site) {
	return func(s *Site) { s.Groups[0].Backends = []Backend{b} }
}

func TestAllProblemsOfASiteAreReportedAtOnce(t *testing.T) {
	s := site()
	s.Namespace, s.Controller = "", ""
	s.Groups[0].AllowedNamespaces = []string{"Shop", "Mart"}
	if _, err := Policies(s); err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("want four problems, got %v", err)
	}
}
