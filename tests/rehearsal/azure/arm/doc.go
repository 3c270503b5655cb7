// Package arm is Azure Resource Manager in memory: resources by their real IDs, the rules Azure applies before it accepts
// or deletes one, and the values it fills in.
//
// It knows nothing of Pulumi. Properties carry the names the azure-native SDK gives them, so that a refusal names the
// property the program's author wrote. Every rule says where it comes from and how sure we are of it: observed (somebody
// ran into it, and the error is on record), documented (Azure's documentation states it) or assumed. An accepted request
// therefore proves that none of the listed rules is broken, not that Azure would accept it: quotas, capacity, policies and
// everything unlisted stay unproved.
package arm
