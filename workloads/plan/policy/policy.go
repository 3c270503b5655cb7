package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"apim-azure/workloads/plan"
)

// NetworkPolicy is a policy as Kubernetes takes it: Spec, written as JSON, is a NetworkPolicySpec of networking.k8s.io/v1.
type NetworkPolicy struct {
	Name        string
	Namespace   string
	Annotations map[string]string
	Spec        Spec
}

// Spec says which pods of the policy's namespace are meant and what they may do. A direction that is not among the types is left
// alone; in one that is, only what a rule names is allowed.
type Spec struct {
	PodSelector Selector      `json:"podSelector"`
	Ingress     []IngressRule `json:"ingress,omitempty"`
	Egress      []EgressRule  `json:"egress,omitempty"`
	PolicyTypes []string      `json:"policyTypes,omitempty"`
}

// The two directions a policy may govern.
const (
	Ingress = "Ingress"
	Egress  = "Egress"
)

// IngressRule allows connections from any of the peers to any of the ports; an empty list is all of them.
type IngressRule struct {
	From  []PolicyPeer `json:"from,omitempty"`
	Ports []PolicyPort `json:"ports,omitempty"`
}

// EgressRule allows connections to any of the peers on any of the ports; an empty list is all of them.
type EgressRule struct {
	To    []PolicyPeer `json:"to,omitempty"`
	Ports []PolicyPort `json:"ports,omitempty"`
}

// PolicyPeer is a range of addresses, or pods: without a namespace selector those of the policy's own namespace.
type PolicyPeer struct {
	PodSelector       *Selector `json:"podSelector,omitempty"`
	NamespaceSelector *Selector `json:"namespaceSelector,omitempty"`
	IPBlock           *IPBlock  `json:"ipBlock,omitempty"`
}

// IPBlock is a range without some parts of it.
type IPBlock struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except,omitempty"`
}

// PolicyPort is a port, a range of ports up to EndPort, or, without a port, all ports of a protocol, which is TCP unless said.
type PolicyPort struct {
	Protocol Protocol `json:"protocol,omitempty"`
	Port     PortRef  `json:"port,omitempty"`
	EndPort  int      `json:"endPort,omitempty"`
}

// PortRef is a port's number in digits, or the name a container gives it.
type PortRef string

// MarshalJSON writes numbers as numbers, which Kubernetes tells apart from names.
func (p PortRef) MarshalJSON() ([]byte, error) {
	if n, err := strconv.Atoi(string(p)); err == nil {
		return json.Marshal(n)
	}
	return json.Marshal(string(p))
}

// UnmarshalJSON reads either.
func (p *PortRef) UnmarshalJSON(data []byte) error {
	var n int
	if err := json.Unmarshal(data, &n); err == nil {
		*p = PortRef(strconv.Itoa(n))
		return nil
	}
	return json.Unmarshal(data, (*string)(p))
}

// Selector picks objects by their labels; an empty one picks all.
type Selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []Requirement     `json:"matchExpressions,omitempty"`
}

// Requirement is one condition of a selector. The operator is In, NotIn, Exists or DoesNotExist.
type Requirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

// DefaultDeny names the policy that closes the namespace.
const DefaultDeny = "default-deny"

// flowsAnnotation carries, for whoever reads the object, the rows its rules were written from, in their order.
const flowsAnnotation = "apim.io/flows"

// namespaceLabel is set by Kubernetes on every namespace, to its name.
const namespaceLabel = "kubernetes.io/metadata.name"

// Policies writes the site's flows as policies: one that closes the namespace to all pods, and one for each component's pods
// that opens what their rows say. It reports every problem of the site at once.
func Policies(s Site) ([]NetworkPolicy, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	flows := s.Flows()
	policies := []NetworkPolicy{s.policy(DefaultDeny, Selector{})}
	for _, subject := range s.subjects() {
		policies = append(policies, s.opened(subject, flows))
	}
	return policies, nil
}

// subjects are the pods that get a policy of their own.
func (s Site) subjects() []Peer {
	subjects := []Peer{every(plan.ANM)}
	if s.MetricsSchema {
		subjects = append(subjects, every(SchemaJob))
	}
	if s.ACME {
		subjects = append(subjects, Peer{Solver: true})
	}
	for _, g := range s.Groups {
		subjects = append(subjects, group(plan.Manager, g.Name), group(plan.Gateway, g.Name))
	}
	return subjects
}

func (s Site) policy(name string, pods Selector) NetworkPolicy {
	return NetworkPolicy{Name: name, Namespace: s.Namespace, Spec: Spec{PodSelector: pods, PolicyTypes: []string{Ingress, Egress}}}
}

// solverPolicy names the policy of the certificate challenges' pods.
const solverPolicy = "acme-solver"

// opened is a subject's policy: each row that names the subject becomes one rule.
func (s Site) opened(subject Peer, flows []Flow) NetworkPolicy {
	name := solverPolicy
	if !subject.Solver {
		name = plan.ObjectName(subject.Component, subject.Group)
	}
	p := s.policy(name, Selector{MatchLabels: subject.labels()})
	var rows []string
	for _, f := range flows {
		if f.To.covers(subject) {
			p.Spec.Ingress = append(p.Spec.Ingress, IngressRule{From: []PolicyPeer{f.From.peer()}, Ports: f.policyPorts()})
			rows = append(rows, fmt.Sprintf("ingress %d: %s", len(p.Spec.Ingress), f))
		}
		if f.From.covers(subject) {
			p.Spec.Egress = append(p.Spec.Egress, EgressRule{To: []PolicyPeer{f.To.peer()}, Ports: f.policyPorts()})
			rows = append(rows, fmt.Sprintf("egress %d: %s", len(p.Spec.Egress), f))
		}
	}
	p.Annotations = map[string]string{flowsAnnotation: strings.Join(rows, "\n")}
	if subject.Solver {
		maps.Copy(p.Annotations, plan.Annotations([]plan.Exception{{
			Check: "networkpolicy-targets-pod", Reason: "cert-manager starts these pods itself, for as long as a challenge takes",
		}}))
	}
	return p
}

// peer is the end of a flow as a rule names it.
func (p Peer) peer() PolicyPeer {
	if p.Addresses.IsValid() {
		return PolicyPeer{IPBlock: &IPBlock{CIDR: p.Addresses.String(), Except: texts(p.Except)}}
	}
	var peer PolicyPeer
	if labels := p.labels(); len(labels) > 0 {
		peer.PodSelector = &Selector{MatchLabels: labels}
	}
	if p.Namespace != "" {
		peer.NamespaceSelector = &Selector{MatchLabels: map[string]string{namespaceLabel: p.Namespace}}
	}
	return peer
}

func (f Flow) policyPorts() []PolicyPort {
	protocols := f.Protocols
	if len(protocols) == 0 {
		protocols = []Protocol{TCP}
	}
	var ports []PolicyPort
	for _, number := range f.Ports {
		for _, protocol := range protocols {
			ports = append(ports, PolicyPort{Protocol: protocol, Port: PortRef(strconv.Itoa(number))})
		}
	}
	return ports
}

func texts(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}
