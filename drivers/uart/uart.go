// Package uart drives the 16550 serial port (National Semiconductor PC16550D data sheet).
//
// Early code. Nothing here locks: the caller holds one spinlock around every call for a UART.
package uart

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// COM1 is the I/O port of the first serial port of a PC; its interrupt is IRQ 4.
const COM1 = 0x3F8

// Registers, as offsets from the port, and their bits (data sheet, table II).
const (
	data            = 0 // receiver buffer, transmitter holding register
	divisorLow      = 0 // while divisorAccess is set
	divisorHigh     = 1
	interruptEnable = 1
	fifoControl     = 2
	lineControl     = 3
	modemControl    = 4
	lineStatus      = 5
	scratch         = 7

	receivedInterrupt = 1 << 0 // in interruptEnable
	fifoEnable        = 1 << 0 // in fifoControl
	fifoClearReceiver = 1 << 1
	fifoTrigger14     = 3 << 6 // interrupt when 14 bytes have come, or fewer and then none for a while
	eightBits         = 3      // in lineControl: 8 bits, no parity, 1 stop bit
	divisorAccess     = 1 << 7
	terminalReady     = 1 << 0 // in modemControl
	requestToSend     = 1 << 1
	interruptGate     = 1 << 3 // OUT2: a PC's gate between the UART and the interrupt controller
	loopback          = 1 << 4
	dataReady         = 1 << 0 // in lineStatus
	holdingEmpty      = 1 << 5
	transmitterEmpty  = 1 << 6
)

const (
	fifoSize = 16
	divisor  = 1 // 115200 baud

	// patience is how often Write looks whether the UART has become ready: an I/O port is read in
	// about 1 µs, so for a few seconds. The FIFO is sent in 1.4 ms.
	patience = 1 << 22

	// brevity is the same for Offer: a little more than the FIFO takes.
	brevity = 1 << 11
)

// in8 and out8 are variables for the sake of tests.
var (
	in8  = cpu.In8
	out8 = cpu.Out8
)

// A UART is a serial port. The zero value is none: it swallows what is written.
type UART struct {
	port uint16
	dead bool // did not become ready in time; Write does not wait any more until it is
}

// Init sets the UART at an I/O port to 115200 baud, 8N1, FIFOs on, interrupts off. It reports
// false if none answers there. What was received before is lost.
func (u *UART) Init(port uint16) bool {
	*u = UART{}
	if port == 0 || !answers(port) {
		return false
	}
	// What the firmware wrote may still be on its way; changing the FIFO's mode would lose it.
	for range 1 << 14 {
		if in8(port+lineStatus)&transmitterEmpty != 0 {
			break
		}
	}
	out8(port+interruptEnable, 0)
	out8(port+lineControl, divisorAccess|eightBits)
	out8(port+divisorLow, divisor)
	out8(port+divisorHigh, 0)
	out8(port+lineControl, eightBits)
	out8(port+fifoControl, fifoEnable|fifoClearReceiver|fifoTrigger14)
	out8(port+modemControl, terminalReady|requestToSend|interruptGate)
	u.port = port
	return true
}

// answers reports whether a UART is at port: one that has the scratch register, or, as an 8250
// has none, one that loops a byte back. Nothing at a port reads as 0xFF.
func answers(port uint16) bool {
	if in8(port+lineStatus) == 0xFF {
		return false
	}
	old := in8(port + scratch)
	out8(port+scratch, 0x5A)
	a := in8(port + scratch)
	out8(port+scratch, 0xA5)
	b := in8(port + scratch)
	out8(port+scratch, old)
	if a == 0x5A && b == 0xA5 {
		return true
	}
	control := in8(port + modemControl)
	out8(port+modemControl, loopback)
	out8(port+data, 0xAE)
	found := false
	for range 1 << 12 {
		if in8(port+lineStatus)&dataReady != 0 {
			found = in8(port+data) == 0xAE
			break
		}
	}
	out8(port+modemControl, control)
	return found
}

// Present reports whether Init found the UART.
func (u *UART) Present() bool { return u.port != 0 }

// Write sends p as it is, polling, and returns when the UART has taken it all. A UART that stops
// taking bytes for seconds loses the rest; the count of those taken is returned.
func (u *UART) Write(p []byte) int {
	tries := patience
	if u.dead {
		tries = 1
	}
	n := u.send(p, tries)
	u.dead = n < len(p)
	return n
}

// Offer is Write for a caller that will offer the rest again, after a while: it waits no longer than
// a UART takes that sends what it has.
func (u *UART) Offer(p []byte) int { return u.send(p, brevity) }

// send sends what it can of p and waits for room with so many tries.
func (u *UART) send(p []byte, tries int) int {
	if u.port == 0 {
		return len(p)
	}
	for n := 0; n < len(p); {
		if !u.wait(tries) {
			return n
		}
		// The holding register being empty means that the whole FIFO is.
		for end := min(len(p), n+fifoSize); n < end; n++ {
			out8(u.port+data, p[n])
		}
	}
	return len(p)
}

// WriteString is Write for a string.
func (u *UART) WriteString(s string) int {
	return u.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// wait reports whether the transmitter has room, within so many tries.
func (u *UART) wait(tries int) bool {
	for range tries {
		if in8(u.port+lineStatus)&holdingEmpty != 0 {
			return true
		}
	}
	return false
}

// Receive returns the next byte that has come in; ok is false if there is none.
func (u *UART) Receive() (b byte, ok bool) {
	if u.port == 0 || in8(u.port+lineStatus)&dataReady == 0 {
		return 0, false
	}
	return in8(u.port + data), true
}

// EnableReceiveInterrupt lets the UART interrupt when bytes have come in, also before this; call
// Receive until it has no more.
func (u *UART) EnableReceiveInterrupt() {
	if u.port != 0 {
		out8(u.port+interruptEnable, receivedInterrupt)
	}
}

// DisableReceiveInterrupt undoes it. What comes in stays in the FIFO; a virtual UART whose FIFO is full
// takes no more from its host.
func (u *UART) DisableReceiveInterrupt() {
	if u.port != 0 {
		out8(u.port+interruptEnable, 0)
	}
}
