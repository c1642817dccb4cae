//go:build ringo

package runtime

// The netpoller. Its events come from two sides: device queues (machine.Source), which it looks at
// here, and sockets and pipes, whose kernel code calls machine.Ready from ordinary goroutines.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A Source's Waiter is sourceIdle, sourceReady (something came while nobody waited) or a *g.
const (
	sourceIdle  = 0
	sourceReady = 1
)

var (
	// sources is the list of all, prepended to under sourceLock; followed without it.
	sources    *machine.Source
	sourceLock mutex

	// pollWake is 1 when the M that blocks in netpoll should look again. It is the futex that it
	// sleeps on. Interrupt handlers and netpollBreak set it.
	pollWake uint32
	// pollAsleep is 1 from before that M arms the sources until it has woken up. A goroutine that has used
	// a source up in the meantime arms it anew when it parks: nobody else does, until the M wakes up.
	pollAsleep uint32

	pollOpen  func(fd int32, token uintptr) uintptr
	pollClose func(fd int32) uintptr
)

func netpollinit() {}

func netpollIsPollDescriptor(fd uintptr) bool { return false }

func netpollopen(fd uintptr, pd *pollDesc) uintptr {
	if pollOpen == nil {
		return _EPERM
	}
	gp := getg()
	b := leaveBubble(gp)
	errno := pollOpen(int32(fd), uintptr(taggedPointerPack(unsafe.Pointer(pd), pd.fdseq.Load())))
	enterBubble(gp, b)
	return errno
}

func netpollclose(fd uintptr) uintptr {
	if pollClose == nil {
		return 0
	}
	gp := getg()
	b := leaveBubble(gp)
	errno := pollClose(int32(fd))
	enterBubble(gp, b)
	return errno
}

func netpollarm(pd *pollDesc, mode int) { throw("runtime: unused") }

// netpollBreak makes a blocked netpoll return.
func netpollBreak() { wakePoll() }

// wakePoll may be called by interrupt handlers. It works on a system stack (a handler's is one): on a
// goroutine's, which could have to grow with interrupts off, a request to preempt it would be answered
// there, and the scheduler go on without interrupts.
//
//go:nosplit
func wakePoll() {
	if atomic.Xchg(&pollWake, 1) == 0 {
		systemstack(func() { thread.FutexWake(&pollWake, 1) })
	}
}

// netpoll returns the goroutines that have become runnable. delay < 0 blocks indefinitely, 0 does
// not block, else it is how long to wait in nanoseconds. It runs on a g0, when it blocks without a P.
func netpoll(delay int64) (gList, int32) {
	var ready gList
	n := pollSources(&ready)
	if n > 0 || delay == 0 {
		return ready, 0
	}
	var deadline int64
	if delay > 0 {
		// The scheduler has looked for work since it looked at the clock and found delay to be left:
		// what it waits for is in pollUntil, which only the M that blocks here sets.
		now := nanotime1()
		if deadline = sched.pollUntil.Load(); deadline <= now {
			return ready, 0
		}
		// A bound for whoever computes with it: the caller asks again.
		deadline = min(deadline, now+1e15)
	}
	atomic.Xchg(&pollAsleep, 1)
	armSources()
	// What a device did before it was armed is seen here; what it does after that interrupts.
	n = pollSources(&ready)
	if n == 0 {
		ours := !netpollAnyWaiters()
		if ours {
			beginKernelPoll()
		}
		systemstack(func() {
			thread.FutexSleep(&pollWake, 0, deadline)
		})
		if ours {
			endKernelPoll()
		}
		atomic.Store(&pollWake, 0)
		n = pollSources(&ready)
	}
	atomic.Store(&pollAsleep, 0)
	disarmSources()
	return ready, 0
}

// pollSources collects the goroutines that wait for a source which has something.
func pollSources(ready *gList) int32 {
	n := int32(0)
	for s := sources; s != nil; s = s.Next {
		if !pending(s) {
			continue
		}
		if gp := unpark(s); gp != nil {
			ready.push(gp)
			n++
		}
	}
	return n
}

// pending reports whether the goroutine of s has something to do.
//
//go:nosplit
func pending(s *machine.Source) bool {
	if atomic.Load(&s.Raised) != 0 {
		return true
	}
	// Volatile by way of the function call: the device writes it.
	return s.Index != nil && cpu.Load16(unsafe.Pointer(s.Index)) != uint16(atomic.Load(&s.Seen))
}

