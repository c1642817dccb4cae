package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// lastSignal is the highest number of a signal.
const lastSignal = 64

// raise sends the program a signal.
func raise(signal syscall.Signal) {
	switch signal {
	case syscall.SIGKILL:
		machine.Exit(128 + int32(signal))
	case syscall.SIGSTOP:
		// Nobody could make it go on.
	default:
		machine.RaiseSignal(uint32(signal))
	}
}

// send is kill, tkill and tgkill once it is known that the target is the program.
func send(number uintptr) (uintptr, syscall.Errno) {
	signal := int32(number)
	if signal < 0 || signal > lastSignal {
		return 0, syscall.EINVAL
	}
	if signal != 0 {
		raise(syscall.Signal(signal))
	}
	return 0, 0
}

func sysKill(a *call.Arguments) (uintptr, syscall.Errno) {
	switch int32(a.Value[0]) {
	case 0, processID, -processID:
		return send(a.Value[1])
	}
	return 0, syscall.ESRCH
}

func sysTkill(a *call.Arguments) (uintptr, syscall.Errno) {
	if !machine.HasThread(int(int32(a.Value[0]))) {
		return 0, syscall.ESRCH
	}
	return send(a.Value[1])
}

func sysTgkill(a *call.Arguments) (uintptr, syscall.Errno) {
	if int32(a.Value[0]) != processID || !machine.HasThread(int(int32(a.Value[1]))) {
		return 0, syscall.ESRCH
	}
	return send(a.Value[2])
}

// The runtime handles signals itself. These calls accept what others ask for, and answer that
// nothing was set before.

func sysRtSigaction(a *call.Arguments) (uintptr, syscall.Errno) {
	signal := syscall.Signal(a.Value[0])
	if signal < 1 || signal > lastSignal || a.Value[3] != 8 {
		return 0, syscall.EINVAL
	}
	if !Argument(a, 1).IsNil() && (signal == syscall.SIGKILL || signal == syscall.SIGSTOP) {
		return 0, syscall.EINVAL
	}
	return answerNothing[[4]uint64](a, 1, 2)
}

func sysRtSigprocmask(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[3] != 8 || !Argument(a, 1).IsNil() && a.Value[0] > 2 {
		return 0, syscall.EINVAL
	}
	return answerNothing[uint64](a, 1, 2)
}

func sysSigaltstack(a *call.Arguments) (uintptr, syscall.Errno) {
	return answerNothing[[3]uint64](a, 0, 1)
}

// answerNothing checks the new value in argument given and zeroes the old one in argument old, both
// of type T and both optional.
func answerNothing[T any](a *call.Arguments, given, old int) (uintptr, syscall.Errno) {
	var v T
	if p := Argument(a, given); !p.IsNil() {
		if errno := CopyIn(p, &v); errno != 0 {
			return 0, errno
		}
	}
	if p := Argument(a, old); !p.IsNil() {
		return 0, CopyOut(p, new(T))
	}
	return 0, 0
}
