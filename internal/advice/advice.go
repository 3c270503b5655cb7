// Package advice says what an operator can do about an error that ends an operation. It imports nothing of Pulumi.
//
// Errors that go away by themselves are package retry's; these stay until somebody does something.
package advice

import (
	"slices"
	"strings"
)

// Entry is a kind of error and the way out of it.
type Entry struct {
	// Signs are error codes or pieces of the message, any of which gives the error away.
	Signs []string
	// Means says what is wrong, Do what to do about it: an imperative sentence.
	Means, Do string
}

// Entries are the kinds of errors, the more telling before the more general.
var Entries = []Entry{
	{
		Signs: []string{"cannot create already existing resource"},
		Means: "the resource exists and the state doesn't know it: an earlier update lost Azure's answer, or somebody made it by hand",
		Do:    "Run `make resume STACK=<stack>`: it takes in what carries this stack's names and tags; delete or rename what doesn't.",
	},
	{
		Signs: []string{"\" already exists"},
		Means: "an object or a resource of this name exists already",
		Do:    "If an interrupted update made it, run `make resume STACK=<stack>`; if somebody else did, delete it or take it over with `pulumi import`.",
	},
	{
		Signs: []string{"ImagePullBackOff", "ErrImagePull"},
		Means: "a node can't pull an image: the tag is not in the registry, or the nodes may not read it",
		Do:    "Push the tag the configuration names, or correct workloads.anm.image or workloads.groups[].image; then run `pulumi up` again.",
	},
	{
		Signs: []string{"CrashLoopBackOff"},
		Means: "a container starts and ends at once",
		Do:    "Read `kubectl logs --previous` of the pod; most often a database, a secret or the FED's settings are wrong. Then run `pulumi up` again.",
	},
	{
		Signs: []string{"CreateContainerConfigError", "FailedMount"},
		Means: "a secret, a config map or a volume the pod needs is not there",
		Do:    "Run `pulumi up --refresh`: it puts back what was deleted behind Pulumi's back.",
	},
	{
		Signs: []string{"max node group size reached", "Insufficient cpu", "Insufficient memory", "didn't match pod topology spread", "didn't match pod anti-affinity"},
		Means: "the pool has no room for another pod",
		Do:    "Raise aks.apimPool.max or lower the replicas and requests of the groups; check the subscription's vCPU quota too.",
	},
	{
		Signs: []string{"conflict with", "field manager"},
		Means: "somebody else has taken over a field of the object",
		Do:    "Leave the field to its other owner, or undo the change with `kubectl edit` and run `pulumi up --refresh`.",
	},
	{
		Signs: []string{"RoleAssignmentExists"},
		Means: "the same role was given by hand, under another name",
		Do:    "Delete that role assignment and run `pulumi up` again.",
	},
	{
		Signs: []string{"AuthorizationFailed", "LinkedAuthorizationFailed"},
		Means: "the deploying identity may not do this",
		Do: "Give it Contributor, and Role Based Access Control Administrator for role assignments, on the subscription or on the group of " +
			"azure.resourceGroup; then run `pulumi up` again.",
	},
	{
		Signs: []string{"CustomKubeletIdentityMissingPermissionError", "PrincipalNotFound", "MissingRoleAssignment"},
		Means: "an identity or its role is not there, or has taken longer than usual to be known everywhere",
		Do:    "Run `pulumi up --refresh`: it puts the role back if it was taken away.",
	},
	{
		Signs: []string{"ExpiredAuthenticationToken", "InvalidAuthenticationToken", "AADSTS", "az login", "Unauthorized"},
		Means: "the sign-in has expired or is for another tenant",
		Do:    "Sign in again (`az login`, or the OIDC variables in CI; AAD_LOGIN_METHOD for kubelogin) and run `pulumi up` again.",
	},
	{
		Signs: []string{"MissingSubscriptionRegistration", "SubscriptionNotRegistered"},
		Means: "a resource provider is not registered in the subscription",
		Do:    "Register it once: `az provider register --namespace <the namespace the message names>`.",
	},
	{
		Signs: []string{"QuotaExceeded", "exceeding approved", "SubscriptionRequestsQuota", "PublicIPCountLimitReached", "vCPUs quota"},
		Means: "a quota of the subscription is used up",
		Do:    "Ask for more (portal: Quotas; docs/first-deployment.md has the figures), or choose a smaller size, and run `pulumi up` again.",
	},
	{
		Signs: []string{"SkuNotAvailable", "AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest", "VMSizeNotSupported"},
		Means: "Azure has none of this size left in the region or zone, or doesn't offer it to this subscription",
		Do:    "Choose another size for the pool, the Cassandra nodes or the jump host, or try later.",
	},
	{
		Signs: []string{"RequestDisallowedByPolicy"},
		Means: "an Azure Policy of the subscription forbids it",
		Do:    "Read the policy the message names; change the configuration or have an exemption made for the stack's resource group.",
	},
	{
		Signs: []string{"ScopeLocked", "ReadOnlyDisabledSubscription"},
		Means: "a lock keeps the resource, or everything above it, as it is",
		Do:    "Remove the lock if the change is meant, and run `pulumi up` again.",
	},
	{
		Signs: []string{"StorageAccountAlreadyTaken", "AlreadyInUse", "NameNotAvailable", "ServerNameAlreadyExists", "NameUnavailable"},
		Means: "the globally unique name is taken, or kept for a while after somebody deleted it",
		Do:    "Wait until the name is free again, or give the stack another name.",
	},
	{
		Signs: []string{"SubnetIsFull", "InsufficientSubnetSize"},
		Means: "a subnet has no address left",
		Do:    "Nodes, their surge and their pods each take one: lower the pools' max or aks.maxPods, or plan a larger network.",
	},
	{
		Signs: []string{"InUseSubnetCannotBeDeleted", "CannotDeleteResource", "NicInUse", "PublicIPAddressCannotBeDeleted"},
		Means: "something the stack didn't make still uses it",
		Do:    "Delete what the message names, then go on with the same command.",
	},
	{
		Signs: []string{"the provider's Kubernetes cluster is unreachable", "configured Kubernetes cluster is unreachable", "no such host", "connection refused"},
		Means: "the cluster's API server doesn't answer from here",
		Do:    "Put your address into aks.authorizedIpRanges, or run from inside the network if the cluster is private, and run `pulumi up` again.",
	},
}

// Find returns the first entry an error message shows a sign of.
func Find(message string) (Entry, bool) {
	i := slices.IndexFunc(Entries, func(e Entry) bool { return e.in(message) })
	if i < 0 {
		return Entry{}, false
	}
	return Entries[i], true
}

func (e Entry) in(message string) bool {
	return slices.ContainsFunc(e.Signs, func(sign string) bool { return shows(message, sign) })
}

// shows tells whether a sign is in the message. Codes are compared as Azure writes them: some end in one of ours, with what they
// are about before it (RegistryNameNotAvailable), none go on behind it in small letters.
func shows(message, sign string) bool {
	at := strings.Index(message, sign)
	if at < 0 {
		return false
	}
	rest := message[at+len(sign):]
	return rest == "" || rest[0] < 'a' || rest[0] > 'z' || strings.Contains(sign, " ")
}
