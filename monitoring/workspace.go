package monitoring

import (
	"errors"
	"fmt"

	"apim-azure/config/naming"
	"apim-azure/internal/component"

	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WorkspaceToken is the component's type.
const WorkspaceToken = "apim:monitoring:Workspace"

// Unlimited is the daily quota that never stops ingestion.
const Unlimited = -1

// WorkspaceArgs describes the workspace.
type WorkspaceArgs struct {
	// Placement says where the workspace goes.
	Placement component.Placement
	// Names derives the physical names.
	Names naming.Names
	// RetentionDays is how long data is kept, 30 to 730 days.
	RetentionDays int
	// DailyQuotaGB stops ingestion for the day when reached, in GB; Unlimited never does.
	DailyQuotaGB int
}

// Workspace is a Log Analytics workspace, paid per GB.
type Workspace struct {
	pulumi.ResourceState

	// ID is the workspace's resource ID.
	ID pulumi.StringOutput `pulumi:"id"`
	// Name is the workspace's name.
	Name pulumi.StringOutput `pulumi:"name"`
	// CustomerID is the GUID agents know the workspace by.
	CustomerID pulumi.StringOutput `pulumi:"customerId"`
}

// Validate reports every problem at once.
func (a *WorkspaceArgs) Validate() error {
	if a == nil {
		return errors.New("workspace: no arguments given")
	}
	var problems []error
	if a.RetentionDays < 30 || a.RetentionDays > 730 {
		problems = append(problems, fmt.Errorf("monitoring.retentionDays: %d: Log Analytics keeps data 30 to 730 days", a.RetentionDays))
	}
	if a.DailyQuotaGB != Unlimited && a.DailyQuotaGB < 1 {
		problems = append(problems, fmt.Errorf("monitoring.dailyQuotaGB: %d: give at least 1 GB, or %d for no limit", a.DailyQuotaGB, Unlimited))
	}
	return errors.Join(problems...)
}

// NewWorkspace creates the workspace.
func NewWorkspace(ctx *pulumi.Context, name string, args *WorkspaceArgs, opts ...pulumi.ResourceOption) (*Workspace, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	w := &Workspace{}
	children, err := args.Placement.Register(ctx, WorkspaceToken, name, w, opts...)
	if err != nil {
		return nil, err
	}
	workspace, err := operationalinsights.NewWorkspace(ctx, name+"-workspace", &operationalinsights.WorkspaceArgs{
		ResourceGroupName: args.Placement.ResourceGroupName,
		WorkspaceName:     pulumi.String(args.Names.Of("logs")),
		Location:          pulumi.String(args.Placement.Location),
		Sku:               operationalinsights.WorkspaceSkuArgs{Name: pulumi.String("PerGB2018")},
		RetentionInDays:   pulumi.Int(args.RetentionDays),
		WorkspaceCapping:  operationalinsights.WorkspaceCappingArgs{DailyQuotaGb: pulumi.Float64(float64(args.DailyQuotaGB))},
		Tags:              args.Placement.TagMap(),
	}, children.Opts()...)
	if err != nil {
		return nil, err
	}
	w.ID, w.Name, w.CustomerID = workspace.ID().ToStringOutput(), workspace.Name, workspace.CustomerId
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"id": w.ID, "name": w.Name, "customerId": w.CustomerID})
}
