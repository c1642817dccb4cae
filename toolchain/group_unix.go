//go:build unix

package toolchain

import (
	"os"
	"os/exec"
	"syscall"
)

// group makes a command the first of a process group: a signal then reaches what it starts as well, and just once.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to all of p's group.
func signalGroup(p *os.Process, s os.Signal) {
	if s, ok := s.(syscall.Signal); ok {
		syscall.Kill(-p.Pid, s)
	}
}

// shellStatus is the exit status that a shell has for a process.
func shellStatus(p *os.ProcessState) int {
	if status, ok := p.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.ExitCode()
}
