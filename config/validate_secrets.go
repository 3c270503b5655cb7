package config

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
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
	if users := []byte(s.AdminUsers); s.AdminUsers != "" && !json.Valid(users) {
		f.refuse("secrets.adminUsers", nil, "is not JSON", "set it to the text of adminUsers.json, as it lies in conf of an installation")
	}
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
	if (!c.Workloads.Enabled || c.Ingress.Certificates == "acme") && s.Certificate == "" && s.PrivateKey == "" {
		return
	}
	missing := false
	for _, part := range []struct{ key, value string }{{"secrets.certificate", s.Certificate}, {"secrets.privateKey", s.PrivateKey}} {
		if strings.TrimSpace(part.value) == "" && !f.refused(part.key) {
			missing = true
			f.refuse(part.key, nil, "is required when workloads.enabled is true (unless ingress.certificates is acme) or the other half of the pair is set", "set it with `pulumi config set --secret --path "+c.Project+":"+part.key+" < FILE`")
		}
	}
	if !missing && !f.anyRefused("secrets", "certificate", "privateKey") {
		validateCertificate(c, f)
	}
}

const certificateKey = "secrets.certificate"

func validateCertificate(c *Config, f *findings) {
	chain, rule := parseChain(c.Secrets.Certificate)
	if rule != "" {
		f.refuse(certificateKey, nil, rule, "set it to the PEM blocks of the certificate and its intermediates, leaf first")
		return
	}
	leaf := chain[0]
	if leaf.IsCA && len(chain) > 1 {
		// In the wrong order everything else is wrong too, and only this is worth saying.
		f.refuse(certificateKey, nil, "starts with an authority's certificate, not with the one of the hosts", "put the leaf first, then each issuer in turn")
		return
	}
	checkPrivateKey(c, f)
	checkLeaf(c, f, leaf)
	for i, certificate := range chain {
		checkValidity(f, certificate, i+1)
		if i > 0 && chain[i-1].CheckSignatureFrom(certificate) != nil {
			f.refuse(certificateKey, nil, fmt.Sprintf("is not a chain: block %d is not signed by block %d", i, i+1), "put the leaf first, then each issuer in turn")
		}
	}
}

// checkLeaf checks what clients check of the hosts' own certificate.
func checkLeaf(c *Config, f *findings, leaf *x509.Certificate) {
	if string(leaf.RawIssuer) == string(leaf.RawSubject) {
		f.refuse(certificateKey, nil, "is self-signed, which Application Gateway and clients refuse", "have it signed by a certificate authority")
	}
	if k, ok := leaf.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < 2048 {
		f.refuse(certificateKey, nil, fmt.Sprintf("has an RSA key of %d bits, 2048 at least", k.N.BitLen()), "issue it with a stronger key")
	}
	uses := leaf.ExtKeyUsage
	if len(uses) > 0 && !slices.Contains(uses, x509.ExtKeyUsageServerAuth) && !slices.Contains(uses, x509.ExtKeyUsageAny) {
		f.refuse(certificateKey, nil, "was not issued for servers (extended key usage), so clients refuse it", "issue it for server authentication")
	}
	var missing []string
	for _, h := range c.servedHosts(f) {
		if leaf.VerifyHostname(h.FQDN) != nil {
			missing = append(missing, h.FQDN)
		}
	}
	if len(missing) > 0 {
		f.refuse(certificateKey, nil, "doesn't cover "+strings.Join(missing, ", "), "have it issued with a subject alternative name for each, or a wildcard for the domain")
	}
}

// checkValidity checks the dates of one certificate; position counts from 1 at the leaf. An expired intermediate breaks the hosts
// as surely as an expired leaf.
func checkValidity(f *findings, certificate *x509.Certificate, position int) {
	which, renewal := "", "renew it"
	if position > 1 {
		which, renewal = fmt.Sprintf("holds an issuer, block %d, that ", position), "replace it by the issuer's current certificate"
	}
	switch now := time.Now(); {
	case now.After(certificate.NotAfter):
		f.refuse(certificateKey, nil, which+"expired on "+certificate.NotAfter.Format(time.DateOnly), renewal)
	case now.Before(certificate.NotBefore):
		f.refuse(certificateKey, nil, which+"is not valid before "+certificate.NotBefore.Format(time.DateOnly), "use one that is valid now")
	case now.Add(expiryWarning).After(certificate.NotAfter):
		f.warnings = append(f.warnings, certificateKey+": "+which+"expires on "+certificate.NotAfter.Format(time.DateOnly)+"; renew it soon")
	}
}

// checkPrivateKey never shows why a key can't be read: the reason may quote it.
func checkPrivateKey(c *Config, f *findings) {
	const key = "secrets.privateKey"
	text := []byte(c.Secrets.PrivateKey)
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		f.refuse(key, nil, "holds no PEM block", "set it to the text of the key's PEM file, its first and last line included")
		return
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		f.refuse(key, nil, "is protected by a passphrase, which nobody will be there to type", "take the passphrase off: `openssl pkey -in FILE` prints the key without it")
		return
	}
	pair, err := tls.X509KeyPair([]byte(c.Secrets.Certificate), text)
	if err != nil {
		f.refuse(key, nil, "can't be read as a PEM key, or is not the one secrets.certificate was issued for", "set it to the key the certificate was issued for")
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
