package arm

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryBehaviourSaysHowSureItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range Behaviours() {
		if b.Text == "" || b.Source == "" || !strings.Contains(b.ID, "/") || !slices.Contains([]Provenance{Observed, Documented, Assumed}, b.Provenance) {
			t.Errorf("%+v lacks something", b)
		}
		if (b.Provenance == Assumed) != (b.Confirm != "") {
			t.Errorf("%s is %s and is confirmed by %q", b.ID, b.Provenance, b.Confirm)
		}
		if seen[b.ID] {
			t.Errorf("%s is there twice", b.ID)
		}
		seen[b.ID] = true
	}
}

func TestBehavioursCoverEveryTypeThatHasThem(t *testing.T) {
	ids := map[string]bool{}
	for _, b := range Behaviours() {
		ids[b.ID] = true
	}
	for _, token := range Tokens() {
		typ := Lookup(token)
		for what, has := range map[string]bool{"minutes": true, "deleted": typ.Remains != nil, "propagation": typ.Propagation != [2]float64{}} {
			if ids[what+"/"+typ.family()] != has {
				t.Errorf("%s/%s is listed: %v", what, typ.family(), !has)
			}
		}
	}
}

func TestWhatATypeOccupiesHasAnAnswerOfItsOwn(t *testing.T) {
	s := build(t, "")
	for _, f := range fixtures {
		typ := Lookup(f.token)
		c, err := s.call(typ, subscription, f.inputs(s))
		if err != nil {
			t.Fatal(err)
		}
		locks := c.locks()
		if len(locks) < 1+len(typ.Occupies) {
			t.Errorf("%s occupies %v, its type says %v", f.name, locks, typ.Occupies)
		}
		for _, l := range locks[1:] {
			if s.find(l.id) == nil {
				t.Errorf("%s occupies %s, which isn't there", f.name, l.id)
			} else if answerOf(l.id).text == busyTypes[""].text {
				t.Errorf("%s occupies %s, and nothing says how Azure refuses", f.name, l.id)
			}
		}
	}
}
