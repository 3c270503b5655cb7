package workloads

import (
	"errors"
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// HeadroomToken is the type of Headroom.
const HeadroomToken = "apim:workloads:Headroom"

const (
	// headroomPriority is below every ordinary pod, so that any of them may take the room, and just not below -10, under which
	// the cluster autoscaler would not add a node for it.
	headroomPriority = -10
	// pauseImage does nothing. It comes from Microsoft's registry, as the nodes' own images do.
	pauseImage = "mcr.microsoft.com/oss/v2/kubernetes/pause:3.10.2"
)

// HeadroomArgs describes the room that is kept free.
type HeadroomArgs struct {
	Namespace *Namespace
	// NodeSelector picks the nodes of the API management pool.
	NodeSelector map[string]string
	// Pods is the number of rollouts there is room for, one pod each; at least 1.
	Pods int
	// Gateways are the stack's gateway groups; a headroom pod is as large as the largest of them.
	Gateways []plan.GatewaySpec
}

// Validate reports all problems.
func (a *HeadroomArgs) Validate() error {
	if a == nil {
		return errors.New("headroom: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace)}
	if a.Pods < 1 {
		errs = append(errs, fmt.Errorf("workloads.headroomPods: %d; without headroom, leave the component out", a.Pods))
	}
	if len(a.NodeSelector) == 0 || len(a.Gateways) == 0 {
		errs = append(errs, errors.New("headroom: a node selector and at least one gateway group are required"))
	}
	for _, g := range a.Gateways {
		errs = append(errs, g.Validate())
	}
	return errors.Join(errs...)
}

// Headroom is low-priority pods that keep room for a rollout: the autoscaler adds a node for them before a gateway needs it.
type Headroom struct {
	pulumi.ResourceState

	// PriorityClass is the class of the pods.
	PriorityClass pulumi.StringOutput `pulumi:"priorityClass"`
}

// NewHeadroom creates the priority class and the Deployment of pods that do nothing.
func NewHeadroom(ctx *pulumi.Context, name string, args *HeadroomArgs, opts ...pulumi.ResourceOption) (*Headroom, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	// Priority classes are not in a namespace, so the name says whose it is.
	class := args.Namespace.name + "-headroom"
	h := &Headroom{PriorityClass: pulumi.String(class).ToStringOutput()}
	kids, err := args.Namespace.register(ctx, HeadroomToken, name, h, nil, opts...)
	if err != nil {
		return nil, err
	}
	priority, err := schedulingv1.NewPriorityClass(ctx, name+"-class", &schedulingv1.PriorityClassArgs{
		Metadata:         &metav1.ObjectMetaArgs{Name: pulumi.String(class)},
		Value:            pulumi.Int(headroomPriority),
		PreemptionPolicy: pulumi.String("Never"),
		Description:      pulumi.String("Room kept free for rollouts of the API gateways; any other pod may take it."),
	}, kids.opts()...)
	if err != nil {
		return nil, err
	}
	if _, err := appsv1.NewDeployment(ctx, name+"-deployment", args.deployment(class),
		kids.opts(pulumi.DependsOn([]pulumi.Resource{priority}))...); err != nil {
		return nil, err
	}
	return h, ctx.RegisterResourceOutputs(h, pulumi.Map{"priorityClass": h.PriorityClass})
}

func (a *HeadroomArgs) deployment(class string) *appsv1.DeploymentArgs {
	labels := pulumi.StringMap{"app.kubernetes.io/name": pulumi.String("headroom")}
	meta := a.Namespace.meta("headroom", map[string]string{"app.kubernetes.io/name": "headroom", "app.kubernetes.io/part-of": "axway-api-management"})
	// Not waited for: pods without room are this Deployment's purpose, and must never fail an update.
	annotations := plan.Annotations(plan.HeadroomExceptions())
	annotations["pulumi.com/skipAwait"] = "true"
	meta.Annotations = pulumi.ToStringMap(annotations)
	return &appsv1.DeploymentArgs{
		Metadata: meta,
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(a.Pods),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: labels},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels},
				Spec:     a.podSpec(class),
			},
		},
	}
}

func (a *HeadroomArgs) podSpec(class string) *corev1.PodSpecArgs {
	gateways := make([]plan.Resources, len(a.Gateways))
	for i, g := range a.Gateways {
		gateways[i], _ = g.Resources() // valid: Validate has read them
	}
	room := plan.Headroom(gateways)
	return &corev1.PodSpecArgs{
		PriorityClassName:            pulumi.String(class),
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		NodeSelector:                 pulumi.ToStringMap(a.NodeSelector),
		// Gone at once when the room is needed.
		TerminationGracePeriodSeconds: pulumi.Int(0),
		SecurityContext: &corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(65535), RunAsGroup: pulumi.Int(65535),
			SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:            pulumi.String("pause"),
			Image:           pulumi.String(pauseImage),
			Resources:       resources(room),
			SecurityContext: confined(true),
		}},
	}
}
