package controlplane

import "syscall"

// childAttributes make a child end with this process, however that ends, and keep the terminal's Ctrl-C from it: pulumi
// still needs the API server while it winds down.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
