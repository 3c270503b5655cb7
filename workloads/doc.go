// Package workloads puts Axway API Management on the cluster: one namespace that refuses pods below the restricted security
// profile; network policies that close it but for declared flows; roles for the groups that may look, help or deploy; the secrets
// of the reference's matrix; the events volume on Azure Files; the job that creates the metrics schema, if asked for; Admin Node
// Manager; API Manager UI and the autoscaled gateways of each group; the headroom that keeps room for a rollout; the ingress
// controller; cert-manager, if certificates are to be issued; and one ingress for each host, unless ANM has an internal load
// balancer of its own.
//
// What the objects look like is decided in the plan package; the components here only hand those plans to Kubernetes. They
// refuse, before anything is registered, what the plan refuses: images without a fixed tag, heaps that do not fit, ports and
// names the images don't know, a certificate or a login that is missing.
//
// Nothing here is protected: the data is in Cassandra, MySQL and the events share, and the volume keeps the share when it is
// deleted. When the cluster goes in the same run, its objects go with it and are not deleted one by one.
// Pods start in the order of the reference's prechecks: ANM, then API Manager UI, then the gateways.
package workloads
