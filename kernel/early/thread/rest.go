package thread

import "sync/atomic"

// How an idle core waits for something to do. To halt and to be interrupted takes long, and longer
// where a hypervisor is below: so it stays awake for a moment where that is likely to pay, and near a
// deadline.
//
// An idle core has its bit in idlers, and is either polling or about to halt. Whoever takes the bit away,
// to have the core run a thread, queues the thread, looks at polling after that, and kicks the core if
// that is 0 (rouse). The core sets polling to 0 before it looks at the queues and at its bit for the
// last time; interrupts are off from then on. Each side has a locked instruction between its two steps.
// So the core sees the thread, or is kicked, and a kick that comes before it halts ends the halt at
// once. A core without its bit does not halt, even if the thread has gone elsewhere: nobody would give
// it another one. What runs on the core ends its polling and takes the bit (awake); an idle thread that
// goes on after that looks at everything anew.

const (
	// pollTime is for how long an idle core polls: as long as it takes to halt and wake up, so that
	// this costs at most twice as much as what would have been best.
	pollTime = 50_000
	// pollPays is how soon work must have come the last time for the core to poll the next time: to
	// have halted counts as pollTime.
	pollPays = 2 * pollTime
	// shortWait is about what it takes to set the timer and to halt: no deadline sooner than that
	// is worth it.
	shortWait = 25_000
	// maxLead bounds how long before a deadline a core is awake.
	maxLead = 100_000
)

// rest waits until there is something to do, and may return without. The core's bit is in idlers, and
// no lock is held. Interrupts are off, but are let in while it waits.
func (c *Core) rest() {
	now := Clock()
	until := now
	if c.pollPays && Count() > 1 {
		until += pollTime
	}
	c.lock.acquire()
	if c.sleepers != nil {
		if due := c.sleepers.deadline; due < until || due-now <= max(c.lead, shortWait) {
			until = due
		}
	}
	c.lock.release()
	now, vain := c.poll(now, until)
	if !vain {
		return
	}
	c.lock.acquire()
	due := c.expire(now)
	if !due {
		c.watchWhileIdle(now)
		c.armAhead()
	}
	c.lock.release()
	if due {
		return
	}
	c.halted = true
	waitForInterrupt()
	c.halted = false
}

// poll waits until a time for a thread in any queue, or for somebody who takes the core's bit. It looks
// once at least, and returns the time then and whether it was in vain.
func (c *Core) poll(now, until int64) (then int64, vain bool) {
	if now < until {
		atomic.StoreUint32(&c.polling, 1)
		for now < until && c.idling() {
			// No PAUSE: for that an emulator takes the lock that all its cores share. To read the clock
			// waits for the processor's pipeline, too.
			interruptWindow()
			now = Clock()
		}
		atomic.StoreUint32(&c.polling, 0)
	}
	return now, c.idling()
}

// idling reports whether the core is still marked as idle and there is nothing for it to do.
func (c *Core) idling() bool {
	step()
	return idlers.Load()>>c.ID&1 != 0 && !queued()
}

// awake is called with c's lock held when the core leaves its idle thread.
func (c *Core) awake(now int64) {
	atomic.StoreUint32(&c.polling, 0)
	c.claim()
	c.halted = false
	c.pollPays = now-c.idleSince < pollPays
}

// rouse makes c, which has been given a thread or can take one, look at the queues.
func (c *Core) rouse() {
	step()
	if atomic.AddUint32(&c.polling, 0) == 0 {
		Kick(c)
	}
}

// armAhead sets the timer so that the core is awake when its first deadline comes. An earlier tick is
// as good. The lock is held.
func (c *Core) armAhead() {
	want := c.watchNext
	if c.sleepers != nil {
		if due := c.sleepers.deadline - c.lead; want == 0 || due < want {
			want = due
		}
	}
	if want == 0 {
		return
	}
	if c.armed == 0 || c.armed > want {
		c.armed = want
		Arm(want)
	}
}

// learn takes note of how late the timer was for a core that halted: the lead follows the later ones
// quickly, the others slowly, so that most are in time.
func (c *Core) learn(late int64) {
	if late < 0 {
		return // early: it does not count that far
	}
	late = min(late, maxLead)
	if late > c.lead {
		c.lead += (late - c.lead) / 2
	} else {
		c.lead -= (c.lead - late) / 16
	}
}
