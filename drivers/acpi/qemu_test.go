package acpi

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestQEMU reads what QEMU's own firmware leaves in memory.
func TestQEMU(t *testing.T) {
	if testing.Short() {
		t.Skip("starts QEMU")
	}
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("QEMU is not installed")
	}
	for _, test := range []struct {
		machine, device string
		check           func(m *Machine) bool
	}{
		{"pc", "virtio-rng-pci", func(m *Machine) bool {
			return m.PMTimer == 0x608 && m.PM1aControl == Register{0x604, true} && m.CanPowerOff &&
				m.Century == 0x32 && m.LegacyPIC && !m.Reduced && m.PM1aEvent == Register{0x600, true} && m.EventLength == 4
		}},
		{"q35", "virtio-rng-pci", func(m *Machine) bool {
			return m.PMTimer == 0x608 && m.CanPowerOff && m.ResetControl == Register{0xCF9, true} &&
				m.ECAMCount == 1 && m.ECAMs[0].LastBus == 255 && m.PM1aEvent == Register{0x600, true}
		}},
		{"microvm", "virtio-rng-device", func(m *Machine) bool {
			return m.Reduced && m.CanPowerOff && m.SleepControl.Address != 0 && !m.SleepControl.IO &&
				m.DeviceCount == 1 && m.Devices[0].Size == 512 && m.IOAPICCount >= 1 &&
				m.Events == Device{0xFEA00000, 4, 9, false, false} && m.PM1aEvent.Address == 0
		}},
		{"microvm,pcie=on", "virtio-rng-pci", func(m *Machine) bool {
			return m.Reduced && m.ECAMCount == 1 && m.ECAMs[0] == ECAM{0xE0000000, 0, 0, 255}
		}},
	} {
		t.Run(test.machine, func(t *testing.T) {
			t.Parallel()
			memory := dumpMemory(t, qemu, test.machine, test.device)
			var m Machine
			p := Read(&m, 0, func(physical, size uint64) []byte {
				if physical > uint64(len(memory)) || size > uint64(len(memory))-physical {
					return nil
				}
				return memory[physical : physical+size]
			})
			if p != "" || m.CoreCount != 3 || m.LocalAPIC != 0xFEE00000 || m.IOAPICs[0].Address != 0xFEC00000 {
				t.Errorf("%q, %d cores", p, m.CoreCount)
			}
			if !test.check(&m) {
				t.Errorf("%+v", m)
			}
		})
	}
}

// dumpMemory starts a machine without anything to boot and returns its memory, once the firmware
// has made the tables.
func dumpMemory(t *testing.T, qemu, machine, device string) []byte {
	command := exec.Command(qemu, "-M", machine, "-m", "64", "-smp", "3", "-nodefaults", "-display", "none",
		"-monitor", "stdio", "-device", device)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output := new(strings.Builder)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		io.WriteString(in, "quit\n")
		in.Close()
		if err := command.Wait(); err != nil {
			t.Logf("QEMU: %v\n%s", err, output)
		}
	}()
	folder := t.TempDir()
	for n := range 100 {
		time.Sleep(100 * time.Millisecond)
		area := dump(in, filepath.Join(folder, fmt.Sprint("area", n)), 0xE0000, 0x20000)
		if bytes.Contains(area, []byte("RSD PTR ")) {
			time.Sleep(300 * time.Millisecond) // the checksums are filled in last
			if memory := dump(in, filepath.Join(folder, "memory"), 0, 64<<20); memory != nil {
				return memory
			}
			break
		}
	}
	t.Fatalf("the firmware makes no tables:\n%s", output)
	return nil
}

// dump has QEMU's monitor write physical memory to a file; nil if that does not happen.
func dump(monitor io.Writer, file string, physical, size int64) []byte {
	fmt.Fprintf(monitor, "pmemsave %#x %#x \"%s\"\n", physical, size, file)
	for range 500 { // the host may be busy
		time.Sleep(20 * time.Millisecond)
		if info, err := os.Stat(file); err == nil && info.Size() == size {
			b, _ := os.ReadFile(file)
			return b
		}
	}
	return nil
}
