// Package preflight finds out, before a pod starts, whether what it needs is there, and says what is missing. It is what the init
// containers run, so a pod that waits can be asked why, and one that waits in vain ends with the answer.
package preflight

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Check is one thing a pod needs.
type Check struct {
	// Name starts its lines.
	Name string
	// Try looks once, until the context ends. found says what it saw; the error everything that is missing, in words that stay
	// the same as long as the reason does.
	Try func(ctx context.Context) (found string, err error)
}

// Limits are how long to look.
type Limits struct {
	// Deadline is how long to wait in all. A round that began before is still completed.
	Deadline time.Duration
	// Try is how long one try of a check may take.
	Try time.Duration
	// Pause lies between two rounds.
	Pause time.Duration
}

// Wait looks at all checks, at the same time and again and again, until every one of them succeeds in one round: they are there
// together, not one after the other. It says what each finds, once per change. The error names, in the order of the checks, what
// was missing when the deadline passed or the context ended.
func Wait(ctx context.Context, checks []Check, limits Limits, say func(format string, args ...any)) error {
	start := time.Now()
	seen := make([]outcome, len(checks))
	for {
		for i, now := range round(ctx, checks, limits.Try) {
			// A try that was broken off has nothing to tell.
			if now != seen[i] && (now.ready || ctx.Err() == nil) {
				say("%s: %s", checks[i].Name, now)
				seen[i] = now
			}
		}
		switch {
		case ready(seen):
			return nil
		case ctx.Err() != nil:
			return missing(checks, seen, "stopped after %s", time.Since(start))
		case time.Since(start)+limits.Pause > limits.Deadline:
			return missing(checks, seen, "gave up after %s", time.Since(start))
		}
		select {
		case <-ctx.Done():
		case <-time.After(limits.Pause):
		}
	}
}

// outcome is what a check found.
type outcome struct {
	ready bool
	text  string
}

func (o outcome) String() string {
	switch {
	case o.ready:
		return "ready: " + o.text
	case o.text == "":
		return "no answer yet"
	default:
		return "waiting: " + o.text
	}
}

// round tries every check once.
func round(ctx context.Context, checks []Check, limit time.Duration) []outcome {
	outcomes := make([]outcome, len(checks))
	var tries sync.WaitGroup
	for i, check := range checks {
		tries.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			found, err := check.Try(ctx)
			if err != nil {
				found = reason(err)
			}
			outcomes[i] = outcome{err == nil, found}
		})
	}
	tries.Wait()
	return outcomes
}

func ready(outcomes []outcome) bool {
	for _, o := range outcomes {
		if !o.ready {
			return false
		}
	}
	return true
}

// missing is the last word: one line per check that isn't ready.
func missing(checks []Check, seen []outcome, format string, after time.Duration) error {
	lines := []string{fmt.Sprintf(format, after.Round(time.Second)) + "; missing:"}
	for i, o := range seen {
		if !o.ready {
			lines = append(lines, fmt.Sprintf("  %s: %s", checks[i].Name, strings.TrimPrefix(o.String(), "waiting: ")))
		}
	}
	return fmt.Errorf("%s", strings.Join(lines, "\n"))
}
