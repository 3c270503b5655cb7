package workloads

import (
	"errors"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// CertManagerToken is the type of CertManager.
const CertManagerToken = "apim:workloads:CertManager"

// CertManagerArgs describes how certificates are had.
type CertManagerArgs struct {
	// Namespace is the workloads': the issuer serves it and no other.
	Namespace *Namespace
	// NodeSelector picks the nodes of the infrastructure pool.
	NodeSelector map[string]string
	// Issuer says from whom, and by which proof.
	Issuer plan.Issuer
	// ClientID is the client ID of the Azure identity that may write records into the issuer's zone, federated with
	// plan.CertManagerSubject. Nil without a zone.
	ClientID pulumi.StringInput
	// After is what must be there first: the identity's role and credential.
	After []pulumi.Resource
}

// Validate reports all problems.
func (a *CertManagerArgs) Validate() error {
	if a == nil {
		return errors.New("cert-manager: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace), a.Issuer.Validate()}
	if len(a.NodeSelector) == 0 {
		errs = append(errs, errors.New("cert-manager: a node selector is required, else it lands on the pools of other components"))
	}
	if (a.Issuer.Zone == nil) != (a.ClientID == nil) {
		errs = append(errs, errors.New("cert-manager: an issuer with a zone needs the client ID of the identity that writes to it, and no other does"))
	}
	return errors.Join(errs...)
}

// CertManager is cert-manager, and the issuer of the hosts' certificates.
type CertManager struct {
	pulumi.ResourceState

	// IssuerName is the issuer's, in the workloads' namespace.
	IssuerName pulumi.StringOutput `pulumi:"issuerName"`

	issuer pulumi.Resource
}

// NewCertManager installs the chart in a namespace of its own, with the kinds that certificates are ordered by, and creates the
// issuer.
func NewCertManager(ctx *pulumi.Context, name string, args *CertManagerArgs, opts ...pulumi.ResourceOption) (*CertManager, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &CertManager{IssuerName: pulumi.String(plan.IssuerName).ToStringOutput()}
	kids, err := args.Namespace.register(ctx, CertManagerToken, name, c, args.After, opts...)
	if err != nil {
		return nil, err
	}
	namespace, err := args.Namespace.cluster.newNamespace(ctx, name+"-namespace", plan.CertManagerNamespace, plan.Restricted, nil, kids)
	if err != nil {
		return nil, err
	}
	values := pulumi.ToMap(plan.CertManagerValues(args.NodeSelector, args.Issuer.Zone != nil))
	release, err := newRelease(ctx, name+"-release", plan.CertManagerNamespace, plan.CertManagerChart, values,
		kids.opts(rollout(1), pulumi.DependsOn([]pulumi.Resource{namespace})))
	if err != nil {
		return nil, err
	}
	c.issuer, err = newCustom(ctx, name+"-issuer", plan.IssuerKind, args.Namespace.meta(plan.IssuerName, nil), args.Issuer.Spec(args.ClientID),
		kids.opts(pulumi.DependsOn([]pulumi.Resource{release})))
	if err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"issuerName": c.IssuerName})
}

// newCertificate orders a certificate from the issuer.
func (c *CertManager) newCertificate(ctx *pulumi.Context, name string, meta *metav1.ObjectMetaArgs, spec map[string]any, kids children,
) (pulumi.Resource, error) {
	return newCustom(ctx, name, plan.CertificateKind, meta, spec, kids.opts(pulumi.DependsOn([]pulumi.Resource{c.issuer})))
}

// newCustom creates an object of one of cert-manager's kinds.
func newCustom(ctx *pulumi.Context, name, kind string, meta *metav1.ObjectMetaArgs, spec map[string]any, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(plan.CertificateAPI), Kind: pulumi.String(kind), Metadata: meta,
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, opts...)
}
