package tools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apim-azure/tests/rehearsal/kubernetes/controlplane"
)

func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnInstalledCLIIsUsedWhenNewEnough(t *testing.T) {
	for name, c := range map[string]struct{ says, why string }{
		"the oldest that works": {"echo v3.250.0", ""},
		"a newer one":           {"echo v3.300.1", ""},
		"an older one":          {"echo v3.249.9", "needs 3.250.0"},
		"one that is broken":    {"exit 1", "does not tell its version"},
		"one that mumbles":      {"echo hello", "needs 3.250.0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := script(t, dir, "pulumi", c.says)
			t.Setenv("PATH", dir)
			path, why := installedCLI(t.Context())
			if (c.why == "") != (path == want) || !strings.Contains(why, c.why) || (c.why == "") != (why == "") {
				t.Errorf("path %q, because %q", path, why)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if path, why := installedCLI(t.Context()); path != "" || why != "no pulumi on PATH" {
			t.Errorf("path %q, because %q", path, why)
		}
	})
}

func TestTheControlPlaneOfTheEnvironmentIsUsedWhenComplete(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"} {
		script(t, dir, name, "true")
	}
	t.Setenv(assetsVariable, dir)
	b, err := Kubernetes(t.Context(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := controlplane.Binaries{
		Etcd: filepath.Join(dir, "etcd"), APIServer: filepath.Join(dir, "kube-apiserver"),
		ControllerManager: filepath.Join(dir, "kube-controller-manager"), Scheduler: filepath.Join(dir, "kube-scheduler"),
		Kwok: filepath.Join(dir, "kwok"),
	}
	if b != want {
		t.Errorf("got %+v", b)
	}
}

func TestTheNextMinorIsBuiltWhateverTheEnvironmentHas(t *testing.T) {
	fakeGo(t, outputFile)
	assets := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"} {
		script(t, assets, name, "true")
	}
	t.Setenv(assetsVariable, assets)
	b, err := NextKubernetes(t.Context(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	minor := func(p controlPlane) (n int) {
		version, _, err := p.apiServer.identity(filepath.Join(root, "tests", "tools", p.apiServer.module))
		if err == nil {
			_, err = fmt.Sscanf(version, "v1.%d.", &n)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if ours, theirs := minor(current), minor(next); theirs != ours+1 {
		t.Errorf("the next minor is 1.%d, the rehearsals' own 1.%d", theirs, ours)
	}
	for name, path := range map[string]string{
		"kube-apiserver": b.APIServer, "kube-controller-manager": b.ControllerManager, "kube-scheduler": b.Scheduler,
	} {
		if want := fmt.Sprintf("%s-v1.%d.", name, minor(next)); !strings.Contains(path, want) || !executable(path) {
			t.Errorf("%s is no %s", path, want)
		}
	}
	for _, path := range []string{b.Etcd, b.Kwok} {
		if !executable(path) || strings.HasPrefix(path, assets) {
			t.Errorf("%q is not what the modules pin", path)
		}
	}
}

// fakeGo stands in for the go command: it writes down its arguments and runs the body.
func fakeGo(t *testing.T, body string) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	script(t, dir, "go", `echo "$@" >> `+calls+"\n"+body)
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	return calls
}

// outputFile has it make the file after -o.
const outputFile = `for a; do [ "$last" = -o ] && out=$a; last=$a; done; printf '#!/bin/sh\n' > $out; chmod +x $out`

func TestAToolIsBuiltOnceEvenByTwoAtATime(t *testing.T) {
	calls := fakeGo(t, "sleep 0.3; "+outputFile)
	type result struct {
		path string
		err  error
		text string
	}
	results := make(chan result)
	for range 2 {
		go func() {
			var progress bytes.Buffer
			path, err := etcd.get(context.Background(), &progress, "of a test")
			results <- result{path, err, progress.String()}
		}()
	}
	a, b := <-results, <-results
	if a.err != nil || b.err != nil || a.path != b.path || !executable(a.path) {
		t.Fatalf("%+v\n%+v", a, b)
	}
	if text := a.text + b.text; !strings.Contains(text, "because of a test") || !strings.Contains(text, "Waiting for another process") {
		t.Errorf("progress is %q", text)
	}
	if _, err := etcd.get(context.Background(), &bytes.Buffer{}, "of a third call"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "build"); n != 1 {
		t.Errorf("built %d times:\n%s", n, log)
	}
	if !strings.Contains(a.path, "etcd-v3.") {
		t.Errorf("%s does not tell the version", a.path)
	}
}

func TestAFailedBuildSaysWhyAndLeavesNothing(t *testing.T) {
	fakeGo(t, `echo "undefined: everything" >&2; exit 1`)
	_, err := pulumi.get(context.Background(), &bytes.Buffer{}, "of a test")
	if err == nil || !strings.Contains(err.Error(), "undefined: everything") || !strings.Contains(err.Error(), "building pulumi") {
		t.Errorf("error is %v", err)
	}
}

func TestACancelledBuildEnds(t *testing.T) {
	fakeGo(t, "sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := pulumi.get(ctx, &bytes.Buffer{}, "of a test"); err == nil {
		t.Error("a cancelled build reports success")
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

func TestEveryToolIsPinned(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, tool := range []tool{
		pulumi, etcd, kwok, current.apiServer, current.controllerManager, current.scheduler,
		next.apiServer, next.controllerManager, next.scheduler,
	} {
		version, key, err := tool.identity(filepath.Join(root, "tests", "tools", tool.module))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(version, "v") || len(key) != 12 {
			t.Errorf("%s: version %q, key %q", tool.binary, version, key)
		}
		seen[tool.module+"/"+tool.binary] = true
		content, err := os.ReadFile(filepath.Join(root, "tests", "tools", tool.module, "tools.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), `"`+tool.pkg+`"`) {
			t.Errorf("tests/tools/%s/tools.go does not import %s, so `go mod tidy` may drop it", tool.module, tool.pkg)
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d tools", len(seen))
	}
}

func TestTheIdentityOfABinaryFollowsItsRequirements(t *testing.T) {
	dir := t.TempDir()
	write := func(gomod, gosum string) string {
		for name, content := range map[string]string{"go.mod": gomod, "go.sum": gosum} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, key, err := etcd.identity(dir)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	const gomod = "module x\n\nrequire go.etcd.io/etcd/server/v3 v3.6.7\n"
	base := write(gomod, "sum\n")
	if write(gomod, "sum\n") != base {
		t.Error("the same requirements give another key")
	}
	if write(gomod, "other sum\n") == base {
		t.Error("other checksums give the same key")
	}
	if write("module x\n\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.6.8\n)\n", "sum\n") == base {
		t.Error("another version gives the same key")
	}
}

func TestALongCommandReportsItsFailureByTheEndOfItsOutput(t *testing.T) {
	err := Run(&bytes.Buffer{}, "counting", exec.CommandContext(t.Context(), "/bin/sh", "-c", "seq 1 5000; echo the cause; exit 7"))
	if err == nil || !strings.HasSuffix(err.Error(), "the cause") || len(err.Error()) > 2*tail {
		t.Errorf("error is %v", err)
	}
}
