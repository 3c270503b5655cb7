package plan

import "slices"

// AccessRole is one of the reference's roles below the administrators': what its holders may do in the workloads' namespace.
type AccessRole string

// The roles, weakest first. Monitoring is for programs, the others for people and pipelines.
const (
	MonitoringRole AccessRole = "monitoring"
	ViewerRole     AccessRole = "viewer"
	SupportRole    AccessRole = "support"
	DeployerRole   AccessRole = "deployer"
)

// AccessRule allows verbs on resources of API groups; the empty group is the core one. In the words of Kubernetes it is a
// PolicyRule.
type AccessRule struct {
	Groups, Resources, Verbs []string
}

var (
	read  = []string{"get", "list", "watch"}
	write = []string{"create", "update", "patch", "delete"}
)

// Rules are what a role allows. Roles are written out instead of being bound to Kubernetes' own (view, edit): those grow with
// every kind somebody installs, and edit hands out exec.
//
//   - A viewer sees every object but secrets, and no logs: what gateways write may quote their messages.
//   - Support also reads logs, and restarts a component by deleting or evicting its pods. It gets no exec, no port-forward and no
//     change to a Deployment: a shell sees every secret of its pod in the environment, a forwarded port goes around the network
//     policies, and who may write a pod's template may mount any secret. RBAC can't tell a restart from such a change.
//   - A deployer also writes what makes up the components. Whoever starts pods can read the namespace's secrets, so hiding them
//     would be for show. Network policies, roles, quotas and the namespace itself stay the administrators', so a stolen pipeline
//     can't open what they close.
//   - Monitoring finds the pods and Services it scrapes, and reads their usage.
func (r AccessRole) Rules() []AccessRule {
	switch r {
	case MonitoringRole:
		return []AccessRule{
			{[]string{""}, []string{"endpoints", "pods", "services"}, read},
			{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, read},
			{[]string{"metrics.k8s.io"}, []string{"pods"}, []string{"get", "list"}},
		}
	case ViewerRole:
		return viewerRules()
	case SupportRole:
		return supportRules()
	case DeployerRole:
		return append(supportRules(), deployerRules()...)
	}
	return nil
}

func viewerRules() []AccessRule {
	return []AccessRule{
		{[]string{""}, []string{
			"configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "resourcequotas", "serviceaccounts", "services",
		}, read},
		{[]string{"apps"}, []string{"deployments", "deployments/scale", "replicasets"}, read},
		{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, read},
		{[]string{"batch"}, []string{"jobs"}, read},
		{[]string{"cert-manager.io"}, []string{"certificaterequests", "certificates", "issuers"}, read},
		{[]string{"acme.cert-manager.io"}, []string{"challenges", "orders"}, read},
		{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, read},
		{[]string{"events.k8s.io"}, []string{"events"}, read},
		{[]string{"metrics.k8s.io"}, []string{"pods"}, []string{"get", "list"}},
		{[]string{"networking.k8s.io"}, []string{"ingresses", "networkpolicies"}, read},
		{[]string{"policy"}, []string{"poddisruptionbudgets"}, read},
	}
}

func supportRules() []AccessRule {
	return append(viewerRules(),
		AccessRule{[]string{""}, []string{"pods/log"}, []string{"get"}},
		AccessRule{[]string{""}, []string{"pods"}, []string{"delete"}},
		AccessRule{[]string{""}, []string{"pods/eviction"}, []string{"create"}},
	)
}

func deployerRules() []AccessRule {
	return []AccessRule{
		{[]string{""}, []string{"secrets"}, slices.Concat(read, write)},
		{[]string{""}, []string{"configmaps", "persistentvolumeclaims", "serviceaccounts", "services"}, write},
		{[]string{"apps"}, []string{"deployments"}, write},
		{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, write},
		{[]string{"batch"}, []string{"jobs"}, write},
		{[]string{"cert-manager.io"}, []string{"certificates"}, write},
		{[]string{"networking.k8s.io"}, []string{"ingresses"}, write},
		{[]string{"policy"}, []string{"poddisruptionbudgets"}, write},
	}
}
