//go:build ringo

package runtime

// Signals as far as a machine has them: exceptions, and what the console, the power button and the
// program itself raise. There is no delivery to a thread: a notified signal goes to os/signal's
// queue (sigqueue.go).

import (
	"internal/runtime/atomic"
	"unsafe"
)

const (
	_NSIG = 65

	_SIGHUP  = 1
	_SIGINT  = 2
	_SIGQUIT = 3
	_SIGILL  = 4
	_SIGTRAP = 5
	_SIGABRT = 6
	_SIGBUS  = 7
	_SIGFPE  = 8
	_SIGUSR1 = 10
	_SIGSEGV = 11
	_SIGUSR2 = 12
	_SIGPIPE = 13
	_SIGALRM = 14
	_SIGTERM = 15
	_SIGURG  = 23
	_SIGPROF = 27

	_SI_KERNEL   = 0x80
	_BUS_ADRALN  = 1
	_BUS_ADRERR  = 2
	_SEGV_MAPERR = 1
	_SEGV_ACCERR = 2
	_FPE_INTDIV  = 1
	_FPE_INTOVF  = 2
	_FPE_FLTINV  = 7
	_ILL_ILLOPN  = 2
)

type sigTabT struct {
	flags int32
	name  string
}

// signalsOff has a bit for each signal that os/signal asked to ignore; signalsOn for each that it
// asked for.
var signalsOn, signalsIgnored uint64

var signalsWanted bool // os/signal has asked for one

func signame(sig uint32) string {
	if sig >= uint32(len(sigtable)) {
		return ""
	}
	return sigtable[sig].name
}

func initsig(preinit bool) {}

func sigenable(sig uint32) {
	if !signalsWanted {
		// From now on the program may wait for nothing but a key: somebody must look at the console.
		signalsWanted = true
		machine_BeginWait()
	}
	signalsOn |= 1 << sig
	signalsIgnored &^= 1 << sig
}

func sigdisable(sig uint32) {
	signalsOn &^= 1 << sig
	signalsIgnored &^= 1 << sig
}

func sigignore(sig uint32) {
	signalsOn &^= 1 << sig
	signalsIgnored |= 1 << sig
}

func clearSignalHandlers() {}

//go:nosplit
func sigsave(p *sigset) {}

//go:nosplit
func msigrestore(sigmask sigset) {}

//go:nosplit
func sigblock(exiting bool) {}

var initSigmaskUnused = initSigmask

// raiseSignal delivers a signal from outside or from the program itself: to os/signal if it was
// asked for, else what the signal does by default. It reports whether the signal was not ignored: a handler would have run.
//
//go:linkname machine_RaiseSignal github.com/ringo-os/ringo/kernel/machine.RaiseSignal
func machine_RaiseSignal(sig uint32) (handled bool) {
	if sig == 0 || sig >= _NSIG {
		return false
	}
	if sigsend(sig) {
		return true
	}
	if signal_ignored(sig) || signalsIgnored&(1<<sig) != 0 {
		return false
	}
	flags := int32(_SigKill)
	if sig < uint32(len(sigtable)) {
		flags = sigtable[sig].flags
	}
	switch {
	case flags&_SigThrow != 0:
		// SIGQUIT and its like: every goroutine's stack, then exit 2.
		systemstack(func() {
			mp := getg().m
			gp := mp.curg
			mp.throwing = throwTypeRuntime
			mp.caughtsig.set(gp)
			startpanic_m()
			print(signame(sig), "\nPC=", hex(gp.sched.pc), " m=", mp.id, " sigcode=0\n\n")
			if level, _, _ := gotraceback(); level > 0 {
				if !isKernelGoroutine(gp) {
					goroutineheader(gp)
					traceback(^uintptr(0), ^uintptr(0), 0, gp)
				}
				tracebackothers(gp)
				print("\n")
			}
			exit(2)
		})
	case flags&_SigKill != 0 || flags&_SigPanic != 0 || sig == 9:
		exit(128 + int32(sig))
	}
	return true
}

// sigpanic is what an instruction that raised an exception appears to have called.
//
//go:linkname sigpanic
func sigpanic() {
	gp := getg()
	if !canpanic() {
		throw("unexpected signal during runtime execution")
	}
	switch gp.sig {
	case _SIGSEGV, _SIGBUS:
		if gp.sigcode0 == codeNoMemory {
			outOfMemory(pageSize4K)
		}
		// A null page access, unless the address is unknown because it was not canonical.
		if gp.sigcode0 != _SI_KERNEL && gp.sigcode1 < pageSize4K {
			panicmem()
		}
		if gp.paniconfault {
			panicmemAddr(gp.sigcode1)
		}
		if inUserArenaChunk(gp.sigcode1) {
			print("accessed data from freed user arena ", hex(gp.sigcode1), "\n")
		} else {
			print("unexpected fault address ", hex(gp.sigcode1), "\n")
		}
		throw("fault")
	case _SIGFPE:
		if gp.sigcode0 == _FPE_INTDIV {
			panicdivide()
		}
		panicfloat()
	}
	panic(errorString(sigtable[gp.sig].name))
}

// setsigsegv prepares for a call of sigpanic that assembly makes (memmove's fault handling of cgo).
//
//go:nosplit
//go:linkname setsigsegv
func setsigsegv(pc uintptr) {
	gp := getg()
	gp.sig = _SIGSEGV
	gp.sigpc = pc
	gp.sigcode0 = _SEGV_MAPERR
	gp.sigcode1 = 0
}

//go:linkname os_sigpipe os.sigpipe
func os_sigpipe() {
	if !signal_ignored(_SIGPIPE) && !sigsend(_SIGPIPE) {
		exit(128 + _SIGPIPE)
	}
}

//go:linkname ignoreSIGSYS os.ignoreSIGSYS
func ignoreSIGSYS() {}

//go:linkname restoreSIGSYS os.restoreSIGSYS
func restoreSIGSYS() {}

// crash is how GOTRACEBACK=crash ends: there is nobody to leave a core file to.
//
//go:nosplit
func crash() { exit(2) }

// crashing counts the threads that crash; panic.go looks at it.
var crashing atomic.Int32

// There is one process and every thread is the kernel's: what a call changes, it changes for all.
//
//go:linkname syscall_runtime_doAllThreadsSyscall syscall.runtime_doAllThreadsSyscall
//go:uintptrescapes
func syscall_runtime_doAllThreadsSyscall(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, err uintptr) {
	return systemCall(trap, a1, a2, a3, a4, a5, a6)
}

var _ unsafe.Pointer
