// Measured is what bench-cores boots: it measures goroutines, threads, clocks and the collector. It is
// an ordinary Go program, but for one thing: it calls the runtime's futexes, which have no other name
// that is the same everywhere (built with -ldflags=-checklinkname=0).
package main

import (
	"runtime"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

func main() {
	measure.Main([]measure.Result{
		{Name: "goroutine-switch", Measure: onOneCore(goroutineSwitch)},
		{Name: "channel-one-core", Measure: onOneCore(channelOneCore)},
		{Name: "channel-two-cores", Measure: channelTwoCores},
		{Name: "locked-ping-pong", Measure: lockedPingPong},
		{Name: "mutex-uncontended", Measure: mutexUncontended},
		{Name: "mutex-contended", Measure: mutexContended},
		{Name: "goroutine-spawn", Measure: onOneCore(goroutineSpawn)},
		{Name: "futex-wake", Measure: futexWake},
		{Name: "futex-wake-rested", Measure: futexWakeRested},
		{Name: "time-now", Measure: timeNow},
		{Name: "sleep-overshoot", Measure: sleepOvershoot},
		{Name: "stop-the-world", Measure: stopTheWorld},
		{Name: "gc-64MiB", Measure: collect},
		{Name: "work-1", Measure: func() float64 { return work(1) }},
		{Name: "speed-up-2", Measure: speedUp},
	})
}

// onOneCore makes all goroutines run on one core while do measures.
func onOneCore(do func() float64) func() float64 {
	return func() float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		return do()
	}
}
