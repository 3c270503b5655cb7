package workloads

import (
	"errors"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// GatewayToken is the type of Gateway.
const GatewayToken = "apim:workloads:Gateway"

// scaleDownWindow is how long, in seconds, load must stay low before gateways go: Kubernetes' own default, stated because a
// JVM that is missed takes minutes to come back.
const scaleDownWindow = 300

// GatewayArgs describes a group's gateways.
type GatewayArgs struct {
	Platform Platform
	Spec     plan.GatewaySpec
	// After is what must be up first: the group's API Manager UI.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *GatewayArgs) Validate() error {
	if a == nil {
		return errors.New("gateway: no arguments")
	}
	return errors.Join(a.Platform.validate(), a.Spec.Validate())
}

// Gateway is a group's autoscaled gateways.
type Gateway struct {
	pulumi.ResourceState

	// ServiceName is the Service of the API traffic, on port 8065.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`

	// Ready is what comes up last.
	Ready pulumi.Resource
}

// NewGateway creates the autoscaler, the disruption budget, the Deployment and its Service. The Deployment states no number of
// replicas: the autoscaler owns it, and every update would set it back. The autoscaler doesn't wait for the Deployment, or the
// first rollout would be called done with the single gateway that Kubernetes starts where no number is stated.
func NewGateway(ctx *pulumi.Context, name string, args *GatewayArgs, opts ...pulumi.ResourceOption) (*Gateway, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	pod := args.Platform.pod(args.Spec)
	g := &Gateway{ServiceName: pulumi.String(pod.Name()).ToStringOutput()}
	kids, err := args.Platform.register(ctx, GatewayToken, name, g, args.After, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newServiceAccount(ctx, name, args.Platform, pod, kids)
	if err != nil {
		return nil, err
	}
	if err := args.newAutoscaler(ctx, name, pod, kids); err != nil {
		return nil, err
	}
	if err := args.newBudget(ctx, name, pod, kids); err != nil {
		return nil, err
	}
	deployment, err := appsv1.NewDeployment(ctx, name+"-deployment", deploymentArgs(args.Platform, pod, nil, oneMore()),
		kids.opts(rollout(args.Spec.MaxReplicas), pulumi.DependsOn([]pulumi.Resource{account}))...)
	if err != nil {
		return nil, err
	}
	kids.after = append(kids.after, deployment)
	if g.Ready, err = newService(ctx, name, args.Platform, pod, kids); err != nil {
		return nil, err
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"serviceName": g.ServiceName})
}

func (a *GatewayArgs) newAutoscaler(ctx *pulumi.Context, name string, pod plan.Pod, kids children) error {
	var metrics autoscalingv2.MetricSpecArray
	for _, m := range a.Spec.Metrics() {
		metrics = append(metrics, &autoscalingv2.MetricSpecArgs{
			Type: pulumi.String("Resource"),
			Resource: &autoscalingv2.ResourceMetricSourceArgs{
				Name:   pulumi.String(m.Resource),
				Target: &autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(m.Percent)},
			},
		})
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(ctx, name+"-autoscaler", &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: a.Platform.Namespace.meta(pod.Name(), plan.Labels(pod.Component, pod.Group)),
		Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(pod.Name()),
			},
			MinReplicas: pulumi.Int(a.Spec.MinReplicas),
			MaxReplicas: pulumi.Int(a.Spec.MaxReplicas),
			Metrics:     metrics,
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{ScaleDown: &autoscalingv2.HPAScalingRulesArgs{
				StabilizationWindowSeconds: pulumi.Int(scaleDownWindow),
				Policies: autoscalingv2.HPAScalingPolicyArray{&autoscalingv2.HPAScalingPolicyArgs{
					// One at a time, in the time it has to drain.
					Type: pulumi.String("Pods"), Value: pulumi.Int(1), PeriodSeconds: pulumi.Int(pod.Grace),
				}},
			}},
		},
	}, kids.opts()...)
	return err
}

// newBudget lets node upgrades take one gateway of the group at a time. Pods that never became ready may always go: they hold
// up the upgrade that might heal them.
func (a *GatewayArgs) newBudget(ctx *pulumi.Context, name string, pod plan.Pod, kids children) error {
	_, err := policyv1.NewPodDisruptionBudget(ctx, name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: a.Platform.Namespace.meta(pod.Name(), plan.Labels(pod.Component, pod.Group)),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   selector(pod),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, kids.opts()...)
	return err
}
