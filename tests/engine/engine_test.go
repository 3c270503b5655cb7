// Package engine_test runs the real Pulumi CLI and engine on the compiled program, against the rehearsal's stand-ins and a
// real Kubernetes API server.
package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"apim-azure/tests/rehearsal"
	"apim-azure/tests/rehearsal/azure"
)

// binary is the compiled program, which all tests share: linking the Azure SDK takes longer than an update.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "program")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// compiling lets the first test compile alone; for the others there is nothing left to do.
var compiling sync.Mutex

// stage is a change of configuration by path.
type stage map[string]any

var (
	platform  = stage{"workloads.enabled": false}
	workloads = stage{"workloads.enabled": true}
)

// with is the stage and more changes.
func (s stage) with(more stage) stage {
	out := stage{}
	for k, v := range s {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// rig is a rehearsal of a stack in a folder of the test's own.
type rig struct {
	*rehearsal.Rig
	t   *testing.T
	dir string
	// printed is what commands that are not captured printed.
	printed *bytes.Buffer
}

// in is the same rehearsal in a subtest.
func (r rig) in(t *testing.T) rig { return rig{r.Rig, t, r.dir, r.printed} }

func newRig(t *testing.T, stack string, overrides stage, faults ...azure.Fault) rig {
	t.Helper()
	return open(t, rehearsal.Options{Stack: stack, Config: overrides, Faults: rehearsal.Faults{Azure: faults}})
}

// newSignalledRig is a rehearsal whose CLI gets signals.
func newSignalledRig(t *testing.T, stack string, overrides stage, signals <-chan os.Signal) rig {
	t.Helper()
	return open(t, rehearsal.Options{Stack: stack, Config: overrides, Signals: signals})
}

func open(t *testing.T, options rehearsal.Options) rig {
	t.Helper()
	printed := &bytes.Buffer{}
	options.Dir, options.Binary, options.Stdout, options.Stderr = t.TempDir(), binary, printed, os.Stderr
	options.PushImages = true
	compiling.Lock()
	r, err := rehearsal.New(context.Background(), options)
	compiling.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return rig{r, t, options.Dir, printed}
}

func (r rig) configure(s stage) {
	r.t.Helper()
	if err := r.Configure(s); err != nil {
		r.t.Fatal(err)
	}
}

// pulumi runs a command that must succeed.
func (r rig) pulumi(args ...string) rehearsal.Result {
	r.t.Helper()
	result := r.try(args...)
	if result.Code != 0 {
		r.t.Fatalf("pulumi %s: exit code %d\n%s%s", strings.Join(args, " "), result.Code, tail(result.Stdout), tail(result.Stderr))
	}
	return result
}

// try runs a command that may fail.
func (r rig) try(args ...string) rehearsal.Result {
	r.t.Helper()
	result, err := r.Capture(context.Background(), args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

// destroy lifts the protection and destroys everything.
func (r rig) destroy() {
	r.t.Helper()
	if code, err := r.Destroy(context.Background()); err != nil || code != 0 {
		r.t.Fatalf("destroy: exit code %d, %v\n%s", code, err, tail(r.printed.String()))
	}
	if n, err := r.Resources(context.Background()); err != nil || n > 0 {
		r.t.Errorf("%d resources are left after the destroy (%v)", n, err)
	}
}

func (r rig) up() {
	r.t.Helper()
	if code, err := r.Up(context.Background()); err != nil || code != 0 {
		r.t.Fatalf("up: exit code %d, %v\n%s", code, err, tail(r.printed.String()))
	}
}

// tail keeps the end of a long output, where the errors are.
func tail(text string) string {
	const most = 6000
	if len(text) > most {
		return "[...]" + text[len(text)-most:]
	}
	return text
}

// requests are the calls the simulated subscription got since a moment, as "create TOKEN NAME".
func (r rig) requests(since int) []string {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, "log"))
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) == 5 && strings.HasPrefix(fields[3], "azure-native:") {
			out = append(out, strings.Join(fields[2:], " "))
		}
	}
	return out[since:]
}

// step is one step of a preview.
type step struct {
	Op           string         `json:"op"`
	URN          string         `json:"urn"`
	DetailedDiff map[string]any `json:"detailedDiff"`
}

func (s step) name() string { return s.URN[strings.LastIndex(s.URN, "::")+2:] }

// preview returns the steps that would change something.
func (r rig) preview() []step {
	r.t.Helper()
	return r.steps("preview", "--json")
}

// steps runs a preview of some kind and returns the steps that would change something.
func (r rig) steps(args ...string) []step {
	r.t.Helper()
	result := r.pulumi(args...)
	var digest struct {
		Steps []step `json:"steps"`
	}
	if err := json.Unmarshal([]byte(result.Stdout), &digest); err != nil {
		r.t.Fatalf("%v in %s", err, tail(result.Stdout))
	}
	if len(digest.Steps) == 0 {
		r.t.Fatal("the preview has no steps at all: this test is not testing anything")
	}
	return slices.DeleteFunc(digest.Steps, func(s step) bool { return s.Op == "same" || s.Op == "read" || s.Op == "refresh" })
}

// export is the state with its secrets encrypted, or in clear.
func (r rig) export(showSecrets bool) string {
	r.t.Helper()
	content, err := r.Export(context.Background(), showSecrets)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(content)
}
