package acpi

// The power button: a bit of the PM1 event registers (4.8.3.1) or, on hardware-reduced machines, an event of
// the generic event device (5.6.9). What that one means is told by a method in AML; the one that QEMU makes
// (hw/acpi/generic_event_device.c) reads a register that says what happened, and clears it.

// ButtonPressed is the power button's bit in the PM1 status and enable registers (tables 4.15, 4.16).
const ButtonPressed = 1 << 8

// EventButton is the power button's bit in the register of QEMU's generic event device.
const EventButton = 1 << 1

// ArmButton makes a fixed power button raise the SCI, and nothing else of the PM1 events. It returns the I/O
// port of the PM1 status register, whose bits are cleared by writing them; 0 if there is no such button.
func (m *Machine) ArmButton(at At) (status uint16) {
	if !m.PM1aEvent.IO || m.EventLength < 4 {
		return 0
	}
	m.enable(at)
	status = uint16(m.PM1aEvent.Address)
	out16(status, in16(status))
	out16(status+uint16(m.EventLength/2), ButtonPressed)
	return status
}

// readEvents reads the generic event device of QEMU: its interrupt, and the register in its operation region.
func (m *Machine) readEvents(body []byte) {
	const memory = 0 // the address space of an operation region (20.2.5.2)
	d, wired := device(findResources(body))
	if !wired {
		return
	}
	for i := range body {
		region := body[i:]
		if !hasPrefix(region, "\x5B\x80EREG") || len(region) < 8 || region[6] != memory {
			continue
		}
		address, rest, ok := integer(region[7:])
		if !ok {
			continue
		}
		if size, _, ok := integer(rest); ok && size == 4 {
			d.Address, d.Size = address, size
			m.Events = d
			return
		}
	}
}
