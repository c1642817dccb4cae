package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// sysFork is everything that would make another process or another program of this one: fork, vfork,
// clone, clone3, execve, execveat.
func sysFork(a *call.Arguments) (uintptr, syscall.Errno) {
	tellOneProcess()
	return 0, syscall.ENOSYS
}

var tellOneProcess = sync.OnceFunc(func() {
	syslog.Say("this program is the machine's only process: it cannot start another (os/exec, fork)")
})

// sysWait4 is also waitid: there are no children to wait for.
func sysWait4(a *call.Arguments) (uintptr, syscall.Errno) { return 0, syscall.ECHILD }

// noNetwork answers socket and socketpair in an image without package kernel/net, which registers
// its own.
func noNetwork(a *call.Arguments) (uintptr, syscall.Errno) {
	tellNoNetwork()
	return 0, syscall.EAFNOSUPPORT
}

var tellNoNetwork = sync.OnceFunc(func() {
	syslog.Say("this image was built without a network: there are no sockets")
})
