package linux

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// lastSignal is the highest number of a signal, firstRealtime the lowest of those that queue.
const (
	lastSignal    = 64
	firstRealtime = 32
)

// Where a signal comes from: si_code (Linux, include/uapi/asm-generic/siginfo.h).
const (
	fromUser   = 0
	fromThread = -6
	fromKernel = 0x80
)

// A signalInfo is what is told of a signal: siginfo_t, whose first 32 bytes have all that ours say.
type signalInfo [siginfoSize]byte

const siginfoSize = 128

func newSignalInfo(signal syscall.Signal, code int32) (s signalInfo) {
	binary.NativeEndian.PutUint32(s[0:], uint32(signal))
	binary.NativeEndian.PutUint32(s[8:], uint32(code))
	if code != fromKernel {
		credentials.mu.Lock()
		defer credentials.mu.Unlock()
		binary.NativeEndian.PutUint32(s[16:], processID)
		binary.NativeEndian.PutUint32(s[20:], credentials.user.real)
	}
	return s
}

func (s *signalInfo) signal() syscall.Signal {
	return syscall.Signal(binary.NativeEndian.Uint32(s[:]))
}

// RaiseSignal sends the program a signal from outside: the console, the power button.
func RaiseSignal(signal uint32) { raise(newSignalInfo(syscall.Signal(signal), fromKernel), 0) }

// raise sends the program a signal, or one of its threads if that is not 0.
func raise(s signalInfo, thread int) {
	p := pendingSignal{signalInfo: s, thread: thread}
	p.raise()
}

func (p *pendingSignal) raise() {
	switch signal := p.signal(); {
	case signal == syscall.SIGKILL:
		machine.Exit(128 + int32(signal))
	case signal == syscall.SIGSTOP:
		// Nobody could make it go on.
	case p.hold():
	case p.timer != nil && !p.timer.delivered(p):
	case machine.RaiseSignal(uint32(signal)):
		interrupt()
	}
}

// send is what the calls that send signals do once it is known that the target is the program, or one of its threads.
func send(number uintptr, code int32, thread int) (uintptr, syscall.Errno) {
	signal := int32(number)
	if signal < 0 || signal > lastSignal {
		return 0, syscall.EINVAL
	}
	if signal != 0 {
		raise(newSignalInfo(syscall.Signal(signal), code), thread)
	}
	return 0, 0
}

func sysKill(a *call.Arguments) (uintptr, syscall.Errno) {
	switch int32(a.Value[0]) {
	case 0, processID, -processID:
		return send(a.Value[1], fromUser, 0)
	}
	return 0, syscall.ESRCH
}

func sysTkill(a *call.Arguments) (uintptr, syscall.Errno) {
	thread := int(int32(a.Value[0]))
	if thread <= 0 {
		return 0, syscall.EINVAL
	}
	if !machine.HasThread(thread) {
		return 0, syscall.ESRCH
	}
	return send(a.Value[1], fromThread, thread)
}

func sysTgkill(a *call.Arguments) (uintptr, syscall.Errno) {
	process, thread := int32(a.Value[0]), int(int32(a.Value[1]))
	if process <= 0 || thread <= 0 {
		return 0, syscall.EINVAL
	}
	if process != processID || !machine.HasThread(thread) {
		return 0, syscall.ESRCH
	}
	return send(a.Value[2], fromThread, thread)
}

func sysRtSigqueueinfo(a *call.Arguments) (uintptr, syscall.Errno) {
	return queueInfo(a, 1, func() (thread int, ok bool) { return 0, int32(a.Value[0]) == processID })
}

func sysRtTgsigqueueinfo(a *call.Arguments) (uintptr, syscall.Errno) {
	process, thread := int32(a.Value[0]), int(int32(a.Value[1]))
	if process <= 0 || thread <= 0 {
		return 0, syscall.EINVAL
	}
	return queueInfo(a, 2, func() (int, bool) { return thread, process == processID && machine.HasThread(thread) })
}

// queueInfo sends the signal in argument i with what the argument after it says of it. To itself the program may say
// anything.
func queueInfo(a *call.Arguments, i int, target func() (thread int, ok bool)) (uintptr, syscall.Errno) {
	var s signalInfo
	if errno := CopyIn(Argument(a, i+1), &s); errno != 0 {
		return 0, errno
	}
	thread, ok := target()
	signal := int32(a.Value[i])
	switch {
	case !ok:
		return 0, syscall.ESRCH
	case signal < 0 || signal > lastSignal:
		return 0, syscall.EINVAL
	case signal != 0:
		binary.NativeEndian.PutUint32(s[:], uint32(signal))
		raise(s, thread)
	}
	return 0, 0
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
