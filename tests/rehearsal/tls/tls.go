// Package tls stands in for the tls provider: real keys, requests and certificates made with crypto/x509, every argument
// honoured.
//
// As with the real provider, private keys are secret, a change of any argument but earlyRenewalHours makes a new object, and
// a certificate is replaced once the clock enters its early renewal period.
package tls

import (
	"time"

	"apim-azure/tests/rehearsal/logical"
)

// Version is the version of the provider that is stood in for.
const Version = "5.2.0"

// New returns the provider.
func New() *logical.Provider { return at(time.Now) }

// at returns the provider with a clock of its own.
func at(now func() time.Time) *logical.Provider {
	return &logical.Provider{Name: "tls", Version: Version, Resources: map[string]logical.Resource{
		"tls:index/privateKey:PrivateKey":               privateKey(),
		"tls:index/certRequest:CertRequest":             certRequest(),
		"tls:index/selfSignedCert:SelfSignedCert":       selfSignedCert(now),
		"tls:index/locallySignedCert:LocallySignedCert": locallySignedCert(now),
	}}
}
