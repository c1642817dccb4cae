//go:build ringo

package runtime

// Deadlock detection (checkdead in proc.go) beside a kernel that has goroutines and timers of its own.
// TCP/IP always has a timer running, and a DHCP lease one for hours; on Linux both would be out of
// sight. None of them ever makes a goroutine of the program runnable that has not said BeginWait or
// waits for a descriptor, which counts in netpollWaiters. So where nobody has, a program whose
// goroutines all wait is deadlocked, whatever the kernel's timers are about to do.

import (
	"internal/abi"
	"unsafe"
)

// kernelPoll is true while an M blocks in netpoll although nothing of the program's waited there when it began.
// Guarded by sched.lock.
var kernelPoll bool

// beginKernelPoll is called by an M without a P that is about to block in netpoll while no goroutine
// of the program's waits for what may come.
func beginKernelPoll() {
	lock(&sched.lock)
	kernelPoll = true
	checkdead()
	unlock(&sched.lock)
}

func endKernelPoll() {
	lock(&sched.lock)
	kernelPoll = false
	unlock(&sched.lock)
}

// kernelPollers is how many Ms checkdead should not take for running: the one in netpoll, if it is the
// last and only the kernel's timers keep it there. The caller holds sched.lock. No M but the last can
// get a P without it, so the timers stay as they are.
func kernelPollers() int32 {
	// A goroutine may have begun to wait since the M went into netpoll.
	if !kernelPoll || netpollAnyWaiters() || mcount()-sched.nmidle-sched.nmidlelocked-sched.nmsys != 1 {
		return 0
	}
	for _, pp := range allp {
		if pp.timers.ofProgram() {
			return 0
		}
	}
	return 1
}

// ofProgram reports whether one of the timers is not the kernel's. One that was stopped is nobody's: it stays in the
// heap until somebody comes across it, perhaps for as long as it would have run.
func (ts *timers) ofProgram() bool {
	for _, entry := range ts.heap {
		if t := entry.timer; t.state&timerZombie == 0 && !t.ofKernel() {
			return true
		}
	}
	return false
}

// ofKernel reports whether what t will run, or whom it will wake, is the kernel's.
func (t *timer) ofKernel() bool {
	switch arg := t.arg.(type) {
	case *g: // time.Sleep
		return startedByKernel(arg)
	case func(): // time.AfterFunc
		return isKernelFunction(**(**uintptr)(unsafe.Pointer(&arg)))
	}
	arg := efaceOf(&t.arg)
	if arg._type == nil || arg._type.Kind() != abi.Chan {
		return false
	}
	// A channel's timer is in the heap only while somebody waits for it.
	c := (*hchan)(arg.data)
	for waiting := c.recvq.first; waiting != nil; waiting = waiting.next {
		if !startedByKernel(waiting.g) {
			return false
		}
	}
	return c.recvq.first != nil
}

func startedByKernel(gp *g) bool { return isKernelFunction(gp.startpc) }

func isKernelFunction(pc uintptr) bool {
	f := findfunc(pc)
	return f.valid() && hasPrefix(funcname(f), "ringo_os/")
}
