// Package resume brings a stack back whose update was killed.
//
// A killed update leaves a lock, and creations of which nobody knows whether they happened. A plain update is refused by the
// lock, and once that is lifted it fails on whatever does exist, because the Azure provider never takes over what it did not
// create. So the creations are looked up under the IDs their inputs lead to: what exists is taken into the state, what doesn't is
// dropped from it, and the next update goes on from there.
package resume

import (
	"context"
	"fmt"
	"strings"
)

// Pulumi runs the CLI on the stack, with input on its standard input, and returns what it printed on its standard output and its
// exit code. An error means that it could not run.
type Pulumi func(ctx context.Context, input []byte, args ...string) (output string, code int, err error)

// Run lifts the lock, reconciles the state with what exists, and updates. say tells what it does.
func Run(ctx context.Context, pulumi Pulumi, say func(format string, args ...any)) error {
	say("Lifting the lock the killed update left.")
	if _, err := run(ctx, pulumi, nil, "cancel", "--yes"); err != nil {
		return err
	}
	var inputs map[string]any
	if err := edit(ctx, pulumi, func(s *state) {
		var pending int
		inputs, pending = s.adopt(identifier(s.subscription()))
		say("%d operations were under way; looking up %d creations, and everything else.", pending, len(inputs))
	}); err != nil {
		return err
	}
	if _, err := run(ctx, pulumi, nil, "refresh", "--yes", "--skip-preview"); err != nil {
		return err
	}
	if len(inputs) > 0 {
		if err := edit(ctx, pulumi, func(s *state) { s.restore(inputs) }); err != nil {
			return err
		}
	}
	say("Going on with the update.")
	_, err := run(ctx, pulumi, nil, "up", "--yes", "--skip-preview")
	return err
}

// edit changes the stack's state.
func edit(ctx context.Context, pulumi Pulumi, change func(*state)) error {
	export, err := run(ctx, pulumi, nil, "stack", "export")
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
	_, err = run(ctx, pulumi, changed, "stack", "import")
	return err
}

func run(ctx context.Context, pulumi Pulumi, input []byte, args ...string) (string, error) {
	output, code, err := pulumi(ctx, input, args...)
	if err != nil {
		return "", fmt.Errorf("pulumi %s: %w", args[0], err)
	}
	if code != 0 {
		return "", fmt.Errorf("pulumi %s ended with exit code %d: %s", args[0], code, strings.TrimSpace(output))
	}
	return output, nil
}
