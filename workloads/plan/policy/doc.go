// Package policy decides which flows the pods of the platform may take part in, and writes them as network policies.
//
// The flows are one declared list (flows.go), each row with its reason, what encrypts it, and the row of the reference it comes
// from. Everything else is refused, in both directions, for every pod of the namespace: the reference asks for dropping by
// default, for connections to the gateways from named namespaces, and for connections from monitoring tools ("Network plugin").
// Both ends are closed, so a flow between two pods of the platform needs its row in the policies of both; one row writes both.
//
// Adding a gateway group adds that group's two policies and changes no other: rows that concern all groups select pods by
// component.
//
// What the list leaves out on purpose:
//   - Probes. The kubelet's checks come from the pod's own node, which policies never refuse, in any engine.
//   - The events share and the container logs. The node mounts the share and reads the logs, not the pod.
//   - The Kubernetes API. No image calls it, and no pod holds a token.
//   - Revocation lists and other clear-text fetches on port 80. A group that needs one declares it among its back ends.
//   - Import of API definitions from a back end's address by API Manager UI: only gateways call back ends. Definitions on the
//     Internet are within reach, others are uploaded as files.
//   - The ingress controllers' own namespace, which needs the Kubernetes API and Azure's, and is not the platform's.
//
// Engines differ in one thing: Cilium's ipBlock never selects an address of a pod or a node, Calico's does. So that both mean
// the same, no range here reaches into the cluster's subnet: ranges that contain it leave it out, and ranges inside it are
// refused. For the same reason ANM's internal load balancer must keep the caller's address (externalTrafficPolicy Local): sent
// on by another node, the call would carry that node's address, which no ipBlock selects.
package policy
