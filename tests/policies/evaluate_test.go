package policies

import (
	"net/netip"
	"strings"
	"testing"

	"apim-azure/workloads/plan/policy"
)

// read parses policies written in a test.
func read(t *testing.T, text string) []policy.NetworkPolicy {
	t.Helper()
	policies, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return policies
}

// yamlOf makes a policy of namespace home from its spec, which is indented by two spaces.
func yamlOf(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: home}\nspec:\n" + spec + "\n---\n"
}

var (
	server   = pod("home", "server", "n1", "10.0.0.10")
	client   = pod("home", "client", "n2", "10.0.0.20")
	stranger = pod("away", "client", "n1", "10.0.0.30")
	outside  = End{Address: netip.MustParseAddr("203.0.113.9")}
	nodeOne  = End{Node: "n1", Address: netip.MustParseAddr("10.0.0.1")}
	nodeTwo  = End{Node: "n2", Address: netip.MustParseAddr("10.0.0.2")}
)

// pod has one named port.
func pod(namespace, app, node, address string) End {
	return End{
		Namespace: namespace, Labels: map[string]string{"app": app}, Ports: map[string]int{"web": 8080},
		Node: node, Address: netip.MustParseAddr(address),
	}
}

func TestPoliciesMeanWhatKubernetesSays(t *testing.T) {
	const denyAll = "  podSelector: {}\n  policyTypes: [Ingress, Egress]"
	fromClient := func(ports string) string {
		return yamlOf("in", "  podSelector: {matchLabels: {app: server}}\n"+
			"  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: ["+ports+"]}]")
	}
	picked := func(expression string) string {
		return yamlOf("p", "  podSelector: {matchExpressions: [{"+expression+"}]}")
	}
	from := func(peers string) string { return yamlOf("in", "  podSelector: {}\n  ingress: [{from: ["+peers+"]}]") }
	for _, c := range []struct {
		what     string
		policies string
		from, to End
		port     int
		protocol policy.Protocol
		allowed  bool
	}{
		{"a pod no policy selects takes everything", "", outside, server, 8080, policy.TCP, true},
		{"a policy without rules refuses what comes in", yamlOf("deny", denyAll), outside, server, 8080, policy.TCP, false},
		{"a policy without rules refuses what goes out", yamlOf("deny", denyAll), server, outside, 443, policy.TCP, false},
		{"a policy governs its own namespace only", yamlOf("deny", denyAll), outside, stranger, 8080, policy.TCP, true},
		{"a policy without types governs what comes in", yamlOf("p", "  podSelector: {}"), outside, server, 8080, policy.TCP, false},
		{"and leaves what goes out alone", yamlOf("p", "  podSelector: {}"), server, outside, 443, policy.TCP, true},
		{"unless it has rules for that", yamlOf("p", "  podSelector: {}\n  egress: [{ports: [{port: 53}]}]"), server, outside, 443, policy.TCP, false},
		{"policies add up", yamlOf("deny", "  podSelector: {}") + fromClient("{port: 8080}"), client, server, 8080, policy.TCP, true},
		{"the caller's side must agree too", yamlOf("deny", denyAll) + fromClient("{port: 8080}"), client, server, 8080, policy.TCP, false},
		{"another port is refused", fromClient("{port: 8080}"), client, server, 8081, policy.TCP, false},
		{"another protocol is refused", fromClient("{port: 8080}"), client, server, 8080, policy.UDP, false},
		{"a port range includes its end", fromClient("{port: 8000, endPort: 8080}"), client, server, 8080, policy.TCP, true},
		{"and nothing beyond", fromClient("{port: 8000, endPort: 8080}"), client, server, 8081, policy.TCP, false},
		{"a named port is the called pod's", fromClient("{port: web}"), client, server, 8080, policy.TCP, true},
		{"a name the pod doesn't have matches nothing", fromClient("{port: other}"), client, server, 8080, policy.TCP, false},
		{"a protocol without a port is all its ports", fromClient("{protocol: UDP}"), client, server, 5353, policy.UDP, true},
		{"a pod selector alone stays in the policy's namespace", fromClient("{port: 8080}"), stranger, server, 8080, policy.TCP, false},
		{"a namespace selector alone takes all its pods",
			from("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: away}}}"),
			stranger, server, 8080, policy.TCP, true},
		{"both selectors in one peer must match",
			from("{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: server}}}"),
			stranger, server, 8080, policy.TCP, false},
		{"two peers are alternatives",
			from("{namespaceSelector: {matchLabels: {team: red}}}, {podSelector: {matchLabels: {app: client}}}"),
			client, server, 8080, policy.TCP, true},
		{"a namespace is found by its own labels",
			from("{namespaceSelector: {matchLabels: {team: red}}}"),
			stranger, server, 8080, policy.TCP, true},
		{"an expression In picks", picked("key: app, operator: In, values: [server]"), outside, server, 1, policy.TCP, false},
		{"an expression NotIn leaves out", picked("key: app, operator: NotIn, values: [server]"), outside, server, 1, policy.TCP, true},
		{"an expression Exists asks for the key", picked("key: role, operator: Exists"), outside, server, 1, policy.TCP, true},
		{"an expression DoesNotExist for its absence", picked("key: role, operator: DoesNotExist"), outside, server, 1, policy.TCP, false},
		{"a range lets its addresses in", from("{ipBlock: {cidr: 203.0.113.0/24}}"), outside, server, 8080, policy.TCP, true},
		{"but not its exceptions", from("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}}"), outside, server, 8080, policy.TCP, false},
		{"a pod's own node is never refused", yamlOf("deny", denyAll), nodeOne, server, 8080, policy.TCP, true},
		{"nor is the way back to it", yamlOf("deny", denyAll), server, nodeOne, 10250, policy.TCP, true},
		{"another node is", yamlOf("deny", denyAll), nodeTwo, server, 8080, policy.TCP, false},
		{"a pod on the same node is", yamlOf("deny", denyAll), stranger, server, 8080, policy.TCP, false},
		{"a pod reaches itself", yamlOf("deny", denyAll), server, server, 8080, policy.TCP, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := World{Engine: Cilium, Policies: read(t, c.policies), Namespaces: map[string]map[string]string{"away": {"team": "red"}}}
			if err := w.Check(c.from, c.to, c.port, c.protocol); (err == nil) != c.allowed {
				t.Errorf("allowed is %t: %v", err == nil, err)
			}
		})
	}
}

