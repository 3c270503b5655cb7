// Package process starts the child processes of a rehearsal so that they end with it, whatever ends it.
package process

import (
	"os/exec"
	"syscall"
	"time"
)

// grace is how long a cancelled process may take to end by itself.
const grace = 5 * time.Second

// Own puts the command in a process group of its own, so that a Ctrl-C in the terminal reaches it only through whoever
// started it, and has the kernel end it when its parent dies (where the kernel can). A cancelled context sends SIGTERM to
// the whole group first, and SIGKILL five seconds later. The command must come from exec.CommandContext.
func Own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
}

// Follow has the kernel send the command an interrupt when its parent dies (where the kernel can), so that it can finish
// what it has under way. With group, it gets a process group of its own.
func Follow(cmd *exec.Cmd, group bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: group}
	endWithParent(cmd.SysProcAttr, syscall.SIGINT)
}
