package policy

import (
	"net/netip"
	"slices"

	"apim-azure/workloads/plan"
)

// SchemaJob is the job that brings the metrics database to the product's schema.
const SchemaJob = plan.MetricsSchema

// Ports outside of the platform. Sources: the reference's network tables; 8089 is where cert-manager's solver pods listen
// (documented in cert-manager's code, as in the security groups).
const (
	portCassandra = 9042
	portMySQL     = 3306
	portDNS       = 53
	portHTTPS     = 443
	portSMTPS     = 465
	portSMTP      = 587
	portSolver    = 8089
)

// Where AKS runs its name service: the Service, and so the label, has kept the name of CoreDNS's predecessor. Source: observed in
// AKS's manifests.
const systemNamespace = "kube-system"

var dnsLabels = map[string]string{"k8s-app": "kube-dns"}

// traefikLabels find Traefik's pods among those of its namespace. Source: its chart's helpers (documented).
var traefikLabels = map[string]string{"app.kubernetes.io/name": "traefik"}

// Flows is the whole list, the rows all groups share first. The site must be valid.
func (s Site) Flows() []Flow {
	flows := slices.Concat(s.entry(), s.management(), s.databases(), s.services(), s.monitoring())
	for _, b := range s.ANMBackends {
		flows = append(flows, s.backend(every(plan.ANM), b, "ANM's own back end"))
	}
	for _, g := range s.Groups {
		flows = append(flows, s.group(g)...)
	}
	return flows
}

// entry is how calls and browsers come in. Application Gateway dials the pods itself, from its own subnet; Traefik is a pod.
func (s Site) entry() []Flow {
	flows := []Flow{
		{ID: "ref-2", From: s.controller(), To: every(plan.Gateway), Ports: []int{plan.PortTraffic},
			Why: "API calls", Encryption: "TLS 1.2, publicly signed certificate"},
		{ID: "ref-2", From: s.controller(), To: every(plan.Manager), Ports: []int{plan.PortManager},
			Why: "API Manager's pages", Encryption: "TLS 1.2, publicly signed certificate"},
	}
	anm := Flow{ID: "ref-2", From: s.controller(), To: every(plan.ANM), Ports: []int{plan.PortANMUI},
		Why: "ANM's pages", Encryption: "TLS 1.2, publicly signed certificate"}
	if s.ANM == plan.ANMInternal {
		// Behind the internal load balancer ANM sees the jump host itself.
		anm.ID, anm.From = "ref-11", s.addresses(s.Bastion)
	}
	flows = append(flows, anm)
	if s.ACME {
		flows = append(flows, Flow{ID: "add-acme", From: s.controller(), To: Peer{Solver: true}, Ports: []int{portSolver},
			Why: "HTTP-01 certificate challenges", Encryption: "none: the protocol is clear text, and the answer no secret"})
	}
	return flows
}

func (s Site) controller() Peer {
	if s.Controller == plan.ApplicationGateway {
		return s.addresses(s.Gateway)
	}
	return Peer{Namespace: plan.ControllerNamespace, Labels: traefikLabels}
}

// management is the topology: instances register at ANM, and ANM reaches back into each.
func (s Site) management() []Flow {
	const topology = "TLS, the topology's own certificates"
	return []Flow{
		{ID: "add-register", From: every(plan.Gateway), To: every(plan.ANM), Ports: []int{plan.PortANM},
			Why: "gateways register in the topology", Encryption: topology},
		{ID: "add-register", From: every(plan.Manager), To: every(plan.ANM), Ports: []int{plan.PortANM},
			Why: "API Manager UI registers in the topology", Encryption: topology},
		// The topology's port presents a certificate of the topology; the check before the start wants one it can verify.
		{ID: "add-ready", From: every(plan.Gateway), To: every(plan.ANM), Ports: []int{plan.PortANMUI},
			Why: "gateways wait for ANM's pages before they start", Encryption: "TLS 1.2, publicly signed certificate"},
		{ID: "add-ready", From: every(plan.Manager), To: every(plan.ANM), Ports: []int{plan.PortANMUI},
			Why: "API Manager UI waits for ANM's pages before it starts", Encryption: "TLS 1.2, publicly signed certificate"},
		{ID: "add-manage", From: every(plan.ANM), To: every(plan.Gateway), Ports: []int{plan.PortManagement},
			Why: "ANM asks gateways for their state and traffic", Encryption: topology},
		{ID: "add-manage", From: every(plan.ANM), To: every(plan.Manager), Ports: []int{plan.PortManagement},
			Why: "ANM asks API Manager UI for its state", Encryption: topology},
	}
}

