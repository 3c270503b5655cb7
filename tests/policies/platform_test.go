package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	networkingv1 "k8s.io/api/networking/v1"

	"apim-azure/workloads/plan"
	"apim-azure/workloads/plan/policy"
)

// site is the default address plan with two groups, behind Application Gateway, ANM on its own internal load balancer.
func site() policy.Site {
	prefix := netip.MustParsePrefix
	return policy.Site{
		Namespace: "apim", Controller: plan.ApplicationGateway, ANM: plan.ANMInternal, ACME: true, MetricsSchema: true,
		VNet: prefix("10.0.0.0/22"), Cluster: prefix("10.0.0.0/23"), Gateway: prefix("10.0.2.0/24"),
		Data: prefix("10.0.3.0/27"), Bastion: prefix("10.0.3.64/28"),
		Monitoring:  policy.Monitoring{Namespace: "monitoring", Ports: []int{9404}},
		ANMBackends: []policy.Backend{{CIDR: "10.9.0.0/24", Ports: []int{636}}},
		Groups: []policy.Group{
			{Name: "pay_in", ExtraPorts: []int{8443}, AllowedNamespaces: []string{"shop"},
				Backends:        []policy.Backend{{Namespace: "ledger", Ports: []int{8443}}, {CIDR: "10.0.0.0/8", Ports: []int{9443}}},
				ManagerBackends: []policy.Backend{{CIDR: "192.168.7.0/24", Ports: []int{587}}}},
			{Name: "partners"},
		},
	}
}

// withTraefik is the other way in, with ANM behind it.
func withTraefik() policy.Site {
	s := site()
	s.Controller, s.ANM = plan.LoadBalancer, plan.ANMShared
	return s
}

func world(t *testing.T, engine Engine, s policy.Site) World {
	t.Helper()
	policies, err := policy.Policies(s)
	if err != nil {
		t.Fatal(err)
	}
	return World{Engine: engine, Policies: policies}
}

// ends are everyone who appears in the cases. Pods carry the labels their Deployments give them.
func ends() map[string]End {
	pods := 0
	pod := func(namespace string, labels map[string]string) End {
		pods++
		return End{Namespace: namespace, Labels: labels, Node: "n1", Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(100 + pods)})}
	}
	ours := func(c plan.Component, group string) End { return pod("apim", plan.Labels(c, group)) }
	at := func(text string) End { return End{Address: netip.MustParseAddr(text)} }
	return map[string]End{
		"ANM":                   ours(plan.ANM, ""),
		"the UI of pay_in":      ours(plan.Manager, "pay_in"),
		"the UI of partners":    ours(plan.Manager, "partners"),
		"a gateway of pay_in":   ours(plan.Gateway, "pay_in"),
		"another of pay_in":     ours(plan.Gateway, "pay_in"),
		"a gateway of partners": ours(plan.Gateway, "partners"),
		"the schema job":        ours(policy.SchemaJob, ""),
		"a challenge solver":    pod("apim", map[string]string{"acme.cert-manager.io/http01-solver": "true"}),
		"a headroom pod":        pod("apim", map[string]string{"app.kubernetes.io/name": "headroom"}),
		"Traefik":               pod("ingress-controller", map[string]string{"app.kubernetes.io/name": "traefik"}),
		"AGIC":                  pod("ingress-controller", map[string]string{"app": "ingress-azure"}),
		"a pod of shop":         pod("shop", nil),
		"a pod of ledger":       pod("ledger", nil),
		"a pod of default":      pod("default", nil),
		"Prometheus":            pod("monitoring", nil),
		"the name service":      pod("kube-system", map[string]string{"k8s-app": "kube-dns"}),
		"the metrics server":    pod("kube-system", map[string]string{"k8s-app": "metrics-server"}),
		"their own node":        {Node: "n1", Address: netip.MustParseAddr("10.0.0.4")},
		"another node":          {Node: "n2", Address: netip.MustParseAddr("10.0.0.5")},
		"Application Gateway":   at("10.0.2.4"),
		"a Cassandra node":      at("10.0.3.4"),
		"MySQL":                 at("10.0.3.9"),
		"the registry":          at("10.0.3.36"),
		"the jump host":         at("10.0.3.68"),
		"a peered machine":      at("10.200.0.7"),
		"the LDAP server":       at("10.9.0.3"),
		"an on-premises host":   at("192.168.7.7"),
		"the instance metadata": at("169.254.169.254"),
		"Azure's platform":      at("168.63.129.16"),
		"a public address":      at("203.0.113.9"),
	}
}

