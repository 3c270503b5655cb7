package tls

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"apim-azure/tests/rehearsal/logical"
)

// The names of the uses are the provider's own, Terraform's. The SDK's documentation shows them in camel case, which the
// provider refuses.
var keyUsages = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
	"key_encipherment":   x509.KeyUsageKeyEncipherment,
	"data_encipherment":  x509.KeyUsageDataEncipherment,
	"key_agreement":      x509.KeyUsageKeyAgreement,
	"cert_signing":       x509.KeyUsageCertSign,
	"crl_signing":        x509.KeyUsageCRLSign,
	"encipher_only":      x509.KeyUsageEncipherOnly,
	"decipher_only":      x509.KeyUsageDecipherOnly,
}

var extendedUsages = map[string]x509.ExtKeyUsage{
	"any_extended":                      x509.ExtKeyUsageAny,
	"server_auth":                       x509.ExtKeyUsageServerAuth,
	"client_auth":                       x509.ExtKeyUsageClientAuth,
	"code_signing":                      x509.ExtKeyUsageCodeSigning,
	"email_protection":                  x509.ExtKeyUsageEmailProtection,
	"ipsec_end_system":                  x509.ExtKeyUsageIPSECEndSystem,
	"ipsec_tunnel":                      x509.ExtKeyUsageIPSECTunnel,
	"ipsec_user":                        x509.ExtKeyUsageIPSECUser,
	"timestamping":                      x509.ExtKeyUsageTimeStamping,
	"ocsp_signing":                      x509.ExtKeyUsageOCSPSigning,
	"microsoft_server_gated_crypto":     x509.ExtKeyUsageMicrosoftServerGatedCrypto,
	"netscape_server_gated_crypto":      x509.ExtKeyUsageNetscapeServerGatedCrypto,
	"microsoft_commercial_code_signing": x509.ExtKeyUsageMicrosoftCommercialCodeSigning,
	"microsoft_kernel_code_signing":     x509.ExtKeyUsageMicrosoftKernelCodeSigning,
}

func certRequest() logical.Resource {
	return logical.Resource{
		Inputs:  subjectInputs(),
		Outputs: map[string]bool{"certRequestPem": false, "keyAlgorithm": false},
		Check:   checkSubject,
		Create: func(in logical.Values) (string, map[string]any, error) {
			key, algorithm, err := parseKey(in.String("privateKeyPem"))
			if err != nil {
				return "", nil, err
			}
			request := x509.CertificateRequest{Subject: name(in.Object("subject")), DNSNames: in.Strings("dnsNames")}
			request.IPAddresses, request.URIs = alternatives(in)
			der, err := x509.CreateCertificateRequest(rand.Reader, &request, key)
			if err != nil {
				return "", nil, err
			}
			id := sha1.Sum(der)
			return hex.EncodeToString(id[:]), map[string]any{
				"certRequestPem": encode("CERTIFICATE REQUEST", der), "keyAlgorithm": algorithm,
			}, nil
		},
	}
}

func selfSignedCert(now func() time.Time) logical.Resource {
	inputs := certificateInputs()
	maps.Copy(inputs, subjectInputs())
	inputs["setAuthorityKeyId"] = logical.Input{Kind: logical.Boolean, Default: false}
	outputs := certificateOutputs()
	outputs["keyAlgorithm"] = false
	return logical.Resource{
		Inputs: inputs, Outputs: outputs, Due: due(now), Refresh: renewal(now),
		Check: func(in logical.Values) map[string]string {
			problems := checkSubject(in)
			maps.Copy(problems, checkCertificate(in))
			return problems
		},
		Create: func(in logical.Values) (string, map[string]any, error) {
			key, algorithm, err := parseKey(in.String("privateKeyPem"))
			if err != nil {
				return "", nil, err
			}
			template := x509.Certificate{Subject: name(in.Object("subject")), DNSNames: in.Strings("dnsNames")}
			template.IPAddresses, template.URIs = alternatives(in)
			if err := fill(&template, in, key.Public(), now()); err != nil {
				return "", nil, err
			}
			if in.Bool("setAuthorityKeyId") {
				if len(template.SubjectKeyId) == 0 {
					return "", nil, errors.New("setAuthorityKeyId needs setSubjectKeyId or isCaCertificate: there is no key identifier to name")
				}
				template.AuthorityKeyId = template.SubjectKeyId
			}
			id, out, err := sign(&template, &template, key.Public(), key)
			out["keyAlgorithm"] = algorithm
			return id, out, err
		},
	}
}

