package config

// validateIngress refuses entry points that can't be built.
func validateIngress(c *Config, f *findings) {
	in := c.Ingress
	if len(in.SourceRanges) > 0 && in.Controller == "applicationGateway" {
		f.refuse("ingress.sourceRanges", in.SourceRanges, "can't be applied by Application Gateway, whose controller has no source ranges", "remove them, or set ingress.controller to loadBalancer")
	}
	if in.Exposure == "private" && in.ANMExposure == "public" {
		f.refuse("ingress.anmExposure", in.ANMExposure, "can't go with ingress.exposure private: one entry point doesn't serve a public and a private frontend on the same port", "set ingress.anmExposure to private, or ingress.exposure to public")
	}
	if len(c.AKS.AuthorizedIPRanges) == 0 && c.Environment == "production" {
		f.refuse("aks.authorizedIpRanges", nil, "is empty, which opens the Kubernetes API to any address", "name the public ranges administrators and CI come from")
	}
	// AKS takes 200 ranges; the NAT gateway's address is one of them.
	if n := len(c.AKS.AuthorizedIPRanges); n > 199 {
		f.refuse("aks.authorizedIpRanges", n, "are more ranges than the 199 AKS leaves room for", "merge neighbouring ranges")
	}
	if in.ANMExposure == "public" && c.Environment == "production" {
		f.warn("ingress.anmExposure", in.ANMExposure, "Admin Node Manager, the administration console, is reachable from the Internet")
	}
}
