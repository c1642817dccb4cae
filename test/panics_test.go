package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestPanics: a program that ends badly says the same as on Linux, and has the same exit status.
func TestPanics(t *testing.T) {
	for _, mode := range strings.Fields(`
		string lines error custom-error stringer number float named struct nil error-panics runtime-error
		goroutine nested-calls nil-map closed-send close-closed close-nil index index-below slice
		slice-end to-array divide remainder shift make assert assert-method assert-nil compare map-key
		nil-read nil-write nil-offset nil-large nil-function nil-interface nil-method nil-inlined
		nil-goroutine nil-go bad-address bad-read non-canonical read-only write-code
		deferred nested thrice recovered again wrapped in-recovered goexit-panic once iterator range-over
		generic closure method-value timer finalizer cleanup locked locked-go init
		goexit goexit-waits deadlock deadlock-select deadlock-nil deadlock-mutex deadlock-group
		deadlock-cond deadlock-sleep deadlock-locked unlock runlock group-negative
		stack-overflow stack-overflow-goroutine map-writes
		log-fatal log-panic exit exit-goroutine trace-all trace-none long many-frames`) {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			compare(t, bare(t, "panics", mode), "panics")
		})
	}
}

// TestPanicsOnBusyCores: so does one whose other goroutines are in loops on all cores.
func TestPanicsOnBusyCores(t *testing.T) {
	for _, cores := range coreCounts {
		for _, mode := range strings.Fields("string nil-read goroutine nil-goroutine map-writes locked exit-goroutine unlock") {
			t.Run(fmt.Sprintf("%s/%d", mode, cores), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "panics", mode, "busy")
				c.Cores = cores
				compare(t, c, "panics")
			})
		}
	}
}

// TestStackLimit lets a stack grow to Go's own limit of 1 GB.
func TestStackLimit(t *testing.T) {
	t.Parallel()
	c := bare(t, "panics", "stack-default")
	c.Memory = 3 << 30
	compare(t, c, "panics")
}

// TestOutOfMemory: what is too much in one piece, or little by little, ends as on Linux, where the
// trace below the first words differs with where the kernel says no.
func TestOutOfMemory(t *testing.T) {
	for _, mode := range []string{"memory-huge", "memory-large", "memory-small", "memory-goroutines", "memory-stack"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := bare(t, "panics", mode)
			c.Memory = 48 << 20
			r := boot(t, c)
			if r.status != 2 || !strings.Contains(r.output, "fatal error: runtime: out of memory\n") &&
				!strings.Contains(r.output, "fatal error: out of memory\n") || !strings.Contains(r.output, "main.main()") {
				t.Errorf("exit status %d\n%s", r.status, r.output)
			}
		})
	}
}

// TestTraceback: GOTRACEBACK does what it does on Linux.
func TestTraceback(t *testing.T) {
	for _, level := range []string{"none", "single", "all"} {
		for _, mode := range []string{"nil-read", "deadlock-group"} {
			t.Run(level+"/"+mode, func(t *testing.T) {
				t.Parallel()
				c := bare(t, "panics", mode)
				c.Environment = []string{"GOTRACEBACK=" + level}
				compare(t, c, "panics")
			})
		}
	}
}

// compare boots a machine and runs the same program on Linux with the same environment and
// arguments.
func compare(t *testing.T, c qemu.Config, program string) {
	t.Helper()
	want := onLinux(t, program, c.Environment, "", c.Arguments...)
	got := boot(t, c)
	if d := difference(normal(got.output), normal(want.output)); d != "" {
		t.Error(d)
	}
	if got.status != want.status {
		t.Errorf("exit status %d, on Linux %d", got.status, want.status)
	}
}
