package rehearsal

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

const (
	// passphrase encrypts the secrets of a rehearsal. It is no secret: they are all made up.
	passphrase = "rehearsal"
	// validity is how long the made-up certificates last.
	validity = 10 * 365 * 24 * time.Hour

	certificateKey = "secrets.certificate"
	privateKeyKey  = "secrets.privateKey"
	adminUsersKey  = "secrets.adminUsers"
)

// vault keeps made-up secrets between calls, so that they stay the same from preview to preview. It holds them in clear and
// encrypted: deriving the key takes about a second, which no call after the first needs to spend.
type vault struct {
	// Salt is the stack file's encryptionsalt.
	Salt string `json:"salt"`
	// Hosts are the names the certificate is for.
	Hosts []string `json:"hosts"`
	// Values are the secrets by path.
	Values map[string]secret `json:"values"`

	path    string
	crypter config.Crypter
}

type secret struct{ Clear, Encrypted string }

// openVault reads the vault at path, or begins a new one.
func openVault(path string) (*vault, error) {
	v := &vault{path: path}
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, v)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; delete it to have new secrets made up", path, err)
	}
	if v.Values == nil {
		v.Values = map[string]secret{}
	}
	if v.Salt == "" {
		salt := make([]byte, 8)
		if _, err := rand.Read(salt); err != nil {
			return nil, err
		}
		v.crypter = config.NewSymmetricCrypterFromPassphrase(passphrase, salt)
		check, err := v.crypter.EncryptValue(context.Background(), "pulumi")
		if err != nil {
			return nil, err
		}
		v.Salt = fmt.Sprintf("v1:%s:%s", base64.StdEncoding.EncodeToString(salt), check)
	}
	return v, nil
}

// made returns the made-up secret of a path as a stack file holds it.
func (v *vault) made(path string) (any, error) {
	s, there := v.Values[path]
	if !there {
		s.Clear = "rehearsal value of " + path
		if path == adminUsersKey {
			s.Clear = "{}" // nobody: the program wants JSON
		}
	}
	return v.encrypted(path, s)
}

// given returns a secret that somebody gave, for this call only, as a stack file holds it.
func (v *vault) given(path, clear string) (any, error) {
	key := "given as " + path // never to be taken for the made-up one
	if s := v.Values[key]; s.Clear == clear {
		return v.encrypted(key, s)
	}
	return v.encrypted(key, secret{Clear: clear})
}

func (v *vault) encrypted(path string, s secret) (any, error) {
	if s.Encrypted == "" {
		crypter, err := v.key()
		if err != nil {
			return nil, err
		}
		if s.Encrypted, err = crypter.EncryptValue(context.Background(), s.Clear); err != nil {
			return nil, err
		}
		v.Values[path] = s
	}
	return map[string]any{"secure": s.Encrypted}, nil
}

func (v *vault) key() (config.Crypter, error) {
	if v.crypter == nil {
		parts := strings.SplitN(v.Salt, ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("%s: the salt is malformed; delete the file to have new secrets made up", v.path)
		}
		salt, err := base64.StdEncoding.DecodeString(parts[1])
		if err != nil {
			return nil, fmt.Errorf("%s: the salt is malformed; delete the file to have new secrets made up: %w", v.path, err)
		}
		v.crypter = config.NewSymmetricCrypterFromPassphrase(passphrase, salt)
	}
	return v.crypter, nil
}

// certify makes up a certificate for the hosts, unless the vault has one for exactly these.
func (v *vault) certify(hosts []string) error {
	if slices.Equal(v.Hosts, hosts) && v.Values[certificateKey].Clear != "" {
		return nil
	}
	chain, key, err := issue(hosts)
	if err != nil {
		return err
	}
	v.Hosts = hosts
	v.Values[certificateKey], v.Values[privateKeyKey] = secret{Clear: chain}, secret{Clear: key}
	return nil
}

// save keeps the vault for the next call.
func (v *vault) save() error {
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(v.path, content, 0o600)
}

// issue makes a certificate for the hosts, signed by a CA that exists for this one signature: the chain, leaf first, and the
// leaf's key, both in PEM.
func issue(hosts []string) (chain, key string, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Rehearsal CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity - time.Hour),
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return "", "", err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return "", "", err
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", leafDER) + block("CERTIFICATE", caDER), block("PRIVATE KEY", keyDER), nil
}
