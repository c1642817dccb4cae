//go:build amd64

package survey

import (
	"encoding/binary"
	"maps"
	"testing"
)

// bus is a simulated configuration space.
type bus map[Address]*function

// function is one function's registers, and which of their bits can be written.
type function struct {
	registers [64]uint32
	writable  [64]uint32
	answering bool // a region was moved while the function answered
}

func (b bus) Read(a Address, register uint8) uint32 {
	if f := b[a]; f != nil {
		return f.registers[register/4]
	}
	return ^uint32(0)
}

func (b bus) Write(a Address, register uint8, value uint32) {
	if f := b[a]; f != nil {
		if register >= registerBAR && f.registers[RegisterCommand/4]&(CommandIO|CommandMemory) != 0 {
			f.answering = true
		}
		w := f.writable[register/4]
		f.registers[register/4] = f.registers[register/4]&^w | value&w
	}
}

func (b bus) add(a Address, vendor, id uint16, class uint32, header uint8) *function {
	f := &function{}
	f.registers[0] = uint32(id)<<16 | uint32(vendor)
	f.registers[registerClass/4] = class << 8
	f.registers[registerHeader/4] = uint32(header) << 16
	f.writable[RegisterCommand/4] = 0xFFFF
	b[a] = f
	return f
}

// read makes a survey, and checks that it has changed nothing.
func read(t *testing.T, b bus) *Survey {
	t.Helper()
	before := map[Address][64]uint32{}
	for a, f := range b {
		before[a] = f.registers
	}
	s := new(Survey)
	s.Read(b)
	for a, f := range b {
		if f.registers != before[a] {
			t.Errorf("the registers of %v were\n%x\nand are\n%x", a, before[a], f.registers)
		}
		if f.answering {
			t.Errorf("a region of %v was moved while it answered", a)
		}
	}
	return s
}

func TestBridgesAreFollowedOnce(t *testing.T) {
	b := bus{}
	b.add(Address{0, 0, 0}, 0x8086, 0x29C0, 0x060000, 0)
	b.add(Address{0, 2, 0}, 0x1AF4, 0x1041, 0x020000, multipleFunctions)
	b.add(Address{0, 2, 3}, 0x1AF4, 0x1044, 0x00FF00, 0)
	b.add(Address{0, 4, 5}, 0xDEAD, 0xBEEF, 0, 0) // no function 0: must not be found
	b.add(Address{0, 6, 0}, 0xDEAD, 0xBEEF, 0, 0)
	b.add(Address{0, 6, 1}, 0xDEAD, 0xBEEF, 0, 0) // function 0 says that it is alone
	bridge := b.add(Address{0, 3, 0}, 0x1B36, 1, 0x060400, headerTypeBridge)
	bridge.registers[registerBuses/4] = 0x00_05_05_00
	inner := b.add(Address{5, 0, 0}, 0x1B36, 1, 0x060400, headerTypeBridge)
	inner.registers[registerBuses/4] = 0x00_05_05_05 // points at its own bus
	b.add(Address{5, 1, 0}, 0x1AF4, 0x1042, 0x010000, 0)

	s, found := read(t, b), map[Address]int{}
	for _, f := range s.Functions[:s.Count] {
		found[f.Address]++
	}
	want := map[Address]int{{0, 0, 0}: 1, {0, 2, 0}: 1, {0, 2, 3}: 1, {0, 3, 0}: 1, {0, 6, 0}: 1, {5, 0, 0}: 1, {5, 1, 0}: 1}
	if !maps.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

func TestNothing(t *testing.T) {
	if s := read(t, bus{}); s.Count != 0 {
		t.Errorf("found %v", s.Functions[:s.Count])
	}
}

func TestTooMany(t *testing.T) {
	b := bus{}
	for slot := range uint8(32) {
		for f := range uint8(8) {
			b.add(Address{0, slot, f}, 0x1AF4, 0x1041, 0x020000, multipleFunctions)
		}
	}
	if s := read(t, b); s.Count != MaxFunctions || s.LeftOut != 256-MaxFunctions {
		t.Errorf("found %d functions, left out %d", s.Count, s.LeftOut)
	}
}

func TestRegions(t *testing.T) {
	b := bus{}
	f := b.add(Address{}, 0x1AF4, 0x1041, 0x020000, 0)
	f.registers[1] = CommandMemory | CommandIO | 1<<28              // and a bit of the status register
	f.registers[4], f.writable[4] = 0xC001, 0xFFE0                  // 32 ports
	f.registers[5], f.writable[5] = 0xFEB00000, ^uint32(0xFFF)      // 4 KiB
	f.registers[6], f.writable[6] = 0x0000000C, ^uint32(0xFFFF)&^15 // 64 bits, 64 KiB
	f.registers[7], f.writable[7] = 0x80, ^uint32(0)
	f.registers[8], f.writable[8] = 0, ^uint32(0xFFF)        // no address
	f.registers[9], f.writable[9] = 0x4, ^uint32(0xFFFF)&^15 // 64 bits in the last one
	want := [MaxRegions]Region{{0xC000, 32, true}, {0xFEB00000, 4096, false}, {0x80_0000_0000, 65536, false}}
	if s := read(t, b); s.Functions[0].Regions != want {
		t.Errorf("got %+v, want %+v", s.Functions[0].Regions, want)
	}
}

// TestOthersAreLeftAlone: what no driver is for may be in use by the firmware.
func TestOthersAreLeftAlone(t *testing.T) {
	b := bus{}
	f := b.add(Address{}, 0x8086, 0x100E, 0x020000, 0)
	f.registers[1] = CommandMemory
	f.registers[4], f.writable[4] = 0xFEB00000, ^uint32(0xFFF)
	bridge := b.add(Address{Device: 1}, VendorVirtio, 0x1041, 0x060400, headerTypeBridge)
	bridge.registers[4], bridge.writable[4] = 0xFEB00000, ^uint32(0xFFF)
	s := read(t, b)
	for _, f := range s.Functions[:s.Count] {
		if f.Regions != [MaxRegions]Region{} {
			t.Errorf("%v was measured: %v", f.Address, f.Regions)
		}
	}
}

// FuzzSurvey reads buses whose registers hold anything, and of which any bits can be written.
func FuzzSurvey(f *testing.F) {
	f.Add([]byte{0xF4, 0x1A, 0x41, 0x10})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() (v uint32) {
			var word [4]byte
			data = data[copy(word[:], data):]
			return binary.LittleEndian.Uint32(word[:])
		}
		b := bus{}
		for len(data) > 0 && len(b) < 64 {
			place := next()
			g := b.add(Address{uint8(place >> 16), uint8(place>>8) & 31, uint8(place) & 7}, VendorVirtio, uint16(place>>24), 0, 0)
			for i := range 16 {
				g.registers[i] ^= next()
				g.writable[i] = next()
			}
			g.writable[RegisterCommand/4] = 0xFFFF
		}
		s := new(Survey)
		s.Read(b)
		for _, f := range s.Functions[:s.Count] {
			for i, r := range f.Regions {
				if r != (Region{}) && !r.plausible() {
					t.Errorf("region %d of %v is %+v", i, f.Address, r)
				}
			}
		}
	})
}
