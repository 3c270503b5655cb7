package badconfig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// certificate is a PEM chain, leaf first, with the leaf's key.
type certificate struct{ chain, key string }

// set of certificates the cases need. All but good and wildcard break one rule.
type certificateSet struct {
	good, wildcard, other, expired, early, selfSigned, wrongHosts, weak, unusual, backwards, rootFirst, staleIssuer, forClients certificate
}

var baseHosts = []string{"anm.apim.example.com", "api-manager.apim.example.com", "api.apim.example.com"}

// certificates makes the set once: key generation costs time.
var certificates = sync.OnceValue(func() certificateSet {
	now := time.Now()
	from, until := now.Add(-time.Hour), now.AddDate(1, 0, 0)
	authority, stale := newAuthority(now.AddDate(2, 0, 0)), newAuthority(now.AddDate(0, 0, -1))
	clients := leaf(baseHosts, from, until)
	clients.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	good := authority.issue(curveKey(), baseHosts, from, until)
	return certificateSet{
		good:       good,
		other:      authority.issue(curveKey(), baseHosts, from, until),
		expired:    authority.issue(curveKey(), baseHosts, now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1)),
		early:      authority.issue(curveKey(), baseHosts, now.AddDate(0, 0, 2), until),
		selfSigned: selfSigned(baseHosts, from, until),
		wrongHosts: authority.issue(curveKey(), baseHosts[:2], from, until),
		weak:       authority.issue(must(rsa.GenerateKey(rand.Reader, 1024)), baseHosts, from, until),
		unusual:    authority.issue(edwardsKey(), baseHosts, from, until),
		backwards:  certificate{good.chain + good.chain, good.key},
		wildcard:   authority.issue(curveKey(), []string{"*.apim.example.com"}, from, until),
		rootFirst:  certificate{block("CERTIFICATE", authority.certificate.Raw) + good.chain, good.key},
		// The leaf outlives its issuer, as some authorities let it.
		staleIssuer: stale.issue(curveKey(), baseHosts, from, until),
		forClients:  authority.sign(curveKey(), clients),
	}
})

// Certificate issues a chain and key for hosts, valid for a year, signed by an authority made for it.
func Certificate(hosts ...string) (chain, key string) {
	return CertificateUntil(time.Now().AddDate(1, 0, 0), hosts...)
}

// CertificateUntil is Certificate with another end.
func CertificateUntil(end time.Time, hosts ...string) (chain, key string) {
	c := newAuthority(time.Now().AddDate(2, 0, 0)).issue(curveKey(), hosts, time.Now().Add(-time.Hour), end)
	return c.chain, c.key
}

type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(until time.Time) authority {
	key := curveKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: until, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return authority{must(x509.ParseCertificate(der)), key}
}

// issue signs a leaf for servers; sign signs any, and puts the authority's own certificate behind it, as a server presents a
// chain.
func (a authority) issue(key crypto.Signer, hosts []string, from, until time.Time) certificate {
	return a.sign(key, leaf(hosts, from, until))
}

func (a authority) sign(key crypto.Signer, template *x509.Certificate) certificate {
	der := must(x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key))
	return certificate{block("CERTIFICATE", der) + block("CERTIFICATE", a.certificate.Raw), keyBlock(key)}
}

func selfSigned(hosts []string, from, until time.Time) certificate {
	key, template := curveKey(), leaf(hosts, from, until)
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return certificate{block("CERTIFICATE", der), keyBlock(key)}
}

func leaf(hosts []string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func curveKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func edwardsKey() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func keyBlock(key crypto.Signer) string {
	return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// must unwraps what only fails when the machine has no randomness left.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
