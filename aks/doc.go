// Package aks creates the Kubernetes cluster and the identities it works with.
//
// Identities are user-assigned and come first: one for the control plane, one for the kubelets, one for the Application Gateway
// ingress controller where that is chosen, and one for cert-manager where it writes records into a public zone. They replace the
// reference's service principals, and each holds only the roles it needs, on the narrowest scope that works. Cluster is the managed
// cluster with one inline system pool, the two autoscaled user pools of the reference, the weekly window for node images, the role
// with which groups fetch a kubeconfig, and the federated credentials of the ingress controller and cert-manager. Everything known
// before the cluster exists is decided in the sub-package plan.
//
// It refuses, before anything is created, whatever AKS would refuse minutes later: pools out of bounds, service ranges AKS
// reserves, a cluster nobody administers.
//
// The cluster is protected. The pools are not, because replacing them is how their size changes: a pool's physical name
// holds a hash of the settings AKS can't change, so a change of one gives a second pool, and the first goes only when the
// second is up and everything that depends on it has been updated. azure-native asks for the opposite order on every
// replacement (its Diff sets deleteBeforeReplace whenever something replaces and the name was not made up by the provider);
// the explicit DeleteBeforeReplace(false) overrules it, which is safe exactly because the two names differ.
//
// The inline pool is another matter. Azure lists all pools of the cluster in agentPoolProfiles, so a refresh brings the user
// pools into the cluster's inputs, and the program leaves that field alone after creation. Three things follow. A change of
// aks.systemPool only warns, and names the command that makes it; new tags don't reach the system pool's nodes. After a
// Kubernetes upgrade the system pool is upgraded with `az aks nodepool upgrade --name system`. And with every change of the
// cluster azure-native sends the field back as it was last read. Once a stack has been refreshed, that includes the user pools:
// bounds changed since are set back, and AKS refuses the change when a pool was replaced since ("A new agent pool was
// introduced"). So stacks that are ever refreshed are updated with `pulumi up --refresh`.
//
// Identities and the cluster are looked up by name for the outputs others depend on (principal IDs, the OIDC issuer):
// azure-native forgets them while it previews an update, and a forgotten principal ID would announce the replacement of
// every role assignment.
//
// Not here: Container Insights. With Entra authentication it needs a data collection rule and its association, whose SDK
// module is not available; with the workspace key it would be the legacy form.
package aks
