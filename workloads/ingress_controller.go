package workloads

import (
	"errors"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// IngressControllerToken is the type of IngressController.
const IngressControllerToken = "apim:workloads:IngressController"

// AGIC is the controller of Application Gateway.
type AGIC struct {
	// Site is the gateway it manages.
	Site plan.GatewaySite
	// ClientID is the client ID of the Azure identity it acts as, federated with plan.AGICSubject.
	ClientID pulumi.StringInput
}

// Traefik is the controller behind Azure Load Balancer. Exactly one of the two addresses is given.
type Traefik struct {
	// PublicIP and PublicIPResourceGroup name a public address created beforehand.
	PublicIP, PublicIPResourceGroup string
	// PrivateAddress is a free address of the cluster's subnet.
	PrivateAddress string
	// Zonal tells that the nodes are in availability zones.
	Zonal bool
}

// IngressControllerArgs describes the ingress controller: either AGIC or Traefik.
type IngressControllerArgs struct {
	Cluster Cluster
	// NodeSelector picks the nodes of the infrastructure pool.
	NodeSelector map[string]string
	AGIC         *AGIC
	Traefik      *Traefik
	// After is what must be there first: for AGIC, its roles and its federated credential.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *IngressControllerArgs) Validate() error {
	if a == nil {
		return errors.New("ingress controller: no arguments")
	}
	errs := []error{a.Cluster.validate()}
	if len(a.NodeSelector) == 0 {
		errs = append(errs, errors.New("ingress controller: a node selector is required, else it lands on the pools of other components"))
	}
	if (a.AGIC == nil) == (a.Traefik == nil) {
		errs = append(errs, errors.New("ingress.controller: describe either AGIC or Traefik"))
	}
	return errors.Join(append(errs, a.AGIC.validate(), a.Traefik.validate())...)
}

func (a *AGIC) validate() error {
	if a == nil {
		return nil
	}
	if a.Site.SubscriptionID == "" || a.Site.ResourceGroup == "" || a.Site.Name == "" || a.ClientID == nil {
		return errors.New("agic: the gateway's subscription, resource group and name, and the identity's client ID are all required")
	}
	return nil
}

func (t *Traefik) validate() error {
	if t == nil {
		return nil
	}
	public := t.PublicIP != "" && t.PublicIPResourceGroup != ""
	if public == (t.PrivateAddress != "") {
		return errors.New("traefik: give either a public address by name and resource group, or a private address")
	}
	return checkAddress("traefik: private address", t.PrivateAddress)
}

// IngressController is the controller that serves the stack's ingresses.
type IngressController struct {
	pulumi.ResourceState

	// IngressClass is the class of the ingresses it serves.
	IngressClass pulumi.StringOutput `pulumi:"ingressClass"`
}

// NewIngressController installs the controller's chart in a namespace of its own.
func NewIngressController(ctx *pulumi.Context, name string, args *IngressControllerArgs, opts ...pulumi.ResourceOption) (*IngressController, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	controller, chart, values := args.release()
	c := &IngressController{IngressClass: pulumi.String(controller.IngressClass()).ToStringOutput()}
	kids, err := args.Cluster.register(ctx, IngressControllerToken, name, c, opts...)
	if err != nil {
		return nil, err
	}
	kids.after = args.After
	namespace, err := args.Cluster.newNamespace(ctx, name+"-namespace", plan.ControllerNamespace, controller.SecurityLevel(), nil, kids)
	if err != nil {
		return nil, err
	}
	before := []pulumi.Resource{namespace}
	if controller == plan.LoadBalancer {
		class, err := newIngressClass(ctx, name, kids)
		if err != nil {
			return nil, err
		}
		before = append(before, class)
	}
	_, err = newRelease(ctx, name+"-release", plan.ControllerNamespace, chart, values, kids.opts(rollout(1), pulumi.DependsOn(before)))
	if err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"ingressClass": c.IngressClass})
}

// release picks the chart and its values.
func (a *IngressControllerArgs) release() (plan.Controller, plan.Chart, pulumi.Map) {
	if a.AGIC != nil {
		values := pulumi.ToMap(plan.AGICValues(a.AGIC.Site, a.NodeSelector))
		// The only value that arrives late; all others stay readable in previews.
		values["armAuth"] = pulumi.Map{"type": pulumi.String("workloadIdentity"), "identityClientID": a.AGIC.ClientID}
		return plan.ApplicationGateway, plan.AGICChart, values
	}
	address := plan.InternalAddress(a.Traefik.PrivateAddress)
	if a.Traefik.PublicIP != "" {
		address = plan.PublicAddress(a.Traefik.PublicIPResourceGroup, a.Traefik.PublicIP)
	}
	return plan.LoadBalancer, plan.TraefikChart, pulumi.ToMap(plan.TraefikValues(address, a.NodeSelector, a.Traefik.Zonal))
}

// newIngressClass names the retired controller whose annotations Traefik reads; Traefik's own chart has a class for its own
// provider only.
func newIngressClass(ctx *pulumi.Context, name string, kids children) (pulumi.Resource, error) {
	return networkingv1.NewIngressClass(ctx, name+"-class", &networkingv1.IngressClassArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(plan.LoadBalancer.IngressClass())},
		Spec:     &networkingv1.IngressClassSpecArgs{Controller: pulumi.String(plan.NginxController)},
	}, kids.opts()...)
}
