package rehearsal

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small prepares a rehearsal of the small project in dir. Only the stand-ins it needs are used, so that no control plane is
// looked for.
func small(t *testing.T, dir string, change func(*Options)) *Rig {
	t.Helper()
	rig, err := New(t.Context(), smallOptions(t, dir, change))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rig.Close)
	return rig
}

func smallOptions(t *testing.T, dir string, change func(*Options)) Options {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("testdata", "project"))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Root: root, Stack: "small", Dir: dir, StandIns: []string{"random", "tls"}, Stderr: os.Stderr}
	if change != nil {
		change(&o)
	}
	return o
}

func succeed(t *testing.T, rig *Rig, args ...string) string {
	t.Helper()
	result, err := rig.Capture(t.Context(), args...)
	if err != nil || result.Code != 0 {
		t.Fatalf("pulumi %s: code %d, error %v\n%s%s", strings.Join(args, " "), result.Code, err, result.Stdout, result.Stderr)
	}
	return result.Stdout
}

func outputs(t *testing.T, rig *Rig, args ...string) map[string]any {
	t.Helper()
	var out map[string]any
	text := succeed(t, rig, append([]string{"stack", "output", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func TestAStackLivesThroughARehearsal(t *testing.T) {
	t.Setenv("ARM_CLIENT_SECRET", "leaked")
	t.Setenv("PULUMI_BACKEND_URL", "https://example.com/not-to-be-reached")
	dir := t.TempDir()
	next := func() *Rig { return small(t, dir, nil) } // of the whole test, whichever part of it asks
	rig := next()
	succeed(t, rig, "preview")
	succeed(t, rig, "up", "--yes", "--skip-preview")
	succeed(t, rig, "preview", "--expect-no-changes")
	succeed(t, rig, "refresh", "--yes", "--expect-no-changes")

	shown, hidden := outputs(t, rig, "--show-secrets"), outputs(t, rig)
	if suffix, _ := shown["suffix"].(string); len(suffix) != 6 || shown["cloud"] != false || shown["configurationIsSecret"] != true {
		t.Errorf("outputs are %v", hidden)
	}
	for _, key := range []string{"password", "secrets"} {
		if hidden[key] != "[secret]" {
			t.Errorf("the output %s is not secret", key)
		}
	}
	export, err := rig.Export(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{shown["password"].(string), "PRIVATE KEY", "rehearsal value of"} {
		if bytes.Contains(export, []byte(clear)) {
			t.Errorf("the export shows a secret: %.12s...", clear)
		}
	}
	if !strings.Contains(shown["secrets"].(string), "rehearsal value of secrets.license") {
		t.Error("an encrypted value of the stack's file was not replaced")
	}

	t.Run("a second rehearsal of the stack is refused meanwhile", func(t *testing.T) {
		_, err := New(t.Context(), smallOptions(t, dir, nil))
		if err == nil || !strings.Contains(err.Error(), "another rehearsal of small is running (process ") {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("the next rehearsal finds everything unchanged", func(t *testing.T) {
		rig.Close()
		rig = next()
		succeed(t, rig, "preview", "--expect-no-changes")
	})
	t.Run("a protected resource is not destroyed", func(t *testing.T) {
		result, err := rig.Capture(t.Context(), "destroy", "--yes", "--skip-preview")
		if err != nil || result.Code == 0 || !strings.Contains(result.Stdout+result.Stderr, "protect") {
			t.Errorf("code %d, error %v\n%s", result.Code, err, result.Stderr)
		}
	})
	t.Run("destroy lifts the protection first", func(t *testing.T) {
		if code, err := rig.Destroy(t.Context()); err != nil || code != 0 {
			t.Fatal(code, err)
		}
		if n, err := rig.Resources(t.Context()); err != nil || n != 0 {
			t.Errorf("%d resources left, error %v", n, err)
		}
		if code, err := rig.Destroy(t.Context()); err != nil || code != 0 {
			t.Errorf("a second time: code %d, error %v", code, err)
		}
	})
}

func TestTheMadeUpCertificateServesTheHostsOfTheStack(t *testing.T) {
	t.Parallel()
	rig := small(t, t.TempDir(), nil)
	succeed(t, rig, "up", "--yes", "--skip-preview")
	shown := outputs(t, rig, "--show-secrets")
	key, _, _ := strings.Cut(shown["secrets"].(string), "rehearsal value")
	pair, err := tls.X509KeyPair([]byte(shown["certificate"].(string)), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if len(pair.Certificate) != 2 {
		t.Fatalf("the chain has %d certificates", len(pair.Certificate))
	}
	ca, err := x509.ParseCertificate(pair.Certificate[1])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for _, host := range []string{"anm.example.com", "api-manager.example.com", "api.example.com"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Error(err)
		}
	}
}

func TestASecretThatIsGivenIsEncryptedAndForgottenWithItsOverride(t *testing.T) {
	t.Parallel()
	rig := small(t, t.TempDir(), func(o *Options) {
		o.Config = map[string]any{"secrets.privateKey": "given by the test"}
	})
	succeed(t, rig, "up", "--yes", "--skip-preview")
	before := outputs(t, rig, "--show-secrets")
	if got := before["secrets"].(string); !strings.HasPrefix(got, "given by the test") || before["configurationIsSecret"] != true {
		t.Errorf("the program got %q, secret: %v", got, before["configurationIsSecret"])
	}
	if file, err := os.ReadFile(rig.path("project", "Pulumi.small.yaml")); err != nil || bytes.Contains(file, []byte("given by")) {
		t.Errorf("the stack's file holds it in clear, error %v", err)
	}
	if err := rig.Configure(nil); err != nil {
		t.Fatal(err)
	}
	succeed(t, rig, "up", "--yes", "--skip-preview")
	if got := outputs(t, rig, "--show-secrets")["secrets"].(string); !strings.HasPrefix(got, "-----BEGIN PRIVATE KEY-----") {
		t.Errorf("without the override the program got %.20q", got)
	}
}

func TestWithoutWorkloadsNoCertificateIsMadeUp(t *testing.T) {
	t.Parallel()
	rig := small(t, t.TempDir(), func(o *Options) {
		o.Config = map[string]any{"workloads.enabled": false, "length": 9}
	})
	succeed(t, rig, "up", "--yes", "--skip-preview")
	if got := outputs(t, rig); got["certificate"] != "" || len(got["suffix"].(string)) != 9 {
		t.Errorf("outputs are %v", got)
	}
	t.Run("and destroying does not turn them on", func(t *testing.T) {
		if err := rig.Configure(nil); err != nil {
			t.Fatal(err)
		}
		overrides, err := rig.lastOverrides()
		if err != nil || len(overrides) != 0 {
			t.Fatalf("overrides %v, error %v: no Up of the rig has been run", overrides, err)
		}
		if err := rig.Configure(map[string]any{"workloads.enabled": false, "length": 9}); err != nil {
			t.Fatal(err)
		}
		if code, err := rig.Up(t.Context()); err != nil || code != 0 {
			t.Fatal(code, err)
		}
		if err := rig.Configure(nil); err != nil {
			t.Fatal(err)
		}
		if overrides, err = rig.lastOverrides(); err != nil || overrides["workloads.enabled"] != false {
			t.Errorf("overrides %v, error %v", overrides, err)
		}
	})
}

func TestTheProgramsOutputStaysOutOfWhatCommandsPrint(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	rig := small(t, t.TempDir(), func(o *Options) { o.Stdout, o.Stderr = &stdout, &stderr })
	if code, err := rig.Preview(t.Context(), "--json"); err != nil || code != 0 {
		t.Fatal(code, err, stderr.String())
	}
	var preview struct {
		Diagnostics []struct{ Message string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &preview); err != nil {
		t.Fatalf("stdout is no JSON: %v\n%s", err, stdout.String())
	}
	heard := false
	for _, d := range preview.Diagnostics {
		heard = heard || strings.Contains(d.Message, "printed by the program")
	}
	if !heard {
		t.Errorf("what the program printed is not among the diagnostics: %+v", preview.Diagnostics)
	}
}

func TestAnInterruptLeavesTheStackUsable(t *testing.T) {
	t.Parallel()
	waiting := filepath.Join(t.TempDir(), "waiting")
	signals := make(chan os.Signal, 1)
	rig := small(t, t.TempDir(), func(o *Options) {
		o.Config, o.Signals = map[string]any{"wait": waiting}, signals
	})
	type end struct {
		code int
		err  error
	}
	ended := make(chan end)
	go func() {
		code, err := rig.Up(context.Background())
		ended <- end{code, err}
	}()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(waiting); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the program did not start")
		}
	}
	signals <- os.Interrupt
	select {
	case e := <-ended:
		if e.err != nil || e.code == 0 {
			t.Errorf("an interrupted update ends with code %d, error %v", e.code, e.err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the update did not end after the interrupt")
	}
	if err := rig.Configure(nil); err != nil {
		t.Fatal(err)
	}
	succeed(t, rig, "up", "--yes", "--skip-preview")
}

func TestOnlyAStackThatIsGoneIsCalledDestroyed(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	rig := small(t, t.TempDir(), func(o *Options) { o.Stderr = &stderr })
	succeed(t, rig, "up", "--yes", "--skip-preview")
	for _, c := range []struct {
		args []string
		want bool
	}{{[]string{"--help"}, false}, {nil, true}} {
		if code, err := rig.Destroy(t.Context(), c.args...); err != nil || code != 0 {
			t.Fatal(code, err, stderr.String())
		}
		if got := strings.Contains(stderr.String(), "is destroyed"); got != c.want {
			t.Errorf("with %v it is called destroyed: %v\n%s", c.args, got, stderr.String())
		}
	}
}

func TestALockThatAKilledUpdateLeftIsToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := small(t, dir, nil)
	locks := first.path("backend", ".pulumi", "locks", "organization", "apim", "small")
	first.Close()
	for _, c := range []struct {
		killed bool
		want   int
	}{{false, 0}, {true, 1}} {
		if c.killed {
			if err := os.MkdirAll(locks, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(locks, "left.json"), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var stderr bytes.Buffer
		rig := small(t, dir, func(o *Options) { o.Stderr = &stderr })
		rig.Close()
		if n := strings.Count(stderr.String(), "rehearse resume --stack small"); n != c.want {
			t.Errorf("killed is %v, and the way out is told %d times:\n%s", c.killed, n, stderr.String())
		}
	}
}

func TestAMistakenRehearsalIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"a stack that has no file":          {func(o *Options) { o.Stack = "huge" }, "the stacks are small"},
		"a stand-in there is none of":       {func(o *Options) { o.StandIns = []string{"aws"} }, "azure, kubernetes, random, tls"},
		"time that runs backwards":          {func(o *Options) { o.TimeScale = -1 }, "0 (no waiting) or more"},
		"a value within something else":     {func(o *Options) { o.Config = map[string]any{"domain.tld": "com"} }, "neither an object nor a list"},
		"a position in a list there is not": {func(o *Options) { o.Config = map[string]any{"workloads.groups[7].name": "x"} }, "no position in a list of 1"},
		"a program that does not compile":   {func(o *Options) { o.Program = "nowhere" }, "compiling the program failed"},
	} {
		t.Run(name, func(t *testing.T) {
			rig, err := New(t.Context(), smallOptions(t, t.TempDir(), c.change))
			if err == nil {
				rig.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestOverridesReachEveryDepth(t *testing.T) {
	p := &project{name: "apim", stack: map[string]any{"config": map[string]any{
		"apim:workloads": map[string]any{"groups": []any{map[string]any{"name": "a"}}},
		"apim:protect":   true,
	}}}
	got, _, err := p.configuration(map[string]any{
		"workloads.groups[0].name": "b", "workloads.groups.1.name": "c", "workloads.anm.cpu": "2", "protect": nil, "other:key": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"apim:workloads":{"anm":{"cpu":"2"},"groups":[{"name":"b"},{"name":"c"}]},"other:key":1}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
	if before, _ := json.Marshal(p.stack); !strings.Contains(string(before), `"name":"a"`) {
		t.Errorf("the stack's own values were changed: %s", before)
	}
}

func TestTheNextKubernetesMinorHasAFolderOfItsOwn(t *testing.T) {
	root := t.TempDir()
	dirs := map[string]bool{}
	for _, next := range []bool{false, true} {
		rig := &Rig{options: Options{Root: root, Stack: "dev", NextKubernetes: next}}
		if err := rig.complete(); err != nil {
			t.Fatal(err)
		}
		dirs[rig.options.Dir] = true
		if strings.Contains(rig.flags(), "--kubernetes next") != next {
			t.Errorf("next minor %v: its command line has %s", next, rig.flags())
		}
	}
	if len(dirs) != 2 {
		t.Errorf("both keep their data in the same place: %v", dirs)
	}
	given := &Rig{options: Options{Root: root, Stack: "dev", NextKubernetes: true, Dir: filepath.Join(root, "mine")}}
	if err := given.complete(); err != nil || given.options.Dir != filepath.Join(root, "mine") {
		t.Errorf("the folder asked for became %s, %v", given.options.Dir, err)
	}
}
