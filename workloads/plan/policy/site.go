package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"apim-azure/workloads/plan"
)

// Site is what the flows depend on.
type Site struct {
	// Namespace is the one namespace all components share.
	Namespace string
	// Controller is the way into the cluster.
	Controller plan.Controller
	// ANM says how browsers reach ANM.
	ANM plan.ANMEntry
	// ACME lets the controller reach the pods that answer HTTP-01 certificate challenges.
	ACME bool
	// MetricsSchema lets the schema job reach the metrics database.
	MetricsSchema bool

	// VNet is the whole network; the subnets are its parts. Cluster holds nodes and pods, Gateway the Application Gateway, Data
	// the Cassandra nodes and the MySQL endpoint, Bastion the jump host.
	VNet, Cluster, Gateway, Data, Bastion netip.Prefix

	// Monitoring are the pods that scrape metrics. Without a namespace nothing does.
	Monitoring Monitoring
	// ANMBackends are what ANM itself calls: an LDAP server for its administrators, for instance. ANM reaches no other address
	// outside of the cluster than the metrics database.
	ANMBackends []Backend
	// Groups are the gateway groups.
	Groups []Group
}

// Monitoring says from where metrics are scraped.
type Monitoring struct {
	// Namespace is the scrapers'.
	Namespace string
	// Ports are the TCP ports scraped, on every component that listens there.
	Ports []int
}

// Group is a gateway group, as the configuration describes it.
type Group struct {
	// Name is the group's.
	Name string
	// ExtraPorts are the listeners published inside the cluster next to the traffic port.
	ExtraPorts []int
	// AllowedNamespaces are those whose pods may call the group's gateways.
	AllowedNamespaces []string
	// Backends are what the group's APIs call.
	Backends []Backend
	// ManagerBackends are what the group's API Manager UI calls besides identity providers and mail relays on the Internet: those
	// of the own network, for instance.
	ManagerBackends []Backend
}

// Backend is a service outside of the platform: either a namespace of this cluster or a range outside of the cluster.
type Backend struct {
	Namespace string
	CIDR      string
	// Ports are TCP ports, one at least.
	Ports []int
}

// Validate reports all problems, each under its configuration key.
func (s Site) Validate() error {
	var v problems
	v.namespace("workloads.namespace", s.Namespace)
	if s.Namespace == plan.ControllerNamespace {
		v.add("workloads.namespace", "%q is the ingress controller's; choose another name", s.Namespace)
	}
	if s.Controller != plan.ApplicationGateway && s.Controller != plan.LoadBalancer {
		v.add("ingress.controller", "%q: must be %s or %s", s.Controller, plan.ApplicationGateway, plan.LoadBalancer)
	}
	if s.ANM != plan.ANMShared && s.ANM != plan.ANMInternal {
		v.add("ingress.anmExposure", "%q: must lead to %s or %s; use PlaceANM", s.ANM, plan.ANMShared, plan.ANMInternal)
	}
	v.subnets(s)
	v.monitoring(s)
	for i, b := range s.ANMBackends {
		v.backend(fmt.Sprintf("workloads.anm.backends[%d]", i), b, s)
	}
	names := map[string]bool{}
	for _, g := range s.Groups {
		key := plan.GroupSpec{Name: g.Name}.Key()
		if names[g.Name] {
			v.add(key+".name", "%q names two groups; one policy can't serve both, rename one", g.Name)
		}
		names[g.Name] = true
		v.group(key, g, s)
	}
	return errors.Join(v...)
}

// problems collects what is wrong with a site.
type problems []error

func (v *problems) add(key, format string, args ...any) {
	*v = append(*v, fmt.Errorf("%s: "+format, append([]any{key}, args...)...))
}

// namespaceName is Kubernetes' rule for names of namespaces: a DNS label.
var namespaceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (v *problems) namespace(key, name string) {
	if !namespaceName.MatchString(name) {
		v.add(key, "%q is not a namespace; use 1 to 63 lower-case letters, digits and dashes, no dash at either end", name)
	}
}

