package stack

import (
	"net/netip"

	"apim-azure/config"
	"apim-azure/network/plan"
	workloadplan "apim-azure/workloads/plan"
)

// entry says where traffic comes in: fixed addresses, so that records and rules are known before anything exists.
type entry struct {
	// Private is the entry point's private address; the invalid address when it is public.
	Private netip.Addr
	// ANM is the internal load balancer's address; the invalid address when ANM shares the entry point.
	ANM netip.Addr
}

// Places, counted from the end of their subnets, where neither Azure nor AKS assigns addresses first.
const (
	anmPlace     = 2
	traefikPlace = 3
	gatewayPlace = 10
	// jumpHostPlace is counted from the start: Azure keeps the first four addresses.
	jumpHostPlace = 4
)

func entryOf(cfg *config.Config) (e entry, err error) {
	addresses := cfg.Addresses()
	if cfg.Ingress.Exposure == string(plan.Private) {
		if cfg.Ingress.Controller == string(plan.ApplicationGateway) {
			e.Private = plan.FromEnd(addresses.Gateway, gatewayPlace)
		} else {
			e.Private = plan.FromEnd(addresses.AKS, traefikPlace)
		}
	}
	anm, err := workloadplan.PlaceANM(cfg.Ingress.Exposure, cfg.Ingress.ANMExposure)
	if anm == workloadplan.ANMInternal {
		e.ANM = plan.FromEnd(addresses.AKS, anmPlace)
	}
	return e, err
}

// addressOf is the private address a host resolves to; the invalid address for a public host.
func (e entry) addressOf(h config.Host) netip.Addr {
	if h.Role == config.RoleANM && e.ANM.IsValid() {
		return e.ANM
	}
	return e.Private
}

// privateHosts are the hosts answered inside the network only. Each gets a private zone of its own, so that the other names
// of the domain still resolve from inside.
func privateHosts(cfg *config.Config) []config.Host {
	var out []config.Host
	for _, h := range cfg.Hosts() {
		if h.Private {
			out = append(out, h)
		}
	}
	return out
}

// publicHosts are the hosts the Internet resolves.
func publicHosts(cfg *config.Config) []string {
	var out []string
	for _, h := range cfg.Hosts() {
		if !h.Private {
			out = append(out, h.FQDN)
		}
	}
	return out
}

// addressText is an address, or nothing for the invalid one.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
