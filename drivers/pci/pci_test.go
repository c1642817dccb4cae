//go:build amd64

package pci

import (
	"encoding/binary"
	"testing"
	"unsafe"
)

// bus is a simulated configuration space.
type bus map[Address]*function

// function is one function's registers, and which of their bits can be written.
type function struct {
	registers [64]uint32
	writable  [64]uint32
	writes    int
}

func (b bus) Read(a Address, register uint8) uint32 {
	if f := b[a]; f != nil {
		return f.registers[register/4]
	}
	return ^uint32(0)
}

func (b bus) Write(a Address, register uint8, value uint32) {
	if f := b[a]; f != nil {
		w := f.writable[register/4]
		f.registers[register/4] = f.registers[register/4]&^w | value&w
		f.writes++
	}
}

func (b bus) add(a Address, vendor, id uint16, class uint32, header uint8) *function {
	f := &function{}
	f.registers[0] = uint32(id)<<16 | uint32(vendor)
	f.registers[registerClass/4] = class << 8
	f.registers[registerHeader/4] = uint32(header) << 16
	f.writable[registerCommand/4] = 0xFFFF
	b[a] = f
	return f
}

func TestEnumerateFollowsBridgesOnce(t *testing.T) {
	b := bus{}
	b.add(Address{0, 0, 0}, 0x8086, 0x29C0, 0x060000, 0)
	b.add(Address{0, 2, 0}, 0x1AF4, 0x1041, 0x020000, multipleFunctions)
	b.add(Address{0, 2, 3}, 0x1AF4, 0x1044, 0x00FF00, 0)
	b.add(Address{0, 4, 5}, 0xDEAD, 0xBEEF, 0, 0) // no function 0: must not be found
	bridge := b.add(Address{0, 3, 0}, 0x1B36, 1, 0x060400, headerTypeBridge)
	bridge.registers[registerBuses/4] = 0x00_05_05_00
	inner := b.add(Address{5, 0, 0}, 0x1B36, 1, 0x060400, headerTypeBridge)
	inner.registers[registerBuses/4] = 0x00_05_05_05 // points at its own bus
	b.add(Address{5, 1, 0}, 0x1AF4, 0x1042, 0x010000, 0)

	found := map[Address]int{}
	for _, d := range Enumerate(b) {
		found[d.Address]++
	}
	want := []Address{{0, 0, 0}, {0, 2, 0}, {0, 2, 3}, {0, 3, 0}, {5, 0, 0}, {5, 1, 0}}
	for _, a := range want {
		if found[a] != 1 {
			t.Errorf("%v found %d times", a, found[a])
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

func TestEnumerateOfNothing(t *testing.T) {
	if found := Enumerate(bus{}); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func device(t *testing.T, prepare func(f *function)) (*Device, *function) {
	t.Helper()
	b := bus{}
	f := b.add(Address{}, 0x1AF4, 0x1041, 0x020000, 0)
	prepare(f)
	return Enumerate(b)[0], f
}

func TestBAR(t *testing.T) {
	d, f := device(t, func(f *function) {
		f.registers[1] = commandMemory | commandIO
		f.registers[4], f.writable[4] = 0xC001, 0xFFE0                  // 32 ports
		f.registers[5], f.writable[5] = 0xFEB00000, ^uint32(0xFFF)      // 4 KiB
		f.registers[6], f.writable[6] = 0x0000000C, ^uint32(0xFFFF)&^15 // 64 bits, 64 KiB
		f.registers[7], f.writable[7] = 0x80, ^uint32(0)
		f.registers[8], f.writable[8] = 0, ^uint32(0xFFF)       // no address
		f.registers[9], f.writable[9] = 0x4, ^uint32(0xFFF)&^15 // 64 bits in the last one
	})
	for i, want := range []BAR{
		{0xC000, 32, true}, {0xFEB00000, 4096, false}, {0x80_0000_0000, 65536, false}, {}, {}, {}, {}, {},
	} {
		got, ok := d.BAR(i)
		if i == 3 { // the upper half of a pair is no region of its own
			continue
		}
		if ok != (want.Size != 0) || ok && got != want {
			t.Errorf("BAR %d: %+v %v, want %+v", i, got, ok, want)
		}
	}
	if _, ok := d.BAR(-1); ok {
		t.Error("BAR -1 exists")
	}
	if f.registers[1] != commandMemory|commandIO {
		t.Errorf("command register left at %#x", f.registers[1])
	}
	if f.registers[5] != 0xFEB00000 {
		t.Error("sizing changed the address")
	}
	if d.Map(1, 4000, 200) != nil || d.Map(1, ^uint64(0), 2) != nil || d.Map(0, 0, 4) != nil {
		t.Error("mapped beyond a region, or a port")
	}
}

func TestCapabilitiesLoop(t *testing.T) {
	d, _ := device(t, func(f *function) {
		f.registers[1] = statusCapabilities
		f.registers[registerCapacity/4] = 0x40
		f.registers[0x40/4] = 0x50_09
		f.registers[0x50/4] = 0x40_11 // back to the first
	})
	count := 0
	for range d.Capabilities() {
		count++
	}
	if count != maximumCapabilities {
		t.Errorf("%d steps", count)
	}
	if offset, ok := d.Capability(CapabilityMSIX); !ok || offset != 0x50 {
		t.Errorf("MSI-X at %#x %v", offset, ok)
	}
	if _, ok := d.Capability(1); ok {
		t.Error("found a capability that is not there")
	}
}

func TestCapabilitiesInsideHeader(t *testing.T) {
	d, _ := device(t, func(f *function) {
		f.registers[1] = statusCapabilities
		f.registers[registerCapacity/4] = 0x10
	})
	for id := range d.Capabilities() {
		t.Errorf("capability %d inside the header", id)
	}
}

func TestMSIXOutsideItsRegion(t *testing.T) {
	d, _ := device(t, func(f *function) {
		f.registers[1] = statusCapabilities
		f.registers[registerCapacity/4] = 0x40
		f.registers[0x40/4] = 2047<<16 | CapabilityMSIX
		f.registers[0x44/4] = 0x800 | 1
		f.registers[5], f.writable[5] = 0xFEB00000, ^uint32(0xFFF)
	})
	if _, err := d.EnableMSIX(); err == nil {
		t.Error("a table of 2048 entries fitted in half a page")
	}
}

func TestMSIXEntry(t *testing.T) {
	memory := make([]byte, 64)
	m := &MSIX{table: unsafe.Pointer(&memory[0]), entries: 4}
	m.maskAll()
	if !m.Set(2, 0x1_FEE0_1000, 0x41) {
		t.Fatal("entry 2 refused")
	}
	if m.Set(4, 0, 0) || m.Set(-1, 0, 0) {
		t.Error("an entry beyond the table was accepted")
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(memory[i:]) }
	if word(32) != 0xFEE01000 || word(36) != 1 || word(40) != 0x41 || word(44) != 0 || word(28) != 1 {
		t.Errorf("table is % x", memory)
	}
}

func TestEnable(t *testing.T) {
	d, f := device(t, func(f *function) { f.registers[1] = commandIO | statusCapabilities })
	d.Enable()
	if got := f.registers[1] & 0xFFFF; got != commandIO|commandMemory|commandMaster|commandNoINTx {
		t.Errorf("command %#x", got)
	}
}
