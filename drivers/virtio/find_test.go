//go:build amd64

package virtio

import (
	"testing"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/machine"
)

// empty is a configuration space that only says that there are capabilities, of which the list is empty.
type empty struct{}

func (empty) Read(_ survey.Address, register uint8) uint32 {
	if register == survey.RegisterCommand {
		return 0x10 << 16
	}
	return 0
}

func (empty) Write(survey.Address, uint8, uint32) {}

func TestFind(t *testing.T) {
	onPCI := survey.Survey{Count: 4}
	onPCI.Functions = [survey.MaxFunctions]survey.Function{
		{Vendor: 0x8086, ID: 0x1234},
		{Vendor: survey.VendorVirtio, ID: 0x1000}, // legacy only
		{Vendor: survey.VendorVirtio, ID: 0x1100}, // not virtio, though of the same vendor
		{Vendor: survey.VendorVirtio, ID: 0x1041}, // no registers
	}
	found, wrong := find(pci.Devices(&onPCI, empty{}), []Window{{Base: 0xFEB00000, Size: 4}})
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
