// Command resume brings back a stack whose update was killed: make resume STACK=prod.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"apim-azure/internal/resume"
)

func main() {
	stack := flag.String("stack", "", "the stack to bring back")
	flag.Parse()
	if *stack == "" {
		fmt.Fprintln(os.Stderr, "resume: which stack? Say --stack NAME, or make resume STACK=NAME")
		os.Exit(2)
	}
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if err := resume.Run(context.Background(), installed(*stack), keep(*stack), say); err != nil {
		fmt.Fprintln(os.Stderr, "resume:", err)
		os.Exit(1)
	}
}

// keep writes the state into the working directory, for its owner only.
func keep(stack string) resume.Keep {
	return func(state []byte) (string, error) {
		name := fmt.Sprintf("%s-%s.state.json", stack, time.Now().UTC().Format("20060102T150405Z"))
		return name, os.WriteFile(name, state, 0o600)
	}
}

// installed runs the installed CLI on a stack. Everything but the exported state, which holds more than a terminal wants, is
// shown as it comes.
func installed(stack string) resume.Pulumi {
	return func(ctx context.Context, input []byte, args ...string) (string, int, error) {
		var output bytes.Buffer
		cmd := exec.CommandContext(ctx, "pulumi", append(args, "--stack", stack)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), io.MultiWriter(os.Stdout, &output), os.Stderr
		if resume.Quiet(args) {
			cmd.Stdout = &output
		}
		err := cmd.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return output.String(), exit.ExitCode(), nil
		}
		return output.String(), 0, err
	}
}
