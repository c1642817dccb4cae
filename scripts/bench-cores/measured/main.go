// Measured is what bench-cores boots: an ordinary Go program that measures goroutines, threads, clocks
// and the collector.
package main

import (
	"runtime"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

var results = []measure.Result{
	{Name: "goroutine-switch", Measure: onOneCore(goroutineSwitch)},
	{Name: "channel-one-core", Measure: onOneCore(channelOneCore)},
	{Name: "channel-two-cores", Measure: channelTwoCores},
	{Name: "locked-ping-pong", Measure: lockedPingPong},
	{Name: "mutex-uncontended", Measure: mutexUncontended},
	{Name: "mutex-contended", Measure: mutexContended},
	{Name: "goroutine-spawn", Measure: onOneCore(goroutineSpawn)},
	{Name: "time-now", Measure: timeNow},
	{Name: "sleep-overshoot", Measure: sleepOvershoot},
	{Name: "stop-the-world", Measure: stopTheWorld},
	{Name: "gc-64MiB", Measure: collect},
	{Name: "work-1", Measure: func() float64 { return work(1) }},
	{Name: "speed-up-2", Measure: speedUp},
}

func main() { measure.Main(results) }

// onOneCore makes all goroutines run on one core while do measures.
func onOneCore(do func() float64) func() float64 {
	return func() float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		return do()
	}
}