// unpark takes the waiting goroutine of s, nil if none waits.
func unpark(s *machine.Source) *g {
	for {
		w := atomic.Loaduintptr(&s.Waiter)
		if w == sourceIdle || w == sourceReady {
			return nil
		}
		if atomic.Casuintptr(&s.Waiter, w, sourceIdle) {
			return (*g)(unsafe.Pointer(w))
		}
	}
}

// armSources makes all devices interrupt.
func armSources() {
	for s := sources; s != nil; s = s.Next {
		arm(s)
	}
}

// arm makes a device interrupt when it next uses a buffer (VIRTIO 1.2, 2.7.7, 2.7.10). Who calls it looks at
// pending after that. It may run on several cores at once, and beside the driver: the last to write sees what
// the others have done.
//
//go:nosplit
func arm(s *machine.Source) {
	if s.Arm == nil {
		return
	}
	for {
		seen := atomic.Load(&s.Seen)
		if s.EventIndex {
			cpu.Store16(unsafe.Pointer(s.Arm), uint16(seen))
		} else {
			cpu.Store16(unsafe.Pointer(s.Arm), 0)
		}
		// The device must see this before Index is read again, or Seen here: a full barrier.
		atomic.Xchg(&pollFence, 0)
		if atomic.Load(&s.Seen) == seen {
			return
		}
	}
}

var pollFence uint32

// disarmSources saves the interrupts that nobody waits for. With the event index that needs
// nothing: the device interrupts once, until the index is moved.
func disarmSources() {
	for s := sources; s != nil; s = s.Next {
		if s.Arm != nil && !s.EventIndex {
			cpu.Store16(unsafe.Pointer(s.Arm), 1)
		}
	}
}

// announce is called by interrupt handlers.
//
//go:nosplit
func announce(s *machine.Source) {
	atomic.Store(&s.Raised, 1)
	wakePoll()
}

//go:linkname machine_Register github.com/ringo-os/ringo/kernel/machine.Register
func machine_Register(s *machine.Source) {
	lock(&sourceLock)
	s.Next = sources
	s.NextOnVector = vectorSources[s.Vector]
	vectorSources[s.Vector] = s
	sources = s
	unlock(&sourceLock)
}

//go:linkname machine_waitSource github.com/ringo-os/ringo/kernel/machine.waitSource
func machine_waitSource(s *machine.Source) {
	for !pending(s) {
		gopark(parkSource, unsafe.Pointer(s), waitReasonIOWait, traceBlockNet, 2)
	}
	atomic.Store(&s.Raised, 0)
}

// parkSource is gopark's last step. A source that got something meanwhile keeps the goroutine
// running: netpoll would not find it in time.
func parkSource(gp *g, p unsafe.Pointer) bool {
	s := (*machine.Source)(p)
	// Stores of this kind are full barriers: the M that goes to sleep sees what the driver has used up, or
	// is seen here.
	atomic.Storeuintptr(&s.Waiter, uintptr(unsafe.Pointer(gp)))
	if atomic.Load(&pollAsleep) != 0 {
		arm(s)
	}
	if pending(s) && atomic.Casuintptr(&s.Waiter, uintptr(unsafe.Pointer(gp)), sourceIdle) {
		return false
	}
	return true
}

//go:linkname machine_Ready github.com/ringo-os/ringo/kernel/machine.Ready
func machine_Ready(token uintptr, readable, writable bool) {
	tp := taggedPointer(token)
	pd := (*pollDesc)(tp.pointer())
	if pd.fdseq.Load() != tp.tag() {
		return // the descriptor was closed and pd serves another
	}
	var mode int32
	if readable {
		mode += 'r'
	}
	if writable {
		mode += 'w'
	}
	if mode == 0 {
		return
	}
	var ready gList
	delta := netpollready(&ready, pd, mode)
	for !ready.empty() {
		goready(ready.pop(), 2)
	}
	netpollAdjustWaiters(delta)
}

//go:linkname machine_SetPollHooks github.com/ringo-os/ringo/kernel/machine.SetPollHooks
func machine_SetPollHooks(open func(fd int32, token uintptr) uintptr, close func(fd int32) uintptr) {
	pollOpen, pollClose = open, close
}

//go:linkname machine_BeginWait github.com/ringo-os/ringo/kernel/machine.BeginWait
func machine_BeginWait() {
	// Devices are polled only while someone waits; the first to wait makes the poller exist.
	netpollGenericInit()
	netpollAdjustWaiters(1)
}

//go:linkname machine_EndWait github.com/ringo-os/ringo/kernel/machine.EndWait
func machine_EndWait() { netpollAdjustWaiters(-1) }
