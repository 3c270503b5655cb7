package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"apim-azure/workloads/plan"
)

// Protocol is a transport protocol, as Kubernetes spells it.
type Protocol string

// The two protocols the platform speaks.
const (
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
)

// Flow is one kind of connection that is allowed, from the side that opens it. The ports are the pods', behind any Service or
// load balancer: policies are applied once a Service's address has been translated.
type Flow struct {
	// ID is the row's number in the reference's network tables, spelt as the security groups spell it, `ref-policy` where the
	// reference asks for it in its chapter on network policies, or `add-...`.
	ID string
	// From opens the connection, To takes it.
	From, To Peer
	// Ports are where To takes it.
	Ports []int
	// Protocols are the protocols of all ports; none is TCP alone.
	Protocols []Protocol
	// Why says what the flow is for.
	Why string
	// Encryption says what protects it, or why nothing does.
	Encryption string
}

// String is the row as one line.
func (f Flow) String() string {
	return fmt.Sprintf("%s: %s to %s, %s %s: %s [%s]", f.ID, f.From, f.To, f.protocols(), numbers(f.Ports), f.Why, f.Encryption)
}

func (f Flow) protocols() string {
	if len(f.Protocols) == 0 {
		return string(TCP)
	}
	names := make([]string, len(f.Protocols))
	for i, p := range f.Protocols {
		names[i] = string(p)
	}
	return strings.Join(names, "+")
}

// Peer is one end of a flow: pods of the platform, pods of another namespace, or addresses outside of the cluster.
type Peer struct {
	// Component names pods of the platform; Group narrows them to one group's.
	Component plan.Component
	Group     string
	// Solver means the pods that answer certificate challenges; cert-manager starts them in the platform's namespace.
	Solver bool
	// Namespace means pods of another namespace, Labels only some of them.
	Namespace string
	Labels    map[string]string
	// Addresses is a range outside of the cluster, without the parts in Except.
	Addresses netip.Prefix
	Except    []netip.Prefix
}

// String says who is meant.
func (p Peer) String() string {
	switch {
	case p.Solver:
		return "certificate challenge solvers"
	case p.Component != "":
		return plan.ObjectName(p.Component, p.Group)
	case p.Namespace != "":
		return "namespace " + p.Namespace
	case p.Addresses.Bits() == 0:
		return "the Internet"
	default:
		return p.Addresses.String()
	}
}

// covers tells whether the peer means the pods of a subject.
func (p Peer) covers(subject Peer) bool {
	if p.Solver || subject.Solver {
		return p.Solver && subject.Solver
	}
	return p.Component != "" && p.Component == subject.Component && (p.Group == "" || p.Group == subject.Group)
}

// solverLabel marks cert-manager's solver pods. Source: cert-manager's API, pkg/apis/acme/v1 (documented).
const solverLabel = "acme.cert-manager.io/http01-solver"

// labels select the peer's pods among those of their namespace; nil is all of them.
func (p Peer) labels() map[string]string {
	switch {
	case p.Solver:
		return map[string]string{solverLabel: "true"}
	case p.Component != "":
		return plan.Selector(p.Component, p.Group)
	default:
		return p.Labels
	}
}

func numbers(ports []int) string {
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = fmt.Sprint(p)
	}
	return strings.Join(texts, ", ")
}

func group(c plan.Component, name string) Peer { return Peer{Component: c, Group: name} }

func every(c plan.Component) Peer { return Peer{Component: c} }

func namespace(name string) Peer { return Peer{Namespace: name} }

// addresses is a range without the part of it that is the cluster's.
func (s Site) addresses(p netip.Prefix) Peer {
	peer := Peer{Addresses: p}
	if contains(p, s.Cluster) {
		peer.Except = []netip.Prefix{s.Cluster}
	}
	return peer
}

// notInternet are the ranges no public service has: private ones (RFC 1918), those shared by carriers (RFC 6598), link-local
// ones with Azure's instance metadata among them, and Azure's own address for its platform services.
var notInternet = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("168.63.129.16/32"),
}

// internet is every public address but the network's own, which is what the tag of that name means in Azure's security groups.
func (s Site) internet() Peer {
	except := slices.Clone(notInternet)
	if !slices.ContainsFunc(except, func(p netip.Prefix) bool { return contains(p, s.VNet) }) {
		except = append(except, s.VNet)
	}
	return Peer{Addresses: netip.MustParsePrefix("0.0.0.0/0"), Except: except}
}
