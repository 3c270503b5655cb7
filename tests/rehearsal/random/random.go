// Package random stands in for the random provider: real values from the machine's random source, every argument honoured.
//
// It has the types a program of this project may use: RandomString, RandomPassword, RandomId and RandomUuid. As with the real
// provider, a change of any argument makes a new value, `keepers` included.
package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"golang.org/x/crypto/bcrypt"

	"apim-azure/tests/rehearsal/logical"
)

// Version is the version of the provider that is stood in for.
const Version = "4.19.1"

// bcryptLimit is the number of bytes bcrypt reads; the provider hashes the first 72 of a longer password.
const bcryptLimit = 72

// New returns the provider.
func New() *logical.Provider {
	return &logical.Provider{Name: "random", Version: Version, Resources: map[string]logical.Resource{
		"random:index/randomString:RandomString":     randomString(),
		"random:index/randomPassword:RandomPassword": randomPassword(),
		"random:index/randomId:RandomId":             randomID(),
		"random:index/randomUuid:RandomUuid":         randomUUID(),
	}}
}

func randomString() logical.Resource {
	return logical.Resource{
		Inputs:  textInputs(),
		Outputs: map[string]bool{"result": false},
		Check:   checkText,
		Create: func(in logical.Values) (string, map[string]any, error) {
			text, err := generate(in)
			return text, map[string]any{"result": text}, err
		},
	}
}

func randomPassword() logical.Resource {
	return logical.Resource{
		Inputs:  textInputs(),
		Outputs: map[string]bool{"result": true, "bcryptHash": true},
		Check:   checkText,
		Create: func(in logical.Values) (string, map[string]any, error) {
			text, err := generate(in)
			if err != nil {
				return "", nil, err
			}
			hash, err := bcrypt.GenerateFromPassword([]byte(text)[:min(len(text), bcryptLimit)], bcrypt.DefaultCost)
			return "none", map[string]any{"result": text, "bcryptHash": string(hash)}, err
		},
	}
}

func randomID() logical.Resource {
	return logical.Resource{
		Inputs: map[string]logical.Input{
			"byteLength": {Kind: logical.Integer, Required: true},
			"prefix":     {Kind: logical.String},
			"keepers":    {Kind: logical.Map},
		},
		Outputs: map[string]bool{"b64Std": false, "b64Url": false, "dec": false, "hex": false},
		Check: func(in logical.Values) map[string]string {
			if n := in.Int("byteLength"); n < 1 {
				return map[string]string{"byteLength": fmt.Sprintf("byteLength is %d, it must be 1 or more", n)}
			}
			return nil
		},
		Create: func(in logical.Values) (string, map[string]any, error) {
			raw := make([]byte, in.Int("byteLength"))
			if _, err := rand.Read(raw); err != nil {
				return "", nil, err
			}
			prefix, url := in.String("prefix"), base64.RawURLEncoding.EncodeToString(raw)
			return url, map[string]any{
				"b64Std": prefix + base64.StdEncoding.EncodeToString(raw),
				"b64Url": prefix + url,
				"dec":    prefix + new(big.Int).SetBytes(raw).String(),
				"hex":    prefix + hex.EncodeToString(raw),
			}, nil
		},
	}
}

func randomUUID() logical.Resource {
	return logical.Resource{
		Inputs:  map[string]logical.Input{"keepers": {Kind: logical.Map}},
		Outputs: map[string]bool{"result": false},
		Create: func(logical.Values) (string, map[string]any, error) {
			var b [16]byte
			if _, err := rand.Read(b[:]); err != nil {
				return "", nil, err
			}
			b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, RFC 9562 variant
			id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
			return id, map[string]any{"result": id}, nil
		},
	}
}
