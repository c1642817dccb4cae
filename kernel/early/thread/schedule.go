package thread

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
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
	c.run(next)
	switchTo(t, next)
	return !t.timedOut
}

// Wake makes t runnable if it is blocked. Interrupts are off.
func Wake(t *Thread) {
	c := t.core
	c.lock.acquire()
	if t.state == Blocked {
		c.removeSleeper(t)
		c.push(t)
		if c.current != c.idle {
			if c.head == c.tail {
				c.sliceEnd = Clock() + Slice
			}
			c.rearm()
		}
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
	c.run(next)
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
	c.reap = t
	// The idle thread is always there to leave for, and buries the dead from its own stack.
	c.run(c.idle)
	switchTo(t, c.idle)
}

// IdleLoop is the body of a core's idle thread; it does not return. Interrupts are off but while
// the core halts.
func IdleLoop() {
	c := This()
	for {
		if t := c.reap; t != nil {
			c.reap = nil
			left := (*uint32)(unsafe.Pointer(t.onExit))
			Release(t)
			*left = 0
		}
		if c.head != nil {
			c.lock.acquire()
			next := c.pop()
			c.run(next)
			switchTo(c.idle, next)
			continue
		}
		c.rearm()
		cpu.WaitForInterrupt()
	}
}

// Tick is the timer interrupt. It reports whether the interrupted thread should give way.
func (c *Core) Tick() bool {
	c.lock.acquire()
	// Whatever the timer was set to, it is set to nothing now: the timer and Clock run at
	// different speeds, and a mark left by an early interrupt would keep it off for good.
	c.armed = 0
	now := Clock()
	woken := c.expire(now)
	giveWay := c.head != nil && (woken || c.current == c.idle || now >= c.sliceEnd)
	if !giveWay {
		c.rearm()
	}
	c.lock.release()
	return giveWay
}

// Preempt takes the core from the interrupted thread, whose registers and vector state (size bytes)
// are copied into it, and returns the thread to go on with; the trap exit loads it. It is called
// from interrupt handlers only.
func (c *Core) Preempt(registers *Registers, vectorState unsafe.Pointer, size uintptr) *Thread {
	c.lock.acquire()
	t := c.current
	if t == c.idle {
		// The idle thread was interrupted in WaitForInterrupt, and goes on there.
		t.state = Runnable
	} else {
		c.push(t)
	}
	next := c.pop()
	if next == t {
		t.state = Running
		c.lock.release()
		return nil
	}
	t.registers = *registers
	from := unsafe.Slice((*uint64)(vectorState), size/8)
	to := unsafe.Slice((*uint64)(unsafe.Pointer(&t.vectorState)), size/8)
	copy(to, from)
	t.preempted = 1
	c.run(next)
	return next
}

// Ready starts a prepared thread: it becomes runnable on its core. Interrupts are off.
func Ready(t *Thread) {
	t.ID = nextID.Add(1)
	Wake(t)
}
