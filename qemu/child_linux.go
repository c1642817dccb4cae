package qemu

import (
	"os/exec"
	"syscall"
)

// child makes a command start in a process group of its own, and end when the thread that starts it
// does (which must therefore stay locked): no machine is left behind when ringo is killed.
func child(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
