package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// statusStuck is the exit status of a machine that cannot go on (runtime/go1.26/exit.go).
const statusStuck = 122

// statusKernelPanic is that of one whose kernel has failed.
const statusKernelPanic = 121

// TestStuck: a core that takes no interrupts any more, or a lock of the kernel's that is not released,
// ends the machine with what all cores and goroutines do.
func TestStuck(t *testing.T) {
	const (
		silent = `core (\d) has taken no interrupts for 2 seconds`
		locked = `a lock of the kernel's \(0x[0-9a-f]+\) has been held for a second`
		// Whoever gives memory back may notice first.
		eager = silent + `|core (\d) has not dropped its translations for 2 seconds`
	)
	for _, test := range []struct {
		topic, mode string
		cores       int
		want        string
	}{
		{"hang", "loops", 2, silent},
		{"hang", "loops", 4, silent},
		{"hang", "now and then", 2, silent},
		{"hang", "now and then", 8, silent},
		{"hang", "release", 4, eager},
		{"lock", "loops", 1, locked},
		{"lock", "release", 2, locked},
		{"lock", "now and then", 4, locked},
	} {
		t.Run(fmt.Sprintf("%s/%s/%d", test.topic, test.mode, test.cores), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "stuck", test.mode)
			c.Words, c.Cores = []string{"debug=" + test.topic}, test.cores
			r := boot(t, c)
			if r.status != statusStuck || !regexp.MustCompile("ringo: the kernel failed: ("+test.want+")").MatchString(r.output) {
				t.Fatalf("status %d\n%s", r.status, r.output)
			}
			for core := range test.cores {
				// What each core does, with its registers and the functions it is in.
				_, state, found := strings.Cut(r.output, fmt.Sprintf("\ncore %d: ", core))
				state, _, _ = strings.Cut(state, "\ncore ")
				if !found || !strings.Contains(state, "\nrip  ") || !strings.Contains(state, "ringo_") && !strings.Contains(state, "main.") {
					t.Errorf("the state of core %d is not told:\n%s", core, r.output)
				}
			}
			for _, want := range []string{"runtime.provoke", "goroutine 1 ["} {
				if !strings.Contains(r.output, want) {
					t.Errorf("no %s in:\n%s", want, r.output)
				}
			}
		})
	}
}

// TestBroken: an exception that finds no stack, and a machine check, have stacks of their own on every core,
// and end the machine with a message that says where.
func TestBroken(t *testing.T) {
	for topic, want := range map[string]string{"doublefault": "double fault", "machinecheck": "machine check"} {
		for _, cores := range []int{1, 2, 4, 8} {
			t.Run(fmt.Sprintf("%s/%d", topic, cores), func(t *testing.T) {
				t.Parallel()
				c := bare(t, "stuck", "loops")
				c.Words, c.Cores = []string{"debug=" + topic}, cores
				r := boot(t, c)
				if r.status != statusKernelPanic {
					t.Errorf("status %d", r.status)
				}
				for _, want := range []string{
					"ringo: the kernel failed: " + want + " (", fmt.Sprintf("\ncore %d, goroutine ", cores-1), "\truntime.provoke\n",
				} {
					if !strings.Contains(r.output, want) {
						t.Errorf("no %q in:\n%s", want, r.output)
					}
				}
			})
		}
	}
}
