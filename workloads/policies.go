package workloads

import (
	"errors"
	"fmt"
	"strconv"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan/policy"
)

// PoliciesToken is the type of Policies.
const PoliciesToken = "apim:workloads:Policies"

// PoliciesArgs says which flows the namespace is opened for.
type PoliciesArgs struct {
	Namespace *Namespace
	// Site is what the flows depend on; its namespace is the one above.
	Site policy.Site
}

// Validate reports all problems.
func (a *PoliciesArgs) Validate() error {
	if a == nil {
		return errors.New("network policies: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace), a.Site.Validate()}
	if a.Namespace != nil && a.Namespace.name != a.Site.Namespace {
		errs = append(errs, fmt.Errorf("network policies: written for namespace %q, but created in %q", a.Site.Namespace, a.Namespace.name))
	}
	return errors.Join(errs...)
}

// Policies are the namespace's network policies.
type Policies struct {
	pulumi.ResourceState

	// Names are the names of the objects: the one that closes the namespace first.
	Names pulumi.StringArrayOutput `pulumi:"names"`
}

// NewPolicies creates one object for each policy of the plan. Pods come after all of them: none starts unprotected, and none
// waits behind a closed door for a rule that is still to come.
func NewPolicies(ctx *pulumi.Context, name string, args *PoliciesArgs, opts ...pulumi.ResourceOption) (*Policies, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	policies, err := policy.Policies(args.Site)
	if err != nil {
		return nil, err
	}
	p := &Policies{}
	kids, err := args.Namespace.register(ctx, PoliciesToken, name, p, nil, opts...)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, planned := range policies {
		meta := args.Namespace.meta(planned.Name, map[string]string{"app.kubernetes.io/part-of": "axway-api-management"})
		if len(planned.Annotations) > 0 {
			meta.Annotations = pulumi.ToStringMap(planned.Annotations)
		}
		if _, err := networkingv1.NewNetworkPolicy(ctx, name+"-"+planned.Name, &networkingv1.NetworkPolicyArgs{
			Metadata: meta, Spec: policySpec(planned.Spec),
		}, kids.opts()...); err != nil {
			return nil, err
		}
		names = append(names, planned.Name)
	}
	p.Names = pulumi.ToStringArray(names).ToStringArrayOutput()
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"names": p.Names})
}

func policySpec(s policy.Spec) *networkingv1.NetworkPolicySpecArgs {
	spec := &networkingv1.NetworkPolicySpecArgs{PodSelector: labelSelector(s.PodSelector), PolicyTypes: pulumi.ToStringArray(s.PolicyTypes)}
	var ingress networkingv1.NetworkPolicyIngressRuleArray
	for _, rule := range s.Ingress {
		ingress = append(ingress, &networkingv1.NetworkPolicyIngressRuleArgs{From: policyPeers(rule.From), Ports: policyPorts(rule.Ports)})
	}
	var egress networkingv1.NetworkPolicyEgressRuleArray
	for _, rule := range s.Egress {
		egress = append(egress, &networkingv1.NetworkPolicyEgressRuleArgs{To: policyPeers(rule.To), Ports: policyPorts(rule.Ports)})
	}
	// A nil array in an interface is an input too: an empty list would be sent, and compared, where the plan has none.
	if ingress != nil {
		spec.Ingress = ingress
	}
	if egress != nil {
		spec.Egress = egress
	}
	return spec
}

// labelSelector writes an empty selector as {}, which is every pod; without any, Kubernetes refuses a policy.
func labelSelector(s policy.Selector) *metav1.LabelSelectorArgs {
	selector := &metav1.LabelSelectorArgs{}
	if len(s.MatchLabels) > 0 {
		selector.MatchLabels = pulumi.ToStringMap(s.MatchLabels)
	}
	return selector
}

func policyPeers(peers []policy.PolicyPeer) networkingv1.NetworkPolicyPeerArray {
	var out networkingv1.NetworkPolicyPeerArray
	for _, p := range peers {
		peer := &networkingv1.NetworkPolicyPeerArgs{}
		if p.PodSelector != nil {
			peer.PodSelector = labelSelector(*p.PodSelector)
		}
		if p.NamespaceSelector != nil {
			peer.NamespaceSelector = labelSelector(*p.NamespaceSelector)
		}
		if p.IPBlock != nil {
			block := &networkingv1.IPBlockArgs{Cidr: pulumi.String(p.IPBlock.CIDR)}
			if len(p.IPBlock.Except) > 0 {
				block.Except = pulumi.ToStringArray(p.IPBlock.Except)
			}
			peer.IpBlock = block
		}
		out = append(out, peer)
	}
	return out
}

// policyPorts sends numbers as numbers: in digits they would be read as a container port's name.
func policyPorts(ports []policy.PolicyPort) networkingv1.NetworkPolicyPortArray {
	var out networkingv1.NetworkPolicyPortArray
	for _, p := range ports {
		port := &networkingv1.NetworkPolicyPortArgs{Port: pulumi.String(string(p.Port)), Protocol: pulumi.String(string(p.Protocol))}
		if n, err := strconv.Atoi(string(p.Port)); err == nil {
			port.Port = pulumi.Int(n)
		}
		out = append(out, port)
	}
	return out
}
