//go:build ringo

package kernel

import (
	"time"

	"github.com/ringo-os/ringo/drivers/rtc"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
)

func init() { go correctClock() }

// correctClock sets the wall clock a second time, when a second begins by the clock that it was set from at boot. That one
// has no fractions of a second, so that it may have been behind by nearly one.
func correctClock() {
	source := &machine.Source{Vector: machine.AllocateVector()}
	if source.Vector == 0 {
		return
	}
	machine.Register(source)
	if gsi, level, low := machine.ISARoute(rtc.IRQ); !machine.RouteInterrupt(gsi, source.Vector, level, low) || !rtc.Announce() {
		return
	}
	source.Wait()
	rtc.Still()
	if second, ok := rtc.Read(machine.Firmware().Century); ok {
		linux.CorrectWallClock(time.Unix(second, machine.CommandLine().ClockFraction()))
	}
}
