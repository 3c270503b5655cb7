package storage

import (
	"errors"

	"github.com/pulumi/pulumi-azure-native-sdk/storage/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
	"apim-azure/storage/plan"
)

// accountArgs is what the two accounts of the package have in common.
type accountArgs struct {
	placement component.Placement
	names     naming.Names
	// role is the account's part in the stack; its name says it.
	role      string
	shape     plan.Account
	subnetID  string
	dependsOn []pulumi.Resource
}

// newAccount creates a protected account that only the AKS subnet and trusted Azure services reach.
func newAccount(ctx *pulumi.Context, name string, a accountArgs, children component.Children) (*storage.StorageAccount, error) {
	suffix, err := children.Suffix(ctx, name)
	if err != nil {
		return nil, err
	}
	return storage.NewStorageAccount(ctx, name, &storage.StorageAccountArgs{
		ResourceGroupName: a.placement.ResourceGroupName,
		AccountName:       pulumi.Sprintf("%s%s", a.names.StorageAccountPrefix(a.role), suffix),
		Location:          pulumi.String(a.placement.Location),
		Tags:              a.placement.TagMap(),
		Kind:              pulumi.String(a.shape.Kind),
		Sku:               &storage.SkuArgs{Name: pulumi.String(a.shape.SKU)},

		MinimumTlsVersion:           pulumi.String("TLS1_2"),
		EnableHttpsTrafficOnly:      pulumi.Bool(true),
		AllowBlobPublicAccess:       pulumi.Bool(false),
		AllowCrossTenantReplication: pulumi.Bool(false),
		// The key is how the file CSI driver mounts the share and how the log collector signs what it appends.
		AllowSharedKeyAccess: pulumi.Bool(true),
		// Enabled, or the subnet's rule would not count; the default action denies the rest.
		PublicNetworkAccess: pulumi.String("Enabled"),
		NetworkRuleSet: &storage.NetworkRuleSetArgs{
			DefaultAction: storage.DefaultActionDeny,
			Bypass:        pulumi.String("AzureServices"),
			VirtualNetworkRules: storage.VirtualNetworkRuleArray{
				&storage.VirtualNetworkRuleArgs{
					Action:                   storage.ActionAllow,
					VirtualNetworkResourceId: pulumi.String(a.subnetID),
				},
			},
		},
	}, children.Protected(pulumi.DependsOn(a.dependsOn))...)
}

// accountKey is the account's first key, a secret from birth. It is asked for by name, which stays known in previews.
func accountKey(ctx *pulumi.Context, p component.Placement, account *storage.StorageAccount, parent pulumi.Resource,
) pulumi.StringOutput {
	keys := storage.ListStorageAccountKeysOutput(ctx, storage.ListStorageAccountKeysOutputArgs{
		ResourceGroupName: pulumi.String(p.ResourceGroup),
		AccountName:       account.Name,
	}, pulumi.Parent(parent)).Keys()
	first := keys.ApplyT(func(keys []storage.StorageAccountKeyResponse) (string, error) {
		if len(keys) == 0 {
			return "", errors.New("the storage account has no key; the deployer needs the listKeys action on it")
		}
		return keys[0].Value, nil
	})
	return pulumi.ToSecret(first).(pulumi.StringOutput)
}
