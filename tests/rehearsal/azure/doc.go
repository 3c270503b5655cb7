// Package azure stands in for the azure-native provider: its contract with the Pulumi engine over Azure Resource Manager in
// memory (package arm).
//
// The contract, read in azure-native's source: Check fills in location, name and API version and holds the inputs to the
// schema; Diff compares new inputs with old inputs and replaces, deleting first, for what is part of the path or marked
// create-only; Create asks whether the resource exists and refuses if it does; an update's preview knows inputs, name and
// location and nothing else; Read carries a live change into the inputs only where the outputs changed; secrets aren't
// accepted, so that the engine marks them; and a request that was accepted but didn't come to its end leaves a checkpoint.
// Where we are stricter than the original: unknown property names are refused, and a request that breaks several rules is
// told all of them.
package azure
