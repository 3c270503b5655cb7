package workloads

import (
	"errors"
	"fmt"
	"net/netip"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// ANMToken is the type of ANM.
const ANMToken = "apim:workloads:ANM"

// ANMArgs describes the Admin Node Manager.
type ANMArgs struct {
	Platform Platform
	Spec     plan.ANMSpec
	// InternalAddress is a free address of the cluster's subnet on which an internal load balancer offers ANM's pages at port
	// 443. Empty: no load balancer, an ingress publishes ANM.
	InternalAddress string
	// After is what must be up first.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *ANMArgs) Validate() error {
	if a == nil {
		return errors.New("anm: no arguments")
	}
	return errors.Join(a.Platform.validate(), a.Spec.Validate(), checkAddress("anm: internal address", a.InternalAddress))
}

// checkAddress refuses a text that is neither empty nor a private IPv4 address.
func checkAddress(what, text string) error {
	if text == "" {
		return nil
	}
	if a, err := netip.ParseAddr(text); err != nil || !a.Is4() || !a.IsPrivate() {
		return fmt.Errorf("%s: %q is not a private IPv4 address; use a free one of the cluster's subnet", what, text)
	}
	return nil
}

// ANM is the Admin Node Manager.
type ANM struct {
	pulumi.ResourceState

	// ServiceName is the Service the gateways register at, on port 8090; 8091 is the user interface.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`
	// InternalAddress is the address of the internal load balancer, empty without one.
	InternalAddress pulumi.StringOutput `pulumi:"internalAddress"`

	// Ready is what comes up last. Wait for it rather than for the component: a component's children are known to the SDK only a
	// moment after they were registered, and those it doesn't know yet are not waited for.
	Ready pulumi.Resource
}

// NewANM creates the Deployment of the one replica, its Service and, if asked, the internal load balancer. Two ANMs disagree
// about the topology, so the old one is gone before the new one starts.
func NewANM(ctx *pulumi.Context, name string, args *ANMArgs, opts ...pulumi.ResourceOption) (*ANM, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	pod := args.Platform.pod(args.Spec)
	anm := &ANM{
		ServiceName:     pulumi.String(pod.Name()).ToStringOutput(),
		InternalAddress: pulumi.String(args.InternalAddress).ToStringOutput(),
	}
	kids, err := args.Platform.register(ctx, ANMToken, name, anm, args.After, opts...)
	if err != nil {
		return nil, err
	}
	account, err := newServiceAccount(ctx, name, args.Platform, pod, kids)
	if err != nil {
		return nil, err
	}
	recreate := &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")}
	deployment, err := appsv1.NewDeployment(ctx, name+"-deployment", deploymentArgs(args.Platform, pod, pulumi.Int(1), recreate),
		kids.opts(rollout(1), pulumi.DependsOn([]pulumi.Resource{account}))...)
	if err != nil {
		return nil, err
	}
	// Services come after their pods: a Service without any is waited for in vain.
	kids.after = append(kids.after, deployment)
	if anm.Ready, err = newService(ctx, name, args.Platform, pod, kids); err != nil {
		return nil, err
	}
	if args.InternalAddress != "" {
		if err := args.newLoadBalancer(ctx, name, pod, kids); err != nil {
			return nil, err
		}
	}
	return anm, ctx.RegisterResourceOutputs(anm, pulumi.Map{
		"serviceName": anm.ServiceName, "internalAddress": anm.InternalAddress,
	})
}

// newLoadBalancer passes port 443 through to ANM's second listener, which presents the public certificate itself. It sends to
// ANM's node only: through another one, ANM and network policies would see that node instead of the administrator.
func (a *ANMArgs) newLoadBalancer(ctx *pulumi.Context, name string, pod plan.Pod, kids children) error {
	meta := a.Platform.Namespace.meta(pod.Name()+"-internal", plan.Labels(pod.Component, pod.Group))
	meta.Annotations = pulumi.ToStringMap(plan.InternalAddress(a.InternalAddress))
	_, err := corev1.NewService(ctx, name+"-internal", &corev1.ServiceArgs{
		Metadata: meta,
		Spec: &corev1.ServiceSpecArgs{
			Type:                  pulumi.String("LoadBalancer"),
			ExternalTrafficPolicy: pulumi.String("Local"),
			Selector:              pulumi.ToStringMap(plan.Selector(pod.Component, pod.Group)),
			Ports:                 corev1.ServicePortArray{servicePort("https", 443, plan.PortANMUI)},
		},
	}, kids.opts(rollout(1))...)
	return err
}
