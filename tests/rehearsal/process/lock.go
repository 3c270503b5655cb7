package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ErrLocked is returned when another process has the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is a lock that the kernel drops when its owner dies, so it can't go stale. It tells who has it, and who had it last
// without giving it back.
type Lock struct {
	file *os.File
	// Holder is who has the lock, when Take failed with ErrLocked; after success, who died with it, or nothing.
	Holder string
}

// Take takes the lock at path, or returns ErrLocked with the holder filled in.
func Take(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return &Lock{}, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	content, _ := os.ReadFile(path)
	l := &Lock{file: file, Holder: strings.TrimSpace(string(content))}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return l, ErrLocked
		}
		return l, fmt.Errorf("lock %s: %w", path, err)
	}
	_ = file.Truncate(0)
	_, _ = fmt.Fprintf(file, "process %d\n", os.Getpid())
	return l, nil
}

// Release gives the lock back.
func (l *Lock) Release() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}
