package azure

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"apim-azure/tests/rehearsal/azure/arm"
)

// Tries is how often azure-native sends a request before it reports the error: azcore's three retries after the first try.
const Tries = 4

// retryDelay is azcore's first pause as azure-native sets it; the pauses before the second, third and fourth try are 1, 3 and 6
// times as long (2^n - 1, at most 120 s). Azcore's jitter is left out.
const (
	retryDelay    = 20 * time.Second
	maxRetryDelay = 120 * time.Second
)

// retriedStatus are the answers azcore sends a request again for, retriedConflicts the 409s azure-native adds to them (its pull
// requests 3653 and 4497). Every other refusal is final at once.
var (
	retriedStatus = []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	retriedConflicts = []string{"AnotherOperationInProgress", "StorageAccountOperationInProgress"}
)

func sentAgain(err error) bool {
	if errors.Is(err, errConnection) {
		return true
	}
	var refusal *arm.Error
	if !errors.As(err, &refusal) {
		return false
	}
	return slices.Contains(retriedStatus, refusal.Status) || slices.Contains(retriedConflicts, refusal.Code)
}

// send makes a request the way azure-native's client does: again, after a pause, as long as the answer is one that passes. do is the
// request reaching Azure; it returns the operation Azure accepted, if there is one to wait for. A lost answer means that Azure carries
// the operation out with nobody waiting, and that the next try meets it, or what it did.
func (s *Subscription) send(ctx context.Context, r request, do func() (*arm.Operation, error)) error {
	for try := 1; ; try++ {
		err := s.strike(ctx, r, early)
		if err == nil {
			var operation *arm.Operation
			operation, err = do()
			if operation != nil {
				err = s.lose(ctx, r, operation)
			}
		}
		if err == nil || try == Tries || !sentAgain(err) {
			return err
		}
		if stopped := pause(ctx, s.retryPause(try)); stopped != nil {
			return stopped
		}
	}
}

// lose takes the answer to an accepted request away, if a fault says so, and leaves Azure to carry it out.
func (s *Subscription) lose(ctx context.Context, r request, operation *arm.Operation) error {
	fault, found := s.take(func(f Fault) bool { return f.moment() == lost && f.fits(r.token, r.name, r.call) })
	if !found {
		return nil
	}
	carriedOut := s.carryOut(operation, 0)
	if s.options.TimeScale == 0 && s.options.Latency == 0 {
		if err := <-carriedOut; err != nil { // nothing takes time, so it is done before the next try
			s.options.Log("%s %s %s, whose answer was lost: %v", r.call, r.token, r.name, err)
		}
	}
	if fault.Code == Kill {
		return s.kill(ctx)
	}
	return fault.err(r)
}

// carryOut has Azure carry out what it accepted, whoever waits for it. Close ends it early, with the same outcome.
func (s *Subscription) carryOut(operation *arm.Operation, timeout float64) <-chan error {
	done := make(chan error, 1)
	s.operations.Go(func() {
		err := operation.Finish(s.open, s.wait(timeout))
		s.changed()
		done <- err
	})
	return done
}

// await waits for an operation as long as the client does: one that goes, or is killed, leaves it going on.
func (s *Subscription) await(client context.Context, operation *arm.Operation, timeout float64) error {
	done := s.carryOut(operation, timeout)
	select {
	case err := <-done:
		return err
	case <-client.Done():
		return client.Err()
	}
}

// Close has Azure finish at once what is under way. A subscription that is closed takes no more requests.
func (s *Subscription) Close() {
	s.close()
	s.operations.Wait()
}

// retryPause is the pause after a try. Without a time scale it is as many times the latency as makes it longer than the request it
// collided with, as the real pauses usually are.
func (s *Subscription) retryPause(try int) time.Duration {
	factor := time.Duration(1)<<try - 1
	if s.options.TimeScale == 0 {
		return factor * s.options.Latency
	}
	return s.real(min(factor*retryDelay, maxRetryDelay).Seconds())
}