func TestOnlyCalicoMatchesPodsAndNodesByAddress(t *testing.T) {
	policies := read(t, yamlOf("in", "  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]"))
	for _, from := range []End{client, nodeTwo} {
		if err := (World{Engine: Calico, Policies: policies}).Check(from, server, 8080, policy.TCP); err != nil {
			t.Errorf("Calico refuses %s: %v", from.Address, err)
		}
		if err := (World{Engine: Cilium, Policies: policies}).Check(from, server, 8080, policy.TCP); err == nil {
			t.Errorf("Cilium lets %s in by its address", from.Address)
		}
	}
}

func TestRefusalsNameTheSideAndThePoliciesAsked(t *testing.T) {
	w := World{Policies: read(t, yamlOf("closed", "  podSelector: {}")+yamlOf("other", "  podSelector: {matchLabels: {app: server}}"))}
	err := w.Check(outside, server, 8080, policy.TCP)
	if err == nil || err.Error() != "ingress: none of closed, other allows TCP 8080" {
		t.Errorf("got %v", err)
	}
}

func TestReadingOpensListsAndSkipsOtherKinds(t *testing.T) {
	const text = `
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {unknown: true}
---
apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: listed, namespace: home}
  spec: {podSelector: {}}
---
` + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: alone, namespace: home}\nspec: {podSelector: {}}\n"
	policies := read(t, text)
	if len(policies) != 2 || policies[0].Name != "listed" || policies[1].Name != "alone" {
		t.Errorf("got %v", policies)
	}
}

func TestReadingRefusesWhatItWouldMisjudge(t *testing.T) {
	for what, spec := range map[string]string{
		"unknown field":       "  podSelector: {}\n  podSelectors: {}",
		"neither Ingress":     "  podSelector: {}\n  policyTypes: [ingress]",
		"a peer says nothing": "  podSelector: {}\n  ingress: [{from: [{}]}]",
		"both a selector":     "  podSelector: {}\n  ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]",
		"is not a part of":    "  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]",
		"endPort without":     "  podSelector: {}\n  ingress: [{ports: [{endPort: 9}]}]",
		`operator "Like"`:     "  podSelector: {matchExpressions: [{key: app, operator: Like}]}",
	} {
		if _, err := Read(strings.NewReader(yamlOf("wrong", spec))); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
