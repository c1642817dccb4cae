package thread

import (
	"sync/atomic"
	"unsafe"
)

// Block gives up the core until Wake, or until deadline (nanoseconds of Clock) if that is not 0. It
// reports whether it was Wake. If held is not nil, it is released once the thread is where Wake can
// find it. Interrupts are off; they are still off on return.
func Block(deadline int64, held *spin) bool {
	c := This()
	t := c.current
	c.lock.acquire()
	t.state = Blocked
	t.timedOut = false
	if deadline != 0 {
		t.deadline = deadline
		c.addSleeper(t)
	}
	if held != nil {
		held.release()
	}
	next := c.pop()
	c.run(next, nil)
	switchTo(t, next)
	return !t.timedOut
}

// lockCore locks the core that t belongs to, which may change until it is locked.
func (t *Thread) lockCore() *Core {
	for {
		step()
		c := (*Core)(atomic.LoadPointer((*unsafe.Pointer)(unsafe.Pointer(&t.core))))
		c.lock.acquire()
		if t.core == c {
			return c
		}
		c.lock.release()
	}
}

// Wake makes t runnable if it is blocked: on this core if that is idle (and in an interrupt handler),
// on its own if that is, on any idle one, else behind the others of its own. Interrupts are off.
func Wake(t *Thread) {
	c := t.lockCore()
	if t.state != Blocked {
		c.lock.release()
		return
	}
	c.removeSleeper(t)
	t.state = Runnable // in no queue yet: only this call does anything with it now
	to := c
	switch {
	case This().claim():
		to = This()
	case c.claim():
	default:
		if idle := claimAny(); idle != nil {
			to = idle
		}
	}
	if to != c {
		t.core = to
		c.lock.release()
		to.lock.acquire()
	}
	to.push(t)
	here, busy := to == This(), to.current != to.idle
	if here && busy {
		if to.head == to.tail {
			to.sliceEnd = Clock() + Slice
		}
		to.rearm()
	}
	to.lock.release()
	if !here {
		to.rouse()
	}
	if busy {
		offer()
	}
}

// offer wakes an idle core if a thread waits for any core. The one that takes a thread offers the next;
// so does one that was chosen and has found something else to do since.
func offer() {
	step()
	if idlers.Load() != 0 && queued() {
		if idle := claimAny(); idle != nil {
			idle.rouse()
		}
	}
}

// Kicked is the interrupt that Kick sends.
func (c *Core) Kicked() {
	c.lock.acquire()
	if c.head != nil && c.current != c.idle {
		if c.sliceEnd < Clock() {
			c.sliceEnd = Clock() + Slice
		}
		c.rearm()
	}
	c.lock.release()
}

// Yield lets the other runnable threads of this core go first. Interrupts are off; they are still
// off on return.
func Yield() {
	c := This()
	if c.head == nil {
		return
	}
	c.lock.acquire()
	t := c.current
	c.push(t)
	next := c.pop()
	if next == t {
		// Another core has taken the one that waited.
		t.state = Running
		c.lock.release()
		return
	}
	c.run(next, nil)
	switchTo(t, next)
}

// Contended reports whether another thread waits for this core. Without a lock: a hint.
func Contended() bool { return This().head != nil }

// Exit ends the calling thread. Once it has left its stack, *left becomes 0. Interrupts are off.
func Exit(left *uint32) {
	c := This()
	c.lock.acquire()
	t := c.current
	t.state = Exited
	t.onExit = uintptr(unsafe.Pointer(left))
	t.next = c.reap
	c.reap = t
	// The idle thread is always there to leave for, and buries the dead from its own stack.
	c.run(c.idle, nil)
	switchTo(t, c.idle)
}

// IdleLoop is the body of a core's idle thread; it does not return. Interrupts are off but while
// the core rests.
func IdleLoop() {
	c := This()
	bit := uint64(1) << c.ID
	for {
		for t := c.reap; t != nil; t = c.reap {
			c.reap = t.next
			t.next = nil
			left := (*uint32)(unsafe.Pointer(t.onExit))
			Release(t)
			atomic.StoreUint32(left, 0)
		}
		if t := c.take(); t != nil {
			c.lock.acquire()
			c.run(t, nil)
			if c.head != nil {
				offer() // somebody took this core for one that would run what he queued
			}
			switchTo(c.idle, t)
			continue
		}
		if Spare != nil && Spare() {
			interruptWindow()
			continue
		}
		idlers.Or(bit)
		c.rest()
		idlers.And(^bit)
	}
}