// databases lie in the data subnet: Cassandra's nodes, and MySQL's private endpoint. ANM keeps nothing in Cassandra.
func (s Site) databases() []Flow {
	var flows []Flow
	for _, c := range []plan.Component{plan.Manager, plan.Gateway} {
		flows = append(flows, Flow{ID: "ref-3", From: every(c), To: s.addresses(s.Data), Ports: []int{portCassandra},
			Why: "APIs, applications, keys, quotas in Cassandra", Encryption: "as the Cassandra nodes offer; mutual TLS 1.2 once they do"})
	}
	for _, c := range s.programs() {
		flows = append(flows, Flow{ID: "ref-13", From: every(c), To: s.addresses(s.Data), Ports: []int{portMySQL},
			Why: "metrics database through its private endpoint", Encryption: "TLS 1.2+, enforced by the server"})
	}
	return flows
}

// programs are what runs in the namespace: the components, and the job if there is one.
func (s Site) programs() []plan.Component {
	programs := []plan.Component{plan.ANM, plan.Manager, plan.Gateway}
	if s.MetricsSchema {
		programs = append(programs, SchemaJob)
	}
	return programs
}

// services are what the components need of the cluster and of the Internet.
func (s Site) services() []Flow {
	var flows []Flow
	for _, c := range s.programs() {
		flows = append(flows, Flow{ID: "add-dns", From: every(c), To: Peer{Namespace: systemNamespace, Labels: dnsLabels},
			Ports: []int{portDNS}, Protocols: []Protocol{UDP, TCP},
			Why: "names", Encryption: "none: stays inside the cluster"})
	}
	for _, c := range []plan.Component{plan.Manager, plan.Gateway} {
		flows = append(flows,
			Flow{ID: "ref-smtp", From: every(c), To: s.internet(), Ports: []int{portSMTPS, portSMTP},
				Why: "alerts to the SMTP relay", Encryption: "implicit TLS or STARTTLS"},
			Flow{ID: "ref-iam", From: every(c), To: s.internet(), Ports: []int{portHTTPS},
				Why: "external identity providers", Encryption: "TLS 1.2+"})
	}
	return flows
}

func (s Site) monitoring() []Flow {
	if s.Monitoring.Namespace == "" {
		return nil
	}
	var flows []Flow
	for _, c := range []plan.Component{plan.ANM, plan.Manager, plan.Gateway} {
		flows = append(flows, Flow{ID: "ref-policy", From: namespace(s.Monitoring.Namespace), To: every(c), Ports: s.Monitoring.Ports,
			Why: "monitoring scrapes metrics", Encryption: "as the exporter offers: counters only"})
	}
	return flows
}

// group is what one group adds.
func (s Site) group(g Group) []Flow {
	gateways := group(plan.Gateway, g.Name)
	flows := []Flow{{ID: "add-ui", From: gateways, To: group(plan.Manager, g.Name), Ports: []int{plan.PortManager},
		Why: "gateways wait for their group's API Manager UI", Encryption: "TLS 1.2, publicly signed certificate"}}
	for _, name := range g.AllowedNamespaces {
		flows = append(flows, Flow{ID: "ref-policy", From: namespace(name), To: gateways, Ports: g.published(),
			Why: "callers inside the cluster", Encryption: "TLS 1.2; clear text on 8080 and 8081, if the group publishes them"})
	}
	for _, b := range g.Backends {
		flows = append(flows, s.backend(gateways, b, "APIs call their back end"))
	}
	for _, b := range g.ManagerBackends {
		flows = append(flows, s.backend(group(plan.Manager, g.Name), b, "API Manager UI's own back end"))
	}
	return flows
}

// published are the ports of the group's Service.
func (g Group) published() []int {
	ports := append([]int{plan.PortTraffic}, g.ExtraPorts...)
	slices.Sort(ports)
	return ports
}

func (s Site) backend(from Peer, b Backend, why string) Flow {
	to := namespace(b.Namespace)
	if b.CIDR != "" {
		to = s.addresses(netip.MustParsePrefix(b.CIDR))
	}
	return Flow{ID: "add-backend", From: from, To: to, Ports: b.Ports, Why: why, Encryption: "as the back end offers"}
}
