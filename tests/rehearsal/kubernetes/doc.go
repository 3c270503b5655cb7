// Package kubernetes stands in for the Kubernetes provider plugin. It speaks the provider protocol as pulumi-kubernetes
// 4.30 does, against a real API server (see controlplane).
//
// It follows the real provider where a program can tell the difference:
//   - Create is a POST, never an upsert: what exists already is an error;
//   - Update is a server-side apply under the object's own field manager; what kubectl changed is taken over, and a conflict with any
//     other manager is an error unless the provider or the object is set to force patches;
//   - Secrets and ConfigMaps are replaced when their data changes, unless the provider is told that they are mutable;
//   - a change of an immutable field replaces; the old object goes first when the name was given by the program;
//   - previews are dry runs at the server when the inputs are known and the server is there.
//
// It waits where the real provider does, by the same rules: for rollouts, Jobs, pods, end points, addresses, claims, and for
// what an annotation of the program names. Others give the answers: the scheduler, kubelets, clouds and ingress controllers of
// the rehearsal. An object that does not become ready stays in the state, and the next update waits again. A refresh reports
// what is not ready.
//
// Time is simulated: with a time scale a wait may take its timeout in simulated time. Without one nothing takes time, and a
// wait is in vain as soon as nothing moves any more (see settle).
//
// Faults strike on the wire, between client-go and the API server (see Fault).
//
// It differs in three ways, each on purpose:
//   - field validation is strict: a misspelt field is an error here, where the real provider lets it pass;
//   - a failed wait says more: it quotes the scheduler, the autoscaler and the events of everything that belongs to the object. The
//     real provider shows some of that while it waits, and less in the end;
//   - of a Helm chart only the objects other resources depend on are created. Charts themselves are unrehearsed.
//
// Patch resources, YAML and kustomize components, functions and client-side rendering are refused: the program has none.
package kubernetes
