// Package resume brings a stack back whose update was killed, or lost the answer to a request.
//
// A killed update leaves a lock, and operations of which nobody knows whether they happened. A plain update is refused by the lock,
// and once that is lifted it fails on whatever creation did happen, because the Azure provider never takes over what it did not
// create. So the creations are looked up under the IDs their inputs lead to: what exists is taken into the state, what doesn't is
// dropped from it. What became of changes and deletions a refresh finds out by itself. Then the update goes on.
//
// An answer that never came leaves less: a creation the engine holds for failed. Only the next update shows it, by failing on what
// exists. Then the same is done with those creations it still plans, until an update gets through.
//
// Nothing is taken over that isn't this stack's: an ID follows from the stack's own names, and where a resource carries tags or
// labels they must be the ones the stack gives it.
package resume

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"apim-azure/internal/retry"
)

// Pulumi runs the CLI on the stack, with input on its standard input, and returns what it printed on its standard output and its
// exit code. An error means that it could not run.
type Pulumi func(ctx context.Context, input []byte, args ...string) (output string, code int, err error)

// Quiet tells whether the output of a command is for this package only: a state or a plan, which hold more than a terminal wants.
func Quiet(args []string) bool { return args[0] == "stack" || slices.Contains(args, "--json") }

const (
	// tries is how often a refresh is tried that fails for something that passes, and between is the pause. Updates outlast such
	// errors by themselves.
	tries   = 4
	between = 15 * time.Second
)

// Keep puts an exported state, its secrets encrypted, where an operator finds it, and says where that is.
type Keep func(state []byte) (where string, err error)

// Run lifts the lock, keeps a copy of the state, reconciles the state with what exists, and updates. say tells what it does.
func Run(ctx context.Context, pulumi Pulumi, keep Keep, say func(format string, args ...any)) error {
	return (&resumption{pulumi, keep, say, pause}).run(ctx)
}

type resumption struct {
	pulumi Pulumi
	keep   Keep
	say    func(format string, args ...any)
	pause  func(context.Context, time.Duration) error
}

func (r *resumption) run(ctx context.Context) error {
	r.say("Lifting the lock the killed update left.")
	// Some backends call it an error when there is none.
	if output, code, err := r.pulumi(ctx, nil, "cancel", "--yes"); err != nil {
		return fmt.Errorf("pulumi cancel: %w", err)
	} else if code != 0 {
		r.say("No lock was lifted: %s", strings.TrimSpace(output))
	}
	if err := r.copy(ctx); err != nil {
		return err
	}
	var taken []*adoption
	if err := r.edit(ctx, func(s *state) {
		var pending int
		taken, pending = s.adoptPending(identifier(s.subscription()))
		r.say("%d operations were under way; looking up %d creations, and everything else.", pending, len(taken))
	}); err != nil {
		return err
	}
	if _, err := r.settle(ctx, taken); err != nil {
		return err
	}
	r.say("Going on with the update.")
	for { // each round takes something in, and there is only so much to take in
		output, code, err := r.pulumi(ctx, nil, "up", "--yes", "--skip-preview")
		if err != nil || code == 0 {
			return wrapped(err)
		}
		if done, err := r.takeInWhatExists(ctx, output, code); err != nil || done {
			return err
		}
		r.say("Going on with the update again.")
	}
}

// copy keeps the state as it is now: what follows edits it.
func (r *resumption) copy(ctx context.Context) error {
	export, err := r.must(ctx, nil, "stack", "export")
	if err != nil {
		return err
	}
	where, err := r.keep([]byte(export))
	if err != nil {
		return fmt.Errorf("keeping a copy of the state: %w", err)
	}
	r.say("The state as it was is in %s; pulumi stack import brings it back.", where)
	return nil
}

