//go:build amd64

package virtio

import (
	"testing"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci"
	"github.com/ringo-os/ringo/kernel/machine"
)

// space is a configuration space of functions on bus 0, by their first registers.
type space map[pci.Address][64]uint32

func (s space) Read(a pci.Address, register uint8) uint32 {
	if f, ok := s[a]; ok {
		return f[register/4]
	}
	return ^uint32(0)
}

func (s space) Write(pci.Address, uint8, uint32) {}

func TestFind(t *testing.T) {
	s := space{
		{Device: 1}: {0: 0x1234_8086},                // no virtio
		{Device: 2}: {0: 0x1000_1AF4},                // legacy only
		{Device: 3}: {0: 0x1100_1AF4},                // not virtio, though of the same vendor
		{Device: 4}: {0: 0x1041_1AF4, 1: 0x10 << 16}, // no registers
	}
	found, wrong := find(s, []Window{{Base: 0xFEB00000, Size: 4}})
	if len(found) != 0 || len(wrong) != 3 {
		t.Errorf("found %v, wrong %v", found, wrong)
	}
	if found, wrong := find(nil, nil); len(found)+len(wrong) != 0 {
		t.Error("found something nowhere")
	}
}

func TestWindowsOfFirmwareAndCommandLine(t *testing.T) {
	firmware := machine.Firmware()
	defer func() { *firmware, *machine.CommandLine() = acpi.Machine{}, boot.CommandLine{} }()
	firmware.Devices[0] = acpi.Device{Address: 0xFEB00000, Size: 512, GSI: 16, Level: true}
	firmware.DeviceCount = 1
	line := []byte("virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=4K@0xd0000000:40 -- x virtio_mmio.device=512@0xfeb00200:6")
	if p := boot.ParseCommandLine(machine.CommandLine(), line, make([]byte, boot.CommandLineBuffer(len(line)))); p != "" {
		t.Fatal(p)
	}
	want := []Window{
		{Base: 0xFEB00000, Size: 512, Interrupt: 16, Level: true},
		{Base: 0xD0000000, Size: 4096, Interrupt: 40},
		{Base: 0xFEB00200, Size: 512, Interrupt: 6},
	}
	got := windows()
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
