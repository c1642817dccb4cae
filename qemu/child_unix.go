//go:build unix && !linux

package qemu

import (
	"os/exec"
	"syscall"
)

// child makes a command start in a process group of its own.
func child(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
