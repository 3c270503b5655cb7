// Package kubernetes stands in for the Kubernetes provider plugin. It speaks the provider protocol as pulumi-kubernetes
// 4.30 does, against a real API server (see controlplane).
//
// It follows the real provider where a program can tell the difference:
//   - Create is a POST, never an upsert: what exists already is an error;
//   - Update is a server-side apply under the object's own field manager, and a conflict with another manager is an error;
//   - Secrets and ConfigMaps are replaced when their data changes, unless the provider is told that they are mutable;
//   - a change of an immutable field replaces; the old object goes first when the name was given by the program;
//   - previews are dry runs at the server when the inputs are known and the server is there.
//
// It differs in three ways, each on purpose:
//   - field validation is strict: a misspelt field is an error here, where the real provider lets it pass;
//   - it does not wait for pods, rollouts or end points: the control plane has no nodes. It says so once;
//   - it plays what Azure would: addresses of load-balancer Services and of Ingresses, and, of a Helm chart, only the objects
//     other resources depend on. Charts themselves are unrehearsed.
//
// Patch resources, YAML and kustomize components, functions and client-side rendering are refused: the program has none.
package kubernetes