// takeInWhatExists takes in the creations a failed update ran into. The update is run once more for that, in JSON, which tells what it
// wanted to create; if it gets through this time, all is done. It is an error if there is nothing to take in, or something isn't this
// stack's.
func (r *resumption) takeInWhatExists(ctx context.Context, output string, code int) (done bool, err error) {
	if !somethingExists(output) {
		return false, ended(code, output)
	}
	r.say("The update ran into something that exists and that the state doesn't know. Looking for what it wanted to create.")
	text, code, err := r.pulumi(ctx, nil, "up", "--yes", "--skip-preview", "--json")
	if err != nil || code == 0 {
		return true, wrapped(err)
	}
	failed, said := readEvents(text)
	var taken []*adoption
	if err := r.edit(ctx, func(s *state) { taken = s.adoptFailed(failed, said, identifier(s.subscription())) }); err != nil {
		return false, err
	}
	if len(taken) == 0 {
		return false, ended(code, said)
	}
	targets := []string{}
	for _, a := range taken {
		targets = append(targets, "--target", a.urn)
	}
	if kept, err := r.settle(ctx, taken, targets...); err != nil || kept > 0 {
		return false, err
	}
	return false, ended(code, said)
}

func ended(code int, output string) error {
	return fmt.Errorf("pulumi up ended with exit code %d: %s", code, strings.TrimSpace(output))
}

// settle refreshes, and decides about each adoption by what is there. kept is how many stay. It is an error if some exist and aren't
// this stack's.
func (r *resumption) settle(ctx context.Context, taken []*adoption, targets ...string) (kept int, err error) {
	if err := r.refresh(ctx, targets); err != nil || len(taken) == 0 {
		return 0, err
	}
	var foreign []string
	err = r.edit(ctx, func(s *state) {
		for _, a := range taken {
			switch s.settle(a) {
			case ours:
				kept++
				r.say("Taken into the state: %s", a.id)
			case theirs:
				foreign = append(foreign, a.id)
			}
		}
	})
	if err == nil && len(foreign) > 0 {
		return kept, fmt.Errorf("these exist and lack this stack's tags or labels, so they are somebody else's and were left alone; "+
			"rename or delete them, or take them over with pulumi import:\n  %s", strings.Join(foreign, "\n  "))
	}
	return kept, err
}

// refresh outlasts errors that pass: after a crash the cluster's API server may not be back yet.
func (r *resumption) refresh(ctx context.Context, targets []string) error {
	args := append([]string{"refresh", "--yes", "--skip-preview"}, targets...)
	for try := 1; ; try++ {
		_, err := r.must(ctx, nil, args...)
		if err == nil || try == tries || !passes(err.Error()) {
			return err
		}
		r.say("The refresh failed with something that passes; trying again in %v.", between)
		if err := r.pause(ctx, between); err != nil {
			return err
		}
	}
}

// unreachable is what the Kubernetes provider says for a whole run when it can't reach the cluster at its beginning.
const unreachable = "cluster is unreachable"

func passes(message string) bool {
	for line := range strings.Lines(message) {
		if _, ok := retry.Find(line); ok || strings.Contains(line, unreachable) {
			return true
		}
	}
	return false
}

// edit changes the stack's state.
func (r *resumption) edit(ctx context.Context, change func(*state)) error {
	export, err := r.must(ctx, nil, "stack", "export")
	if err != nil {
		return err
	}
	s, err := readState([]byte(export))
	if err != nil {
		return err
	}
	change(s)
	changed, err := s.write()
	if err != nil {
		return err
	}
	_, err = r.must(ctx, changed, "stack", "import")
	return err
}

// must runs a command that has to succeed.
func (r *resumption) must(ctx context.Context, input []byte, args ...string) (string, error) {
	output, code, err := r.pulumi(ctx, input, args...)
	if err != nil {
		return "", fmt.Errorf("pulumi %s: %w", args[0], err)
	}
	if code != 0 {
		return "", fmt.Errorf("pulumi %s ended with exit code %d: %s", args[0], code, strings.TrimSpace(output))
	}
	return output, nil
}

func wrapped(err error) error {
	if err != nil {
		return fmt.Errorf("pulumi up: %w", err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
