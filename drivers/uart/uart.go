// Package uart drives the 16550 serial port (National Semiconductor PC16550D data sheet).
//
// Early code. Nothing here locks: the caller holds one spinlock around every call for a UART.
package uart

// COM1 is the I/O port of the first serial port of a PC; its interrupt is IRQ 4.
const COM1 = 0x3F8

// A UART is a serial port. The zero value is none: it swallows what is written.
type UART struct {
	port uint16
	dead bool // did not become ready in time
}

// Init sets the UART at an I/O port to 115200 baud, 8N1, FIFOs on, interrupts off. It reports
// false if none answers there.
func (u *UART) Init(port uint16) bool { return false }

// Present reports whether Init found the UART.
func (u *UART) Present() bool { return u.port != 0 }

// Write sends p as it is, polling, and returns when the UART has taken it all. A UART that stops
// taking bytes loses the rest; the count of those taken is returned.
func (u *UART) Write(p []byte) int { return len(p) }

// WriteString is Write for a string.
func (u *UART) WriteString(s string) int { return len(s) }

// Receive returns the next byte that has come in; ok is false if there is none.
func (u *UART) Receive() (b byte, ok bool) { return 0, false }

// EnableReceiveInterrupt lets the UART interrupt when a byte comes in; call Receive until it has
// no more.
func (u *UART) EnableReceiveInterrupt() {}
