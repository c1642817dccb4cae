package test

import (
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestTraps: what the processor refuses becomes a panic that can be recovered.
func TestTraps(t *testing.T) {
	for _, machine := range qemu.Machines {
		t.Run(string(machine), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "traps")
			c.Machine = machine
			passes(t, c)
		})
	}
}

// TestTrapsOnLinux keeps the program honest: it must pass there too.
func TestTrapsOnLinux(t *testing.T) {
	t.Parallel()
	if r := onLinux(t, "traps", nil, ""); r != (result{"ok\n", 0}) {
		t.Errorf("%+v", r)
	}
}
