// Package apic drives the interrupt controllers of a PC: the local APIC of each core (Intel SDM
// vol. 3, ch. 11), the I/O APICs (82093AA data sheet), and, to silence them, the old 8259s.
//
// Early code.
package apic

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/clock"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Local is the local APIC, of whichever core it is that calls: all cores share one Local.
type Local struct {
	_ offheap.Mark

	registers unsafe.Pointer
}

// Vectors are the interrupt vectors that the local APIC raises by itself; Spurious needs no EOI.
type Vectors struct {
	Timer, Error, Spurious uint8
}

// DefaultAddress is the physical address of the local APIC's registers if ACPI does not say.
const DefaultAddress = 0xFEE00000

// Init prepares for the local APIC whose registers (4 KiB) are mapped uncached at registers. It
// selects x2APIC mode, where the processor has it (or is in it already), and TSC deadlines. Then
// call Enable on each core.
func (l *Local) Init(registers unsafe.Pointer, vectors Vectors) boot.Problem { return "" }

// Enable turns on the APIC of the core that calls, with its timer disarmed and every other local
// interrupt masked (NMI on LINT1 excepted).
func (l *Local) Enable() {}

// X2 reports whether the APIC is used in x2APIC mode (MSRs, 32-bit IDs).
func (l *Local) X2() bool { return false }

// DeadlineMode reports whether the timer compares with the TSC itself.
func (l *Local) DeadlineMode() bool { return false }

// ID is the APIC ID of the core that calls.
func (l *Local) ID() uint32 { return 0 }

// EOI ends the interrupt in service.
func (l *Local) EOI() {}

// Calibrate measures the timer against c, for about 1 ms (not needed, and returns at once, in
// deadline mode). Once for all cores, after Enable; interrupts must be off.
func (l *Local) Calibrate(c *clock.Clock) boot.Problem { return "" }

// SetDeadline arms the timer of the core that calls to interrupt once, when the TSC reaches tsc.
// It may come early, by the imprecision of the calibration or because the timer cannot count that
// far: the handler looks at the clock, and arms again. A time gone by interrupts at once.
func (l *Local) SetDeadline(tsc uint64) {}

// Disarm stops the timer. An interrupt that is already pending still comes.
func (l *Local) Disarm() {}

// Send raises interrupt vector on the core with APIC ID destination.
func (l *Local) Send(destination uint32, vector uint8) {}

// SendOthers raises vector on every core but the one that calls.
func (l *Local) SendOthers(vector uint8) {}

// SendSelf raises vector on the core that calls.
func (l *Local) SendSelf(vector uint8) {}

// SendNMI raises a non-maskable interrupt.
func (l *Local) SendNMI(destination uint32) {}

// SendInit resets a core, SendStart then starts it in real mode at physical address page<<12
// (SDM vol. 3, 9.4.4: INIT, 10 ms, start, 200 µs, start again).
func (l *Local) SendInit(destination uint32)              {}
func (l *Local) SendStart(destination uint32, page uint8) {}

// ErrorStatus reads and clears the error status register (11.5.3).
func (l *Local) ErrorStatus() uint32 { return 0 }
