// Package clock is time from the processor's time-stamp counter (TSC).
//
// Early code.
package clock

import (
	"math/bits"
	"sync/atomic"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

const second = 1_000_000_000

// readTSC is a variable for the sake of tests.
var readTSC = cpu.TSC

// A Clock counts nanoseconds. Any number of cores may read it while one sets it; those who set it
// must take turns. The zero value stands still at 0.
type Clock struct {
	_ offheap.Mark

	// epochs[current%4] is in force from its start on, the one before until then; Refine fills the
	// next and then moves current on. So a reader never waits for a writer, not even one that it
	// has interrupted, and what it reads is not written to without current moving first.
	current atomic.Uint32
	epochs  [4]epoch
	wall    atomic.Int64 // what to add to Now for the time since 1970
}

// An epoch is a time with one frequency: nanoseconds = base + (tsc-start)*scale >> shift.
type epoch struct {
	start     atomic.Uint64 // TSC
	base      atomic.Uint64 // nanoseconds
	scale     atomic.Uint64
	shift     atomic.Uint32
	frequency atomic.Uint64
}

// Init starts the clock at nanosecond 0 when the TSC is tsc; it has frequency ticks a second.
func (c *Clock) Init(frequency, tsc uint64) { c.set(frequency, tsc, 0) }

// Refine changes the frequency, without a jump. tsc is now; the change takes effect 1/16 s later,
// so that no core can have gone on by the old frequency when it does. Within that time of another,
// a call does nothing.
func (c *Clock) Refine(frequency, tsc uint64) {
	old := &c.epochs[c.current.Load()%4]
	if frequency == 0 || tsc < old.start.Load() {
		return
	}
	start := tsc + old.frequency.Load()/16
	c.set(frequency, start, uint64(c.At(start)))
}

func (c *Clock) set(frequency, start, base uint64) {
	n := c.current.Load() + 1
	e := &c.epochs[n%4]
	scale, shift := scaleOf(frequency)
	e.start.Store(start)
	e.base.Store(base)
	e.scale.Store(scale)
	e.shift.Store(shift)
	e.frequency.Store(frequency)
	c.current.Store(n)
}

// scaleOf is 1e9 / frequency as scale / 1<<shift, with as large a shift, so as precise, as 64 bits
// of scale allow: the error is below 1 ns in 100 years.
func scaleOf(frequency uint64) (scale uint64, shift uint32) {
	if frequency == 0 {
		return 0, 0
	}
	for shift = 64; second>>(64-shift) >= frequency; {
		shift--
	}
	scale, _ = bits.Div64(second>>(64-shift), second<<shift, frequency)
	return scale, shift
}

// Now returns the nanoseconds since Init. It never goes back. The runtime asks for the time where a stack
// must not grow, so it does not, and neither does what it calls.
//
//go:nosplit
func (c *Clock) Now() int64 { return c.At(readTSC()) }

// At returns what Now is when the TSC is tsc. One before Init, or before the last Refine but one,
// counts as that.
//
//go:nosplit
func (c *Clock) At(tsc uint64) int64 {
	for {
		n := c.current.Load()
		e := &c.epochs[n%4]
		if tsc < e.start.Load() {
			e = &c.epochs[(n-1)%4]
		}
		start, base := e.start.Load(), e.base.Load()
		scale, shift := e.scale.Load(), e.shift.Load()
		if c.current.Load() != n {
			continue
		}
		if tsc < start {
			return int64(base)
		}
		high, low := bits.Mul64(tsc-start, scale)
		return int64(base + high<<(64-shift) + low>>shift)
	}
}

// Deadline returns the TSC at which Now reaches nanoseconds: the first tick at which it has. It is
// the highest number there is for a time that the TSC does not reach, and some tick gone by for a
// time before the last Refine but one.
func (c *Clock) Deadline(nanoseconds int64) (tsc uint64) {
	for {
		n := c.current.Load()
		e := &c.epochs[n%4]
		if nanoseconds <= int64(e.base.Load()) && n > 1 {
			e = &c.epochs[(n-1)%4]
		}
		start, base := e.start.Load(), e.base.Load()
		scale, shift := e.scale.Load(), e.shift.Load()
		if c.current.Load() != n {
			continue
		}
		if nanoseconds <= int64(base) {
			return start
		}
		// The least ticks with ticks*scale >= ahead<<shift.
		ahead := uint64(nanoseconds) - base
		high, low := ahead>>(64-shift), ahead<<shift
		if high >= scale {
			return ^uint64(0)
		}
		ticks, rest := bits.Div64(high, low, scale)
		if rest != 0 {
			ticks++
		}
		if ticks > ^uint64(0)-start {
			return ^uint64(0)
		}
		return start + ticks
	}
}

// Frequency is the ticks of the TSC per second, as last set.
func (c *Clock) Frequency() uint64 { return c.epochs[c.current.Load()%4].frequency.Load() }

// SetWall says that it is now unix nanoseconds since 1970 UTC. Now is not affected.
func (c *Clock) SetWall(unix int64) { c.wall.Store(unix - c.Now()) }

// Wall returns the time since 1970 UTC, in nanoseconds, and Now at the same instant.
//
//go:nosplit
func (c *Clock) Wall() (unix, now int64) {
	now = c.Now()
	return now + c.wall.Load(), now
}
