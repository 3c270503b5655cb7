package storage

import (
	"errors"

	"github.com/pulumi/pulumi-azure-native-sdk/storage/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/config/naming"
	"apim-azure/internal/component"
	"apim-azure/storage/plan"
)

// EventsToken is the component's type.
const EventsToken = "apim:storage:Events"

// EventsArgs describes the shared volume.
type EventsArgs struct {
	Placement component.Placement
	Names     naming.Names
	// Plan is what is known before anything exists.
	Plan plan.Events
	// SubnetID is the resource ID of the AKS subnet, which has the service endpoint Microsoft.Storage.
	SubnetID string
	// DependsOn is waited for before the account is created: the network the subnet ID points into.
	DependsOn []pulumi.Resource
}

// Validate reports every problem of the plan and of the wiring at once.
func (a *EventsArgs) Validate() error {
	if a == nil {
		return errors.New("storage events: no arguments")
	}
	return errors.Join(a.Plan.Validate(), plan.Wiring("storage events", a.SubnetID))
}

// Events is the shared volume of the transaction events.
type Events struct {
	pulumi.ResourceState

	// AccountName and AccountID are the storage account's name and resource ID.
	AccountName pulumi.StringOutput `pulumi:"accountName"`
	AccountID   pulumi.StringOutput `pulumi:"accountId"`
	// ShareName is the SMB share.
	ShareName pulumi.StringOutput `pulumi:"shareName"`
	// Key is the account's key, a secret.
	Key pulumi.StringOutput `pulumi:"key"`
}

// NewEvents creates the account and its share.
func NewEvents(ctx *pulumi.Context, name string, args *EventsArgs, opts ...pulumi.ResourceOption) (*Events, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &Events{}
	children, err := args.Placement.Register(ctx, EventsToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newAccount(ctx, name, accountArgs{
		placement: args.Placement,
		names:     args.Names,
		role:      "events",
		shape:     args.Plan.Account(),
		subnetID:  args.SubnetID,
		dependsOn: args.DependsOn,
	}, children)
	if err != nil {
		return nil, err
	}
	share, err := storage.NewFileShare(ctx, name+"-share", &storage.FileShareArgs{
		ResourceGroupName: args.Placement.ResourceGroupName,
		AccountName:       account.Name,
		ShareName:         pulumi.String(plan.Share),
		EnabledProtocols:  pulumi.String("SMB"),
		ShareQuota:        pulumi.Int(args.Plan.ShareGB),
	}, children.Protected()...)
	if err != nil {
		return nil, err
	}
	c.AccountName = account.Name
	c.AccountID = account.ID().ToStringOutput()
	c.ShareName = share.Name
	c.Key = accountKey(ctx, args.Placement, account, c)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"accountName": c.AccountName,
		"accountId":   c.AccountID,
		"shareName":   c.ShareName,
		"key":         c.Key,
	})
}
