package thread

import (
	"math/bits"
	"sync/atomic"
)

// Cores watch over each other: one that takes no interrupts any more, because its code waits for
// something with interrupts off or is stuck in a handler, would stop the others one by one. A core that
// runs something looks at the others once in WatchPeriod, and so does an idle one while another runs
// something. When all rest nobody looks, and no timer is set for it; so a core that hangs in a handler that
// interrupted its rest is found when another has something to run.

// WatchPeriod is how often a core looks at the others, and Silence how long one may take to answer, both
// in nanoseconds. Then Silent is told.
const (
	WatchPeriod = 1_000_000_000
	Silence     = 2_000_000_000
)

// Silent is told of a core that has taken no interrupt for Silence. It is called in an interrupt
// handler, with no lock held, and may return if the core turns out to be well.
var Silent func(c *Core)

// watcher is who looks next while all others may rest: until when that is certain, in microseconds,
// and in the low bits which core.
var watcher atomic.Int64

const coreBits = 6

// StartWatch makes the calling core look at the others: the boot core, which has run something since before
// there were others. Any core else begins when it leaves its idle thread. Interrupts are off.
func StartWatch() {
	c := This()
	c.lock.acquire()
	c.watchNext = Clock() + WatchPeriod
	c.rearm()
	c.lock.release()
}

// Attend notes that the core takes interrupts, and does what cannot wait for the handler itself to say
// what it is for: the handler may touch memory that a resting core has old translations of. Every
// interrupt handler calls it first.
func (c *Core) Attend() {
	if atomic.LoadInt64(&c.asked) != 0 {
		atomic.StoreInt64(&c.asked, 0)
	}
	c.Flush()
}

// Asked reports whether the core still owes another an interrupt.
func (c *Core) Asked() bool { return atomic.LoadInt64(&c.asked) != 0 }

// Ask interrupts a core, to see whether it can be.
func (c *Core) Ask(now int64) {
	atomic.CompareAndSwapInt64(&c.asked, 0, now)
	Kick(c)
}

// alone reports whether all other cores rest.
func (c *Core) alone() bool {
	for _, o := range cores[:coreCount.Load()] {
		if o != nil && o != c && atomic.LoadUint32(&o.resting) == 0 {
			return false
		}
	}
	return true
}

// watch looks at the other cores if it is time, and returns one that has been silent. The core's lock is
// held.
func (c *Core) watch(now int64) (silent *Core) {
	if c.watchNext == 0 || now < c.watchNext {
		return nil
	}
	c.watchNext = now + WatchPeriod
	for _, o := range cores[:coreCount.Load()] {
		if o == nil || o == c {
			continue
		}
		asked := atomic.LoadInt64(&o.asked)
		if asked == 0 {
			o.Ask(now)
		} else if now-asked > Silence {
			silent = o
		}
	}
	return silent
}

// watchWhileIdle sees to it that this core, which is about to halt, looks at the others while one of them
// does not. The lock is held.
func (c *Core) watchWhileIdle(now int64) {
	if c.alone() {
		c.watchNext = 0
		return
	}
	if c.watchNext <= now {
		c.watchNext = now + WatchPeriod
	}
	watcher.Store(c.watchNext/1000<<coreBits | int64(c.ID))
}

// watchAgain sees to it that somebody looks at this core, which has something to run again. The lock is
// held.
func (c *Core) watchAgain(now int64) {
	if coreCount.Load() == 1 {
		return
	}
	if c.watchNext <= now {
		c.watchNext = now + WatchPeriod
	}
	if w := watcher.Load(); w>>coreBits*1000 > now && w&(1<<coreBits-1) != int64(c.ID) {
		return
	}
	// One that halts looks around when it is kicked, and finds that this one runs.
	if set := idlers.Load() &^ (1 << c.ID); set != 0 {
		o := cores[bits.TrailingZeros64(set)]
		watcher.Store((now+WatchPeriod)/1000<<coreBits | int64(o.ID))
		Kick(o)
	}
}
