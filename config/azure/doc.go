// Package azure holds what the configuration must know about Azure before anything is created: the regions with their zones,
// pairs and fault domains, the VM and database sizes the platform may use, and what AKS leaves of a node to pods.
//
// The tables are facts of the public cloud as of November 2026. A region or size that is missing is refused by name, so adding
// one is a line here.
package azure
