// Package apic drives the interrupt controllers of a PC: the local APIC of each core (Intel SDM
// vol. 3, ch. 11), the I/O APICs (82093AA data sheet), and, to silence them, the old 8259s.
//
// Early code. Everything here is called with interrupts off.
package apic

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Registers of the local APIC, as offsets in its page (SDM vol. 3, table 11-1); in x2APIC mode the
// register at n is MSR 0x800 + n/16 (table 11-6).
const (
	registerID       = 0x020
	registerVersion  = 0x030
	registerPriority = 0x080
	registerEOI      = 0x0B0
	registerSpurious = 0x0F0
	registerError    = 0x280
	registerCMCI     = 0x2F0
	registerCommand  = 0x300 // high half at 0x310, or one MSR of 64 bits
	registerHigh     = 0x310
	registerTimer    = 0x320
	registerThermal  = 0x330
	registerCounters = 0x340
	registerLINT0    = 0x350
	registerLINT1    = 0x360
	registerLVTError = 0x370
	registerInitial  = 0x380
	registerCurrent  = 0x390
	registerDivide   = 0x3E0
	registerSelf     = 0x3F0 // x2APIC only

	msrBase     = 0x1B // IA32_APIC_BASE
	msrX2       = 0x800
	msrDeadline = 0x6E0 // IA32_TSC_DEADLINE
)

// Bits of those.
const (
	baseEnabled = 1 << 11 // in msrBase
	baseX2      = 1 << 10

	spuriousEnable = 1 << 8

	deliverNMI     = 4 << 8 // in a local vector and in the command
	deliverInit    = 5 << 8
	deliverStart   = 6 << 8
	pending        = 1 << 12
	assert         = 1 << 14
	masked         = 1 << 16
	timerDeadline  = 2 << 17
	shorthandSelf  = 1 << 18
	shorthandOther = 3 << 18

	divideBy1 = 0xB
)

// Variables for the sake of tests.
var (
	load32   = cpu.Load32
	store32  = cpu.Store32
	readMSR  = cpu.ReadMSR
	writeMSR = cpu.WriteMSR
	fence    = cpu.Fence
	cpuID    = cpu.ID
	readTSC  = cpu.TSC
	out8     = cpu.Out8
)

