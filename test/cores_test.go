package test

import (
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestWithoutACPI: the cores are found in the table that firmware had before ACPI, and the console's
// interrupt, too.
func TestWithoutACPI(t *testing.T) {
	for _, machine := range []qemu.Machine{qemu.MicroVM, qemu.PC} {
		t.Run(string(machine), func(t *testing.T) {
			t.Parallel()
			c := bare(t, "environment", "show")
			c.Machine, c.Cores = machine, 4
			// The PC's firmware lists the first core of each socket.
			c.Extra = []string{"-machine", "acpi=off", "-smp", "4,sockets=4"}
			if r := boot(t, c); r.status != 0 || !strings.Contains(r.output, "procs 4 of 4\n") {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
			c = bare(t, "basic", "stdin")
			c.Machine = machine
			c.Extra = []string{"-machine", "acpi=off"}
			m := start(t, c)
			m.expect("ready")
			m.Console.Send("typed\n\x04")
			if r := m.wait(); r.status != 0 || !strings.Contains(r.output, `"typed\n" <nil>`) {
				t.Errorf("status %d\n%s", r.status, r.output)
			}
		})
	}
}