// passage is one case: does this connection pass?
type passage struct {
	from, to string
	port     int
	allowed  bool
}

func (p passage) String() string {
	verb := "does not reach"
	if p.allowed {
		verb = "reaches"
	}
	return fmt.Sprintf("%s %s %s on %d", p.from, verb, p.to, p.port)
}

// ofEveryGroup are cases that hold in each group, whatever the way in. GROUP stands for its name.
var ofEveryGroup = []passage{
	{"a gateway of GROUP", "the UI of GROUP", 8075, true},
	{"the UI of GROUP", "a gateway of GROUP", 8065, false},
	{"a gateway of GROUP", "ANM", 8090, true},
	{"the UI of GROUP", "ANM", 8090, true},
	{"a gateway of GROUP", "ANM", 8091, true},
	{"the UI of GROUP", "ANM", 8091, true},
	{"ANM", "a gateway of GROUP", 8085, true},
	{"ANM", "the UI of GROUP", 8085, true},
	{"ANM", "a gateway of GROUP", 8065, false},
	{"a pod of default", "the UI of GROUP", 8075, false},
	{"a pod of default", "a gateway of GROUP", 8065, false},
	{"their own node", "the UI of GROUP", 8075, true},
	{"their own node", "a gateway of GROUP", 8065, true},
	{"Prometheus", "the UI of GROUP", 9404, true},
	{"Prometheus", "a gateway of GROUP", 9404, true},
	{"Prometheus", "a gateway of GROUP", 8065, false},
	{"the UI of GROUP", "a Cassandra node", 9042, true},
	{"a gateway of GROUP", "a Cassandra node", 9042, true},
	{"the UI of GROUP", "MySQL", 3306, true},
	{"a gateway of GROUP", "MySQL", 3306, true},
	{"the UI of GROUP", "the name service", 53, true},
	{"a gateway of GROUP", "the name service", 53, true},
	{"the UI of GROUP", "a public address", 465, true},
	{"the UI of GROUP", "a public address", 587, true},
	{"a gateway of GROUP", "a public address", 465, true},
	{"a gateway of GROUP", "a public address", 587, true},
	{"the UI of GROUP", "a public address", 443, true},
	{"a gateway of GROUP", "a public address", 443, true},
}

