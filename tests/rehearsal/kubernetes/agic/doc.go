// Package agic plays the Application Gateway Ingress Controller, 1.9, against a simulated gateway. It is there as long as a Helm
// release of its chart is, acts as the Azure identity the release names, and turns Ingresses into the gateway's listeners, rules,
// pools, settings, probes, redirects and certificates, under the names the real one gives them.
//
// The behaviour is read from the controller's source, github.com/Azure/application-gateway-kubernetes-ingress at f42103d
// (documented), and nowhere confirmed against Azure. What matters to a stack:
//
//   - A change in the cluster is compared with what was applied last, not with the gateway. Routes that a full PUT of Pulumi has
//     wiped come back at the next periodic reconcile only, and never if the release sets no period.
//   - An Ingress gets its address from the gateway's frontends before its routes are applied, and keeps it when applying fails.
//     An address is no proof of a route.
//   - Pods that aren't ready are in the pool too: the gateway's probe tells them apart.
//   - A missing TLS Secret doesn't stop the Ingress: it is served over plain HTTP, without the redirect.
//   - A Service without pods leads to the empty default pool: 502.
//   - Certificates the gateway has are never taken off it.
//
// Different from the real one: EndpointSlices are read where it reads Endpoints (the controller manager writes both from the same
// pods); a PUT that would change nothing is left out; events about itself go to its ServiceAccount, since its pod isn't run.
// Left out: gateways shared with others, Istio, multi-cluster, rewrite rule sets as custom resources, routes for CNI overlay.
package agic
