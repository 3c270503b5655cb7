// Package naming derives the physical names of a stack's resources.
//
// Names are explicit, never left to Pulumi: a reader of the Azure portal recognises them, an operator can compute the ID of a
// resource whose creation was interrupted, and updates never see a name go unknown. Names too long for Azure are cut and end
// in a hash of the whole, so they stay distinct.
package naming
