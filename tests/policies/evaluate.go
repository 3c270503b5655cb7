package policies

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"apim-azure/workloads/plan/policy"
)

// Engine is what enforces the policies.
type Engine string

// The two engines the cluster may have.
const (
	Calico Engine = "calico"
	Cilium Engine = "cilium"
)

// World is a cluster as far as policies see it.
type World struct {
	Engine   Engine
	Policies []policy.NetworkPolicy
	// Namespaces are the labels of namespaces, next to the name label Kubernetes gives to all of them.
	Namespaces map[string]map[string]string
}

// End is one end of a connection: a pod if it has a namespace, else a node if it has a node's name, else an address outside of
// the cluster.
type End struct {
	// Namespace and Labels are a pod's.
	Namespace string
	Labels    map[string]string
	// Ports are the pod's named ports.
	Ports map[string]int
	// Node is the node a pod runs on, or the node itself.
	Node string
	// Address is the end's own.
	Address netip.Addr
}

func (e End) pod() bool { return e.Namespace != "" }

func (e End) node() bool { return e.Namespace == "" && e.Node != "" }

// Check is nil if the connection passes; else it says which side refuses it, and which policies were asked.
func (w World) Check(from, to End, port int, protocol policy.Protocol) error {
	if alwaysPasses(from, to) {
		return nil
	}
	return errors.Join(
		w.side(policy.Egress, from, to, port, to, protocol),
		w.side(policy.Ingress, to, from, port, to, protocol))
}

// alwaysPasses covers what no policy can refuse: a pod and its own node, which is how the kubelet probes, and a pod and itself.
func alwaysPasses(from, to End) bool {
	if from.Address.IsValid() && from.Address == to.Address {
		return true
	}
	return from.Node != "" && from.Node == to.Node && (from.node() || to.node())
}

// side asks the policies that govern one direction of one end. The port is always the called end's.
func (w World) side(direction string, governed, other End, port int, called End, protocol policy.Protocol) error {
	if !governed.pod() {
		return nil
	}
	var asked []string
	for _, p := range w.Policies {
		selected := p.Namespace == governed.Namespace && matches(p.Spec.PodSelector, governed.Labels)
		if !selected || !slices.Contains(types(p.Spec), direction) {
			continue
		}
		asked = append(asked, p.Name)
		for _, r := range rules(p.Spec, direction) {
			if w.anyPeer(r.peers, p.Namespace, other) && anyPort(r.ports, port, called, protocol) {
				return nil
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	return fmt.Errorf("%s: none of %s allows %s %d", strings.ToLower(direction), strings.Join(asked, ", "), protocol, port)
}

// types are the directions a policy governs. Without any, ingress, and egress if it has rules for it.
func types(s policy.Spec) []string {
	if len(s.PolicyTypes) > 0 {
		return s.PolicyTypes
	}
	if len(s.Egress) > 0 {
		return []string{policy.Ingress, policy.Egress}
	}
	return []string{policy.Ingress}
}

// rule is a rule of either direction.
type rule struct {
	peers []policy.PolicyPeer
	ports []policy.PolicyPort
}

func rules(s policy.Spec, direction string) []rule {
	var all []rule
	if direction == policy.Ingress {
		for _, r := range s.Ingress {
			all = append(all, rule{r.From, r.Ports})
		}
		return all
	}
	for _, r := range s.Egress {
		all = append(all, rule{r.To, r.Ports})
	}
	return all
}

func (w World) anyPeer(peers []policy.PolicyPeer, namespace string, other End) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p policy.PolicyPeer) bool { return w.isPeer(p, namespace, other) })
}

func (w World) isPeer(p policy.PolicyPeer, namespace string, other End) bool {
	if p.IPBlock != nil {
		return w.inBlock(*p.IPBlock, other)
	}
	if !other.pod() {
		return false
	}
	if p.NamespaceSelector == nil {
		if other.Namespace != namespace {
			return false
		}
	} else if !matches(*p.NamespaceSelector, w.namespaceLabels(other.Namespace)) {
		return false
	}
	return p.PodSelector == nil || matches(*p.PodSelector, other.Labels)
}

func (w World) namespaceLabels(name string) map[string]string {
	labels := map[string]string{"kubernetes.io/metadata.name": name}
	for key, value := range w.Namespaces[name] {
		labels[key] = value
	}
	return labels
}

func (w World) inBlock(b policy.IPBlock, other End) bool {
	if w.Engine == Cilium && (other.pod() || other.node()) {
		return false
	}
	within := func(cidr string) bool {
		p, err := netip.ParsePrefix(cidr)
		return err == nil && p.Contains(other.Address)
	}
	return within(b.CIDR) && !slices.ContainsFunc(b.Except, within)
}

func anyPort(ports []policy.PolicyPort, port int, called End, protocol policy.Protocol) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p policy.PolicyPort) bool { return isPort(p, port, called, protocol) })
}

// isPort compares with a number, a range, or the port of that name of the called pod.
func isPort(p policy.PolicyPort, port int, called End, protocol policy.Protocol) bool {
	want := p.Protocol
	if want == "" {
		want = policy.TCP
	}
	if want != protocol {
		return false
	}
	if p.Port == "" {
		return true
	}
	first, err := strconv.Atoi(string(p.Port))
	if err != nil {
		number, named := called.Ports[string(p.Port)]
		return called.pod() && named && number == port
	}
	return first <= port && port <= max(first, p.EndPort)
}

// matches tells whether a selector picks an object with these labels.
func matches(s policy.Selector, labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		if !satisfies(r, labels) {
			return false
		}
	}
	return true
}

func satisfies(r policy.Requirement, labels map[string]string) bool {
	value, ok := labels[r.Key]
	switch r.Operator {
	case "In":
		return ok && slices.Contains(r.Values, value)
	case "NotIn":
		return !ok || !slices.Contains(r.Values, value)
	case "Exists":
		return ok
	default: // DoesNotExist; Read lets no other operator in
		return !ok
	}
}
