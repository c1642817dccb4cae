//go:build ringo

package runtime

// Clocks.

import (
	_ "unsafe" // for go:linkname

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

//go:nosplit
func nanotime1() int64 { return systemClock.Now() }

//go:nosplit
func walltime() (sec int64, nsec int32) {
	wall, _ := systemClock.Wall()
	return wall / 1e9, int32(wall % 1e9)
}

// refineClock measures the frequency of the clock once more when a second has gone by since the
// first time: the error of 50 ppm, 4 seconds a day, becomes 1. Called by the timer interrupts of all
// cores; whoever takes the time away from clockRefine owns clockGauge.
func refineClock() {
	due := clockRefine.Load()
	if due == 0 || nanotime1() < due || !clockRefine.CompareAndSwap(due, 0) {
		return
	}
	if frequency, ok := clockGauge.Again(); ok {
		systemClock.Refine(frequency, cpu.TSC())
	}
}

//go:linkname time_now time.now
func time_now() (sec int64, nsec int32, mono int64) {
	wall, now := systemClock.Wall()
	return wall / 1e9, int32(wall % 1e9), now
}

//go:linkname machine_SetWallClock github.com/ringo-os/ringo/kernel/machine.SetWallClock
func machine_SetWallClock(seconds int64, nanoseconds int32) {
	systemClock.SetWall(seconds*1e9 + int64(nanoseconds))
}

//go:linkname machine_Uptime github.com/ringo-os/ringo/kernel/machine.Uptime
func machine_Uptime() int64 { return nanotime1() }