// Local is the local APIC, of whichever core it is that calls: all cores share one Local.
type Local struct {
	_ offheap.Mark

	registers unsafe.Pointer
	vectors   Vectors
	x2        bool
	deadline  bool
	first     reading // of the timer, when its calibration began
	scale     uint64  // timer ticks per TSC tick, times 1<<32
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
func (l *Local) Init(registers unsafe.Pointer, vectors Vectors) boot.Problem {
	const (
		hasAPIC     = 1 << 9  // CPUID 1, EDX
		hasX2       = 1 << 21 // CPUID 1, ECX
		hasDeadline = 1 << 24
	)
	_, _, ecx, edx := cpuID(1, 0)
	if edx&hasAPIC == 0 {
		return "The processor has no local APIC, which timers and interrupts need; use a processor that has one."
	}
	l.registers, l.vectors = registers, vectors
	l.x2 = ecx&hasX2 != 0
	l.deadline = ecx&hasDeadline != 0
	if registers == nil && !l.x2 {
		return "The registers of the local APIC are not mapped; this is a bug in the kernel."
	}
	return ""
}

// Enable turns on the APIC of the core that calls, with its timer disarmed and every other local
// interrupt masked (NMI on LINT1 excepted).
func (l *Local) Enable() {
	base := readMSR(msrBase)
	if base&baseEnabled == 0 {
		base |= baseEnabled // x2APIC mode can only be entered from xAPIC mode (figure 11-27)
		writeMSR(msrBase, base)
	}
	if l.x2 && base&baseX2 == 0 {
		writeMSR(msrBase, base|baseX2)
	}
	// Which local vectors there are (11.5.1); to write another is an exception in x2APIC mode.
	last := l.read(registerVersion) >> 16 & 0xFF
	l.write(registerTimer, masked)
	if last >= 4 {
		l.write(registerCounters, masked)
	}
	if last >= 5 {
		l.write(registerThermal, masked)
	}
	if last >= 6 {
		l.write(registerCMCI, masked)
	}
	l.write(registerLINT0, masked)
	l.write(registerPriority, 0)
	// Local vectors can be unmasked only after this (11.4.7.2).
	l.write(registerSpurious, spuriousEnable|uint32(l.vectors.Spurious))
	l.write(registerLINT1, deliverNMI)
	l.ErrorStatus()
	l.write(registerLVTError, uint32(l.vectors.Error))
	l.enableTimer()
}

// X2 reports whether the APIC is used in x2APIC mode (MSRs, 32-bit IDs). Otherwise cores with an
// APIC ID above 254 cannot be reached.
func (l *Local) X2() bool { return l.x2 }

// ID is the APIC ID of the core that calls.
func (l *Local) ID() uint32 {
	id := l.read(registerID)
	if !l.x2 {
		id >>= 24
	}
	return id
}

// EOI ends the interrupt in service.
func (l *Local) EOI() { l.write(registerEOI, 0) }

// ErrorStatus reads and clears the error status register (11.5.3).
func (l *Local) ErrorStatus() uint32 {
	l.write(registerError, 0)
	return l.read(registerError)
}

// Send raises interrupt vector on the core with APIC ID destination.
func (l *Local) Send(destination uint32, vector uint8) { l.command(destination, assert|uint32(vector)) }

// SendOthers raises vector on every core but the one that calls, also on those not started yet,
// which ignore it.
func (l *Local) SendOthers(vector uint8) { l.command(0, shorthandOther|assert|uint32(vector)) }

// SendSelf raises vector on the core that calls.
func (l *Local) SendSelf(vector uint8) {
	if l.x2 {
		l.write(registerSelf, uint32(vector))
		return
	}
	// The other half, which another command may be about to use, does not count: the handler of a
	// non-maskable interrupt may call this.
	l.waitSent()
	l.write(registerCommand, shorthandSelf|assert|uint32(vector))
}

// SendNMI raises a non-maskable interrupt.
func (l *Local) SendNMI(destination uint32) { l.command(destination, assert|deliverNMI) }

// SendInit resets a core (SDM vol. 3, 9.4.4: INIT, 10 ms, start, 200 µs, start again).
func (l *Local) SendInit(destination uint32) { l.command(destination, assert|deliverInit) }

// SendStart starts a core, after SendInit, in real mode at physical address page<<12.
func (l *Local) SendStart(destination uint32, page uint8) {
	l.command(destination, assert|deliverStart|uint32(page))
}

// command writes the interrupt command register (11.6.1, 11.12.9).
func (l *Local) command(destination, low uint32) {
	if l.x2 {
		fence() // what the other core is to see is written first
		writeMSR(msrX2+registerCommand>>4, uint64(destination)<<32|uint64(low))
		return
	}
	if destination > 0xFF {
		return
	}
	l.waitSent()
	l.write(registerHigh, destination<<24)
	l.write(registerCommand, low)
}

// waitSent waits until the last command has been sent, which is at once on any machine but one
// whose destination is stuck.
func (l *Local) waitSent() {
	for range 1 << 16 {
		if l.read(registerCommand)&pending == 0 {
			return
		}
	}
}

func (l *Local) read(register uint32) uint32 {
	if l.x2 {
		return uint32(readMSR(msrX2 + register>>4))
	}
	return load32(unsafe.Add(l.registers, register))
}

func (l *Local) write(register, value uint32) {
	if l.x2 {
		writeMSR(msrX2+register>>4, uint64(value))
		return
	}
	store32(unsafe.Add(l.registers, register), value)
}
