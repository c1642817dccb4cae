package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestDump: Ctrl-\ on the console, and QEMU's nmi, end the program with what all its goroutines do, as
// SIGQUIT does on Linux; whether the machine is busy on all its cores or halts.
func TestDump(t *testing.T) {
	for _, mode := range []string{"busy", "idle"} {
		for _, cores := range coreCounts {
			for _, way := range []string{"Ctrl-\\", "nmi"} {
				t.Run(fmt.Sprintf("%s/%s/%d", way, mode, cores), func(t *testing.T) {
					t.Parallel()
					c := bare(t, "dump", mode)
					c.Cores = cores
					m := start(t, c)
					m.expect("ready")
					if way == "nmi" {
						m.tell("nmi")
					} else {
						m.Console.Send("\x1c")
					}
					r := m.wait()
					if r.status != 2 || !strings.Contains(r.output, "SIGQUIT: quit") || strings.Contains(r.output, "ringo:") {
						t.Fatalf("status %d\n%s", r.status, r.output)
					}
					// Each goroutine is shown, and where it waits; one that runs on another core has no stack
					// to show, on Linux neither.
					for _, want := range []string{`\ngoroutine 1 (gp=\w+ m=\w+ (mp=\w+ )?)?\[`, `\nmain\.waiting\(`, `\[chan receive`} {
						if !regexp.MustCompile(want).MatchString(r.output) {
							t.Errorf("no %q in:\n%s", want, r.output)
						}
					}
					if strings.Contains(r.output, "kernel.(*terminal).receive(") {
						t.Errorf("the kernel's goroutines are shown:\n%s", r.output)
					}
				})
			}
		}
	}
}

// TestDumpIsASignal: a program that asks for SIGQUIT gets it instead.
func TestDumpIsASignal(t *testing.T) {
	t.Parallel()
	c := bare(t, "dump", "notify")
	c.Cores = 2
	m := start(t, c)
	m.expect("ready")
	m.Console.Send("\x1c")
	if r := m.wait(); r.status != 0 || !strings.Contains(r.output, "got quit\n") {
		t.Errorf("status %d\n%s", r.status, r.output)
	}
}
