package azure

import "context"

// What others than Pulumi do to a subscription: controllers in the cluster, and Azure itself on their behalf.

// Replace is a full PUT by another client of Azure Resource Manager. change edits the resource as a GET shows it; the outcome is
// held to the type's rules and to one operation at a time, and takes an update's simulated time. Refusals are *arm.Error.
func (s *Subscription) Replace(ctx context.Context, id string, change func(properties map[string]any)) error {
	defer s.changed()
	return s.store.Replace(ctx, id, change, s.wait(0))
}

// Find returns a copy of one resource, or false when there is none. The ID's case doesn't matter.
func (s *Subscription) Find(id string) (Resource, bool) {
	r, err := s.store.Get(id)
	return r, err == nil
}

// Bring stores a resource Azure makes by itself, which goes with its owner; see arm.Store.Bring.
func (s *Subscription) Bring(owner, armType, id string, properties map[string]any) error {
	defer s.changed()
	return s.store.Bring(owner, armType, id, properties)
}

// Withdraw takes back what Bring stored.
func (s *Subscription) Withdraw(id string) error {
	defer s.changed()
	return s.store.Withdraw(id)
}
