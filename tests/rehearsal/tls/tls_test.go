package tls

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"golang.org/x/crypto/ssh"
)

const (
	keyToken     = "tls:index/privateKey:PrivateKey"
	requestToken = "tls:index/certRequest:CertRequest"
	selfToken    = "tls:index/selfSignedCert:SelfSignedCert"
	localToken   = "tls:index/locallySignedCert:LocallySignedCert"
)

func create(t *testing.T, token string, args map[string]any) resource.PropertyMap {
	t.Helper()
	news := resource.NewPropertyMapFromMap(args)
	checked, err := New().Check(context.Background(), plugin.CheckRequest{Type: tokens.Type(token), News: news})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatalf("%s refused: %v %v", token, err, checked.Failures)
	}
	res, err := New().Create(context.Background(), plugin.CreateRequest{Type: tokens.Type(token), Properties: news})
	if err != nil {
		t.Fatal(err)
	}
	if res.ID == "" {
		t.Errorf("%s has no ID", token)
	}
	return res.Properties
}

func text(v resource.PropertyValue) string {
	if v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v.StringValue()
}

func newKey(t *testing.T, args map[string]any) string {
	t.Helper()
	return text(create(t, keyToken, args)["privateKeyPem"])
}

func certificate(t *testing.T, props resource.PropertyMap) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text(props["certPem"])))
	if block == nil || len(rest) > 0 {
		t.Fatal("certPem is not one PEM block")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var ecdsa256 = map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P256"}

func TestKeysCanBeReadBackInEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		args    map[string]any
		heading string
		ssh     string
	}{
		"an RSA key":             {map[string]any{"algorithm": "RSA"}, "RSA PRIVATE KEY", "ssh-rsa"},
		"an ECDSA key":           {ecdsa256, "EC PRIVATE KEY", "ecdsa-sha2-nistp256"},
		"an ED25519 key":         {map[string]any{"algorithm": "ED25519"}, "PRIVATE KEY", "ssh-ed25519"},
		"a curve unknown to SSH": {map[string]any{"algorithm": "ECDSA"}, "EC PRIVATE KEY", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := create(t, keyToken, c.args)
			if !strings.HasPrefix(text(p["privateKeyPem"]), "-----BEGIN "+c.heading+"-----") {
				t.Errorf("privateKeyPem is not a %s", c.heading)
			}
			if got := text(p["publicKeyOpenssh"]); !strings.HasPrefix(got, c.ssh) || (c.ssh == "" && got != "") {
				t.Errorf("publicKeyOpenssh is %q", got)
			}
			forms := []resource.PropertyKey{"privateKeyPem", "privateKeyPemPkcs8"}
			if c.ssh != "" {
				forms = append(forms, "privateKeyOpenssh")
			}
			for _, form := range forms {
				if !p[form].IsSecret() {
					t.Errorf("%s is not secret", form)
				}
				key, algorithm, err := parseKey(text(p[form]))
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				if algorithm != c.args["algorithm"] {
					t.Errorf("%s is read as %s", form, algorithm)
				}
				_, again, err := describe(key)
				if err != nil {
					t.Fatal(err)
				}
				if again["publicKeyPem"] != text(p["publicKeyPem"]) {
					t.Errorf("%s has another public key than publicKeyPem", form)
				}
			}
			if c.ssh == "" {
				return
			}
			public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text(p["publicKeyOpenssh"])))
			if err != nil {
				t.Fatal(err)
			}
			if ssh.FingerprintSHA256(public) != text(p["publicKeyFingerprintSha256"]) ||
				ssh.FingerprintLegacyMD5(public) != text(p["publicKeyFingerprintMd5"]) {
				t.Error("the fingerprints are of another key")
			}
		})
	}
}

func TestAnRSAKeyHasTheBitsAskedFor(t *testing.T) {
	block, _ := pem.Decode([]byte(newKey(t, map[string]any{"algorithm": "RSA", "rsaBits": 3072})))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if key.N.BitLen() != 3072 {
		t.Errorf("the key has %d bits", key.N.BitLen())
	}
}

// authority makes a CA as a program would.
func authority(t *testing.T) (key string, props resource.PropertyMap) {
	t.Helper()
	key = newKey(t, map[string]any{"algorithm": "RSA"})
	return key, create(t, selfToken, map[string]any{
		"privateKeyPem": key, "isCaCertificate": true, "validityPeriodHours": 100,
		"allowedUses": []any{"cert_signing", "crl_signing"}, "setAuthorityKeyId": true,
		"subject": map[string]any{"commonName": "Rehearsal CA", "organization": "Org", "country": "NL"},
	})
}