// otherNamespace also refuses the platform's own, whose pods would all be meant, other groups' included.
func (v *problems) otherNamespace(key, name string, s Site) {
	v.namespace(key, name)
	if name == s.Namespace {
		v.add(key, "%q is the platform's own namespace; flows inside it are fixed, name another", name)
	}
}

func (v *problems) subnets(s Site) {
	if !valid(s.VNet) {
		v.add("network.addressSpace", "%s is not an IPv4 range without host bits", s.VNet)
		return
	}
	for _, part := range []struct {
		key    string
		subnet netip.Prefix
	}{
		{"aks", s.Cluster}, {"gateway", s.Gateway}, {"data", s.Data}, {"bastion", s.Bastion},
	} {
		key := "network.subnets." + part.key
		switch {
		case !valid(part.subnet):
			v.add(key, "%s is not an IPv4 range without host bits", part.subnet)
		case !contains(s.VNet, part.subnet):
			v.add(key, "%s lies outside of the network %s; take a range of it", part.subnet, s.VNet)
		case part.key != "aks" && valid(s.Cluster) && part.subnet.Overlaps(s.Cluster):
			v.add(key, "%s overlaps the cluster's subnet %s, whose addresses policies don't match; use another", part.subnet, s.Cluster)
		}
	}
}

func (v *problems) monitoring(s Site) {
	m := s.Monitoring
	if m.Namespace == "" && len(m.Ports) == 0 {
		return
	}
	v.otherNamespace("monitoring.namespace", m.Namespace, s)
	v.ports("monitoring.ports", m.Ports)
}

func (v *problems) group(key string, g Group, s Site) {
	if err := plan.CheckGroupName(key+".name", g.Name); err != nil {
		*v = append(*v, err)
	}
	if _, err := plan.ExtraPorts(key+".gateway.extraPorts", g.ExtraPorts); err != nil {
		*v = append(*v, err)
	}
	for i, name := range g.AllowedNamespaces {
		at := fmt.Sprintf("%s.allowedNamespaces[%d]", key, i)
		v.otherNamespace(at, name, s)
		if slices.Contains(g.AllowedNamespaces[:i], name) {
			v.add(at, "%q is listed twice; list it once", name)
		}
	}
	for i, b := range g.Backends {
		v.backend(fmt.Sprintf("%s.backends[%d]", key, i), b, s)
	}
	for i, b := range g.ManagerBackends {
		v.backend(fmt.Sprintf("%s.manager.backends[%d]", key, i), b, s)
	}
}

func (v *problems) backend(key string, b Backend, s Site) {
	switch {
	case (b.Namespace == "") == (b.CIDR == ""):
		v.add(key, "names a namespace or a CIDR, one of the two")
	case b.Namespace != "":
		v.otherNamespace(key+".namespace", b.Namespace, s)
	default:
		v.backendRange(key+".cidr", b.CIDR, s)
	}
	v.ports(key+".ports", b.Ports)
}

func (v *problems) backendRange(key, text string, s Site) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !p.Addr().Is4():
		v.add(key, "%q is not an IPv4 range in CIDR notation, such as 203.0.113.0/24", text)
	case p != p.Masked():
		v.add(key, "%q has host bits set; the range is %s", text, p.Masked())
	case p.Bits() == 0:
		v.add(key, "%q is everything; name the ranges", text)
	case valid(s.Cluster) && contains(s.Cluster, p):
		v.add(key, "%q lies in the cluster's subnet %s, whose addresses policies don't match; name the namespace", text, s.Cluster)
	}
}

func (v *problems) ports(key string, ports []int) {
	if len(ports) == 0 {
		v.add(key, "at least one port is needed")
	}
	for _, p := range ports {
		if p < 1 || p > 65535 {
			v.add(key, "%d is not between 1 and 65535", p)
		}
	}
}

func valid(p netip.Prefix) bool { return p.IsValid() && p.Addr().Is4() && p == p.Masked() }

// contains tells whether all of part lies in whole.
func contains(whole, part netip.Prefix) bool {
	return whole.Bits() <= part.Bits() && whole.Contains(part.Addr())
}
