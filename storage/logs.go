package storage

import (
	"errors"

	"github.com/pulumi/pulumi-azure-native-sdk/storage/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
	"apim-azure/storage/plan"
)

// LogsToken is the component's type.
const LogsToken = "apim:storage:Logs"

// LogsArgs describes the log containers.
type LogsArgs struct {
	Placement component.Placement
	Names     naming.Names
	// Plan is what is known before anything exists.
	Plan plan.Logs
	// SubnetID is the resource ID of the AKS subnet, which has the service endpoint Microsoft.Storage.
	SubnetID string
	// DependsOn is waited for before the account is created: the network the subnet ID points into.
	DependsOn []pulumi.Resource
}

// Validate reports every problem of the plan and of the wiring at once.
func (a *LogsArgs) Validate() error {
	if a == nil {
		return errors.New("storage logs: no arguments")
	}
	return errors.Join(a.Plan.Validate(), plan.Wiring("storage logs", a.SubnetID))
}

// Logs are the containers logs are streamed to.
type Logs struct {
	pulumi.ResourceState

	// AccountName and AccountID are the storage account's name and resource ID.
	AccountName pulumi.StringOutput `pulumi:"accountName"`
	AccountID   pulumi.StringOutput `pulumi:"accountId"`
	// Containers are the names of the containers: Kubernetes, containers, applications.
	Containers pulumi.StringArrayOutput `pulumi:"containers"`
	// Key is the account's key, a secret.
	Key pulumi.StringOutput `pulumi:"key"`
}

// NewLogs creates the account, its containers and the rule that deletes what is too old.
func NewLogs(ctx *pulumi.Context, name string, args *LogsArgs, opts ...pulumi.ResourceOption) (*Logs, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Logs{}
	children, err := args.Placement.Register(ctx, LogsToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newAccount(ctx, name, accountArgs{
		placement: args.Placement,
		names:     args.Names,
		role:      "logs",
		shape:     args.Plan.Account(),
		subnetID:  args.SubnetID,
		dependsOn: args.DependsOn,
	}, children)
	if err != nil {
		return nil, err
	}
	names := pulumi.StringArray{}
	for _, container := range plan.Containers() {
		created, err := storage.NewBlobContainer(ctx, name+"-"+container, &storage.BlobContainerArgs{
			ResourceGroupName: args.Placement.ResourceGroupName,
			AccountName:       account.Name,
			ContainerName:     pulumi.String(container),
			PublicAccess:      storage.PublicAccessNone,
		}, children.Protected()...)
		if err != nil {
			return nil, err
		}
		names = append(names, created.Name)
	}
	if err := newLifecycle(ctx, name, args, account, children); err != nil {
		return nil, err
	}
	c.AccountName = account.Name
	c.AccountID = account.ID().ToStringOutput()
	c.Containers = names.ToStringArrayOutput()
	c.Key = accountKey(ctx, args.Placement, account, c)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"accountName": c.AccountName,
		"accountId":   c.AccountID,
		"containers":  c.Containers,
		"key":         c.Key,
	})
}

// newLifecycle deletes log blobs by age. Log collectors write append blobs, uploads are block blobs; both count from their
// last modification, so a blob still being appended to stays.
func newLifecycle(ctx *pulumi.Context, name string, a *LogsArgs, account *storage.StorageAccount, children component.Children,
) error {
	_, err := storage.NewManagementPolicy(ctx, name+"-lifecycle", &storage.ManagementPolicyArgs{
		ResourceGroupName:    a.Placement.ResourceGroupName,
		AccountName:          account.Name,
		ManagementPolicyName: pulumi.String("default"),
		Policy: &storage.ManagementPolicySchemaArgs{Rules: storage.ManagementPolicyRuleArray{
			&storage.ManagementPolicyRuleArgs{
				Name:    pulumi.String("delete-old-logs"),
				Type:    pulumi.String("Lifecycle"),
				Enabled: pulumi.Bool(true),
				Definition: &storage.ManagementPolicyDefinitionArgs{
					Filters: &storage.ManagementPolicyFilterArgs{
						BlobTypes: pulumi.ToStringArray([]string{"blockBlob", "appendBlob"}),
					},
					Actions: &storage.ManagementPolicyActionArgs{BaseBlob: &storage.ManagementPolicyBaseBlobArgs{
						Delete: &storage.DateAfterModificationArgs{
							DaysAfterModificationGreaterThan: pulumi.Float64(a.Plan.RetentionDays),
						},
					}},
				},
			},
		}},
	}, children.Opts()...)
	return err
}
