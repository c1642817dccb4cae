package rtc

import (
	"testing"
	"time"
)

// A chip is a fake MC146818.
type chip struct {
	registers [128]uint8
	selected  uint8
	updating  int // reads of register A for which an update goes on
	onRead    func(n uint8)
}

func install(t *testing.T, c *chip) {
	oldIn, oldOut := in8, out8
	t.Cleanup(func() { in8, out8 = oldIn, oldOut })
	out8 = func(port uint16, v uint8) {
		if port != address || v&0x80 != 0 {
			t.Errorf("%#x written to port %#x", v, port)
		}
		c.selected = v
	}
	in8 = func(port uint16) uint8 {
		if port != data {
			t.Errorf("port %#x read", port)
		}
		if c.onRead != nil {
			c.onRead(c.selected)
		}
		v := c.registers[c.selected]
		if c.selected == registerA {
			v &^= updateInProgress
			if c.updating > 0 {
				c.updating--
				v |= updateInProgress
			}
		}
		return v
	}
}

const century = 0x32

// set sets the clock in a mode of register B.
func (c *chip) set(u time.Time, mode uint8) {
	number := func(n int) uint8 {
		if mode&binary != 0 {
			return uint8(n)
		}
		return uint8(n/10<<4 | n%10)
	}
	c.registers[registerSeconds] = number(u.Second())
	c.registers[registerMinutes] = number(u.Minute())
	c.registers[registerHours] = number(u.Hour())
	if mode&hours24 == 0 {
		c.registers[registerHours] = number((u.Hour()+11)%12 + 1)
		if u.Hour() >= 12 {
			c.registers[registerHours] |= afternoon
		}
	}
	c.registers[registerDay] = number(u.Day())
	c.registers[registerMonth] = number(int(u.Month()))
	c.registers[registerYear] = number(u.Year() % 100)
	c.registers[century] = number(u.Year() / 100)
	c.registers[registerB] = mode
	c.registers[registerD] = validRAMAndTime
}

func TestRead(t *testing.T) {
	times := []string{
		"1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2024-02-29T00:30:00Z", "2026-11-22T11:59:59Z",
		"2026-03-01T12:34:56Z", "2038-01-19T03:14:08Z", "2069-12-31T23:59:59Z",
	}
	for _, text := range times {
		u, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []uint8{0, hours24, binary, hours24 | binary} {
			for _, register := range []uint8{0, century} {
				c := new(chip)
				c.set(u, mode)
				install(t, c)
				if s, ok := Read(register); s != u.Unix() || !ok {
					t.Errorf("%s, mode %d, century %#x: %v %v", text, mode, register, time.Unix(s, 0).UTC(), ok)
				}
			}
		}
	}
	// With the century known, later ones are told apart.
	c := new(chip)
	c.set(time.Date(2170, 1, 2, 3, 4, 5, 0, time.UTC), hours24)
	install(t, c)
	if s, ok := Read(century); time.Unix(s, 0).UTC().Year() != 2170 || !ok {
		t.Error(time.Unix(s, 0).UTC())
	}
}

// TestEveryDay compares with package time.
func TestEveryDay(t *testing.T) {
	for u := time.Unix(0, 0).UTC(); u.Year() < 2410; u = u.AddDate(0, 0, 1) {
		if got := days(int64(u.Year()), int64(u.Month()), int64(u.Day())); got != u.Unix()/86400 {
			t.Fatalf("%v: day %d, want %d", u, got, u.Unix()/86400)
		}
		if next := u.AddDate(0, 0, 1); next.Day() == 1 && daysIn(int64(u.Month()), int64(u.Year())) != int64(u.Day()) {
			t.Fatalf("%v: the month has %d days", u, daysIn(int64(u.Month()), int64(u.Year())))
		}
	}
}

// TestUpdate has the clock tick over while it is being read.
func TestUpdate(t *testing.T) {
	before := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	c := new(chip)
	install(t, c)
	for at := range 30 {
		c.set(before, hours24)
		c.updating = at % 3
		n := 0
		c.onRead = func(uint8) {
			if n++; n == at {
				c.set(before.Add(time.Second), hours24)
			}
		}
		s, ok := Read(century)
		if !ok || s != before.Unix() && s != before.Unix()+1 {
			t.Errorf("ticked at read %d: %v", at, time.Unix(s, 0).UTC())
		}
	}
}

func TestNonsense(t *testing.T) {
	good := time.Date(2026, 11, 22, 11, 59, 59, 0, time.UTC)
	for _, test := range []struct {
		name   string
		change func(c *chip)
	}{
		{"no clock", func(c *chip) {
			for i := range c.registers {
				c.registers[i] = 0xFF
			}
		}},
		{"zeros", func(c *chip) { c.registers = [128]uint8{} }},
		{"battery empty", func(c *chip) { c.registers[registerD] = 0 }},
		{"always updating", func(c *chip) { c.updating = 1 << 30 }},
		{"not BCD", func(c *chip) { c.registers[registerMinutes] = 0x1A }},
		{"not BCD above", func(c *chip) { c.registers[registerMinutes] = 0xA1 }},
		{"second 60", func(c *chip) { c.registers[registerSeconds] = 0x60 }},
		{"minute 60", func(c *chip) { c.registers[registerMinutes] = 0x60 }},
		{"hour 24", func(c *chip) { c.registers[registerHours] = 0x24 }},
		{"hour 0 of 12", func(c *chip) { c.registers[registerHours], c.registers[registerB] = 0, 0 }},
		{"hour 13 of 12", func(c *chip) { c.registers[registerHours], c.registers[registerB] = 0x13, 0 }},
		{"day 0", func(c *chip) { c.registers[registerDay] = 0 }},
		{"31 November", func(c *chip) { c.registers[registerDay] = 0x31 }},
		{"29 February", func(c *chip) { c.registers[registerDay], c.registers[registerMonth] = 0x29, 2 }},
		{"month 0", func(c *chip) { c.registers[registerMonth] = 0 }},
		{"month 13", func(c *chip) { c.registers[registerMonth] = 0x13 }},
		{"year 200", func(c *chip) { c.set(good, binary|hours24); c.registers[registerYear] = 200 }},
		{"never the same twice", func(c *chip) {
			n := uint8(0)
			c.onRead = func(r uint8) { n = (n + 1) % 10; c.registers[registerSeconds] = n }
		}},
	} {
		c := new(chip)
		c.set(good, hours24)
		test.change(c)
		install(t, c)
		if s, ok := Read(century); ok {
			t.Errorf("%s: %v", test.name, time.Unix(s, 0).UTC())
		}
	}
}

// TestAnnounce: the interrupt is turned on and off, and what else is in the register stays.
func TestAnnounce(t *testing.T) {
	c := &chip{}
	install(t, c)
	write := out8
	out8 = func(port uint16, v uint8) {
		if port == data && c.selected == registerB {
			c.registers[registerB] = v
			return
		}
		write(port, v)
	}
	if Announce() {
		t.Error("a clock without a battery announces")
	}
	read := 0
	c.onRead = func(n uint8) {
		if n == registerC {
			read++
		}
	}
	c.registers[registerD], c.registers[registerB] = validRAMAndTime, hours24|binary
	if !Announce() || c.registers[registerB] != hours24|binary|updateInterrupt || read != 1 {
		t.Errorf("register B is %#x; C was read %d times", c.registers[registerB], read)
	}
	if Still(); c.registers[registerB] != hours24|binary || read != 2 {
		t.Errorf("register B is %#x; C was read %d times", c.registers[registerB], read)
	}
}
