// Package network is the ground the platform stands on: the virtual network with its subnets, security groups, outbound address
// and private DNS zones (Network), the two entry points (ApplicationGateway, or LoadBalancerIP for an ingress controller behind
// Azure's load balancer), the machine administrators work from (JumpHost) and the names clients use (HostRecords).
//
// It refuses security rules Azure would refuse, rules that name the load balancer's address when there is none, a gateway
// without capacity, a jump host without a key, and host names outside their DNS zone. What a rule is and why it exists is
// decided in the plan package, which needs no cloud.
//
// Nothing here holds data, so nothing is protected; Azure itself refuses to delete a subnet or an address that is in use.
// Subnets are created one after another, because Azure changes one subnet of a network at a time, and their IDs are handed
// out only when the last one stands.
package network
