//go:build amd64

package virtio

import (
	"fmt"
	"sync"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/pci"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Machine returns the transports to the machine's virtio devices, and what is wrong with those that
// cannot be used: on PCI, in the windows that ACPI knows, and in those on the kernel command line.
var Machine = sync.OnceValues(func() ([]Transport, []error) {
	onPCI := machine.PCI()
	found, wrong := find(pci.Devices(onPCI, new(pci.Ports)), windows())
	if onPCI.LeftOut > 0 {
		wrong = append(wrong, fmt.Errorf("%d functions on the PCI buses are not looked at: the first %d are",
			onPCI.LeftOut, onPCI.Count))
	}
	return found, wrong
})

// find looks at each function and at each window.
func find(devices []*pci.Device, windows []Window) (found []Transport, wrong []error) {
	add := func(t Transport, err error) {
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case t != nil:
			found = append(found, t)
		}
	}
	for _, d := range devices {
		add(FromPCI(d))
	}
	for _, w := range windows {
		add(FromWindow(w))
	}
	return found, wrong
}

// windows returns the places where there may be memory-mapped devices. What ACPI says of one holds
// against the command line.
func windows() (all []Window) {
	known := map[uint64]bool{}
	add := func(w Window) {
		if !known[w.Base] {
			known[w.Base] = true
			all = append(all, w)
		}
	}
	firmware := machine.Firmware()
	for _, d := range firmware.Devices[:firmware.DeviceCount] {
		add(Window{Base: d.Address, Size: d.Size, Interrupt: d.GSI, Level: d.Level, ActiveLow: d.ActiveLow})
	}
	words := machine.CommandLine().Values("virtio_mmio.device")
	for {
		word, ok := words.Next()
		if !ok {
			return all
		}
		if d, ok := boot.ParseVirtioMMIO(word); ok {
			w := Window{Base: d.Address, Size: d.Size, Interrupt: d.IRQ}
			if d.IRQ < isaInterrupts {
				w.Interrupt, w.Level, w.ActiveLow = machine.ISARoute(uint8(d.IRQ))
			}
			add(w)
		}
	}
}

// isaInterrupts is how many interrupts ISA has; their numbers may be routed elsewhere.
const isaInterrupts = 16
