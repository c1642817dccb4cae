//go:build amd64

package virtio

import (
	"sync"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/pci"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Machine returns the transports to the machine's virtio devices, and what is wrong with those that
// cannot be used: on PCI, in the windows that ACPI knows, and in those on the kernel command line.
var Machine = sync.OnceValues(func() ([]Transport, []error) {
	var space pci.Space
	if ports := new(pci.Ports); ports.Present() {
		space = ports
	}
	return find(space, windows())
})

// find looks at each function of a configuration space (nil: there is none) and at each window.
func find(space pci.Space, windows []Window) (found []Transport, wrong []error) {
	add := func(t Transport, err error) {
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case t != nil:
			found = append(found, t)
		}
	}
	if space != nil {
		for _, d := range pci.Enumerate(space) {
			add(FromPCI(d))
		}
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
