// Package stack puts one environment together: configuration in, components side by side, outputs out. It is the one place
// where components meet.
package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v3"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config"
	"apim-azure/internal/component"
)

// Deploy is the Pulumi program. It refuses a bad configuration with every problem at once, before anything is registered.
func Deploy(ctx *pulumi.Context) error {
	raw, err := rawConfig()
	if err != nil {
		return err
	}
	cfg, warnings, err := config.Load(ctx.Project(), ctx.Stack(), raw)
	if err = errors.Join(err, secretsAreSecret(ctx, raw)); err != nil {
		return fmt.Errorf("the configuration of stack %s was refused, nothing was changed:\n%w", ctx.Stack(), err)
	}
	for _, warning := range warnings {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	providers, err := newProviders(ctx, cfg)
	if err != nil {
		return err
	}
	p, err := newPlatform(ctx, cfg, providers)
	if err != nil {
		return err
	}
	if cfg.Workloads.Enabled {
		if err := newWorkloads(ctx, cfg, p); err != nil {
			return err
		}
	}
	return export(ctx, p.outputs(cfg))
}

// rawConfig is the configuration as Pulumi hands it to the program: full keys to strings. The SDK offers lookups by key only,
// and an unknown key can't be found by looking up the known ones.
func rawConfig() (map[string]string, error) {
	text := os.Getenv(pulumi.EnvConfig)
	if text == "" {
		return nil, nil
	}
	raw := map[string]string{}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("reading the configuration Pulumi passed in %s: %w", pulumi.EnvConfig, err)
	}
	return raw, nil
}

// secretsAreSecret refuses a secrets section that was set without encryption: it would be committed in clear.
func secretsAreSecret(ctx *pulumi.Context, raw map[string]string) error {
	key := ctx.Project() + ":secrets"
	if text := raw[key]; text == "" || text == "{}" || ctx.IsConfigSecret(key) {
		return nil
	}
	return errors.New("secrets: [not shown]: is stored in clear; take it out of the stack's file, replace what leaked, and set each " +
		"value with `pulumi config set --secret --path 'secrets.NAME'`")
}

// newProviders registers the explicit providers. Default ones are disabled in Pulumi.yaml, so that a forgotten provider fails
// instead of using whatever credentials lie around.
func newProviders(ctx *pulumi.Context, cfg *config.Config) (component.Providers, error) {
	azure, err := azurenative.NewProvider(ctx, "azure", &azurenative.ProviderArgs{
		SubscriptionId: pulumi.String(cfg.Azure.SubscriptionID),
		TenantId:       pulumi.String(cfg.Azure.TenantID),
	})
	if err != nil {
		return component.Providers{}, err
	}
	rnd, err := random.NewProvider(ctx, "random", nil)
	if err != nil {
		return component.Providers{}, err
	}
	certificates, err := tls.NewProvider(ctx, "tls", nil)
	if err != nil {
		return component.Providers{}, err
	}
	return component.Providers{Azure: azure, Random: rnd, TLS: certificates}, nil
}
