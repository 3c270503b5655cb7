package preflight

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// The files of a folder of TLS material, named as Kubernetes and cert-manager name the keys of their secrets.
const (
	caFile          = "ca.crt"
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// trusting is the TLS configuration for a server that has to prove to be name. caFile is a PEM file with the authorities to
// trust, and no others; empty: those of the system. TLS 1.2 is the least the platform allows.
func trusting(name, caFile string) (*tls.Config, error) {
	config := &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM format", caFile)
	}
	return config, nil
}

// proving is trusting with the authority of a folder, and shows the client certificate of the same folder.
func proving(name, dir string) (*tls.Config, error) {
	config, err := trusting(name, filepath.Join(dir, caFile))
	if err != nil {
		return nil, err
	}
	// Errors of this function name no content of the files.
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("the client certificate in %s can't be used: %w", dir, err)
	}
	// Shown whatever authorities the server says it takes: Go would keep another's back, and the server's answer would be that
	// there was none.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
	return config, nil
}
