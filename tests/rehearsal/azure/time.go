package azure

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"apim-azure/tests/rehearsal/azure/arm"
)

// defaultTimeout is how long azure-native waits for a request without customTimeouts, in seconds.
const defaultTimeout = 2 * 60 * 60

// wait lets a request take its simulated time, and never less than Options.Latency. A timeout, in simulated seconds, that is too
// short for it fails as it would against Azure.
func (s *Subscription) wait(timeout float64) arm.Wait {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return func(ctx context.Context, minutes float64) error {
		seconds := minutes * 60
		if err := pause(ctx, max(s.real(min(seconds, timeout)), s.options.Latency)); err != nil {
			return err
		}
		if seconds > timeout {
			return fmt.Errorf("the request takes about %v of simulated time and the timeout is %v: %w",
				time.Duration(seconds)*time.Second, time.Duration(timeout)*time.Second, context.DeadlineExceeded)
		}
		return nil
	}
}

// real is the real time some simulated seconds take; none without a time scale.
func (s *Subscription) real(seconds float64) time.Duration {
	if s.options.TimeScale == 0 {
		return 0
	}
	return time.Duration(seconds / s.options.TimeScale * float64(time.Second))
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// propagation is how long a new role assignment or identity isn't known everywhere: between the type's least and most minutes, the
// same for the same ID in every run, plus what the options and the faults add.
func (s *Subscription) propagation(t *arm.Type, id string) time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id))
	least, most := t.Propagation[0], t.Propagation[1]
	minutes := least + (most-least)*float64(hash.Sum32()%1000)/1000
	return s.real(minutes*60) + s.options.Propagation + s.propagationFault(t.Token, id)
}
