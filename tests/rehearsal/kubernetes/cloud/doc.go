// Package cloud plays what Azure's cloud provider does in a cluster: a load-balancer Service gets its address from the simulated
// subscription, or an event that says why it doesn't, and holds it until it is deleted. It also writes the Ingress statuses that
// an installed Traefik would write, whose chart isn't run.
//
// The behaviour is read from the sources of kubernetes/cloud-provider 0.36 (finalizer, events, retries) and
// kubernetes-sigs/cloud-provider-azure (addresses, annotations), and from Traefik's documentation of its Ingress NGINX provider
// (all documented). The texts of Azure's refusals are assumed from its error codes.
//
// The load balancers stand in the cluster's node resource group as kubernetes and kubernetes-internal, with one frontend per
// Service, so that an address in use can't be deleted. Their rules, probes and back ends are left out: no packet flows. So are
// source ranges, several addresses, IPv6, and nodes: a cluster without any gets its addresses too.
package cloud
