package thread

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Slice is how long a thread keeps its core while others wait for it, in nanoseconds. It matters
// only when there are more running Ms than cores.
const Slice = 5_000_000

const (
	offsetCurrent  = 8
	offsetLock     = 16
	offsetFastBase = 20
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
	reap       *Thread // exited, their pages and stacks not yet given back; only this core's, without the lock

	// resting is 1 while the core runs nothing but its idle loop, which touches no memory that is
	// ever unmapped. flushRequested counts the requests to drop translations, flushDone those that
	// have been followed; see flush.go.
	resting        uint32
	flushRequested uint32
	flushDone      uint32

	// How the core rests; see rest.go. polling is 1 while it looks at the queues by itself, pollPays
	// says that this found something the last time. lead is how late the timer has been lately when
	// the core had halted, in nanoseconds. All but polling are its own.
	polling  uint32
	pollPays bool
	halted   bool
	lead     int64

	// asked is when another core first asked for the interrupt that this one owes it, 0 if it owes
	// none; watchNext is when this one looks at the others. See watch.go.
	asked     int64
	watchNext int64

	// ID is the core's number, from 0; APIC is how its interrupt controller is addressed.
	ID   uint32
	APIC uint32
	// Switches counts thread switches; IdleNanos is the time without anything to run.
	Switches  uint64
	IdleNanos int64
	idleSince int64
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
	// Kick interrupts another core, to look at its queue and its flushes (Core.Kicked).
	Kick func(c *Core)
	// Spare does a little of what an idle core can do for others, with interrupts off, and reports
	// whether there was something to do.
	Spare func() bool
	// Answer tells that t has been asked to stop its goroutine (RequestPreempt). r is where an
	// interrupt stopped it, nil if it is in a call of its own. It is called with a core's lock held.
	Answer func(t *Thread, r *Registers)
)

// MaxCores is how many cores there can be.
const MaxCores = 64

var (
	cores     [MaxCores]*Core
	coreCount atomic.Uint32
	// idlers has a bit for each core that halts, or is about to and will look at the queues once
	// more. Whoever takes a bit away kicks that core; a core that finds something to do by itself
	// takes its own. A core sets its bit before it looks at the queues, and who queues a thread looks
	// at the bits after that: one of the two sees the other.
	idlers atomic.Uint64
)

// SetBase makes c the calling core's Core. Start follows.
func (c *Core) SetBase() {
	c.self = c
	setBase(c)
}

// Start makes c a scheduler, with current as the thread that is running (the idle thread itself on
// all cores but the first) and idle as the one to run when there is no other.
func (c *Core) Start(current, idle *Thread, fastBase bool) {
	c.current = current
	c.idle = idle
	if fastBase {
		c.fastBase = 1
	}
	idle.core = c
	idle.state = Runnable
	current.core = c
	current.state = Running
	if current == idle {
		c.resting = 1
	}
	cores[c.ID] = c
}

// SetCount says that the cores with an ID below n have been started.
func SetCount(n uint32) { coreCount.Store(n) }

// Count returns how many cores there are.
func Count() uint32 { return coreCount.Load() }

// Get returns the core with an ID below Count.
func Get(id uint32) *Core { return cores[id] }

// Current returns the thread that c runs.
func (c *Core) Current() *Thread { return c.current }

// Idle reports whether c has nothing to run.
func (c *Core) Idle() bool { return c.current == c.idle }

// push appends t to the run queue.
func (c *Core) push(t *Thread) {
	step()
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
	if c.watchNext != 0 && (want == 0 || c.watchNext < want) {
		want = c.watchNext
	}
	if want == 0 || c.armed != 0 && c.armed <= want {
		return
	}
	c.armed = want
	Arm(want)
}

// run makes next the current thread, in place of one that an interrupt stopped (at registers) or
// that left by itself (nil). The caller switches to it.
func (c *Core) run(next *Thread, registers *Registers) {
	t := c.current
	if t.preemptWanted != 0 {
		t.preemptWanted = 0
		Answer(t, registers)
	}
	now := int64(0)
	if t == c.idle || next == c.idle || c.head != nil {
		now = Clock()
	}
	if t == c.idle {
		c.IdleNanos += now - c.idleSince
		c.wakeUp()
		c.awake(now)
		c.watchAgain(now)
	}
	if next == c.idle {
		c.idleSince = now
		atomic.StoreUint32(&c.resting, 1)
	}
	if c.head != nil {
		c.sliceEnd = now + Slice
	}
	next.core = c
	next.state = Running
	c.current = next
	c.Switches++
	if next != c.idle { // which sets the timer by itself, if it halts
		c.rearm()
	}
}

// claim takes c's bit from the idlers. It reports whether c was one.
func (c *Core) claim() bool {
	step()
	bit := uint64(1) << c.ID
	return idlers.Load()&bit != 0 && idlers.And(^bit)&bit != 0
}

// claimAny takes any core's bit, if possible that of one which is awake; nil if none is idle.
func claimAny() *Core {
	for {
		step()
		set := idlers.Load()
		if set == 0 {
			return nil
		}
		c := cores[bits.TrailingZeros64(set)]
		for ; set != 0; set &= set - 1 {
			if o := cores[bits.TrailingZeros64(set)]; atomic.LoadUint32(&o.polling) != 0 {
				c = o
				break
			}
		}
		if c.claim() {
			return c
		}
	}
}