func TestALocallySignedCertificateVerifiesForWhatItsRequestNames(t *testing.T) {
	caKey, caProps := authority(t)
	ca := certificate(t, caProps)
	if !ca.IsCA || ca.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(ca.SubjectKeyId) != 20 ||
		string(ca.AuthorityKeyId) != string(ca.SubjectKeyId) || ca.Subject.String() != "CN=Rehearsal CA,O=Org,C=NL" {
		t.Errorf("the CA is not what was asked: %s, CA %t, usage %b", ca.Subject, ca.IsCA, ca.KeyUsage)
	}
	request := create(t, requestToken, map[string]any{
		"privateKeyPem": newKey(t, ecdsa256),
		"subject": map[string]any{
			"commonName": "node", "emailAddress": "ops@example.com", "streetAddresses": []any{"Street 1"},
		},
		"dnsNames": []any{"cassandra.dev.apim.internal"}, "ipAddresses": []any{"10.0.3.10"}, "uris": []any{"spiffe://apim/node"},
	})
	if !request["privateKeyPem"].IsSecret() || request["certRequestPem"].IsSecret() {
		t.Error("of a request, the key is secret and the request itself is not")
	}
	leaf := certificate(t, create(t, localToken, map[string]any{
		"caCertPem": text(caProps["certPem"]), "caPrivateKeyPem": caKey, "certRequestPem": text(request["certRequestPem"]),
		"allowedUses": []any{"digital_signature", "key_encipherment", "server_auth", "client_auth"}, "validityPeriodHours": 24,
		"setSubjectKeyId": true,
	}))

	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for _, host := range []string{"cassandra.dev.apim.internal", "10.0.3.10"} {
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			options := x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}}
			if _, err := leaf.Verify(options); err != nil {
				t.Errorf("for %s: %v", host, err)
			}
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "other.dev.apim.internal"}); err == nil {
		t.Error("the certificate verifies for a host nobody asked for")
	}
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != "spiffe://apim/node" {
		t.Errorf("URIs are %v", leaf.URIs)
	}
	if got := leaf.NotAfter.Sub(leaf.NotBefore); got != 24*time.Hour {
		t.Errorf("valid for %s", got)
	}
	if string(leaf.AuthorityKeyId) != string(ca.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 || leaf.IsCA {
		t.Error("the key identifiers do not chain the certificate to its CA")
	}
	email := false
	for _, n := range leaf.Subject.Names {
		email = email || n.Type.Equal(oidEmail) && n.Value == "ops@example.com"
	}
	if !email || len(leaf.Subject.StreetAddress) != 1 {
		t.Errorf("the subject lost something: %s", leaf.Subject)
	}
}

