// Package nodes plays the machines behind a simulated AKS cluster: the node pools of the subscription become Node objects of the
// control plane, labelled, zoned and sized as AKS does it, and go again as the pools do. kwok keeps their heartbeats.
//
// It holds what AKS runs next to a cluster: the node provisioner, which follows the pools' counts, and the cluster autoscaler,
// which changes them. Draining a node and losing a zone are for whoever breaks things on purpose.
//
// What is the real thing: scheduling, tolerations, taints of nodes without a heartbeat, eviction and disruption budgets are
// Kubernetes' own. What is played, and how well that is known, is said where it is done: observed (somebody's cluster showed it),
// documented (Microsoft or the Kubernetes project says so) or assumed.
//
// What is left out:
//   - The pods AKS runs in kube-system. Their requests are taken off what a node can allocate instead (see agents).
//   - Upgrades. A pool's new Kubernetes version or node image doesn't replace nodes; new nodes have it.
//   - Overlay and pod-subnet networking: pods get addresses of the node subnet.
//   - Windows, GPUs, spot evictions, node auto-provisioning.
package nodes
