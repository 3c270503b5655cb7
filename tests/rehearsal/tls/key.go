package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"apim-azure/tests/rehearsal/logical"
)

// leastRSABits is the smallest RSA key crypto/rsa agrees to make. The real provider has no bound of its own.
const leastRSABits = 1024

var algorithms = []string{"RSA", "ECDSA", "ED25519"}

var curves = map[string]elliptic.Curve{
	"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521(),
}

func privateKey() logical.Resource {
	return logical.Resource{
		Inputs: map[string]logical.Input{
			"algorithm":  {Kind: logical.String, Required: true},
			"rsaBits":    {Kind: logical.Integer, Default: 2048},
			"ecdsaCurve": {Kind: logical.String, Default: "P224"},
		},
		Outputs: map[string]bool{
			"privateKeyPem": true, "privateKeyPemPkcs8": true, "privateKeyOpenssh": true,
			"publicKeyPem": false, "publicKeyOpenssh": false,
			"publicKeyFingerprintMd5": false, "publicKeyFingerprintSha256": false,
		},
		Check: func(in logical.Values) map[string]string {
			problems := map[string]string{}
			if a := in.String("algorithm"); !slices.Contains(algorithms, a) {
				problems["algorithm"] = fmt.Sprintf("algorithm is %q, it must be one of %s", a, strings.Join(algorithms, ", "))
			}
			if c := in.String("ecdsaCurve"); curves[c] == nil {
				problems["ecdsaCurve"] = fmt.Sprintf("ecdsaCurve is %q, it must be one of %s",
					c, strings.Join(slices.Sorted(maps.Keys(curves)), ", "))
			}
			if b := in.Int("rsaBits"); in.String("algorithm") == "RSA" && b < leastRSABits {
				problems["rsaBits"] = fmt.Sprintf("rsaBits is %d, it must be %d or more", b, leastRSABits)
			}
			return problems
		},
		Create: func(in logical.Values) (string, map[string]any, error) {
			key, err := generate(in)
			if err != nil {
				return "", nil, err
			}
			return describe(key)
		},
	}
}

func generate(in logical.Values) (crypto.Signer, error) {
	switch in.String("algorithm") {
	case "RSA":
		return rsa.GenerateKey(rand.Reader, in.Int("rsaBits"))
	case "ECDSA":
		return ecdsa.GenerateKey(curves[in.String("ecdsaCurve")], rand.Reader)
	case "ED25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("no algorithm %q", in.String("algorithm"))
}

// describe returns a key's ID, the SHA-1 of its public half, and its forms.
func describe(key crypto.Signer) (string, map[string]any, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	traditional, err := traditionalPEM(key, pkcs8)
	if err != nil {
		return "", nil, err
	}
	out := map[string]any{
		"privateKeyPem":      traditional,
		"privateKeyPemPkcs8": encode("PRIVATE KEY", pkcs8),
		"publicKeyPem":       encode("PUBLIC KEY", public),
		// SSH knows no P-224 key: these stay empty for it.
		"privateKeyOpenssh": "", "publicKeyOpenssh": "", "publicKeyFingerprintMd5": "", "publicKeyFingerprintSha256": "",
	}
	if sshPublic, err := ssh.NewPublicKey(key.Public()); err == nil {
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return "", nil, err
		}
		out["privateKeyOpenssh"] = string(pem.EncodeToMemory(block))
		out["publicKeyOpenssh"] = string(ssh.MarshalAuthorizedKey(sshPublic))
		out["publicKeyFingerprintMd5"] = ssh.FingerprintLegacyMD5(sshPublic)
		out["publicKeyFingerprintSha256"] = ssh.FingerprintSHA256(sshPublic)
	}
	id := sha1.Sum(public)
	return hex.EncodeToString(id[:]), out, nil
}

// traditionalPEM is the form older programs read: PKCS#1 for RSA, SEC 1 for ECDSA. ED25519 has PKCS#8 only.
func traditionalPEM(key crypto.Signer, pkcs8 []byte) (string, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k)), nil
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(k)
		return encode("EC PRIVATE KEY", der), err
	}
	return encode("PRIVATE KEY", pkcs8), nil
}

// parseKey reads a private key in any of the forms above and names its algorithm.
func parseKey(text string) (crypto.Signer, string, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", errors.New("the private key is not in PEM form")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "OPENSSH PRIVATE KEY":
		key, err = ssh.ParseRawPrivateKey([]byte(text))
	default:
		return nil, "", fmt.Errorf("a PEM block of type %q holds no private key", block.Type)
	}
	if err != nil {
		return nil, "", fmt.Errorf("the private key can't be read: %w", err)
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, "RSA", nil
	case *ecdsa.PrivateKey:
		return k, "ECDSA", nil
	case ed25519.PrivateKey:
		return k, "ED25519", nil
	case *ed25519.PrivateKey:
		return *k, "ED25519", nil
	}
	return nil, "", fmt.Errorf("private keys of type %T are not supported", key)
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
