package acpi

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// Variables for the sake of tests.
var (
	in8     = cpu.In8
	in16    = cpu.In16
	out8    = cpu.Out8
	out16   = cpu.Out16
	store8  = cpu.Store8
	load16  = cpu.Load16
	store16 = cpu.Store16
)

// Bits of the PM1 control registers (4.8.3.2.1) and of the sleep control register (4.8.3.7).
const (
	sciEnabled = 1 << 0
	sleepShift = 10
	sleepMask  = 7 << sleepShift
	sleepStart = 1 << 13

	reducedSleepShift = 2
	reducedSleepStart = 1 << 5
)

// The keyboard controller (IBM PC AT technical reference): command 0xFE pulses the reset line.
const (
	keyboardStatus   = 0x64
	keyboardCommand  = 0x64
	keyboardFull     = 1 << 1
	keyboardResetCPU = 0xFE
)

// PowerOff turns the machine off (7.4.2, 4.8.3.7). It returns if that does not work.
func (m *Machine) PowerOff(at At) {
	if !m.CanPowerOff {
		return
	}
	if m.Reduced {
		m.SleepControl.write8(at, m.SleepA<<reducedSleepShift|reducedSleepStart)
		wait()
		return
	}
	if m.PM1aControl.Address == 0 {
		return
	}
	m.enable(at)
	m.PM1aControl.sleep(at, m.SleepA)
	if m.PM1bControl.Address != 0 {
		m.PM1bControl.sleep(at, m.SleepB)
	}
	wait()
}

// enable switches from legacy to ACPI mode (4.8.2.5), without which PM1 may be deaf.
func (m *Machine) enable(at At) {
	if m.SMICommand == 0 || m.ACPIEnable == 0 || m.PM1aControl.read16(at)&sciEnabled != 0 {
		return
	}
	out8(m.SMICommand, m.ACPIEnable)
	for range 1 << 16 {
		if m.PM1aControl.read16(at)&sciEnabled != 0 {
			return
		}
	}
}

// sleep writes the sleep type, and then that with the bit that starts it.
func (r Register) sleep(at At, kind uint8) {
	value := r.read16(at)&^(sleepMask|sleepStart) | uint16(kind)<<sleepShift
	r.write16(at, value)
	r.write16(at, value|sleepStart)
}

// Reset restarts the machine: the reset register (4.8.3.6), then the keyboard controller. It
// returns if neither works; what is left is a triple fault.
func (m *Machine) Reset(at At) {
	if m.ResetControl.Address != 0 {
		m.ResetControl.write8(at, m.ResetValue)
		wait()
	}
	for range 1 << 16 {
		if in8(keyboardStatus)&keyboardFull == 0 {
			break
		}
	}
	out8(keyboardCommand, keyboardResetCPU)
	wait()
}

// wait gives a command some milliseconds to take effect, by reading a port that nothing is at.
func wait() {
	const unused = 0x80
	for range 1 << 14 {
		in8(unused)
	}
}

func (r Register) write8(at At, value uint8) {
	if r.IO {
		out8(uint16(r.Address), value)
	} else if p := r.pointer(at, 1); p != nil {
		store8(p, value)
	}
}

func (r Register) write16(at At, value uint16) {
	if r.IO {
		out16(uint16(r.Address), value)
	} else if p := r.pointer(at, 2); p != nil {
		store16(p, value)
	}
}

func (r Register) read16(at At) uint16 {
	if r.IO {
		return in16(uint16(r.Address))
	}
	if p := r.pointer(at, 2); p != nil {
		return load16(p)
	}
	return 0
}

// pointer is where a register in memory can be accessed, nil if nowhere.
func (r Register) pointer(at At, size uint64) unsafe.Pointer {
	if r.Address == 0 {
		return nil
	}
	b := bytesAt(r.Address, size, at)
	if b == nil {
		return nil
	}
	return unsafe.Pointer(&b[0])
}
