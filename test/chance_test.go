package test

import (
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestChance: no two boots draw the same numbers, whichever source there is. RDSEED without RDRAND
// cannot be tried: QEMU's emulation ties one to the other.
func TestChance(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, change := range map[string]func(*qemu.Config){
		"both":        func(c *qemu.Config) {},
		"processor":   func(c *qemu.Config) { c.NoEntropy = true },
		"RDRAND only": func(c *qemu.Config) { c.NoEntropy, c.CPU = true, "max,rdseed=off" },
		"device":      func(c *qemu.Config) { c.CPU = "max,rdrand=off,rdseed=off" },
		"device, pci": func(c *qemu.Config) { c.CPU, c.Machine = "max,rdrand=off,rdseed=off", qemu.Q35 },
	} {
		for range 2 {
			c := bare(t, "chance")
			change(&c)
			for line := range strings.Lines(passes(t, c)) {
				if line != "ok\n" && seen[line] {
					t.Errorf("%s: again %s", name, line)
				}
				seen[line] = true
			}
		}
	}
	if len(seen) != 10*3+1 {
		t.Errorf("%d different lines", len(seen))
	}
}

// TestNoChance: without any source of entropy there is an error, never a fixed seed.
func TestNoChance(t *testing.T) {
	t.Parallel()
	for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.Q35} {
		c := bare(t, "chance")
		c.Machine, c.NoEntropy, c.CPU = machine, true, "max,rdrand=off,rdseed=off"
		r := start(t, c).finish()
		if r.status == 0 || !strings.Contains(r.output, "ringo: this machine has no source of random numbers") ||
			strings.HasSuffix(r.output, "ok\n") {
			t.Errorf("%s: status %d\n%s", machine, r.status, r.output)
		}
	}
}

// TestRawSystemCalls: the SYSCALL instruction reaches the kernel as well.
func TestRawSystemCalls(t *testing.T) {
	t.Parallel()
	passes(t, bare(t, "raw"))
	if r := onLinux(t, "raw", nil, ""); r.status != 0 {
		t.Errorf("on Linux: %+v", r)
	}
}
