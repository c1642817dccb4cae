package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-os/ringo/qemu"
)

// TestRegionsStay: once drivers use their devices, which is when several cores run, no region of a device is
// moved (drivers/pci/survey says why). QEMU's log has both, in their order.
func TestRegionsStay(t *testing.T) {
	for _, machine := range []qemu.Machine{qemu.PC, qemu.Q35} {
		t.Run(string(machine), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "log")
			c := bare(t, "chance")
			c.Machine, c.CPU, c.Cores = machine, "max,rdrand=off,rdseed=off", 4
			c.Extra = []string{"-trace", "pci_cfg_write", "-trace", "pci_update_mappings_*", "-D", file}
			passes(t, c)
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// What Device.Enable writes: memory, bus master, no interrupt pin.
			const enabled = "@0x4 <- 0x507"
			before, after, used := strings.Cut(string(log), enabled)
			if !used || !strings.Contains(before, "pci_update_mappings_del virtio-rng-pci") {
				t.Errorf("the device was neither measured nor used:\n%s", log)
			}
			if strings.Contains(after, "pci_update_mappings") {
				t.Errorf("a region moved after a driver had begun:\n%s", after)
			}
		})
	}
}
