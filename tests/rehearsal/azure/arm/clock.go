package arm

import "time"

// clock is simulated time since the subscription began. With scale 0 it stands still but for what is let pass.
type clock struct {
	scale  float64 // simulated seconds in a real one
	passed time.Duration
	since  time.Time // when passed was right
}

func (c *clock) start(scale float64) {
	c.passed, c.scale, c.since = c.now(), scale, time.Now()
}

func (c *clock) now() time.Duration {
	if c.scale == 0 {
		return c.passed
	}
	return c.passed + time.Duration(float64(time.Since(c.since))*c.scale)
}

// SetTime says how many simulated seconds pass in a real one.
func (s *Store) SetTime(scale float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.start(scale)
}

// Pass lets simulated time go by at once.
func (s *Store) Pass(d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.passed += d
	return s.save()
}
