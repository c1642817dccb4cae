package test

import (
	"fmt"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// coreCounts are the sizes of machine that everything must work on.
var coreCounts = []int{1, 2, 4, 8}

// schedulerModes are the modes of testdata/sched that ask nothing of the machine but cores.
var schedulerModes = []string{"loop", "cores", "preempt", "procs", "pingpong", "locked", "threads", "exits", "yields",
	"sync", "litmus", "select", "fair", "count", "finalizers", "memory", "collector", "vectors", "clock", "dump"}

// TestScheduler runs the modes of testdata/sched, which check themselves, on machines of all sizes.
func TestScheduler(t *testing.T) {
	run := func(name string, cores int, memory qemu.Size, arguments ...string) {
		t.Run(fmt.Sprintf("%s/%d", name, cores), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "sched", arguments...)
			c.Cores, c.Memory = cores, memory
			passes(t, c)
		})
	}
	for _, cores := range coreCounts {
		for _, mode := range schedulerModes {
			run(mode, cores, 128<<20, mode)
		}
		run("stack", cores, 320<<20, "stack") // a stack is copied when it grows: 64 and 128 MiB
		run("crowd", cores, 640<<20, "crowd")
		run("timers", cores, 128<<20, "timers", "50000")
	}
	run("timers, a million", 4, 768<<20, "timers", "1000000")
	run("stack of 500 MB", 1, 1536<<20, "stack", "500")
	run("stack of 500 MB", 4, 1536<<20, "stack", "500")
	t.Run("vectors without AVX", func(t *testing.T) {
		t.Parallel()
		c := bare(t, "sched", "collector")
		c.CPU = "max,avx=off,avx2=off,xsave=off"
		passes(t, c)
	})
	for _, machine := range []qemu.Machine{qemu.PC, qemu.Q35} {
		t.Run("preempt/"+string(machine), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "sched", "preempt")
			c.Machine, c.Cores = machine, 2
			passes(t, c)
		})
	}
}

// TestSchedulerOnLinux keeps the program honest: it must pass there too.
func TestSchedulerOnLinux(t *testing.T) {
	for _, mode := range append([]string{"stack", "crowd", "timers"}, schedulerModes...) {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if r := onLinux(t, "sched", nil, "", mode); r != (result{"ok\n", 0}) {
				t.Errorf("%+v", r)
			}
		})
	}
}
