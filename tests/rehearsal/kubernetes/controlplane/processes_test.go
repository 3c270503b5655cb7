package controlplane

import (
	"testing"
	"time"
)

func TestPeriodsFollowTheTimeScaleWithinReason(t *testing.T) {
	for _, c := range []struct {
		timeScale       float64
		scaled, silence time.Duration // of 50 s that are 10 s at least
	}{
		{0, 10 * time.Second, 50 * time.Second},
		{0.5, 50 * time.Second, 50 * time.Second},
		{1, 50 * time.Second, 50 * time.Second},
		{2, 25 * time.Second, 25 * time.Second},
		{60, 10 * time.Second, 10 * time.Second},
	} {
		if got := scaled(50*time.Second, c.timeScale, 10*time.Second); got != c.scaled {
			t.Errorf("at %v: scaled to %s, want %s", c.timeScale, got, c.scaled)
		}
		if got := silence(50*time.Second, c.timeScale, 10*time.Second); got != c.silence {
			t.Errorf("at %v: a silence of %s, want %s", c.timeScale, got, c.silence)
		}
	}
	if s := seconds(1500 * time.Millisecond); s != "2" {
		t.Errorf("1.5 s count as %s", s)
	}
}

// TestANodeIsHeardSeveralTimesBeforeItCountsAsLost: kwok renews a lease four times as often as it runs out.
func TestANodeIsHeardSeveralTimesBeforeItCountsAsLost(t *testing.T) {
	for _, timeScale := range []float64{0, 1, 3, 60, 3600} {
		renewal := silence(40*time.Second, timeScale, leastLease) / 4
		if grace := silence(50*time.Second, timeScale, leastGrace); grace < 4*renewal {
			t.Errorf("at %v: heard every %s, lost after %s", timeScale, renewal, grace)
		}
	}
}
