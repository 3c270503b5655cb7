package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"apim-azure/tests/rehearsal/azure/arm"
)

// Codes of faults that are no answer of Azure's.
const (
	// ConnectionReset takes the connection away.
	ConnectionReset = "ConnectionReset"
	// Kill kills the CLI by Options.Kill. The request gets no answer.
	Kill = "Kill"
	// PropagationDelay lets what is created take Fault.For longer until it is known everywhere. It fits role assignments and
	// user-assigned identities, and no request fails by it.
	PropagationDelay = "PropagationDelay"
)

// Fault makes requests fail, so that recovery can be rehearsed. Without Late and Lost it strikes before Azure does anything.
//
// It counts requests as they go over the wire: azure-native sends some of them again by itself (see Tries), so a fault that is to
// be seen by the program has to strike Tries times.
type Fault struct {
	Token string // the Pulumi type; empty: any
	Name  string // the resource's Azure name; empty: any
	Call  string // create, update, delete or read; empty: any
	// Code is the error code, such as TooManyRequests or PrincipalNotFound, or one of the codes above.
	Code string
	// Times is how often the fault strikes; 0 is once.
	Times int
	// Late strikes after Azure accepted the request: Azure finishes it, the client's polling ends with the error, and the provider
	// reports what is there. It is never sent again.
	Late bool
	// Lost lets Azure do what was asked, and its answer never arrive: neither the provider nor the state knows of it. A read can't
	// be lost.
	Lost bool
	// For is how much longer propagation takes with PropagationDelay, in real time.
	For time.Duration
}

// moment is the point of a request at which a fault strikes.
type moment int

const (
	early moment = iota
	late
	lost
)

func (f Fault) moment() moment {
	switch {
	case f.Lost:
		return lost
	case f.Late:
		return late
	}
	return early
}

func (f Fault) fits(token, name, call string) bool {
	return (f.Token == "" || f.Token == token) && (f.Name == "" || f.Name == name) && (f.Call == "" || f.Call == call)
}

// Inject adds a fault; several strike in the order they were added.
func (s *Subscription) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// Lift takes all faults away that are not used up, and returns how many there were; one with strikes left counts once.
func (s *Subscription) Lift() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.faults)
	s.faults = nil
	return n
}

// request names what a fault can strike.
type request struct{ token, name, call string }

// strike returns the error of the first fault that fits a moment of a request, and uses it up. A request that gets no answer waits
// until whoever made it is gone.
func (s *Subscription) strike(ctx context.Context, r request, at moment) error {
	fault, found := s.take(func(f Fault) bool {
		return f.Code != PropagationDelay && f.moment() == at && f.fits(r.token, r.name, r.call)
	})
	if !found {
		return nil
	}
	if fault.Code == Kill {
		return s.kill(ctx)
	}
	return fault.err(r)
}

// take uses the first fault up that the condition holds for.
func (s *Subscription) take(fits func(Fault) bool) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return fits(*f) })
	if i < 0 {
		return Fault{}, false
	}
	fault := *s.faults[i]
	if s.faults[i].Times--; s.faults[i].Times == 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	return fault, true
}

// propagationFault is how much longer faults let the propagation of a new resource take.
func (s *Subscription) propagationFault(token, id string) time.Duration {
	name := id[strings.LastIndex(id, "/")+1:]
	fault, _ := s.take(func(f Fault) bool { return f.Code == PropagationDelay && f.fits(token, name, "create") })
	return fault.For
}

// patience is how long a killed CLI may take to go away.
const patience = 10 * time.Second

// kill kills the CLI and doesn't answer before its connection is gone.
func (s *Subscription) kill(ctx context.Context) error {
	if s.options.Kill == nil {
		return errors.New("a fault is to kill the CLI, and nobody said how")
	}
	s.options.Kill()
	return errors.Join(errors.New("the CLI was killed by a fault"), pause(ctx, patience))
}

// err is what the client gets to see.
func (f Fault) err(r request) error {
	if f.Code == ConnectionReset {
		return errConnection
	}
	return &arm.Error{Status: faultStatus(f.Code), Code: f.Code, Message: fmt.Sprintf("injected fault on %s of '%s'", r.call, r.name)}
}

// errConnection is a connection that broke, in the words of Go's network library.
var errConnection = errors.New("read tcp 127.0.0.1:40312->203.0.113.1:443: read: connection reset by peer")

func faultStatus(code string) int {
	switch code {
	case "TooManyRequests", "RetryableError":
		return 429
	case "InternalServerError":
		return 500
	case "ServiceUnavailable":
		return 503
	case "GatewayTimeout":
		return 504
	case "PrincipalNotFound", "BadRequest", "CustomKubeletIdentityMissingPermissionError", "InvalidParameter", "InvalidParameterValue":
		return 400
	case "AuthorizationFailed", "LinkedAuthorizationFailed":
		return 403
	}
	return 409
}
