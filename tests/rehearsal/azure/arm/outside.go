package arm

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Replace is a full PUT of an existing resource by another client of Azure than Pulumi: it reads the resource, lets change edit
// the copy, and sends it back. The request is held to the type's rules and to one operation at a time, and takes an update's
// time. What a GET doesn't show and change doesn't set, such as a password, stays. Refusals are *Error; nothing is changed then.
func (s *Store) Replace(ctx context.Context, id string, change func(properties Object), wait Wait) error {
	t, inputs, hidden, err := s.body(id)
	if err != nil {
		return err
	}
	change(inputs)
	_, accepted, err := s.Put(ctx, t, strings.Split(id, "/")[2], inputs, wait)
	if !accepted {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(id); r != nil { // else it was deleted while we waited
		for path, print := range hidden {
			if _, set := r.Hidden[path]; !set {
				r.Hidden[path] = print
			}
		}
	}
	return errors.Join(err, s.save())
}

// body returns a resource as the body of a request for it: without what Azure works out anew, with the inputs of its path.
func (s *Store) body(id string) (t *Type, inputs Object, hidden map[string]string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return nil, nil, nil, notFound(id)
	}
	if t = Lookup(r.Token); t == nil {
		return nil, nil, nil, fmt.Errorf("%s comes with %s; it can't be written by itself", r.ID, r.Owner)
	}
	inputs = clone(r.Properties)
	delete(inputs, "etag")
	delete(inputs, "provisioningState")
	path := t.Match(r.ID)
	for _, name := range t.Parameters() {
		inputs[name] = path[name]
	}
	return t, inputs, r.Hidden, nil
}

// Bring stores a resource Azure makes by itself for another one, with which it goes: a load balancer of a cluster. What is there
// under the ID is written over, unless a request made it. A public address without an ipAddress gets one.
func (s *Store) Bring(owner, armType, id string, properties Object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(owner) == nil {
		return notFound(owner)
	}
	if r := s.find(id); r != nil && r.Token != "" {
		return &Error{409, "Conflict", fmt.Sprintf("'%s' exists and doesn't belong to '%s'.", id, owner)}
	}
	if armType == typePublicIP && text(properties, "ipAddress") == "" {
		properties["ipAddress"] = s.publicAddress(id)
	}
	properties["provisioningState"] = "Succeeded"
	(&Call{Store: s, ID: owner}).bring(armType, id, properties)
	return s.save()
}

// Withdraw takes back what Bring stored. A resource that a request made stays; one that isn't there is no error.
func (s *Store) Withdraw(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return nil
	}
	if r.Token != "" {
		return fmt.Errorf("%s was made by a request; it is not Azure's to take", id)
	}
	s.remove(r)
	return s.save()
}
