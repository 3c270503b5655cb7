package workloads

import (
	"errors"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// ManagerToken is the type of Manager.
const ManagerToken = "apim:workloads:Manager"

// ManagerArgs describes a group's API Manager UI.
type ManagerArgs struct {
	Platform Platform
	Spec     plan.ManagerSpec
	// After is what must be up first: ANM, and the group's keyspaces.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *ManagerArgs) Validate() error {
	if a == nil {
		return errors.New("manager: no arguments")
	}
	return errors.Join(a.Platform.validate(), a.Spec.Validate())
}

// Manager is a group's API Manager UI.
type Manager struct {
	pulumi.ResourceState

	// ServiceName is the Service of the user interface, on port 8075.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`

	// Ready is what comes up last.
	Ready pulumi.Resource
}

// NewManager creates the Deployment of one replica, as Axway recommends, and its Service. During a rollout there are two for a
// moment; the affinity cookie keeps a session on one of them.
func NewManager(ctx *pulumi.Context, name string, args *ManagerArgs, opts ...pulumi.ResourceOption) (*Manager, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	pod := args.Platform.pod(args.Spec)
	m := &Manager{ServiceName: pulumi.String(pod.Name()).ToStringOutput()}
	kids, err := args.Platform.register(ctx, ManagerToken, name, m, args.After, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newServiceAccount(ctx, name, args.Platform, pod, kids)
	if err != nil {
		return nil, err
	}
	deployment, err := appsv1.NewDeployment(ctx, name+"-deployment", deploymentArgs(args.Platform, pod, pulumi.Int(1), oneMore()),
		kids.opts(rollout(1), pulumi.DependsOn([]pulumi.Resource{account}))...)
	if err != nil {
		return nil, err
	}
	kids.after = append(kids.after, deployment)
	if m.Ready, err = newService(ctx, name, args.Platform, pod, kids); err != nil {
		return nil, err
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"serviceName": m.ServiceName})
}
