package thread

import "sync/atomic"

// Flush drops all of this core's translations, but global ones, if it was asked to. Interrupts are off.
func (c *Core) Flush() {
	if wanted := atomic.LoadUint32(&c.flushRequested); wanted != c.flushDone {
		dropTranslations()
		atomic.StoreUint32(&c.flushDone, wanted)
	}
}

// Flushed reports whether the core has dropped its translations as often as it was asked to.
func (c *Core) Flushed() bool {
	return atomic.LoadUint32(&c.resting) != 0 || atomic.LoadUint32(&c.flushDone) == atomic.LoadUint32(&c.flushRequested)
}

// wakeUp ends the core's rest. The swap orders it before the look at flushRequested, as FlushOthers
// orders its request before the look at resting: one of the two sees the other.
func (c *Core) wakeUp() {
	step()
	if atomic.SwapUint32(&c.resting, 0) != 0 {
		c.Flush()
	}
}

// FlushOthers makes every other core drop its translations and returns when all have, or returns
// the first core that did not within limit nanoseconds. A resting core does it when it wakes up.
// Interrupts are off, and no lock is held: while it waits, the caller follows others' requests.
func FlushOthers(limit int64) (stuck *Core) {
	c := This()
	count := coreCount.Load()
	if count == 1 {
		return nil
	}
	var wanted [MaxCores]uint32
	for _, o := range cores[:count] {
		if o == nil || o == c {
			continue
		}
		step()
		wanted[o.ID] = atomic.AddUint32(&o.flushRequested, 1)
		if atomic.LoadUint32(&o.resting) == 0 {
			Kick(o)
		}
	}
	deadline := Clock() + limit
	for _, o := range cores[:count] {
		if o == nil || o == c {
			continue
		}
		for atomic.LoadUint32(&o.resting) == 0 && int32(atomic.LoadUint32(&o.flushDone)-wanted[o.ID]) < 0 {
			c.Flush()
			pause()
			if Clock() > deadline {
				return o
			}
		}
	}
	return nil
}
