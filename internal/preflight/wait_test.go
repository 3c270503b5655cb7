package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// limits are the command's own. Time is synctest's: it passes when everybody waits.
var limits = Limits{Deadline: 10 * time.Minute, Try: 10 * time.Second, Pause: 3 * time.Second}

// after is a check that fails with the first error until the given time has passed.
func after(name string, wait time.Duration, before error) Check {
	start := time.Now()
	return Check{name, func(context.Context) (string, error) {
		if time.Since(start) < wait {
			return "", before
		}
		return "is there", nil
	}}
}

// diary collects what is said.
type diary []string

func (d *diary) say(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

func (d *diary) String() string { return strings.Join(*d, "\n") }

func TestEachChangeIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, turns := time.Now(), 0
		flaky := Check{"anm", func(context.Context) (string, error) {
			turns++
			if turns == 2 {
				return "answers", nil
			}
			if time.Since(start) < time.Minute {
				return "", errors.New("connection refused")
			}
			return "answers", nil
		}}
		var said diary
		if err := Wait(t.Context(), []Check{after("mysql", 30*time.Second, errors.New("no such host")), flaky}, limits, said.say); err != nil {
			t.Fatal(err)
		}
		want := "mysql: waiting: no such host\nanm: waiting: connection refused\nanm: ready: answers\nanm: waiting: connection refused\n" +
			"mysql: ready: is there\nanm: ready: answers"
		if said.String() != want {
			t.Errorf("said\n%s\nnot\n%s", &said, want)
		}
		if passed := time.Since(start); passed != time.Minute {
			t.Errorf("it took %s", passed)
		}
	})
}

func TestEverythingHasToBeThereAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		// There for the first minute, then away until the third.
		leaving := Check{"mysql", func(context.Context) (string, error) {
			if passed := time.Since(start); passed > time.Minute && passed < 3*time.Minute {
				return "", errors.New("gone")
			}
			return "is there", nil
		}}
		var said diary
		if err := Wait(t.Context(), []Check{leaving, after("anm", 2*time.Minute, errors.New("starting"))}, limits, said.say); err != nil {
			t.Fatal(err)
		}
		if passed := time.Since(start); passed != 3*time.Minute {
			t.Errorf("both were called ready after %s:\n%s", passed, &said)
		}
	})
}

func TestTheDeadlineEndsWithWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var said diary
		err := Wait(t.Context(), []Check{
			after("cassandra", time.Hour, errors.New("2 of 3 nodes answer; 10.0.3.6: connection refused; keyspace t_x is missing")),
			after("mysql", 0, nil),
			{"anm", func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }},
		}, limits, said.say)
		want := "gave up after 10m8s; missing:\n" +
			"  cassandra: 2 of 3 nodes answer; 10.0.3.6: connection refused; keyspace t_x is missing\n" +
			"  anm: no answer in time"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
		// 47 rounds of a ten-second try: the last one began two seconds before the deadline.
		if passed := time.Since(start); passed != 47*limits.Try+46*limits.Pause {
			t.Errorf("it took %s", passed)
		}
		if len(said) != 3 {
			t.Errorf("said\n%s", &said)
		}
	})
}

func TestAPodThatIsStoppedStillSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 65*time.Second)
		defer stop()
		hanging := Check{"mysql", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", fmt.Errorf("dial: %w", ctx.Err())
		}}
		err := Wait(ctx, []Check{after("anm", time.Hour, errors.New("connection refused")), hanging}, limits, func(string, ...any) {})
		want := "stopped after 1m5s; missing:\n  anm: connection refused\n  mysql: no answer in time"
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
}

func TestAPodThatIsStoppedAtOnceNamesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		hanging := Check{"mysql", func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }}
		err := Wait(ctx, []Check{hanging}, limits, func(format string, args ...any) { t.Errorf(format, args...) })
		if want := "stopped after 0s; missing:\n  mysql: no answer yet"; err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	})
}
