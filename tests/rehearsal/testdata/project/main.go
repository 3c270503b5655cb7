// Command project is a program for the rig's own tests: a random suffix, a password, a CA, and what it was told.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type secrets struct{ Certificate, PrivateKey, License string }

func main() {
	fmt.Println("printed by the program")
	pulumi.Run(deploy)
}

func deploy(ctx *pulumi.Context) error {
	value := func(key string) string { v, _ := ctx.GetConfig("apim:" + key); return v }
	length, err := strconv.Atoi(value("length"))
	if err != nil {
		return err
	}
	var s secrets
	if text := value("secrets"); text != "" {
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return err
		}
	}
	randoms, err := random.NewProvider(ctx, "random", &random.ProviderArgs{})
	if err != nil {
		return err
	}
	certificates, err := tls.NewProvider(ctx, "tls", &tls.ProviderArgs{})
	if err != nil {
		return err
	}
	protect := pulumi.Protect(value("protect") == "true")
	suffix, err := random.NewRandomString(ctx, "suffix", &random.RandomStringArgs{
		Length: pulumi.Int(length), Upper: pulumi.Bool(false), Special: pulumi.Bool(false),
	}, pulumi.Provider(randoms), protect)
	if err != nil {
		return err
	}
	password, err := random.NewRandomPassword(ctx, "password", &random.RandomPasswordArgs{Length: pulumi.Int(24)},
		pulumi.Provider(randoms))
	if err != nil {
		return err
	}
	key, err := tls.NewPrivateKey(ctx, "key", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256"),
	}, pulumi.Provider(certificates))
	if err != nil {
		return err
	}
	ca, err := tls.NewSelfSignedCert(ctx, "ca", &tls.SelfSignedCertArgs{
		PrivateKeyPem: key.PrivateKeyPem, IsCaCertificate: pulumi.Bool(true), ValidityPeriodHours: pulumi.Int(24),
		AllowedUses: pulumi.ToStringArray([]string{"cert_signing"}),
		Subject:     tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String("CA")},
	}, pulumi.Provider(certificates))
	if err != nil {
		return err
	}
	ctx.Export("suffix", suffix.Result)
	ctx.Export("password", password.Result)
	ctx.Export("ca", ca.CertPem)
	ctx.Export("certificate", pulumi.String(s.Certificate))
	ctx.Export("secrets", pulumi.ToSecret(pulumi.String(s.PrivateKey+s.License)))
	ctx.Export("configurationIsSecret", pulumi.Bool(ctx.IsConfigSecret("apim:secrets")))
	ctx.Export("cloud", pulumi.Bool(strings.Contains(strings.Join(os.Environ(), "\n"), "ARM_CLIENT_SECRET")))
	if path := value("wait"); path != "" {
		return waitFor(path)
	}
	return nil
}

// waitFor makes the file at path to say that it waits, until somebody takes it away.
func waitFor(path string) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(path); err != nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}
