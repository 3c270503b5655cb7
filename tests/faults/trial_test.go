package faults_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure"
)

// settings are changes of a stack's configuration by path.
type settings map[string]any

var (
	platform  = settings{"workloads.enabled": false}
	workloads = settings{"workloads.enabled": true}
)

// with is the settings and more of them.
func (s settings) with(more settings) settings {
	out := settings{}
	for k, v := range s {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// world is the rehearsal of one stack that a trial breaks things in. Its folder is the trial's own.
type world struct {
	*session
	t *testing.T
}

// session is what trials in the same world share.
type session struct {
	*rehearsal.Rig
	options rehearsal.Options
	console *console
	signals chan os.Signal
}

// compiling lets the first trial compile alone; for the others there is nothing left to do.
var compiling sync.Mutex

// open starts a rehearsal of a stack in which nothing exists yet. CI pushes its images as soon as there is a registry.
func open(t *testing.T, stack string, options rehearsal.Options) *world {
	t.Helper()
	options.PushImages = true
	return openWithoutImages(t, stack, options)
}

func openWithoutImages(t *testing.T, stack string, options rehearsal.Options) *world {
	t.Helper()
	w := &world{&session{console: &console{}, signals: make(chan os.Signal)}, t}
	options.Stack, options.Dir, options.Binary = stack, t.TempDir(), binary
	options.Stdout, options.Stderr, options.Signals = w.console, aside{w.console}, w.signals
	w.options = options
	w.start()
	t.Cleanup(func() { w.Close() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	r, err := rehearsal.New(context.Background(), w.options)
	if err != nil {
		_, text := w.console.take()
		w.t.Fatalf("%v\n%s", err, tail(text, 3000))
	}
	w.Rig = r
}

// restart ends the rehearsal as leaving the terminal would, and starts it again on what it kept.
func (w *world) restart() {
	w.t.Helper()
	w.Close()
	w.start()
}

// in is the same world in a subtest.
func (w *world) in(t *testing.T) *world { return &world{w.session, t} }

// configure changes the configuration for the commands that follow.
func (w *world) configure(s settings) {
	w.t.Helper()
	if err := w.Configure(s); err != nil {
		w.t.Fatal(err)
	}
}

// play runs something and returns what came of it.
func (w *world) play(run func() (int, error)) act {
	w.console.take()
	code, err := run()
	events, text := w.console.take()
	return act{code, err, events, text}
}

func (w *world) up(args ...string) act {
	return w.play(func() (int, error) {
		return w.Up(context.Background(), append([]string{"--json"}, args...)...)
	})
}

func (w *world) pulumi(args ...string) act {
	return w.play(func() (int, error) { return w.Pulumi(context.Background(), args...) })
}

func (w *world) refresh(args ...string) act {
	return w.pulumi(append([]string{"refresh", "--yes", "--skip-preview", "--json"}, args...)...)
}

func (w *world) destroy(args ...string) act {
	return w.pulumi(append([]string{"destroy", "--yes", "--skip-preview", "--run-program", "--json"}, args...)...)
}

func (w *world) resume() act {
	return w.play(func() (int, error) { return 0, w.Resume(context.Background()) })
}

// must ends the trial unless the act went well.
func (w *world) must(a act) act {
	w.t.Helper()
	if !a.ok() {
		w.t.Fatalf("exit code %d: %v\n%s", a.code, a.err, tail(a.said(), 6000))
	}
	return a
}

// killAfter runs a command and kills the CLI some time after it has begun a number of operations.
func (w *world) killAfter(operations int, pause time.Duration, run func() act) act {
	begun := 0
	reached := make(chan struct{})
	w.console.watch(func(e event) {
		if e.Begun == nil || !e.Begun.Metadata.changes() {
			return
		}
		if begun++; begun == operations {
			close(reached)
		}
	})
	defer w.console.watch(nil)
	return w.killOnce(reached, pause, run)
}

// killWithin runs a command and kills the CLI after a while.
func (w *world) killWithin(pause time.Duration, run func() act) act {
	now := make(chan struct{})
	close(now)
	return w.killOnce(now, pause, run)
}

func (w *world) killOnce(reached <-chan struct{}, pause time.Duration, run func() act) act {
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-over:
			return
		case <-reached:
		}
		select {
		case <-over:
			return
		case <-time.After(pause):
		}
		select {
		case w.signals <- os.Kill:
		case <-over:
		}
	}()
	a := run()
	close(over)
	<-gone
	return a
}

// live finds the resource of a type that has a name.
func (w *world) live(token, name string) azure.Resource {
	w.t.Helper()
	for _, r := range w.Subscription().Resources() {
		if r.Token == token && r.Name == name {
			return r
		}
	}
	w.t.Fatalf("there is no %s %s in the subscription", token, name)
	return azure.Resource{}
}
