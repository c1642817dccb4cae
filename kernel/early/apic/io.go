package apic

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/offheap"
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
func (i *IO) Init(registers unsafe.Pointer, gsiBase uint32) bool { return false }

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
func (i *IO) Set(gsi uint32, r Route) bool { return false }

// Mask holds an interrupt back; Unmask lets it through.
func (i *IO) Mask(gsi uint32)   {}
func (i *IO) Unmask(gsi uint32) {}

// MaskLegacy masks the two 8259 interrupt controllers, after moving their vectors out of the way
// of the exceptions (to 0xE0 to 0xEF: a spurious interrupt can come even when all is masked).
func MaskLegacy() {}
