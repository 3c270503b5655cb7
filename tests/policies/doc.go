// Package policies evaluates network policies the way a cluster's engine would, without a cluster: given the policies and two
// ends, it says whether a connection passes and, if not, which side refuses it.
//
// The semantics are those of networking.k8s.io/v1 (documented in its API reference and concept page): a pod that no policy
// selects for a direction takes everything; policies add up; a connection between two pods needs the consent of both; replies
// need none; a pod and its own node, and a pod and itself, always reach each other. Services don't appear: engines look at the
// pod's own port.
//
// Engines differ in what an ipBlock selects. Calico matches any address, a pod's too; Cilium matches addresses outside of the
// cluster only, never those of pods and nodes (documented by both). World.Engine chooses.
package policies
