//go:build !linux

package controlplane

import "syscall"

// childAttributes: only Linux can tie a child's life to its parent's. Elsewhere a killed rehearsal leaves the children
// behind, and the next start names the process to end.
func childAttributes() *syscall.SysProcAttr { return nil }
