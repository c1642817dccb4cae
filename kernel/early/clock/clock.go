// Package clock is time from the processor's time-stamp counter (TSC).
//
// Early code.
package clock

import (
	"sync/atomic"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// A Clock counts nanoseconds. Any number of cores may read it while one sets it.
type Clock struct {
	_ offheap.Mark

	wall atomic.Int64
}

// Init starts the clock at nanosecond 0 when the TSC is tsc; it has frequency ticks a second.
func (c *Clock) Init(frequency, tsc uint64) {}

// Now returns the nanoseconds since Init. It never goes back.
func (c *Clock) Now() int64 { return 0 }

// At returns what Now is when the TSC is tsc; an earlier tsc than that of Init or the last Refine
// counts as that one.
func (c *Clock) At(tsc uint64) int64 { return 0 }

// Deadline returns the TSC at which Now reaches nanoseconds: the first tick at which it has.
func (c *Clock) Deadline(nanoseconds int64) (tsc uint64) { return 0 }

// Frequency is the ticks of the TSC per second.
func (c *Clock) Frequency() uint64 { return 0 }

// Refine changes the frequency from tsc, now, on, without a jump.
func (c *Clock) Refine(frequency, tsc uint64) {}

// SetWall says that it is now unix nanoseconds since 1970 UTC. Now is not affected.
func (c *Clock) SetWall(unix int64) {}

// Wall returns the time since 1970 UTC, in nanoseconds, and Now at the same instant.
func (c *Clock) Wall() (unix, now int64) { return 0, 0 }

// A Source says where a frequency comes from.
type Source string

// Measure finds the frequency of the TSC: from CPUID if it says so, else by measuring for about
// 10 ms against the ACPI PM timer at I/O port pmTimer (0: none) or the 8254 timer. known says that
// it was read, not measured. Interrupts must be off.
func Measure(pmTimer uint16) (frequency uint64, source Source, known bool, problem boot.Problem) {
	return 0, "", false, ""
}
