package apic

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Registers of the I/O APIC (82093AA data sheet, 3.0): one of those inside is chosen by writing its
// number to selector and accessed through window.
const (
	selector = 0x00
	window   = 0x10

	ioVersion     = 0x01
	ioRedirection = 0x10 // two for each pin
	maxPins       = (256 - ioRedirection) / 2

	// Bits of a redirection entry's low half (3.2.4).
	ioActiveLow = 1 << 13
	ioLevel     = 1 << 15
)

// IO is an I/O APIC. The caller holds a spinlock around every call for it.
type IO struct {
	_ offheap.Mark

	registers unsafe.Pointer
	first     uint32
	pins      uint32
}

// Init takes over the I/O APIC whose registers are mapped uncached at registers and whose first
// pin is global system interrupt gsiBase; all pins are masked. It reports false if there is none.
func (i *IO) Init(registers unsafe.Pointer, gsiBase uint32) bool {
	*i = IO{}
	if registers == nil {
		return false
	}
	i.registers = registers
	version := i.read(ioVersion)
	if version == 0 || version == ^uint32(0) {
		i.registers = nil
		return false
	}
	i.first = gsiBase
	i.pins = min(version>>16&0xFF+1, maxPins)
	for pin := range i.pins {
		i.write(ioRedirection+2*pin, masked)
		i.write(ioRedirection+2*pin+1, 0)
	}
	return true
}

// Has reports whether gsi is one of its pins.
func (i *IO) Has(gsi uint32) bool { return gsi-i.first < i.pins }

// A Route says where an interrupt goes.
type Route struct {
	Vector      uint8
	Destination uint32 // APIC ID, below 255
	Level       bool   // else edge-triggered
	ActiveLow   bool   // else active high
	Masked      bool
}

// Set routes gsi. It reports false if gsi is none of its pins or the route is not possible.
func (i *IO) Set(gsi uint32, r Route) bool {
	if !i.Has(gsi) || r.Vector < 16 || r.Destination >= 0xFF {
		return false
	}
	low := uint32(r.Vector)
	if r.Level {
		low |= ioLevel
	}
	if r.ActiveLow {
		low |= ioActiveLow
	}
	if r.Masked {
		low |= masked
	}
	entry := ioRedirection + 2*(gsi-i.first)
	i.write(entry, masked) // not half of each route while the halves are written
	i.write(entry+1, r.Destination<<24)
	i.write(entry, low)
	return true
}

// Mask holds an interrupt back.
func (i *IO) Mask(gsi uint32) {
	if i.Has(gsi) {
		entry := ioRedirection + 2*(gsi-i.first)
		i.write(entry, i.read(entry)|masked)
	}
}

// Unmask lets an interrupt through.
func (i *IO) Unmask(gsi uint32) {
	if i.Has(gsi) {
		entry := ioRedirection + 2*(gsi-i.first)
		i.write(entry, i.read(entry)&^masked)
	}
}

func (i *IO) read(register uint32) uint32 {
	store32(unsafe.Add(i.registers, selector), register)
	return load32(unsafe.Add(i.registers, window))
}

func (i *IO) write(register, value uint32) {
	store32(unsafe.Add(i.registers, selector), register)
	store32(unsafe.Add(i.registers, window), value)
}