// common are further cases that hold whatever the way in.
var common = []passage{
	{"a gateway of pay_in", "the UI of partners", 8075, false},
	{"a gateway of partners", "the UI of pay_in", 8075, false},
	{"the UI of pay_in", "the UI of partners", 8075, false},
	{"a gateway of pay_in", "another of pay_in", 8065, false},
	{"a gateway of pay_in", "a gateway of partners", 8065, false},

	{"the UI of pay_in", "a gateway of pay_in", 8085, false},
	{"Application Gateway", "a gateway of pay_in", 8085, false},
	{"Traefik", "a gateway of pay_in", 8085, false},

	{"a pod of default", "ANM", 8090, false},
	{"a pod of default", "ANM", 8091, false},
	{"a pod of shop", "a gateway of pay_in", 8065, true},
	{"a pod of shop", "a gateway of pay_in", 8443, true},
	{"a pod of shop", "a gateway of pay_in", 8080, false},
	{"a pod of shop", "a gateway of partners", 8065, false},
	{"a pod of shop", "the UI of pay_in", 8075, false},
	{"a pod of shop", "ANM", 8090, false},
	{"AGIC", "a gateway of pay_in", 8065, false},
	{"another node", "a gateway of pay_in", 8065, false},
	{"a peered machine", "a gateway of pay_in", 8065, false},
	{"a public address", "a gateway of pay_in", 8065, false},
	{"the jump host", "a gateway of pay_in", 8065, false},
	{"the jump host", "the UI of pay_in", 8075, false},
	{"the jump host", "ANM", 8090, false},
	{"their own node", "ANM", 8091, true},

	{"Prometheus", "ANM", 9404, true},
	{"Prometheus", "ANM", 8090, false},
	{"a pod of default", "a gateway of partners", 9404, false},

	{"ANM", "a Cassandra node", 9042, false},
	{"the schema job", "a Cassandra node", 9042, false},
	{"a gateway of pay_in", "a Cassandra node", 7070, false},
	{"a gateway of pay_in", "a Cassandra node", 22, false},
	{"ANM", "MySQL", 3306, true},
	{"the schema job", "MySQL", 3306, true},
	{"a headroom pod", "MySQL", 3306, false},

	{"ANM", "the name service", 53, true},
	{"the schema job", "the name service", 53, true},
	{"a headroom pod", "the name service", 53, false},
	{"a gateway of pay_in", "the metrics server", 53, false},
	{"a gateway of pay_in", "the name service", 9153, false},
	{"a gateway of pay_in", "a public address", 53, false},

	{"a gateway of partners", "a public address", 25, false},
	{"a gateway of partners", "a public address", 80, false},
	{"ANM", "a public address", 443, false},
	{"the schema job", "a public address", 443, false},
	{"a headroom pod", "a public address", 443, false},
	{"a gateway of pay_in", "the registry", 443, false},
	{"a gateway of pay_in", "Application Gateway", 443, false},
	{"a gateway of pay_in", "a peered machine", 443, false},
	{"a gateway of pay_in", "an on-premises host", 443, false},
	{"a gateway of pay_in", "the instance metadata", 443, false},
	{"a gateway of pay_in", "Azure's platform", 443, false},
	{"a gateway of pay_in", "another node", 443, false},

	{"a gateway of pay_in", "a pod of ledger", 8443, true},
	{"a gateway of pay_in", "a pod of ledger", 443, false},
	{"a gateway of partners", "a pod of ledger", 8443, false},
	{"the UI of pay_in", "a pod of ledger", 8443, false},
	{"a gateway of pay_in", "a peered machine", 9443, true},
	{"a gateway of partners", "a peered machine", 9443, false},
	{"a gateway of pay_in", "a pod of default", 9443, false},
	{"a gateway of pay_in", "another node", 9443, false},
	{"ANM", "the LDAP server", 636, true},
	{"ANM", "a peered machine", 636, false},
	{"a gateway of pay_in", "the LDAP server", 636, false},
	{"the UI of pay_in", "an on-premises host", 587, true},
	{"the UI of pay_in", "an on-premises host", 443, false},
	{"the UI of partners", "an on-premises host", 587, false},
	{"a gateway of pay_in", "an on-premises host", 587, false},

	{"a challenge solver", "a public address", 443, false},
	{"a pod of default", "a challenge solver", 8089, false},
	{"a pod of default", "a headroom pod", 80, false},
}

var behindApplicationGateway = []passage{
	{"Application Gateway", "a gateway of GROUP", 8065, true},
	{"Application Gateway", "the UI of GROUP", 8075, true},
	{"Application Gateway", "a gateway of pay_in", 8443, false},
	{"Application Gateway", "ANM", 8091, false},
	{"Application Gateway", "ANM", 8090, false},
	{"the jump host", "ANM", 8091, true},
	{"Application Gateway", "a challenge solver", 8089, true},
	{"Traefik", "a gateway of pay_in", 8065, false},
}

var behindTraefik = []passage{
	{"Traefik", "a gateway of GROUP", 8065, true},
	{"Traefik", "the UI of GROUP", 8075, true},
	{"Traefik", "ANM", 8091, true},
	{"Traefik", "ANM", 8090, false},
	{"Traefik", "a challenge solver", 8089, true},
	{"the jump host", "ANM", 8091, false},
	{"Application Gateway", "a gateway of pay_in", 8065, false},
	{"Application Gateway", "the UI of pay_in", 8075, false},
}

