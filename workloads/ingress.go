package workloads

import (
	"errors"
	"fmt"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// IngressToken is the type of Ingress.
const IngressToken = "apim:workloads:Ingress"

// IngressArgs describes one published host.
type IngressArgs struct {
	Namespace *Namespace
	// Component and Group say whose Service is published. Group is empty for ANM.
	Component plan.Component
	Group     string
	// Publication says how.
	Publication plan.Publication
	// Certificate is the PEM chain of the host, leaf first, and PrivateKey its PEM key. Nil with an issuer.
	Certificate, PrivateKey pulumi.StringInput
	// Issuer gets the certificate instead. Nil: it is supplied.
	Issuer *CertManager
	// After is what must be up first: the controller and the component.
	After []pulumi.Resource
}

// ports are what each component publishes.
var ports = map[plan.Component]int{
	plan.ANM: plan.PortANMUI, plan.Manager: plan.PortManager, plan.Gateway: plan.PortTraffic,
}

// Validate reports all problems.
func (a *IngressArgs) Validate() error {
	if a == nil {
		return errors.New("ingress: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace), a.Publication.Validate()}
	if ports[a.Component] == 0 {
		errs = append(errs, fmt.Errorf("ingress: component %q is not published; use %s, %s or %s", a.Component, plan.ANM, plan.Manager, plan.Gateway))
	}
	if a.Publication.Host == "" {
		errs = append(errs, errors.New("ingress: the host name is required"))
	}
	if a.Issuer == nil && (a.Certificate == nil || a.PrivateKey == nil) {
		errs = append(errs, errors.New("secrets.certificate, secrets.privateKey: both are required to publish a host"))
	}
	return errors.Join(errs...)
}

// Ingress is one published host with its own certificate.
type Ingress struct {
	pulumi.ResourceState

	// URL is where the host is reached.
	URL pulumi.StringOutput `pulumi:"url"`
}

// NewIngress creates the host's certificate and its ingress: HTTPS only, all paths, HTTPS to the pods. It doesn't wait for a
// certificate that is issued: the authority may have to find the host first, whose record may be made by hand after this run.
func NewIngress(ctx *pulumi.Context, name string, args *IngressArgs, opts ...pulumi.ResourceOption) (*Ingress, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	i := &Ingress{URL: pulumi.String("https://" + args.Publication.Host).ToStringOutput()}
	kids, err := args.Namespace.register(ctx, IngressToken, name, i, args.After, opts...)
	if err != nil {
		return nil, err
	}
	object := plan.ObjectName(args.Component, args.Group)
	certificate, err := args.certificate(ctx, name+"-certificate", object, kids)
	if err != nil {
		return nil, err
	}
	meta := args.Namespace.meta(object, plan.Labels(args.Component, args.Group))
	meta.Annotations = pulumi.ToStringMap(args.Publication.Annotations())
	if _, err := networkingv1.NewIngress(ctx, name+"-ingress", &networkingv1.IngressArgs{
		Metadata: meta, Spec: args.spec(object),
	}, kids.opts(rollout(1), pulumi.DependsOn([]pulumi.Resource{certificate}))...); err != nil {
		return nil, err
	}
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"url": i.URL})
}

// certificate creates what the ingress takes its certificate from: the secret, or the order for one.
func (a *IngressArgs) certificate(ctx *pulumi.Context, name, object string, kids children) (pulumi.Resource, error) {
	if a.Issuer != nil {
		meta := a.Namespace.meta(object, plan.Labels(a.Component, a.Group))
		return a.Issuer.newCertificate(ctx, name, meta, plan.CertificateSpec(object, a.Publication.Host), kids)
	}
	return newSecret(ctx, name, a.Namespace, content{
		name: plan.CertificateSecret(object), kind: "kubernetes.io/tls",
		data: pulumi.StringMap{plan.KeyCertificate: a.Certificate, plan.KeyPrivateKey: a.PrivateKey},
	}, kids)
}

// secret names the secret with the host's certificate.
func (a *IngressArgs) secret(object string) string {
	if a.Issuer != nil {
		return plan.IssuedSecret(object)
	}
	return plan.CertificateSecret(object)
}

func (a *IngressArgs) spec(service string) *networkingv1.IngressSpecArgs {
	host := pulumi.String(a.Publication.Host)
	return &networkingv1.IngressSpecArgs{
		IngressClassName: pulumi.String(a.Publication.Controller.IngressClass()),
		Tls: networkingv1.IngressTLSArray{&networkingv1.IngressTLSArgs{
			Hosts: pulumi.StringArray{host}, SecretName: pulumi.String(a.secret(service)),
		}},
		Rules: networkingv1.IngressRuleArray{&networkingv1.IngressRuleArgs{
			Host: host,
			Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{&networkingv1.HTTPIngressPathArgs{
				Path: pulumi.String("/"), PathType: pulumi.String("Prefix"),
				Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
					Name: pulumi.String(service), Port: &networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(ports[a.Component])},
				}},
			}}},
		}},
	}
}
