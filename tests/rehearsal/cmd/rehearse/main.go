// Command rehearse runs the ordinary Pulumi program through its life with no cloud account. See its --help.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/tools"
)

func main() {
	code, err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearse:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string, stdin *os.File, stdout, stderr io.Writer) (int, error) {
	if help(args) {
		_, err := fmt.Fprint(stdout, usage)
		return 0, err
	}
	root, err := tools.Root()
	if err != nil {
		return 1, err
	}
	c, err := parse(args, rehearsal.Stacks(root))
	if err != nil {
		return 2, err
	}

	// Until the CLI runs, an interrupt cancels what is being prepared; from then on it is the CLI's to answer.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch c.verb {
	case "tools":
		return 0, buildTools(ctx, c.nextKubernetes, stdout, stderr)
	case "fidelity":
		return 0, rehearsal.Fidelity(stdout)
	}
	signals := make(chan os.Signal, 1)
	rig, err := rehearsal.New(ctx, rehearsal.Options{
		Root: root, Stack: c.stack, TimeScale: c.timeScale, StandIns: c.standIns, Faults: c.faults, Config: c.overrides(),
		PushImages: c.push, NextKubernetes: c.nextKubernetes,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Interactive: term.IsTerminal(int(stdin.Fd())), Signals: signals,
	})
	if err != nil {
		return 1, err
	}
	defer rig.Close()
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop()
	return execute(context.Background(), rig, c, stdout)
}

// execute runs the verb on a rig that is ready.
func execute(ctx context.Context, rig *rehearsal.Rig, c command, stdout io.Writer) (int, error) {
	switch c.verb {
	case "preview":
		return rig.Preview(ctx, c.rest...)
	case "up":
		return rig.Up(ctx, c.rest...)
	case "refresh":
		return rig.Refresh(ctx, c.rest...)
	case "outputs":
		return rig.Outputs(ctx, c.rest...)
	case "destroy":
		return rig.Destroy(ctx, c.rest...)
	case "resume":
		return 0, rig.Resume(ctx)
	case "export":
		return rig.Pulumi(ctx, append([]string{"stack", "export"}, c.rest...)...)
	case "manifests":
		export, err := rig.Export(ctx, true)
		if err != nil {
			return 1, err
		}
		manifests, err := rehearsal.Manifests(export)
		if err != nil {
			return 1, err
		}
		_, err = stdout.Write(manifests)
		return 0, err
	case "pulumi":
		return rig.Pulumi(ctx, c.rest...)
	}
	return 0, onCluster(ctx, rig, c, stdout)
}

// onCluster runs the verbs that look at the simulated cluster or do something to it.
func onCluster(ctx context.Context, rig *rehearsal.Rig, c command, stdout io.Writer) error {
	switch c.verb {
	case "push":
		pushed, err := rig.Push(c.words...)
		for _, image := range pushed {
			_, _ = fmt.Fprintln(stdout, "pushed", image)
		}
		return err
	case "drain":
		return rig.Drain(ctx, c.words[0])
	case "uncordon":
		return rig.Uncordon(ctx, c.words[0])
	case "lose":
		return rig.LoseZone(ctx, c.words[0])
	case "restore":
		return rig.RestoreZone(ctx, c.words[0])
	case "load":
		return rig.Load(ctx, c.words...)
	case "serve":
		return rig.Serve(ctx)
	default: // pods
		return rig.Pods(ctx)
	}
}

// buildTools finds or builds everything a rehearsal runs, and says where it is.
func buildTools(ctx context.Context, nextKubernetes bool, stdout, stderr io.Writer) error {
	pulumi, err := tools.Pulumi(ctx, stderr)
	if err != nil {
		return err
	}
	find := tools.Kubernetes
	if nextKubernetes {
		find = tools.NextKubernetes
	}
	b, err := find(ctx, stderr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "pulumi                   %s\netcd                     %s\nkube-apiserver           %s\nkube-controller-manager  %s\n"+
		"kube-scheduler           %s\nkwok                     %s\n", pulumi, b.Etcd, b.APIServer, b.ControllerManager, b.Scheduler, b.Kwok)
	return err
}
