// Bench-cores measures what goroutines, threads, clocks and the collector take: in an image of
// Ringo's, and on Debian's kernel for virtual machines, with two cores each.
//
//	make bench-cores
//	make bench-cores ARGS=-update          writes the table to BENCHMARKS.md
//	make bench-cores ARGS='-only futex'    measures only some
//
// What the runtime does alone should take what it takes on Linux, as it is the same code; what goes
// through the kernel there should be much faster.
package main

import (
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark"
)

// The targets, as parts of Linux's time.
const (
	alone   = 1.05
	crosses = 1.0 / 3
)

func main() {
	suite := benchmark.Suite{
		Name:    "bench-cores",
		Program: "./scripts/bench-cores/measured",
		Flags:   []string{"-tags=futex", "-ldflags=-checklinkname=0"},
		Memory:  512 << 20,
		Cores:   2,
		Limit:   2 * time.Minute,
		Rows: []benchmark.Measure{
			{Name: "goroutine-switch", Title: "goroutine switch", Most: alone},
			{Name: "goroutine-spawn", Title: "goroutine spawn", Most: alone},
			{Name: "mutex-uncontended", Title: "mutex, uncontended", Most: alone},
			{Name: "gc-64MiB", Title: "garbage collection, 64 MiB of small objects", Most: alone},
			{Name: "channel-one-core", Title: "channel, one core"},
			{Name: "mutex-contended", Title: "mutex, contended"},
			{Name: "time-now", Title: "time.Now", Most: crosses},
			{Name: "futex-wake", Title: "futex wake to run", Most: crosses},
			{Name: "futex-wake-rested", Title: "futex wake to run, after 1 ms of sleep"},
			{Name: "locked-ping-pong", Title: "channel, LockOSThread", Most: crosses},
			{Name: "channel-two-cores", Title: "channel, two cores", Most: crosses},
			{Name: "stop-the-world", Title: "stop the world, tight loop running", Most: crosses},
			{Name: "sleep-overshoot", Title: "overshoot of a 1 ms sleep", Most: crosses},
			{Name: "work-1", Title: "computing on one core"},
			{Name: "speed-up-2", Title: "its speed-up on two", Unit: benchmark.Number},
		},
	}
	suite.Main()
}