// variants are the sites with the cases that hold in them.
func variants() map[string]struct {
	site     policy.Site
	passages []passage
} {
	return map[string]struct {
		site     policy.Site
		passages []passage
	}{
		"behind Application Gateway": {site(), inEachGroup(ofEveryGroup, common, behindApplicationGateway)},
		"behind Traefik":             {withTraefik(), inEachGroup(ofEveryGroup, common, behindTraefik)},
	}
}

// inEachGroup writes the cases about GROUP out for both groups.
func inEachGroup(lists ...[]passage) []passage {
	var all []passage
	for _, p := range slices.Concat(lists...) {
		if !strings.Contains(p.from+p.to, "GROUP") {
			all = append(all, p)
			continue
		}
		for _, g := range site().Groups {
			name := strings.NewReplacer("GROUP", g.Name)
			all = append(all, passage{name.Replace(p.from), name.Replace(p.to), p.port, p.allowed})
		}
	}
	return all
}

func (w World) passes(p passage, protocol policy.Protocol) error {
	all := ends()
	from, to := all[p.from], all[p.to]
	if !from.Address.IsValid() || !to.Address.IsValid() {
		panic("nobody is called " + p.from + " or " + p.to)
	}
	return w.Check(from, to, p.port, protocol)
}

func TestTheFlowsOfThePlatformAndNoOthersPass(t *testing.T) {
	for name, v := range variants() {
		for _, engine := range []Engine{Cilium, Calico} {
			w := world(t, engine, v.site)
			for _, p := range v.passages {
				t.Run(fmt.Sprintf("%s, %s: %s", name, engine, p), func(t *testing.T) {
					if err := w.passes(p, policy.TCP); (err == nil) != p.allowed {
						t.Errorf("allowed is %t: %v", err == nil, err)
					}
				})
			}
		}
	}
}

func TestNamesAreAskedForOverUDPToo(t *testing.T) {
	w := world(t, Cilium, site())
	for _, from := range []string{"ANM", "the UI of pay_in", "a gateway of partners", "the schema job"} {
		if err := w.passes(passage{from: from, to: "the name service", port: 53}, policy.UDP); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
	if err := w.passes(passage{from: "a gateway of pay_in", to: "a public address", port: 443}, policy.UDP); err == nil {
		t.Error("HTTP/3 passes, which nobody asked for")
	}
}

// The cases must prove every rule: one that could go without a case failing is either superfluous or untested.
func TestEveryRuleIsProvedByACase(t *testing.T) {
	for name, v := range variants() {
		whole := world(t, Cilium, v.site)
		for i, p := range whole.Policies {
			for _, direction := range []string{policy.Ingress, policy.Egress} {
				for r := range rules(p.Spec, direction) {
					w := World{Engine: Cilium, Policies: slices.Clone(whole.Policies)}
					w.Policies[i].Spec = without(p.Spec, direction, r)
					fails := func(c passage) bool { return c.allowed && w.passes(c, policy.TCP) != nil }
					if !slices.ContainsFunc(v.passages, fails) {
						t.Errorf("%s: %s %d of policy %s: no case needs it", name, direction, r+1, p.Name)
					}
				}
			}
		}
	}
}

func without(s policy.Spec, direction string, i int) policy.Spec {
	if direction == policy.Ingress {
		s.Ingress = slices.Delete(slices.Clone(s.Ingress), i, i+1)
	} else {
		s.Egress = slices.Delete(slices.Clone(s.Egress), i, i+1)
	}
	return s
}

// And the refusals must be able to fail: without the policies each of them passes.
func TestEveryRefusalIsThePoliciesDoing(t *testing.T) {
	for _, v := range variants() {
		for _, p := range v.passages {
			if err := (World{Engine: Cilium}).passes(p, policy.TCP); err != nil {
				t.Errorf("%s even without policies: %v", p, err)
			}
		}
	}
}

// Sent on by another node, a call to ANM's internal load balancer carries the node's address instead of the jump host's.
func TestANMsLoadBalancerMustKeepTheCallersAddress(t *testing.T) {
	for _, engine := range []Engine{Cilium, Calico} {
		if err := world(t, engine, site()).passes(passage{from: "another node", to: "ANM", port: 8091}, policy.TCP); err == nil {
			t.Errorf("%s: ANM takes calls sent on by other nodes, so their origin is not checked", engine)
		}
	}
}

func TestAddingAGroupAddsItsPoliciesAndChangesNoOther(t *testing.T) {
	byName := func(s policy.Site) map[string]policy.NetworkPolicy {
		all := map[string]policy.NetworkPolicy{}
		for _, p := range world(t, Cilium, s).Policies {
			all[p.Name] = p
		}
		return all
	}
	s := site()
	before := byName(s)
	s.Groups = append([]policy.Group{{Name: "added", AllowedNamespaces: []string{"shop"}}}, s.Groups...)
	after := byName(s)
	var added []string
	for name, p := range after {
		if old, existed := before[name]; !existed {
			added = append(added, name)
		} else if !reflect.DeepEqual(old, p) {
			t.Errorf("policy %s changed", name)
		}
	}
	slices.Sort(added)
	if want := []string{"api-manager-added", "traffic-added"}; !slices.Equal(added, want) || len(after) != len(before)+2 {
		t.Errorf("added %v, want %v", added, want)
	}
}

func TestKubernetesReadsThePoliciesAsPlanned(t *testing.T) {
	for _, p := range world(t, Cilium, site()).Policies {
		data, err := json.Marshal(p.Spec)
		if err != nil {
			t.Fatal(err)
		}
		var theirs networkingv1.NetworkPolicySpec
		strict := json.NewDecoder(bytes.NewReader(data))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&theirs); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		back, err := json.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		var again policy.Spec
		if err := json.Unmarshal(back, &again); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, p.Spec) {
			t.Errorf("%s came back as %s, sent as %s", p.Name, back, data)
		}
	}
}

