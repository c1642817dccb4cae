//go:build ringo

package runtime

// Asynchronous preemption and profiling: what Go does with signals to a thread elsewhere.

import (
	"internal/abi"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

const preemptMSupported = true

// sysmonRest is the least time between two looks of sysmon's, in microseconds. It would begin with 20, and
// again each time that it finds something, to take the P soon from a thread that blocks in a system call.
// No thread does that here, and each look costs two switches of threads and an interrupt. What is left for
// it to do, to preempt goroutines that run for 10 ms first of all, has this much time.
const sysmonRest = 5000

// preemptM asks mp's goroutine to stop at the next safe point: where its saved registers say it is,
// if its thread is off its core, else where the interrupt finds it that its core gets. If that is no
// safe point, the runtime asks again.
//
// It may be called on a stack that must not grow.
func preemptM(mp *m) {
	if mp.signalPending.CompareAndSwap(0, 1) {
		t := mp.thread
		if t == nil {
			mp.preemptGen.Add(1)
			mp.signalPending.Store(0)
			return
		}
		flags := cpu.SaveAndDisable()
		thread.RequestPreempt(t)
		cpu.Restore(flags)
	}
}

// answerPreempt follows a request to preempt t: r is where it was interrupted, nil if it is at no
// such place.
func answerPreempt(t *thread.Thread, r *thread.Registers) {
	mp := (*m)(unsafe.Pointer(t.Owner))
	if mp == nil {
		return
	}
	if r != nil {
		preemptAt(mp, r)
	}
	// Always: whoever waits for preemptGen would wait for ever, and a pending mark left behind
	// would swallow every later request.
	mp.preemptGen.Add(1)
	mp.signalPending.Store(0)
}

// preemptAt makes the goroutine that mp was running when r was saved call asyncPreempt, if it is
// wanted and safe there.
func preemptAt(mp *m, r *thread.Registers) {
	gp := (*g)(unsafe.Pointer(mp.tls[0]))
	if mp.interrupted != nil {
		gp = mp.interrupted // this is the handler
	}
	if gp == nil || gp.m != mp || !wantAsyncPreempt(gp) {
		return
	}
	if ok, resume := isAsyncSafePoint(gp, uintptr(r.IP), uintptr(r.SP), 0); ok {
		injectCall(r, abi.FuncPCABI0(asyncPreempt), resume)
		asyncPreemptions++
	}
}

var asyncPreemptions uint64

// signalM exists for the runtime's handling of secrets, which asks a thread to enter the kernel and
// leave it: its registers were saved in kernel memory that nothing else reads.
func signalM(mp *m, sig int) {}

const sigPreempt = _SIGURG

// profilePeriod is the time between two samples of the CPU profile in nanoseconds, 0 without one;
// profileNext is when the next one is due.
var profilePeriod, profileNext int64

func setProcessCPUProfiler(hz int32) {
	if hz == 0 {
		profilePeriod = 0
		return
	}
	profileNext = nanotime1()
	profilePeriod = 1_000_000_000 / int64(hz)
}

func setThreadCPUProfiler(hz int32) { getg().m.profilehz = hz }

// profileTick takes a sample if one is due.
func profileTick(r *thread.Registers, gp *g) {
	if profilePeriod == 0 || thread.This().Idle() {
		return
	}
	if now := nanotime1(); now >= profileNext {
		profileNext = now + profilePeriod
		sigprof(uintptr(r.IP), uintptr(r.SP), 0, gp, gp.m)
	}
}