func locallySignedCert(now func() time.Time) logical.Resource {
	inputs := certificateInputs()
	inputs["caCertPem"] = logical.Input{Kind: logical.String, Required: true}
	inputs["caPrivateKeyPem"] = logical.Input{Kind: logical.String, Required: true, Secret: true}
	inputs["certRequestPem"] = logical.Input{Kind: logical.String, Required: true}
	outputs := certificateOutputs()
	outputs["caKeyAlgorithm"] = false
	return logical.Resource{
		Inputs: inputs, Outputs: outputs, Due: due(now), Refresh: renewal(now), Check: checkCertificate,
		Create: func(in logical.Values) (string, map[string]any, error) {
			caKey, algorithm, err := parseKey(in.String("caPrivateKeyPem"))
			if err != nil {
				return "", nil, fmt.Errorf("caPrivateKeyPem: %w", err)
			}
			der, err := decode(in, "caCertPem", "CERTIFICATE")
			if err != nil {
				return "", nil, err
			}
			ca, err := x509.ParseCertificate(der)
			if err != nil {
				return "", nil, fmt.Errorf("caCertPem: %w", err)
			}
			if der, err = decode(in, "certRequestPem", "CERTIFICATE REQUEST"); err != nil {
				return "", nil, err
			}
			request, err := x509.ParseCertificateRequest(der)
			if err != nil {
				return "", nil, fmt.Errorf("certRequestPem: %w", err)
			}
			template := x509.Certificate{
				RawSubject: request.RawSubject, Subject: request.Subject,
				DNSNames: request.DNSNames, IPAddresses: request.IPAddresses, URIs: request.URIs,
			}
			if err := fill(&template, in, request.PublicKey, now()); err != nil {
				return "", nil, err
			}
			id, out, err := sign(&template, ca, request.PublicKey, caKey)
			out["caKeyAlgorithm"] = algorithm
			return id, out, err
		},
	}
}

func certificateInputs() map[string]logical.Input {
	return map[string]logical.Input{
		"allowedUses":         {Kind: logical.List, Required: true},
		"validityPeriodHours": {Kind: logical.Integer, Required: true},
		"earlyRenewalHours":   {Kind: logical.Integer, Default: 0, InPlace: true},
		"isCaCertificate":     {Kind: logical.Boolean, Default: false},
		"setSubjectKeyId":     {Kind: logical.Boolean, Default: false},
	}
}

func certificateOutputs() map[string]bool {
	return map[string]bool{"certPem": false, "validityStartTime": false, "validityEndTime": false, "readyForRenewal": false}
}

func checkCertificate(in logical.Values) map[string]string {
	problems := map[string]string{}
	for _, key := range []string{"validityPeriodHours", "earlyRenewalHours"} {
		if n := in.Int(key); n < 0 {
			problems[key] = fmt.Sprintf("%s is %d, it must be 0 or more", key, n)
		}
	}
	for _, use := range in.Strings("allowedUses") {
		_, basic := keyUsages[use]
		if _, extended := extendedUsages[use]; !basic && !extended {
			problems["allowedUses"] = fmt.Sprintf("there is no use %q; there are %s", use, strings.Join(
				append(slices.Sorted(maps.Keys(keyUsages)), slices.Sorted(maps.Keys(extendedUsages))...), ", "))
		}
	}
	return problems
}

// fill sets what both kinds of certificates take from the same arguments.
func fill(c *x509.Certificate, in logical.Values, public crypto.PublicKey, now time.Time) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return err
	}
	c.SerialNumber = serial
	c.BasicConstraintsValid = true
	c.NotBefore = now
	c.NotAfter = now.Add(time.Duration(in.Int("validityPeriodHours")) * time.Hour)
	for _, use := range in.Strings("allowedUses") {
		if u, ok := extendedUsages[use]; ok {
			c.ExtKeyUsage = append(c.ExtKeyUsage, u)
		}
		c.KeyUsage |= keyUsages[use]
	}
	if c.IsCA = in.Bool("isCaCertificate"); c.IsCA && len(c.Subject.ToRDNSequence()) == 0 {
		return errors.New("a CA certificate needs a subject with at least one field (RFC 5280 section 4.1.2.6)")
	}
	if c.IsCA || in.Bool("setSubjectKeyId") {
		if c.SubjectKeyId, err = keyID(public); err != nil {
			return err
		}
	}
	return nil
}

// keyID is the SHA-1 of the public key's bits, the first method of RFC 5280 section 4.2.1.2.
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}

// sign makes the certificate. Its ID is its serial number.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) (string, map[string]any, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	return template.SerialNumber.String(), map[string]any{
		"certPem":           encode("CERTIFICATE", der),
		"validityStartTime": template.NotBefore.Format(time.RFC3339Nano),
		"validityEndTime":   template.NotAfter.Format(time.RFC3339Nano),
		"readyForRenewal":   false,
	}, err
}

func decode(in logical.Values, key, kind string) ([]byte, error) {
	block, _ := pem.Decode([]byte(in.String(key)))
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no PEM block of type %q", key, kind)
	}
	return block.Bytes, nil
}

// ready tells whether the certificate has expired or is within its early renewal period.
func ready(state logical.Values, now time.Time) bool {
	end, err := time.Parse(time.RFC3339, state.String("validityEndTime"))
	return err == nil && !now.Before(end.Add(-time.Duration(state.Int("earlyRenewalHours"))*time.Hour))
}

func due(now func() time.Time) func(logical.Values) string {
	return func(state logical.Values) string {
		if ready(state, now()) {
			return "readyForRenewal"
		}
		return ""
	}
}

func renewal(now func() time.Time) func(logical.Values) map[string]any {
	return func(state logical.Values) map[string]any {
		if ready(state, now()) {
			return map[string]any{"readyForRenewal": true}
		}
		return nil
	}
}
