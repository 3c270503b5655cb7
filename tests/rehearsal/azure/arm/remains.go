package arm

import (
	"fmt"
	"time"
)

// Remains says what a deleted resource of a type leaves behind, under its ID, for a while.
type Remains struct {
	// For is how long, in simulated time.
	For time.Duration
	// Revives: creating the resource again within that time brings the old one back, with the properties Azure had worked out. It
	// must be in the same region.
	Revives bool
	// Code is what a creation within that time is refused with, where it brings nothing back. Where nothing takes time it isn't
	// refused, because no time would ever pass.
	Code string

	Text, Source string
	Provenance   Provenance
	Confirm      string
}

// remains is what one deleted resource left.
type remains struct {
	Generation int           `json:"generation"`
	Location   string        `json:"location"`
	Until      time.Duration `json:"until"` // on the subscription's clock
}

// leave notes what a deleted resource leaves behind.
func (s *Store) leave(r *Resource) {
	t := Lookup(r.Token)
	if t == nil || t.Remains == nil {
		return
	}
	if !t.Remains.Revives && s.clock.scale == 0 {
		return
	}
	s.remains[key(r.ID)] = &remains{r.Generation, normal(text(r.Properties, "location")), s.clock.now() + t.Remains.For}
}

// left returns what a deleted resource left under the ID of a request that would create it, or nil.
func (c *Call) left() *remains {
	left := c.Store.remains[key(c.ID)]
	if c.Old != nil || left == nil || c.Store.clock.now() >= left.Until {
		return nil
	}
	return left
}

// revive brings back the generation of a deleted resource, and with it what Azure had worked out: GUIDs derive from it.
func (s *Store) revive(c *Call) bool {
	left := c.left()
	delete(s.remains, key(c.ID))
	if left == nil || !c.Type.Remains.Revives {
		return false
	}
	s.generations[key(c.ID)] = left.Generation
	return true
}

// remainsRule refuses what a deleted resource is in the way of.
func remainsRule(t *Type) Rule {
	code := t.Remains.Code
	if t.Remains.Revives {
		code = "Conflict"
	}
	return Rule{
		ID: t.family() + "/deleted-a-while-ago", Code: code, Status: 409,
		Source: t.Remains.Source, Provenance: t.Remains.Provenance, Confirm: t.Remains.Confirm,
		Check: func(c *Call) []string {
			left := c.left()
			switch {
			case left == nil:
				return nil
			case !t.Remains.Revives:
				return []string{fmt.Sprintf("%s: '%s' is being deleted. Try again later.", t.NameParameter(), c.Name)}
			case left.Location != c.location():
				return []string{fmt.Sprintf("%s: '%s' was deleted in %s and is kept there for %v; it can be brought back there only, not created in %s",
					t.NameParameter(), c.Name, left.Location, t.Remains.For, c.location())}
			}
			return nil
		},
	}
}
