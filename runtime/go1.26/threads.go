//go:build ringo

package runtime

// Ms are kernel threads.

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
	"github.com/ringo-os/ringo/kernel/machine"
)

// mOS is the machine's part of an m.
type mOS struct {
	waitsema uint32 // lock_futex.go's
	thread   *thread.Thread
	// ownSignal is gsignal, kept here for the collector: while a handler runs, gsignal is the
	// handler's g.
	ownSignal *g
	// interrupted is the g that a handler has interrupted, while one runs on this m: it then stands
	// where g belongs.
	interrupted *g
	// fault is what ends the program, if this thread raised it.
	fault fault
	// transfers is what was read and written on this m (transfers.go).
	transfers machine.Transfers
}

type (
	sigset       struct{}
	gsignalStack struct{}
)

func threadEntry()
func idleEntry()

// startThreads makes the boot core a scheduler, and what runs on it m0's thread.
func startThreads() {
	thread.Clock = nanotime1
	thread.Arm = armTimer
	thread.Release = releaseThread
	thread.Kick = kick
	thread.Spare = spareTime
	thread.Answer = answerPreempt
	thread.Silent = coreSilent
	thread.Held = lockStuck
	thread.UseXSAVE = useXSAVE
	self := newThread()
	m0.thread = self
	self.Owner = uintptr(unsafe.Pointer(&m0))
	self.SetThreadBase(uintptr(unsafe.Pointer(&m0.tls[1])))
	bootCore.prepareIdle()
	bootCore.scheduler.APIC = bootAPIC
	bootCore.scheduler.Start(self, bootCore.idleThread, fastBase())
	thread.SetCount(1)
}

// fastBase reports whether the WRFSBASE instruction is on (CR4.FSGSBASE).
func fastBase() bool { return cpu.ReadCR4()&(1<<16) != 0 }

func idle() { thread.IdleLoop() }

// armTimer sets the calling core's timer.
func armTimer(deadline int64) { localAPIC.SetDeadline(systemClock.Deadline(deadline)) }

// newThread returns a thread. The pages of exited threads are used again for threads only: somebody
// may be about to wake one that has just gone.
func newThread() *thread.Thread {
	flags := threadLock.lock()
	t := freeThreads
	if t != nil {
		freeThreads = t.NextFree
		t.NextFree = nil
	}
	threadLock.unlock(flags)
	if t != nil {
		return t
	}
	at := reservedNext.Add(threadRoom) - threadRoom
	flags = memoryLock.lock()
	ok := commit(at+pageSize4K, threadRoom-pageSize4K)
	memoryLock.unlock(flags)
	if !ok {
		outOfMemory(threadRoom)
	}
	threadCount.Add(1)
	return (*thread.Thread)(unsafe.Pointer(at + pageSize4K + threadStackSize))
}

// A thread's memory is a guard page, the stack above it, and the thread.Thread.
const (
	threadStackSize = 16 << 10
	threadRoom      = pageSize4K + threadStackSize + (unsafe.Sizeof(thread.Thread{})+pageSize4K-1)&^(pageSize4K-1)
)

// threadStack returns the stack that lies below t.
func threadStack(t *thread.Thread) stack {
	hi := uintptr(unsafe.Pointer(t))
	return stack{hi - threadStackSize, hi}
}

var (
	threadLock  spinLock
	freeThreads *thread.Thread
	threadCount atomic.Int32
)

func releaseThread(t *thread.Thread) {
	flags := threadLock.lock()
	t.NextFree = freeThreads
	freeThreads = t
	threadLock.unlock(flags)
}

// newosproc starts mp on its thread's stack, which becomes its g0's. May run with m.p == nil: no write
// barriers.
//
//go:nowritebarrierrec
func newosproc(mp *m) {
	// On the system stack: a goroutine's could have to grow with interrupts off.
	systemstack(func() {
		t := newThread()
		mp.thread = t
		t.Owner = uintptr(unsafe.Pointer(mp))
		mp.tls[0] = uintptr(unsafe.Pointer(mp.g0))
		mp.g0.stack = threadStack(t) // mstart sets the guards
		flags := cpu.SaveAndDisable()
		t.Prepare(thread.This(), abi.FuncPCABI0(threadEntry), mp.g0.stack.hi, uintptr(unsafe.Pointer(&mp.tls[1])))
		thread.Ready(t)
		cpu.Restore(flags)
	})
}

// exitThread ends the calling thread; once its stack is not used any more, *wait is freeMStack (0). The
// stack stays with the thread for the next m.
func exitThread(wait *atomic.Uint32) {
	cpu.DisableInterrupts()
	thread.Exit((*uint32)(unsafe.Pointer(wait)))
}

var finishedThread atomic.Uint32

// exitFinishedThread ends a thread whose mstart returned.
func exitFinishedThread() { exitThread(&finishedThread) }

func mpreinit(mp *m) {
	mp.gsignal = malg(32 << 10) // handlers have stacks of their own; fatalTrap runs on this one
	mp.gsignal.m = mp
	mp.ownSignal = mp.gsignal
}

func minit() { getg().m.procid = getg().m.thread.ID + 1 }

//go:linkname machine_ThreadID github.com/ringo-os/ringo/kernel/machine.ThreadID
func machine_ThreadID() int { return int(getg().m.procid) }

//go:linkname machine_HasThread github.com/ringo-os/ringo/kernel/machine.HasThread
func machine_HasThread(id int) bool {
	for mp := (*m)(atomic.Loadp(unsafe.Pointer(&allm))); mp != nil && id > 0; mp = mp.alllink {
		if mp.procid == uint64(id) {
			return true
		}
	}
	return false
}

func unminit() {
	keepTransfers(getg().m)
	getg().m.procid = 0
}

func mdestroy(mp *m) {}

//go:linkname machine_NextThread github.com/ringo-os/ringo/kernel/machine.NextThread
func machine_NextThread(after int) (id int) {
	for mp := (*m)(atomic.Loadp(unsafe.Pointer(&allm))); mp != nil; mp = mp.alllink {
		if n := int(mp.procid); n > after && (id == 0 || n < id) {
			id = n
		}
	}
	return id
}

// futexsleep may be called with a P or without, on a goroutine's stack or a g0: the work is done on
// the g0's, which has room for it.
//
//go:nosplit
func futexsleep(addr *uint32, val uint32, ns int64) {
	systemstack(func() {
		deadline := int64(0)
		if ns >= 0 {
			deadline = nanotime1() + max(ns, 1)
		}
		thread.FutexSleep(addr, val, deadline)
	})
}

//go:nosplit
func futexwakeup(addr *uint32, cnt uint32) {
	systemstack(func() {
		thread.FutexWake(addr, cnt)
	})
}

//go:nosplit
func usleep(usec uint32) {
	systemstack(func() {
		deadline := nanotime1() + max(int64(usec)*1000, 1)
		flags := cpu.SaveAndDisable()
		thread.Block(deadline, nil)
		cpu.Restore(flags)
	})
}

//go:nosplit
func usleep_no_g(usec uint32) { usleep(usec) }

//go:nosplit
func osyield() {
	systemstack(func() {
		flags := cpu.SaveAndDisable()
		thread.Yield()
		cpu.Restore(flags)
	})
}

//go:nosplit
func osyield_no_g() { osyield() }

func osStackAlloc(s *mspan) {}
func osStackFree(s *mspan)  {}
