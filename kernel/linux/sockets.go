package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// noNetwork answers socket and socketpair in an image without package kernel/net, which registers
// its own.
func noNetwork(a call.Arguments) (uintptr, syscall.Errno) {
	tellNoNetwork()
	return 0, syscall.EAFNOSUPPORT
}

var tellNoNetwork = sync.OnceFunc(func() {
	machine.ConsoleWrite([]byte("ringo: this image was built without a network: there are no sockets\n"))
})