// queued reports whether a thread waits for any core.
func queued() bool {
	for _, c := range cores[:coreCount.Load()] {
		step()
		if c != nil && c.head != nil {
			return true
		}
	}
	return false
}

// take returns a thread to run: of this core's queue, or else of another's. It belongs to this core
// now, so that only its lock is needed to change or run it.
func (c *Core) take() *Thread {
	count := coreCount.Load()
	for i := uint32(0); i < count; i++ {
		from := cores[(c.ID+i)%count]
		step()
		if from == nil || from.head == nil {
			continue
		}
		from.lock.acquire()
		var t *Thread
		if from.head != nil {
			t = from.pop()
			t.core = c
		}
		from.lock.release()
		if t != nil {
			offer()
			return t
		}
	}
	return nil
}

// Tick is the timer interrupt. It reports whether the interrupted thread should give way.
func (c *Core) Tick() bool {
	c.lock.acquire()
	// Whatever the timer was set to, it is set to nothing now: the timer and Clock run at
	// different speeds, and a mark left by an early interrupt would keep it off for good.
	now := Clock()
	if c.halted && c.armed != 0 {
		c.learn(now - c.armed)
	}
	c.armed = 0
	woken := c.expire(now)
	giveWay := false
	switch {
	case c.head == nil:
	case c.current == c.idle || now >= c.sliceEnd:
		giveWay = true
	case woken:
		// An idle core takes it, or else the thread that runs here waits.
		if idle := claimAny(); idle != nil {
			idle.rouse()
			c.sliceEnd = now + Slice
		} else {
			giveWay = true
		}
	}
	silent := c.watch(now)
	if !giveWay && c.current != c.idle {
		c.rearm()
	}
	c.lock.release()
	if silent != nil {
		Silent(silent)
	}
	return giveWay
}

// Preempt takes the core from the interrupted thread, whose registers and vector state (size bytes)
// are copied into it, and returns the thread to go on with; the trap exit loads it and releases the
// lock. Nil means to go on with the interrupted one. It is called from interrupt handlers only.
func (c *Core) Preempt(registers *Registers, vectorState unsafe.Pointer, size uintptr) *Thread {
	c.lock.acquire()
	t := c.current
	if c.head == nil { // another core was faster
		c.rearm()
		c.lock.release()
		return nil
	}
	if t == c.idle {
		t.state = Runnable // it goes on in WaitForInterrupt
	} else {
		c.push(t)
	}
	next := c.pop()
	t.registers = *registers
	from := unsafe.Slice((*uint64)(vectorState), size/8)
	to := unsafe.Slice((*uint64)(unsafe.Pointer(&t.vectorState)), size/8)
	copy(to, from)
	t.preempted = 1
	c.run(next, &t.registers)
	offer()
	return next
}

// Ready starts a prepared thread. Interrupts are off.
func Ready(t *Thread) {
	t.ID = nextID.Add(1)
	Wake(t)
}

// RequestPreempt asks for t's goroutine to be stopped: Answer is called, here or on the core that
// runs t, once it is known where t is. Interrupts are off.
func RequestPreempt(t *Thread) {
	c := t.lockCore()
	step()
	switch {
	case t.state == Running && c != This():
		t.preemptWanted = 1
		c.lock.release()
		Kick(c)
		return
	case t.state == Runnable:
		Answer(t, t.Registers())
	default:
		Answer(t, nil)
	}
	c.lock.release()
}

// AnswerPreempt calls Answer for the interrupted thread, if it was asked.
func (c *Core) AnswerPreempt(r *Registers) {
	c.lock.acquire()
	if t := c.current; t.preemptWanted != 0 {
		t.preemptWanted = 0
		Answer(t, r)
	}
	c.lock.release()
}
