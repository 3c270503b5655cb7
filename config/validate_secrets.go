package config

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// expiryWarning is how long before its end a certificate is warned about.
const expiryWarning = 30 * 24 * time.Hour

// validateSecrets checks that secrets that belong together are set together. Messages never carry a secret's value.
func validateSecrets(c *Config, f *findings) {
	if f.refused("secrets") {
		return
	}
	s := c.Secrets
	for _, login := range []struct{ key, value string }{
		{"secrets.registryUsername", s.RegistryUsername}, {"secrets.registryPassword", s.RegistryPassword},
	} {
		switch {
		case c.Registry.External != "" && login.value == "":
			f.refuse(login.key, nil, "is required with registry.external", "set it with `pulumi config set --secret --path "+c.Project+":"+login.key+"`")
		case c.Registry.External == "" && login.value != "":
			f.refuse(login.key, nil, "is the login of another registry, and registry.external names none", "set registry.external or remove it")
		}
	}
	if !c.Workloads.Enabled && s.Certificate == "" && s.PrivateKey == "" {
		return
	}
	missing := false
	for _, part := range []struct{ key, value string }{{"secrets.certificate", s.Certificate}, {"secrets.privateKey", s.PrivateKey}} {
		if strings.TrimSpace(part.value) == "" && !f.refused(part.key) {
			missing = true
			f.refuse(part.key, nil, "is required when workloads.enabled is true, and goes with the other half", "set it with `pulumi config set --secret --path "+c.Project+":"+part.key+"`")
		}
	}
	if !missing {
		validateCertificate(c, f)
	}
}

func validateCertificate(c *Config, f *findings) {
	const key = "secrets.certificate"
	chain, rule := parseChain(c.Secrets.Certificate)
	if rule != "" {
		f.refuse(key, nil, rule, "set it to the PEM blocks of the certificate and its intermediates, leaf first")
		return
	}
	checkPrivateKey(c, f)
	leaf := chain[0]
	if leaf.CheckSignatureFrom(leaf) == nil || string(leaf.RawIssuer) == string(leaf.RawSubject) {
		f.refuse(key, nil, "is self-signed, which Application Gateway and clients refuse", "have it signed by a certificate authority")
	}
	for i := 1; i < len(chain); i++ {
		if chain[i-1].CheckSignatureFrom(chain[i]) != nil {
			f.refuse(key, nil, fmt.Sprintf("is not a chain: block %d is not signed by block %d", i, i+1), "put the leaf first, then each issuer in turn")
		}
	}
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		f.refuse(key, nil, "expired on "+leaf.NotAfter.Format(time.DateOnly), "renew it")
	case now.Before(leaf.NotBefore):
		f.refuse(key, nil, "is not valid before "+leaf.NotBefore.Format(time.DateOnly), "use one that is valid now")
	case now.Add(expiryWarning).After(leaf.NotAfter):
		f.warnings = append(f.warnings, key+": expires on "+leaf.NotAfter.Format(time.DateOnly)+"; renew it soon")
	}
	for _, h := range c.Hosts() {
		if !f.refused("domain") && !f.refused(h.Key) && leaf.VerifyHostname(h.FQDN) != nil {
			f.refuse(key, nil, "doesn't cover host "+h.FQDN, "add it, or a wildcard for the domain, to the subject alternative names")
		}
	}
	if k, ok := leaf.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < 2048 {
		f.refuse(key, nil, fmt.Sprintf("has an RSA key of %d bits, 2048 at least", k.N.BitLen()), "issue it with a stronger key")
	}
}

func checkPrivateKey(c *Config, f *findings) {
	const key = "secrets.privateKey"
	// Parse errors are dropped on purpose: they may quote what they could not parse.
	pair, err := tls.X509KeyPair([]byte(c.Secrets.Certificate), []byte(c.Secrets.PrivateKey))
	if err != nil {
		f.refuse(key, nil, "is not an unencrypted PEM key that belongs to secrets.certificate", "set it to the key the certificate was issued for, without a passphrase")
		return
	}
	switch pair.PrivateKey.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
	default:
		f.refuse(key, nil, "is neither an RSA nor an elliptic curve key, and Application Gateway takes no other", "issue the certificate with an RSA key")
	}
}

// parseChain reads the certificates of a PEM text, or says which rule the text breaks.
func parseChain(text string) ([]*x509.Certificate, string) {
	var chain []*x509.Certificate
	rest := []byte(text)
	for len(strings.TrimSpace(string(rest))) > 0 {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, "holds something that is no PEM block"
		}
		if block.Type != "CERTIFICATE" {
			return nil, "holds a PEM block that is no certificate"
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Sprintf("holds a certificate, number %d, that can't be parsed", len(chain)+1)
		}
		chain = append(chain, certificate)
	}
	return chain, ""
}
