//go:build ringo

package runtime

// System calls as function calls.

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// dispatch is the late kernel's; before that only earlyCall answers.
var dispatch func(number uintptr, a *call.Arguments) (result, errno uintptr)

// quickCalls says that some calls are answered without it (quick.go).
var quickCalls bool

//go:linkname machine_SetSystemCall github.com/ringo-os/ringo/kernel/machine.SetSystemCall
func machine_SetSystemCall(d func(number uintptr, a *call.Arguments) (result, errno uintptr), quick bool) {
	dispatch, quickCalls = d, quick
}

// systemCall runs a system call on the calling goroutine, which may park in it. Packages syscall
// and internal/runtime/syscall/linux come here.
//
// It is nosplit because the arguments may be the addresses of variables on this very stack: where it is
// must be noted before anything can make it grow, and so move.
//
// The second result is what RDX holds when Linux returns: the third argument, which it keeps. Some compare it
// with a size that they have passed there.
//
//go:linkname systemCall internal/runtime/syscall/linux.Syscall6
//go:nosplit
//go:uintptrkeepalive
func systemCall(number, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr) {
	if r1, errno = answer(number, a1, a2, a3, a4, a5, a6); errno == 0 {
		r2 = a3
	}
	return r1, r2, errno
}

// answer carries a system call out, in the way that is right for the stack it is on.
//
//go:nosplit
//go:uintptrkeepalive
func answer(number, a1, a2, a3, a4, a5, a6 uintptr) (result, errno uintptr) {
	gp := getg()
	if gp.m.curg != gp {
		return earlyCall(number, a1, a2, a3)
	}
	if quickCalls {
		switch number {
		case callGetpid:
			return pid, 0
		case callClockGettime:
			if t := (*timespec)(quickPointer(gp, a2, unsafe.Sizeof(timespec{}))); t != nil && a1 <= clockMonotonic {
				tellTime(t, a1)
				return 0, 0
			}
		}
	}
	if dispatch == nil {
		return earlyCall(number, a1, a2, a3)
	}
	var a call.Arguments
	v := &a.Value // one by one: of an array the compiler makes a copy first
	v[0], v[1], v[2], v[3], v[4], v[5] = a1, a2, a3, a4, a5, a6
	a.Stack.Low, a.Stack.Size = gp.stack.lo, gp.stack.hi-gp.stack.lo
	a.Stack.Now = unsafe.Pointer(&a)
	a.Stack.Then = uintptr(a.Stack.Now)
	if gp.bubble != nil {
		return dispatchOutside(number, (*call.Arguments)(noescape(unsafe.Pointer(&a))))
	}
	return dispatch(number, (*call.Arguments)(noescape(unsafe.Pointer(&a))))
}

// dispatchOutside is dispatch for a goroutine in a bubble (bubble.go).
func dispatchOutside(number uintptr, a *call.Arguments) (result, errno uintptr) {
	gp := getg()
	b := leaveBubble(gp)
	result, errno = dispatch(number, a)
	enterBubble(gp, b)
	return result, errno
}

// The numbers that earlyCall knows (Linux, arch/x86/entry/syscalls/syscall_64.tbl).
const (
	callRead         = 0
	callWrite        = 1
	callGetpid       = 39
	callExit         = 60
	callClone        = 56
	callFork         = 57
	callVfork        = 58
	callFcntl        = 72
	callPrctl        = 157
	callGettid       = 186
	callClockGettime = 228
	callExitGroup    = 231
	callGetrandom    = 318
	callClone3       = 435

	fcntlGetFlags   = 3
	openReadWrite   = 2
	randomSizeLimit = 256
)

// earlyCall answers what packages ask while the kernel is not there yet, and what is asked on a
// stack where the late kernel cannot run: a g0, or one between entersyscall and exitsyscall.
//
//go:nosplit
func earlyCall(number, a1, a2, a3 uintptr) (result, errno uintptr) {
	switch number {
	case callWrite:
		if a1 == 1 || a1 == 2 {
			return uintptr(write1(a1, unsafe.Pointer(a2), int32(a3))), 0
		}
	case callFcntl:
		if a1 <= 2 && a2 == fcntlGetFlags {
			return openReadWrite, 0
		}
		return ^uintptr(0), _EBADF
	case callGetpid, callGettid:
		return pid, 0
	case callGetrandom:
		if a2 <= randomSizeLimit {
			if n := earlyRandom(unsafe.Slice((*byte)(unsafe.Pointer(a1)), int(a2))); uintptr(n) == a2 {
				return a2, 0
			}
		}
	case callExit, callExitGroup:
		exit(int32(a1))
	}
	return ^uintptr(0), _ENOSYS
}

// earlyRandom is called through a variable, so that the linker does not count its frames: only
// package initialisers get there, with room to spare.
var earlyRandom = readRandom

const (
	_EPERM  = 1
	_EINTR  = 4
	_EBADF  = 9
	_EAGAIN = 11
	_ENOMEM = 12
	_EACCES = 13
	_EINVAL = 22
	_ENOSYS = 38

	_O_NONBLOCK = 0x800
	_O_CLOEXEC  = 0x80000
)

func systemCallEntry()

// startSystemCalls makes the SYSCALL instruction enter systemCallEntry (AMD64 APM vol. 2, 6.1.1),
// with interrupts and the stack as they are.
func startSystemCalls() {
	const (
		star  = 0xC0000081
		lstar = 0xC0000082
		fmask = 0xC0000084
	)
	cpu.WriteMSR(star, 0x08<<32)
	cpu.WriteMSR(lstar, uint64(abi.FuncPCABI0(systemCallEntry)))
	cpu.WriteMSR(fmask, 0x400) // DF
}

// instructionCall is a system call made with the instruction. Where the caller has told the
// scheduler that it leaves (entersyscall), it first comes back, because the kernel is Go code that
// needs a P; afterwards it leaves again, for the caller's exitsyscall.
//
//go:nosplit
func instructionCall(number, a1, a2, a3, a4, a5, a6 uintptr) (result uintptr) {
	switch number {
	case callClone, callFork, callVfork, callClone3:
		// Package os asks for a pidfd to find out whether it could have one, when it is asked for any process, be it
		// this one: that is no attempt to start another.
		const withPidfd = 0x1000
		return refuseFork(number == callClone && a1&withPidfd != 0)
	}
	gp := getg()
	var errno uintptr
	if status := readgstatus(gp) &^ _Gscan; status == _Gsyscall && dispatch != nil {
		pc := gp.syscallpc
		sp, bp := unsafe.Pointer(gp.syscallsp), unsafe.Pointer(gp.syscallbp)
		exitsyscall()
		result, errno = answer(number, a1, a2, a3, a4, a5, a6)
		reentersyscall(pc, uintptr(sp), uintptr(bp))
	} else {
		result, errno = answer(number, a1, a2, a3, a4, a5, a6)
	}
	if errno != 0 {
		return -errno
	}
	return result
}

// refuseFork answers the calls that would make a second process. It does so here because package
// syscall forbids its stack to grow around them. The first one is told of, unless quietly is set.
//
//go:nosplit
func refuseFork(quietly bool) (result uintptr) {
	if !quietly && forkRefused.CompareAndSwap(0, 1) {
		systemstack(func() {
			print("ringo: this program tried to start another one; a machine of Ringo's runs a single program, so " +
				"that fails with ENOSYS\n")
		})
	}
	return ^uintptr(_ENOSYS - 1)
}

var forkRefused atomic.Uint32
