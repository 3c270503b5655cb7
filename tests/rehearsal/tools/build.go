package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"apim-azure/tests/rehearsal/process"
)

const (
	// heartbeat is how often a build says that it is still alive.
	heartbeat = 15 * time.Second
	// tail is how much of a failed build's output goes into the error, in bytes.
	tail = 4000
)

// tool is a program that can be built.
type tool struct {
	// binary is its name, module the folder under tests/tools that pins it, pkg the package to build.
	binary, module, pkg string
	// pinned is the module whose version the program has.
	pinned string
	// minutes is about how many CPU-minutes the first build takes.
	minutes int
	// flags are the linker's, given the version. Nil: none.
	flags func(version string) string
}

// get returns the tool's path in the cache, building it first when it is not there. why says what made it necessary.
func (t tool) get(ctx context.Context, progress io.Writer, why string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	version, key, err := t.identity(filepath.Join(root, "tests", "tools", t.module))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place to keep %s: %w", t.binary, err)
	}
	dir := filepath.Join(cache, "apim-azure", t.binary+"-"+version+"-"+key)
	path := filepath.Join(dir, t.binary)
	if executable(path) {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"), func() {
		say(progress, "Waiting for another process that builds %s %s.", t.binary, version)
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if executable(path) { // the other process built it
		return path, nil
	}
	say(progress, "Building %s %s, because %s. It takes about %d CPU-minutes the first time and is kept in %s.",
		t.binary, version, why, t.minutes, dir)
	args := []string{"build", "-mod=readonly", "-o", path + ".part"}
	if t.flags != nil {
		args = append(args, "-ldflags", t.flags(version))
	}
	cmd := exec.CommandContext(ctx, "go", append(args, t.pkg)...)
	cmd.Dir = filepath.Join(root, "tests", "tools", t.module)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if err := Run(progress, "building "+t.binary, cmd); err != nil {
		_ = os.Remove(path + ".part")
		return "", err
	}
	return path, os.Rename(path+".part", path)
}

// identity returns the pinned version and a hash of everything the binary depends on: the module's requirements and
// checksums, the linker's flags, the Go version and the platform.
func (t tool) identity(dir string) (version, key string, err error) {
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", "", fmt.Errorf("%s is pinned by a Go module that can't be read: %w", t.binary, err)
		}
		if name == "go.mod" {
			version = pinnedVersion(string(content), t.pinned)
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
	}
	if version == "" {
		return "", "", fmt.Errorf("%s requires no %s", filepath.Join(dir, "go.mod"), t.pinned)
	}
	if t.flags != nil {
		fmt.Fprintln(hash, t.flags(version))
	}
	fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return version, hex.EncodeToString(hash.Sum(nil))[:12], nil
}

// pinnedVersion finds the version a go.mod requires of a module.
func pinnedVersion(gomod, module string) string {
	for line := range strings.Lines(gomod) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module {
			return fields[1]
		}
	}
	return ""
}

// Run runs a command that may take minutes: it says every 15 seconds that it is still alive, and an error carries the end
// of what the command printed.
func Run(progress io.Writer, what string, cmd *exec.Cmd) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	process.Own(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			say(progress, "  ... still %s (%s)", what, time.Since(began).Round(time.Second))
		case err := <-done:
			if err == nil {
				return nil
			}
			text := strings.TrimSpace(output.String())
			if len(text) > tail {
				text = "..." + text[len(text)-tail:]
			}
			return fmt.Errorf("%s failed: %w\n%s", what, err, text)
		}
	}
}

func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }

// lock takes a lock, calling waiting once if somebody else has it.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	for first := true; ; first = false {
		l, err := process.Take(path)
		switch {
		case err == nil:
			return l.Release, nil
		case !errors.Is(err, process.ErrLocked):
			return nil, err
		case first:
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Root is the folder of the project's go.mod, looked for from the working directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module apim-azure\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("neither %s nor a folder above it is this project: no go.mod of module apim-azure", start)
		}
		dir = parent
	}
}
