package arm

import "testing"

func TestEveryFixtureIsAccepted(t *testing.T) {
	s := build(t, "")
	if len(s.All()) < len(fixtures) {
		t.Fatalf("%d resources for %d fixtures", len(s.All()), len(fixtures))
	}
}
