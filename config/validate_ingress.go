package config

import (
	"net/netip"
	"slices"
)

// validateIngress refuses entry points that can't be built, and warns about ways in that lead too far or nowhere.
func validateIngress(c *Config, f *findings) {
	in := c.Ingress
	if len(in.SourceRanges) > 0 && in.Controller == "applicationGateway" {
		f.refuse("ingress.sourceRanges", in.SourceRanges, "can't be applied by Application Gateway, whose controller has no source ranges", "remove them, or set ingress.controller to loadBalancer")
	}
	if in.Exposure == "private" && in.ANMExposure == "public" {
		f.refuse("ingress.anmExposure", in.ANMExposure, "can't go with ingress.exposure private: one entry point doesn't serve a public and a private frontend on the same port", "set ingress.anmExposure to private, or ingress.exposure to public")
	}
	if in.ANMExposure == "public" && in.Exposure == "public" && c.Environment == "production" {
		f.warn("ingress.anmExposure", in.ANMExposure, "Admin Node Manager, the administration console, is reachable from the Internet")
	}
	public := func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && !slices.ContainsFunc(unrouted, p.Overlaps)
	}
	if ranges := c.JumpHost.AdminCIDRs; !c.JumpHost.PublicIP && len(ranges) > 0 && !slices.ContainsFunc(ranges, func(r string) bool { return !public(r) }) {
		f.warn("jumpHost.adminCidrs", ranges, "are Internet addresses, and without jumpHost.publicIp the machine is reached from private networks only; name the VPN's or peered network's range")
	}
}
