package engine_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestAKilledUpdateIsResumed kills the CLI in the middle of an update, and then of the attempts to resume it, later each time.
// A plain update is refused by the lock; the last resume ends with the stack up, nothing lost and nothing there twice.
func TestAKilledUpdateIsResumed(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal)
	r := newSignalledRig(t, "dev", workloads, signals)
	bring := func() error { _, err := r.Up(context.Background()); return err }
	for _, requests := range []int{10, 25, 30} {
		if err := r.killed(signals, requests, bring); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the update ended before it made %d more requests: %v\n%s", requests, err, tail(r.printed.String()))
		}
		refused := r.try("up", "--yes", "--skip-preview")
		if refused.Code == 0 || !strings.Contains(refused.Stdout+refused.Stderr, "locked") {
			t.Fatalf("a plain update after a kill ended with %d:\n%s", refused.Code, tail(refused.Stdout+refused.Stderr))
		}
		bring = func() error { return r.Resume(context.Background()) }
	}
	if err := bring(); err != nil {
		t.Fatalf("%v\n%s", err, tail(r.printed.String()))
	}
	r.pulumi("preview", "--expect-no-changes")
	r.destroy()
	for _, left := range r.Subscription().Resources() {
		t.Errorf("the subscription still holds %s, which no state knew of", left.ID)
	}
}

// killed runs something and kills the CLI under it once it has made some more requests to change the subscription.
func (r rig) killed(signals chan<- os.Signal, requests int, run func() error) error {
	done := make(chan struct{})
	defer close(done)
	enough := len(r.requests(0)) + requests
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if len(r.requests(0)) < enough {
				continue
			}
			select {
			case signals <- os.Kill:
			case <-done:
			}
			return
		}
	}()
	return run()
}
