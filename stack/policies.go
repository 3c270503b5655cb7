package stack

import (
	"apim-azure/config"
	netplan "apim-azure/network/plan"
	"apim-azure/workloads"
	workloadplan "apim-azure/workloads/plan"
	"apim-azure/workloads/plan/policy"
)

// policySite is what the network policies are written from. The flows that leave the cluster are in the AKS subnet's security
// group as well (see ruleInputs).
func policySite(cfg *config.Config, e entry) policy.Site {
	addresses := cfg.Addresses()
	site := policy.Site{
		Namespace: cfg.Workloads.Namespace, Controller: workloadplan.Controller(cfg.Ingress.Controller), ANM: workloadplan.ANMShared,
		ACME: provesOverHTTP(cfg), MetricsSchema: len(cfg.Workloads.MetricsSchema.Files) > 0,
		VNet: addresses.Space, Cluster: addresses.AKS, Gateway: addresses.Gateway, Data: addresses.Data, Bastion: addresses.Bastion,
		Monitoring:  policy.Monitoring{Namespace: cfg.Monitoring.Namespace, Ports: cfg.Monitoring.Ports},
		ANMBackends: policyBackends(cfg.Workloads.ANM.Backends),
	}
	if e.ANM.IsValid() {
		site.ANM = workloadplan.ANMInternal
	}
	for _, g := range cfg.Workloads.Groups {
		site.Groups = append(site.Groups, policy.Group{
			Name: g.Name, ExtraPorts: g.Gateway.ExtraPorts, AllowedNamespaces: g.AllowedNamespaces,
			Backends: policyBackends(g.Backends), ManagerBackends: policyBackends(g.Manager.Backends),
		})
	}
	return site
}

// provesOverHTTP tells whether certificates are had by answers on port 80.
func provesOverHTTP(cfg *config.Config) bool {
	return cfg.Ingress.Certificates == config.ACME && !cfg.ProvesByRecord()
}

func policyBackends(backends []config.Backend) []policy.Backend {
	var out []policy.Backend
	for _, b := range backends {
		out = append(out, policy.Backend(b))
	}
	return out
}

// backendRanges are all back ends outside of the cluster, whoever calls them: security groups don't tell pods apart.
func backendRanges(cfg *config.Config) []netplan.Backend {
	all := cfg.Workloads.ANM.Backends
	for _, g := range cfg.Workloads.Groups {
		all = append(append(all[:len(all):len(all)], g.Backends...), g.Manager.Backends...)
	}
	var out []netplan.Backend
	for _, b := range all {
		if b.CIDR != "" {
			out = append(out, netplan.Backend{CIDR: b.CIDR, Ports: b.Ports})
		}
	}
	return out
}

func accessArgs(cfg *config.Config, namespace *workloads.Namespace) *workloads.AccessArgs {
	return &workloads.AccessArgs{
		Namespace: namespace, Deployers: cfg.Access.Deployers, Support: cfg.Access.Support, Viewers: cfg.Access.Viewers,
		Monitoring: cfg.Access.Monitoring, MonitoringNamespace: cfg.Monitoring.Namespace,
	}
}
