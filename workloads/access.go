package workloads

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"apim-azure/workloads/plan"
)

// AccessToken is the type of Access.
const AccessToken = "apim:workloads:Access"

// AccessArgs says who besides the cluster's administrators may do something in the namespace. An empty list creates nothing.
type AccessArgs struct {
	Namespace *Namespace
	// Deployers, Support and Viewers are object IDs of Entra groups.
	Deployers, Support, Viewers []string
	// Monitoring are service accounts of MonitoringNamespace.
	Monitoring          []string
	MonitoringNamespace string
}

// Empty tells whether there is nobody to let in.
func (a *AccessArgs) Empty() bool {
	return len(a.Deployers)+len(a.Support)+len(a.Viewers)+len(a.Monitoring) == 0
}

// Validate reports all problems.
func (a *AccessArgs) Validate() error {
	if a == nil {
		return errors.New("access: no arguments")
	}
	errs := []error{requireNamespace(a.Namespace)}
	if len(a.Monitoring) > 0 && a.MonitoringNamespace == "" {
		errs = append(errs, fmt.Errorf("access.monitoring: %v, but monitoring.namespace doesn't say whose accounts these are; set it", a.Monitoring))
	}
	if all := slices.Concat(a.Deployers, a.Support, a.Viewers, a.Monitoring); slices.ContainsFunc(all, blank) {
		errs = append(errs, errors.New("access: an empty name would let nobody in; remove it"))
	}
	return errors.Join(errs...)
}

func blank(name string) bool { return strings.TrimSpace(name) == "" }

// Access are the namespace's roles and who holds them.
type Access struct {
	pulumi.ResourceState

	// Roles are the names of the roles somebody holds.
	Roles pulumi.StringArrayOutput `pulumi:"roles"`
}

// NewAccess creates, for each role somebody holds, the role and its binding. Both are the namespace's own: nobody gets anything
// in the rest of the cluster.
func NewAccess(ctx *pulumi.Context, name string, args *AccessArgs, opts ...pulumi.ResourceOption) (*Access, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	a := &Access{}
	kids, err := args.Namespace.register(ctx, AccessToken, name, a, nil, opts...)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, holders := range args.holders() {
		if len(holders.subjects) == 0 {
			continue
		}
		if err := args.grant(ctx, name, holders, kids); err != nil {
			return nil, err
		}
		names = append(names, string(holders.role))
	}
	a.Roles = pulumi.ToStringArray(names).ToStringArrayOutput()
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"roles": a.Roles})
}

// holders are a role and who holds it.
type holders struct {
	role     plan.AccessRole
	subjects rbacv1.SubjectArray
}

func (a *AccessArgs) holders() []holders {
	return []holders{
		{plan.DeployerRole, groups(a.Deployers)},
		{plan.SupportRole, groups(a.Support)},
		{plan.ViewerRole, groups(a.Viewers)},
		{plan.MonitoringRole, serviceAccounts(a.MonitoringNamespace, a.Monitoring)},
	}
}

// groups are known to the API server by their object IDs.
func groups(ids []string) rbacv1.SubjectArray {
	var subjects rbacv1.SubjectArray
	for _, id := range ids {
		subjects = append(subjects, &rbacv1.SubjectArgs{
			Kind: pulumi.String("Group"), ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Name: pulumi.String(id),
		})
	}
	return subjects
}

func serviceAccounts(namespace string, names []string) rbacv1.SubjectArray {
	var subjects rbacv1.SubjectArray
	for _, name := range names {
		subjects = append(subjects, &rbacv1.SubjectArgs{
			Kind: pulumi.String("ServiceAccount"), Namespace: pulumi.String(namespace), Name: pulumi.String(name),
		})
	}
	return subjects
}

func (a *AccessArgs) grant(ctx *pulumi.Context, name string, h holders, kids children) error {
	labels := map[string]string{"app.kubernetes.io/part-of": "axway-api-management"}
	var rules rbacv1.PolicyRuleArray
	for _, r := range h.role.Rules() {
		rules = append(rules, &rbacv1.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray(r.Groups), Resources: pulumi.ToStringArray(r.Resources), Verbs: pulumi.ToStringArray(r.Verbs),
		})
	}
	role, err := rbacv1.NewRole(ctx, name+"-"+string(h.role), &rbacv1.RoleArgs{
		Metadata: a.Namespace.meta(string(h.role), labels), Rules: rules,
	}, kids.opts()...)
	if err != nil {
		return err
	}
	_, err = rbacv1.NewRoleBinding(ctx, name+"-"+string(h.role)+"-binding", &rbacv1.RoleBindingArgs{
		Metadata: a.Namespace.meta(string(h.role), labels),
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: pulumi.String(string(h.role)),
		},
		Subjects: h.subjects,
	}, kids.opts(pulumi.DependsOn([]pulumi.Resource{role}))...)
	return err
}
