package config

import (
	"fmt"
	"net/netip"
)

// validateFlows checks what the network policies are written from: who calls ANM, API Manager UI and the gateways besides the
// entry point, and what they call. The back ends of the groups are checked with the groups.
func validateFlows(c *Config, f *findings) {
	validateBackends(c, f, "workloads.anm.backends", c.Workloads.ANM.Backends)
	m := c.Monitoring
	switch {
	case m.Namespace == "" && len(m.Ports) > 0:
		f.refuse("monitoring.ports", m.Ports, "are open to nobody, as monitoring.namespace is empty", "name the namespace metrics are scraped from, or remove the ports")
	case m.Namespace != "" && len(m.Ports) == 0 && !f.refused("monitoring.ports"):
		f.refuse("monitoring.ports", nil, "is required with monitoring.namespace", "list the ports the exporters listen on")
	}
	checkOtherNamespace(c, f, "monitoring.namespace", m.Namespace)
}

func validateBackends(c *Config, f *findings, path string, backends []Backend) {
	for i, b := range backends {
		key := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case b.Namespace == "" && b.CIDR == "":
			f.refuse(key, nil, "names neither a namespace nor a range", "set namespace or cidr")
		case b.Namespace != "" && b.CIDR != "":
			f.refuse(key, b.Namespace+" and "+b.CIDR, "names both a namespace and a range", "split it into two back ends")
		case b.Namespace != "":
			checkOtherNamespace(c, f, key+".namespace", b.Namespace)
		default:
			checkOutsideCluster(c, f, key+".cidr", b.CIDR)
		}
	}
}

// checkOtherNamespace refuses the workloads' own namespace: the flows inside it are fixed, and naming it would mean all of its pods.
func checkOtherNamespace(c *Config, f *findings, key, namespace string) {
	if namespace == c.Workloads.Namespace && !f.refused(key) && !f.refused("workloads.namespace") {
		f.refuse(key, namespace, "is the workloads' own namespace, and the flows inside it are fixed", "name another namespace, or remove it")
	}
}

// checkOutsideCluster refuses a range inside the cluster's subnet: one policy engine takes its addresses for pods, the other doesn't.
func checkOutsideCluster(c *Config, f *findings, key, text string) {
	addresses, err := c.plan()
	p, parseErr := netip.ParsePrefix(text)
	if err != nil || parseErr != nil || f.refused(key) {
		return
	}
	if cluster := addresses.AKS; cluster.Bits() <= p.Bits() && cluster.Contains(p.Addr()) {
		f.refuse(key, text, "lies in the cluster's subnet "+cluster.String()+", whose addresses network policies don't match", "name the namespace of the pods that are meant")
	}
}
