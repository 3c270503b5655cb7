package rehearsal

import (
	"bytes"
	"context"
	"io"
	"os"

	"apim-azure/internal/resume"
)

// Resume brings the stack back after its update was killed, with the configuration of the last Up.
func (r *Rig) Resume(ctx context.Context) error {
	overrides, err := r.lastOverrides()
	if err != nil {
		return err
	}
	if err := r.Configure(overrides); err != nil {
		return err
	}
	cli := func(ctx context.Context, input []byte, args ...string) (string, int, error) {
		var output bytes.Buffer
		stdout := io.MultiWriter(r.options.Stdout, &output)
		if resume.Quiet(args) {
			stdout = &output
		}
		code, err := r.run(ctx, args, bytes.NewReader(input), stdout, r.options.Stderr)
		return output.String(), code, err
	}
	keep := func(state []byte) (string, error) {
		path := r.path("state-before-resume.json")
		return path, os.WriteFile(path, state, 0o600)
	}
	return resume.Run(ctx, cli, keep, r.say)
}
