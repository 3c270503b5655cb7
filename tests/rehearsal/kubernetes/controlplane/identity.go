package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
)

// identity is what stays the same over a stack's life: the API server's port and the certificates.
type identity struct {
	dir  string // of the PEM files
	Port int    `json:"port"`

	ca, adminCert, adminKey []byte // PEM
}

// certificateLife is longer than any rehearsal directory lives; nothing renews these.
const certificateLife = 10 * 365 * 24 * time.Hour

// leaf is a certificate an authority issues.
type leaf struct {
	file         string
	authority    string // the file of the issuer
	commonName   string
	organisation string
	server       bool
}

const (
	// authority vouches for the API server and for everybody who speaks to it, or to etcd.
	authority = "ca"
	// frontProxyAuthority vouches for the API server towards the extension API servers behind it. It is another one, as
	// Kubernetes advises: whoever it vouches for is believed about who the user is.
	frontProxyAuthority = "front-proxy-ca"
	frontProxyName      = "front-proxy-client"
)

// leaves: system:masters is the group Kubernetes gives every right. The controller manager is in it, so that its controllers
// need no accounts of their own; making those costs 4 seconds before anything is garbage-collected. kwok is in it because it
// stands for every kubelet at once, and the node authorizer knows kubelets one by one only. The etcd certificate serves both
// sides of that connection.
var leaves = []leaf{
	{file: "apiserver", authority: authority, commonName: "kube-apiserver", server: true},
	{file: "admin", authority: authority, commonName: "rehearsal-admin", organisation: "system:masters"},
	{file: "controller-manager", authority: authority, commonName: "system:kube-controller-manager", organisation: "system:masters"},
	{file: "scheduler", authority: authority, commonName: "system:kube-scheduler"},
	{file: "kwok", authority: authority, commonName: "kwok", organisation: "system:masters"},
	{file: "etcd", authority: authority, commonName: "etcd", server: true},
	{file: "front-proxy", authority: frontProxyAuthority, commonName: frontProxyName},
}

// loadIdentity reads a stack's identity, making it on first use.
func loadIdentity(dir string) (*identity, error) {
	id := &identity{dir: filepath.Join(dir, "pki")}
	record := filepath.Join(dir, "identity.json")
	text, err := os.ReadFile(record)
	switch {
	case errors.Is(err, os.ErrNotExist):
		// The record is written last: a run killed in between starts afresh instead of mixing two authorities.
		if err := os.RemoveAll(id.dir); err != nil {
			return nil, err
		}
		if id.Port, err = freePort(); err != nil {
			return nil, err
		}
		if err := id.complete(); err != nil {
			return nil, err
		}
		text, err := json.Marshal(id)
		if err != nil {
			return nil, err
		}
		if err := writeFile(record, text); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(text, id); err != nil {
			return nil, fmt.Errorf("%s: %w", record, err)
		}
		// A folder of an earlier version lacks the certificates of what it did not run.
		if err := id.complete(); err != nil {
			return nil, err
		}
	}
	for _, file := range []struct {
		name string
		into *[]byte
	}{{"ca.crt", &id.ca}, {"admin.crt", &id.adminCert}, {"admin.key", &id.adminKey}} {
		if *file.into, err = os.ReadFile(id.file(file.name)); err != nil {
			return nil, err
		}
	}
	return id, nil
}

// complete makes the keys and certificates that are not there yet.
func (id *identity) complete() error {
	issuers := map[string]issuer{}
	for _, name := range []string{authority, frontProxyAuthority} {
		by, err := id.authority(name)
		if err != nil {
			return err
		}
		issuers[name] = by
	}
	for _, l := range leaves {
		if id.has(l.file+".key") && id.has(l.file+".crt") {
			continue
		}
		key, err := id.newKey(l.file + ".key")
		if err != nil {
			return err
		}
		by := issuers[l.authority]
		if err := id.issue(l.file+".crt", template(l), by.cert, key.Public(), by.key); err != nil {
			return err
		}
	}
	if id.has("service-accounts.key") {
		return nil
	}
	_, err := id.newKey("service-accounts.key")
	return err
}

// issuer is an authority at work.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// authority returns the certificate authority of that name, made on first use.
func (id *identity) authority(name string) (issuer, error) {
	if id.has(name+".key") && id.has(name+".crt") {
		pair, err := tls.LoadX509KeyPair(id.file(name+".crt"), id.file(name+".key"))
		if err != nil {
			return issuer{}, fmt.Errorf("the authority in %s: %w", id.dir, err)
		}
		return issuer{pair.Leaf, pair.PrivateKey.(crypto.Signer)}, nil
	}
	key, err := id.newKey(name + ".key")
	if err != nil {
		return issuer{}, err
	}
	cert := template(leaf{commonName: "rehearsal-" + name})
	cert.IsCA = true
	cert.BasicConstraintsValid = true
	cert.KeyUsage |= x509.KeyUsageCertSign
	cert.ExtKeyUsage = nil
	return issuer{cert, key}, id.issue(name+".crt", cert, cert, key.Public(), key)
}

func (id *identity) has(name string) bool {
	_, err := os.Stat(id.file(name))
	return err == nil
}

func template(l leaf) *x509.Certificate {
	now := time.Now()
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: l.commonName},
		NotBefore:   now.Add(-time.Hour), // tolerates a clock set back after the first run
		NotAfter:    now.Add(certificateLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if l.organisation != "" {
		t.Subject.Organization = []string{l.organisation}
	}
	if l.server {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		t.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	}
	return t
}

func (id *identity) issue(name string, cert, by *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	cert.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, cert, by, public, signer)
	if err != nil {
		return err
	}
	return writeFile(id.file(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (id *identity) newKey(name string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(id.file(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func (id *identity) file(name string) string { return filepath.Join(id.dir, name) }

func (id *identity) server() string { return fmt.Sprintf("https://127.0.0.1:%d", id.Port) }

func (id *identity) restConfig() *rest.Config {
	return &rest.Config{
		Host: id.server(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: id.ca, CertData: id.adminCert, KeyData: id.adminKey,
		},
		// The figures of the real provider: client-go's own defaults (5 and 10) would make a stack of 100 objects crawl.
		QPS: 50, Burst: 120,
	}
}

// freePort asks the system for a port nobody listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
