package thread

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Slice is how long a thread keeps its core while others wait for it, in nanoseconds. It matters
// only when there are more running Ms than cores.
const Slice = 5_000_000

const (
	offsetCurrent    = 8
	offsetLock       = 16
	offsetFastBase   = 20
)

// A Core is one processor's scheduler. Its GS base points to it.
type Core struct {
	_    offheap.Mark
	self *Core

	current *Thread
	lock    spin
	// fastBase is 1 when the WRFSBASE instruction may be used (CR4.FSGSBASE).
	fastBase uint32
	idle     *Thread

	head, tail *Thread // run queue
	sleepers   *Thread // blocked threads with a deadline, earliest first
	sliceEnd   int64   // when the current thread must give way, if head != nil
	armed      int64   // what the timer is set to, 0 for nothing
	reap       *Thread // exited, its page and stack not yet given back

	// ID is the core's number, from 0.
	ID uint32
	// Switches counts thread switches; IdleNanos is the time spent halted.
	Switches  uint64
	IdleNanos int64
	idleSince int64
	nextID    uint64
}

const (
	_ = uint(offsetCurrent-unsafe.Offsetof(Core{}.current)) + uint(unsafe.Offsetof(Core{}.current)-offsetCurrent)
	_ = uint(offsetLock-unsafe.Offsetof(Core{}.lock)) + uint(unsafe.Offsetof(Core{}.lock)-offsetLock)
	_ = uint(offsetFastBase-unsafe.Offsetof(Core{}.fastBase)) + uint(unsafe.Offsetof(Core{}.fastBase)-offsetFastBase)
)

// What the scheduler needs from the clock and from whoever owns the pages of threads; set once,
// before the first thread is started.
var (
	// Clock returns the monotonic time in nanoseconds.
	Clock func() int64
	// Arm makes the calling core's timer interrupt at deadline (or at once if that has passed).
	Arm func(deadline int64)
	// Release takes back the page of an exited thread.
	Release func(t *Thread)
)

// msrGSBase is IA32_GS_BASE (Intel SDM vol. 4, table 2-2).
const msrGSBase = 0xC0000101

// Start makes c the calling core's scheduler, with current as the thread that is running and idle,
// already prepared, as the thread to run when there is no other.
func (c *Core) Start(current, idle *Thread, fastBase bool) {
	c.self = c
	c.current = current
	c.idle = idle
	if fastBase {
		c.fastBase = 1
	}
	current.core = c
	current.state = Running
	idle.core = c
	idle.state = Runnable
	cpu.WriteMSR(msrGSBase, uint64(uintptr(unsafe.Pointer(c))))
}

// This returns the calling core. The caller keeps interrupts off for as long as it uses the answer.
func This() *Core

// Current returns the calling thread.
func Current() *Thread

// switchTo leaves from for to and releases the core's lock; it returns when something switches back.
func switchTo(from, to *Thread)

// Current returns the thread that c runs.
func (c *Core) Current() *Thread { return c.current }

// Idle reports whether c has nothing to run.
func (c *Core) Idle() bool { return c.current == c.idle }

// push appends t to the run queue.
func (c *Core) push(t *Thread) {
	t.state = Runnable
	t.next = nil
	if c.tail == nil {
		c.head = t
	} else {
		c.tail.next = t
	}
	c.tail = t
}

// pushFront puts t at the head of the run queue.
func (c *Core) pushFront(t *Thread) {
	t.state = Runnable
	t.next = c.head
	c.head = t
	if c.tail == nil {
		c.tail = t
	}
}

// pop takes the next thread to run, the idle thread if there is none.
func (c *Core) pop() *Thread {
	t := c.head
	if t == nil {
		return c.idle
	}
	c.head = t.next
	if c.head == nil {
		c.tail = nil
	}
	t.next = nil
	return t
}

// addSleeper enters t in the list of sleepers.
func (c *Core) addSleeper(t *Thread) {
	at := &c.sleepers
	for *at != nil && (*at).deadline <= t.deadline {
		at = &(*at).later
	}
	t.later = *at
	*at = t
}

// removeSleeper takes t out of the list of sleepers, if it is there.
func (c *Core) removeSleeper(t *Thread) {
	if t.deadline == 0 {
		return
	}
	for at := &c.sleepers; *at != nil; at = &(*at).later {
		if *at == t {
			*at = t.later
			break
		}
	}
	t.later = nil
	t.deadline = 0
}

// expire makes every sleeper whose deadline has come runnable, ahead of the others: a thread that
// sleeps (sysmon first of all) has asked for a time.
func (c *Core) expire(now int64) (woken bool) {
	for t := c.sleepers; t != nil && t.deadline <= now; t = c.sleepers {
		c.sleepers = t.later
		t.later = nil
		t.deadline = 0
		t.timedOut = true
		c.pushFront(t)
		woken = true
	}
	return woken
}

// rearm sets the timer to the next time that matters, unless it will fire soon enough anyway:
// programming it costs more than an early tick.
func (c *Core) rearm() {
	var want int64
	if c.sleepers != nil {
		want = c.sleepers.deadline
	}
	if c.head != nil && (want == 0 || c.sliceEnd < want) {
		want = c.sliceEnd
	}
	if want == 0 || c.armed != 0 && c.armed <= want {
		return
	}
	c.armed = want
	Arm(want)
}

// run makes next the current thread. The caller switches to it.
func (c *Core) run(next *Thread) {
	now := int64(0)
	if c.current == c.idle || next == c.idle || c.head != nil {
		now = Clock()
	}
	if c.current == c.idle {
		c.IdleNanos += now - c.idleSince
	}
	if next == c.idle {
		c.idleSince = now
	}
	if c.head != nil {
		c.sliceEnd = now + Slice
	}
	next.state = Running
	c.current = next
	c.Switches++
	c.rearm()
}
