package workloads

import (
	"errors"
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/internal/component"
	"apim-azure/workloads/plan"
)

// NamespaceToken is the type of Namespace.
const NamespaceToken = "apim:workloads:Namespace"

// Cluster says which cluster the objects go to.
type Cluster struct {
	// Provider is the explicit Kubernetes provider.
	Provider pulumi.ProviderResource
	// Resource is the cluster's own resource; the objects are deleted with it.
	Resource pulumi.Resource
	// KubernetesVersion is the minor version: its rules are the ones pods are held to.
	KubernetesVersion string
	// Retry tries again what the API server will let through later. Nil: never.
	Retry *pulumi.ErrorHook
}

func (c Cluster) validate() error {
	if c.Provider == nil || c.Resource == nil {
		return errors.New("cluster: the Kubernetes provider and the cluster's resource are both required")
	}
	return plan.CheckKubernetesVersion(c.KubernetesVersion)
}

// newNamespace creates a namespace that refuses pods below a level.
func (c Cluster) newNamespace(ctx *pulumi.Context, name, namespace string, level plan.SecurityLevel, labels map[string]string,
	kids children,
) (*corev1.Namespace, error) {
	all := plan.PodSecurity(level, c.KubernetesVersion)
	maps.Copy(all, labels)
	return corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(namespace), Labels: pulumi.ToStringMap(all)},
	}, kids.opts()...)
}

// register registers a component whose children are objects of the cluster.
func (c Cluster) register(ctx *pulumi.Context, token, name string, res pulumi.ComponentResource,
	opts ...pulumi.ResourceOption,
) (children, error) {
	opts = append([]pulumi.ResourceOption{pulumi.Providers(c.Provider), pulumi.DeletedWith(c.Resource)}, opts...)
	if err := ctx.RegisterComponentResource(token, name, res, opts...); err != nil {
		return children{}, err
	}
	return children{parent: res, cluster: c.Resource, retry: c.Retry}, nil
}

// children gives the options of a component's objects.
type children struct {
	parent  pulumi.Resource
	cluster pulumi.Resource
	retry   *pulumi.ErrorHook
	// after is what every object waits for.
	after []pulumi.Resource
}

func (c children) opts(extra ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := append(component.Retrying(c.retry), pulumi.Parent(c.parent), pulumi.DeletedWith(c.cluster))
	if len(c.after) > 0 {
		opts = append(opts, pulumi.DependsOn(c.after))
	}
	return append(opts, extra...)
}

// NamespaceArgs describes the namespace of the workloads.
type NamespaceArgs struct {
	Cluster Cluster
	// Name is the namespace's.
	Name string
}

// Validate reports all problems.
func (a *NamespaceArgs) Validate() error {
	if a == nil {
		return errors.New("namespace: no arguments")
	}
	var name error
	switch a.Name {
	case "":
		name = errors.New("workloads.namespace: empty; name the namespace all components share")
	case plan.ControllerNamespace:
		name = fmt.Errorf("workloads.namespace: %q is the ingress controller's; choose another name", a.Name)
	case plan.CertManagerNamespace:
		name = fmt.Errorf("workloads.namespace: %q is cert-manager's; choose another name", a.Name)
	}
	return errors.Join(a.Cluster.validate(), name)
}

// Namespace is the one namespace all components share, as the reference recommends. The other components take it as an
// argument: it says where their objects go and what they wait for.
type Namespace struct {
	pulumi.ResourceState

	// Name is the namespace's.
	Name pulumi.StringOutput `pulumi:"name"`

	cluster Cluster
	// name is the plain name: an output could turn unknown in a preview, and objects that move are replaced.
	name   string
	object pulumi.Resource
}

// NewNamespace creates the namespace. The API server refuses pods in it that break the restricted security profile.
func NewNamespace(ctx *pulumi.Context, name string, args *NamespaceArgs, opts ...pulumi.ResourceOption) (*Namespace, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	n := &Namespace{cluster: args.Cluster, name: args.Name, Name: pulumi.String(args.Name).ToStringOutput()}
	kids, err := args.Cluster.register(ctx, NamespaceToken, name, n, opts...)
	if err != nil {
		return nil, err
	}
	n.object, err = args.Cluster.newNamespace(ctx, name+"-namespace", args.Name, plan.Restricted,
		map[string]string{"app.kubernetes.io/part-of": "axway-api-management"}, kids)
	if err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// register registers a component whose children are objects of the namespace; they wait for it and for what comes after.
func (n *Namespace) register(ctx *pulumi.Context, token, name string, res pulumi.ComponentResource,
	after []pulumi.Resource, opts ...pulumi.ResourceOption,
) (children, error) {
	kids, err := n.cluster.register(ctx, token, name, res, opts...)
	kids.after = append([]pulumi.Resource{n.object}, after...)
	return kids, err
}

// meta is the metadata of an object of the namespace.
func (n *Namespace) meta(name string, labels map[string]string) *metav1.ObjectMetaArgs {
	meta := &metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: pulumi.String(n.name)}
	if len(labels) > 0 { // the server drops an empty map, and the provider would miss it on every update of a kind it doesn't know
		meta.Labels = pulumi.ToStringMap(labels)
	}
	return meta
}

// requireNamespace refuses arguments without a namespace.
func requireNamespace(n *Namespace) error {
	if n == nil {
		return errors.New("namespace: required; create it with NewNamespace")
	}
	return nil
}