func TestACertificateIsReplacedWhenItsRenewalComes(t *testing.T) {
	key := newKey(t, ecdsa256)
	args := func(early int) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{
			"privateKeyPem": key, "validityPeriodHours": 100, "earlyRenewalHours": early, "allowedUses": []any{"server_auth"},
		})
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	made, err := at(func() time.Time { return start }).Create(context.Background(), plugin.CreateRequest{
		Type: selfToken, Properties: args(10),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		later   time.Duration
		early   int
		replace bool
		changes plugin.DiffChanges
	}{
		"nothing happens while it is young":             {89 * time.Hour, 10, false, plugin.DiffNone},
		"the early renewal period begins":               {90 * time.Hour, 10, true, plugin.DiffSome},
		"it has expired":                                {101 * time.Hour, 10, true, plugin.DiffSome},
		"another renewal period is only written down":   {50 * time.Hour, 20, false, plugin.DiffSome},
		"a longer renewal period makes it due at once":  {85 * time.Hour, 20, true, plugin.DiffSome},
		"a shorter renewal period comes in time for it": {92 * time.Hour, 5, false, plugin.DiffSome},
	} {
		t.Run(name, func(t *testing.T) {
			p := at(func() time.Time { return start.Add(c.later) })
			diff, err := p.Diff(context.Background(), plugin.DiffRequest{
				Type: selfToken, OldInputs: args(10), OldOutputs: made.Properties, NewInputs: args(c.early),
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff.Replace() != c.replace || diff.Changes != c.changes {
				t.Errorf("replace %t, changes %v, want %t, %v", diff.Replace(), diff.Changes, c.replace, c.changes)
			}
		})
	}
	read, err := at(func() time.Time { return start.Add(95 * time.Hour) }).Read(context.Background(), plugin.ReadRequest{
		Type: selfToken, ID: made.ID, Inputs: args(10), State: made.Properties,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !read.Outputs["readyForRenewal"].BoolValue() {
		t.Error("a refresh does not say that the certificate is ready for renewal")
	}
}

func TestSecretInputsStaySecretAndMakeNothingElseSecret(t *testing.T) {
	news := resource.NewPropertyMapFromMap(map[string]any{
		"validityPeriodHours": 1, "allowedUses": []any{"server_auth"}, "dnsNames": []any{"a.example.com"},
	})
	news["privateKeyPem"] = resource.MakeSecret(resource.NewStringProperty(newKey(t, ecdsa256)))
	res, err := New().Create(context.Background(), plugin.CreateRequest{Type: selfToken, Properties: news})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range res.Properties {
		if value.ContainsSecrets() != (key == "privateKeyPem") {
			t.Errorf("%s secret: %t", key, value.ContainsSecrets())
		}
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	key := newKey(t, ecdsa256)
	self := func(change map[string]any) map[string]any {
		args := map[string]any{"privateKeyPem": key, "validityPeriodHours": 1, "allowedUses": []any{"server_auth"}}
		for k, v := range change {
			args[k] = v
		}
		return args
	}
	for name, c := range map[string]struct {
		token string
		args  map[string]any
		want  string
	}{
		"no such algorithm":             {keyToken, map[string]any{"algorithm": "DSA"}, "algorithm"},
		"no such curve":                 {keyToken, map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P25"}, "ecdsaCurve"},
		"too few bits":                  {keyToken, map[string]any{"algorithm": "RSA", "rsaBits": 512}, "rsaBits"},
		"no algorithm":                  {keyToken, nil, "algorithm"},
		"a key that is none":            {selfToken, self(map[string]any{"privateKeyPem": "none"}), "privateKeyPem"},
		"an address that is none":       {selfToken, self(map[string]any{"ipAddresses": []any{"10.0.0"}}), "ipAddresses"},
		"a field subjects have not":     {selfToken, self(map[string]any{"subject": map[string]any{"cn": "x"}}), "subject"},
		"a use in the SDK's camel case": {selfToken, self(map[string]any{"allowedUses": []any{"serverAuth"}}), "allowedUses"},
		"a validity below nothing":      {selfToken, self(map[string]any{"validityPeriodHours": -1}), "validityPeriodHours"},
		"no request to sign":            {localToken, map[string]any{"caCertPem": "c", "caPrivateKeyPem": "k", "validityPeriodHours": 1, "allowedUses": []any{}}, "certRequestPem"},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := New().Check(context.Background(), plugin.CheckRequest{
				Type: tokens.Type(c.token), News: resource.NewPropertyMapFromMap(c.args),
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Failures) != 1 || string(res.Failures[0].Property) != c.want {
				t.Errorf("failures are %v, want one for %s", res.Failures, c.want)
			}
			if regexp.MustCompile(`BEGIN|PRIVATE`).MatchString(res.Failures[0].Reason) {
				t.Errorf("the reason shows key material: %s", res.Failures[0].Reason)
			}
		})
	}
}

func TestSigningFailuresNameTheirCause(t *testing.T) {
	key := newKey(t, ecdsa256)
	caKey, ca := authority(t)
	request := text(create(t, requestToken, map[string]any{"privateKeyPem": key})["certRequestPem"])
	for name, c := range map[string]struct {
		token string
		args  map[string]any
		want  string
	}{
		"a CA without a subject":           {selfToken, map[string]any{"privateKeyPem": key, "isCaCertificate": true}, "needs a subject"},
		"an authority key ID from nothing": {selfToken, map[string]any{"privateKeyPem": key, "setAuthorityKeyId": true}, "setSubjectKeyId"},
		"a request in place of the CA":     {localToken, map[string]any{"caPrivateKeyPem": caKey, "caCertPem": request, "certRequestPem": request}, "caCertPem"},
		"a CA in place of the request":     {localToken, map[string]any{"caPrivateKeyPem": caKey, "caCertPem": text(ca["certPem"]), "certRequestPem": text(ca["certPem"])}, "certRequestPem"},
		"a key that is not the CA's":       {localToken, map[string]any{"caPrivateKeyPem": key, "caCertPem": text(ca["certPem"]), "certRequestPem": request}, "PrivateKey"},
	} {
		t.Run(name, func(t *testing.T) {
			c.args["validityPeriodHours"], c.args["allowedUses"] = 1, []any{"server_auth"}
			_, err := New().Create(context.Background(), plugin.CreateRequest{
				Type: tokens.Type(c.token), Properties: resource.NewPropertyMapFromMap(c.args),
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one about %q", err, c.want)
			}
		})
	}
}
