package uart

import (
	"strings"
	"testing"
)

// A chip is a fake 16550 at COM1, as far as the driver uses one.
type chip struct {
	registers  [8]uint8
	divisor    uint16
	sent       []byte
	fifo       int // bytes that it can take until it has sent some
	received   []byte
	noScratch  bool
	absent     bool
	stuck      bool // never sends
	reads      int  // of the line status
	overflowed bool
	looped     bool // has been in loopback mode
	cutOff     bool // a FIFO's mode was changed while it was sending
}

func install(t *testing.T, c *chip) {
	oldIn, oldOut := in8, out8
	t.Cleanup(func() { in8, out8 = oldIn, oldOut })
	in8, out8 = c.in, c.out
}

func (c *chip) in(port uint16) uint8 {
	if c.absent || port < COM1 || port > COM1+7 {
		return 0xFF
	}
	switch n := port - COM1; n {
	case data:
		if len(c.received) == 0 {
			return 0
		}
		b := c.received[0]
		c.received = c.received[1:]
		return b
	case lineStatus:
		c.reads++
		status := uint8(0)
		if len(c.received) > 0 {
			status |= dataReady
		}
		// A byte is on its way for three looks at the status.
		if !c.stuck && (c.fifo == 0 || c.reads%3 == 0) {
			c.fifo = 0
			status |= holdingEmpty | transmitterEmpty
		}
		return status
	default:
		return c.registers[n]
	}
}

func (c *chip) out(port uint16, value uint8) {
	if c.absent || port < COM1 || port > COM1+7 {
		return
	}
	n := port - COM1
	access := c.registers[lineControl]&divisorAccess != 0
	switch {
	case n == divisorLow && access:
		c.divisor = c.divisor&0xFF00 | uint16(value)
	case n == divisorHigh && access:
		c.divisor = c.divisor&0xFF | uint16(value)<<8
	case n == data && c.registers[modemControl]&loopback != 0:
		c.received = append(c.received, value)
	case n == data:
		if c.fifo++; c.fifo > fifoSize {
			c.overflowed = true
		}
		c.sent = append(c.sent, value)
	case n == scratch && c.noScratch:
	default:
		c.looped = c.looped || n == modemControl && value&loopback != 0
		c.cutOff = c.cutOff || n == fifoControl && c.fifo > 0
		c.registers[n] = value
	}
}

func TestInit(t *testing.T) {
	for _, test := range []struct {
		name string
		chip chip
		want bool
	}{
		{"16550", chip{}, true},
		{"8250", chip{noScratch: true}, true},
		{"nothing", chip{absent: true}, false},
	} {
		c := test.chip
		c.registers[interruptEnable] = 0xF
		c.registers[scratch] = 0x77
		c.divisor = 0xFFFF
		c.fifo = 1
		install(t, &c)
		u := UART{dead: true}
		if got := u.Init(COM1); got != test.want || u.Present() != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
		if !test.want {
			continue
		}
		if c.divisor != 1 || c.registers[lineControl] != 3 || c.registers[interruptEnable] != 0 ||
			c.registers[fifoControl] != 0xC3 || c.registers[modemControl] != 0xB || len(c.sent) != 0 || len(c.received) != 0 {
			t.Errorf("%s: %+v", test.name, c)
		}
		// What is being sent is not disturbed.
		if c.looped != c.noScratch || c.cutOff || c.registers[scratch] != 0x77 {
			t.Errorf("%s: %+v", test.name, c)
		}
	}
	var u UART
	if u.Init(0) {
		t.Error("a UART at port 0")
	}
}

func TestWrite(t *testing.T) {
	c := new(chip)
	install(t, c)
	var u UART
	u.Init(COM1)
	// What goes in comes out, byte for byte.
	text := "a\nb\r\n\x00\xff" + strings.Repeat("0123456789", 10)
	if n := u.WriteString(text); n != len(text) || string(c.sent) != text || c.overflowed {
		t.Errorf("%d of %d: %q, overflow %v", n, len(text), c.sent, c.overflowed)
	}
	if u.Write(nil) != 0 || u.WriteString("") != 0 {
		t.Error("nothing")
	}
}

// TestStuck has the UART stop taking bytes, and start again.
func TestStuck(t *testing.T) {
	c := new(chip)
	install(t, c)
	var u UART
	u.Init(COM1)
	c.stuck = true
	if n := u.WriteString("lost"); n != 0 {
		t.Errorf("%d bytes taken", n)
	}
	c.reads = 0
	u.WriteString("lost")
	if c.reads > 1 {
		t.Errorf("waited again, %d times", c.reads)
	}
	c.stuck, c.reads = false, 0
	if n := u.WriteString("here"); n != 4 || string(c.sent) != "here" {
		t.Errorf("%d: %q", n, c.sent)
	}
	c.fifo = 1
	if n := u.WriteString("patient"); n != 7 {
		t.Errorf("%d: gave up at once", n)
	}
}

func TestReceive(t *testing.T) {
	c := new(chip)
	install(t, c)
	var u UART
	if _, ok := u.Receive(); ok {
		t.Error("a byte from no UART")
	}
	u.EnableReceiveInterrupt()
	u.Init(COM1)
	u.EnableReceiveInterrupt()
	if c.registers[interruptEnable] != 1 {
		t.Errorf("interrupts %#x", c.registers[interruptEnable])
	}
	c.received = []byte("x\x00")
	for _, want := range []byte("x\x00") {
		if b, ok := u.Receive(); !ok || b != want {
			t.Errorf("%q %v, want %q", b, ok, want)
		}
	}
	if _, ok := u.Receive(); ok {
		t.Error("a byte too many")
	}
}

func TestNone(t *testing.T) {
	var u UART
	if n := u.WriteString("swallowed"); n != 9 {
		t.Error(n)
	}
}
