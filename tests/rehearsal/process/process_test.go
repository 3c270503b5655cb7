package process

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALockIsTakenByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Take(path)
	if err != nil || first.Holder != "" {
		t.Fatalf("holder %q, error %v", first.Holder, err)
	}
	second, err := Take(path)
	if !errors.Is(err, ErrLocked) || !strings.HasPrefix(second.Holder, "process ") {
		t.Fatalf("a second one gets holder %q, error %v", second.Holder, err)
	}
	first.Release()
	third, err := Take(path)
	if err != nil || third.Holder != "" {
		t.Fatalf("after the release: holder %q, error %v", third.Holder, err)
	}
	third.Release()
}

func TestALockOfADeadProcessIsTakenOverAndNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte("process 4711\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Take(path)
	if err != nil || l.Holder != "process 4711" {
		t.Fatalf("holder %q, error %v", l.Holder, err)
	}
	l.Release()
}
