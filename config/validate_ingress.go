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
	validateACME(c, f)
	public := func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && !slices.ContainsFunc(unrouted, p.Overlaps)
	}
	if ranges := c.JumpHost.AdminCIDRs; !c.JumpHost.PublicIP && len(ranges) > 0 && !slices.ContainsFunc(ranges, func(r string) bool { return !public(r) }) {
		f.warn("jumpHost.adminCidrs", ranges, "are Internet addresses, and without jumpHost.publicIp the machine is reached from private networks only; name the VPN's or peered network's range")
	}
}

// validateACME refuses certificates that could never be had: an authority looks for its proof on port 80 of the host, from anywhere,
// or in the public zone of its name.
func validateACME(c *Config, f *findings) {
	in := c.Ingress
	if in.Certificates != ACME || f.anyRefused("ingress", "certificates", "exposure") {
		return
	}
	if in.ACMEEmail == "" {
		f.refuse("ingress.acmeEmail", nil, "is required when ingress.certificates is acme", "name a mailbox that is read")
	}
	switch {
	case c.ProvesByRecord() && c.Network.PublicDNSZoneID == "":
		f.refuse("ingress.certificates", in.Certificates, "can't be had for private hosts without network.publicDnsZoneId: no authority reaches them, so the proof is a record in their public zone",
			"set network.publicDnsZoneId, or supply the certificates")
	case in.Exposure == "public" && len(in.SourceRanges) > 0:
		f.refuse("ingress.certificates", in.Certificates, "can't go with ingress.sourceRanges: an authority looks at the hosts from any address",
			"remove the ranges, or supply the certificates")
	}
}
