package test

import (
	"fmt"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// coreCounts are the sizes of machine that everything must work on.
var coreCounts = []int{1, 2, 4, 8}

// TestScheduler runs the modes of testdata/sched, which check themselves.
func TestScheduler(t *testing.T) {
	for _, mode := range []string{"loop", "preempt", "pingpong", "locked", "exits", "procs", "sync", "select", "count",
		"finalizers", "memory", "collector", "vectors"} {
		for _, cores := range coreCounts {
			t.Run(fmt.Sprintf("%s/%d", mode, cores), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "sched", mode)
				c.Cores = cores
				passes(t, c)
			})
		}
	}
	t.Run("stack", func(t *testing.T) {
		t.Parallel()
		c := bare(t, "sched", "stack")
		c.Memory = 320 << 20 // a stack is copied when it grows: 64 and 128 MiB
		passes(t, c)
	})
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
			c.Machine = machine
			passes(t, c)
		})
	}
}

// TestSchedulerOnLinux keeps the program honest: it must pass there too.
func TestSchedulerOnLinux(t *testing.T) {
	for _, mode := range []string{"loop", "preempt", "pingpong", "locked", "exits", "procs", "sync", "select", "count",
		"finalizers", "memory", "collector", "stack", "vectors"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if r := onLinux(t, "sched", nil, "", mode); r != (result{"ok\n", 0}) {
				t.Errorf("%+v", r)
			}
		})
	}
}