func TestManifestsOfThePoliciesReadBackTheSame(t *testing.T) {
	policies := world(t, Cilium, site()).Policies
	var manifests strings.Builder
	for _, p := range policies {
		data, err := json.Marshal(map[string]any{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": p.Spec,
			"metadata": map[string]any{"name": p.Name, "namespace": p.Namespace, "annotations": p.Annotations},
		})
		if err != nil {
			t.Fatal(err)
		}
		var object any
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		manifests.WriteString("---\n" + string(text))
	}
	if back := read(t, manifests.String()); !reflect.DeepEqual(back, policies) {
		t.Errorf("%d policies came back different", len(back))
	}
}

func TestEveryoneInTheCastAppears(t *testing.T) {
	cast := slices.Collect(maps.Keys(ends()))
	for _, v := range variants() {
		for _, p := range v.passages {
			cast = slices.DeleteFunc(cast, func(name string) bool { return name == p.from || name == p.to })
		}
	}
	if len(cast) > 0 {
		t.Errorf("no case for %v", cast)
	}
}

// For each listener, all of the cast is tried: these reach it and nobody else. The node the pods run on is how probes arrive.
func TestOnlyTheseReachAListener(t *testing.T) {
	instances := []string{"a gateway of pay_in", "a gateway of partners", "another of pay_in", "the UI of pay_in", "the UI of partners"}
	for _, c := range []struct {
		to   string
		port int
		who  []string
	}{
		{"a gateway of partners", plan.PortTraffic, []string{"Application Gateway"}},
		{"a gateway of pay_in", plan.PortTraffic, []string{"Application Gateway", "a pod of shop"}},
		{"the UI of partners", plan.PortManager, []string{"Application Gateway", "a gateway of partners"}},
		{"a gateway of partners", plan.PortManagement, []string{"ANM"}},
		{"ANM", plan.PortANM, instances},
		{"ANM", plan.PortANMUI, append([]string{"the jump host"}, instances...)},
		{"the schema job", 8080, nil},
		{"a headroom pod", 8080, nil},
	} {
		w := world(t, Cilium, site())
		var who []string
		for name := range ends() {
			if name != c.to && w.passes(passage{from: name, to: c.to, port: c.port}, policy.TCP) == nil {
				who = append(who, name)
			}
		}
		slices.Sort(who)
		if want := slices.Sorted(slices.Values(append([]string{"their own node"}, c.who...))); !slices.Equal(who, want) {
			t.Errorf("%s on %d is reached by %v, want %v", c.to, c.port, who, want)
		}
	}
}
