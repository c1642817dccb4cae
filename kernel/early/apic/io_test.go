package apic

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"
)

// A controller is a fake I/O APIC.
type controller struct {
	page      [32]byte
	selected  uint32
	registers [256]uint32
	log       []string
}

func newController(t *testing.T, version uint32) *controller {
	c := new(controller)
	c.registers[ioVersion] = version
	oldLoad, oldStore := load32, store32
	t.Cleanup(func() { load32, store32 = oldLoad, oldStore })
	load32 = func(p unsafe.Pointer) uint32 {
		if p != unsafe.Pointer(&c.page[window]) {
			t.Error("wrong register read")
		}
		return c.registers[c.selected]
	}
	store32 = func(p unsafe.Pointer, v uint32) {
		if p == unsafe.Pointer(&c.page[selector]) {
			c.selected = v
			return
		}
		c.registers[c.selected] = v
		c.log = append(c.log, fmt.Sprintf("%x=%x", c.selected, v))
	}
	return c
}

func TestIO(t *testing.T) {
	c := newController(t, 0x170020)
	var io IO
	if !io.Init(unsafe.Pointer(&c.page), 24) {
		t.Fatal("not found")
	}
	if len(c.log) != 48 || c.registers[0x10] != masked || c.registers[0x3E] != masked {
		t.Errorf("%q", c.log)
	}
	for gsi, want := range map[uint32]bool{23: false, 24: true, 47: true, 48: false, 0: false} {
		if io.Has(gsi) != want || io.Set(gsi, Route{Vector: 0x30}) != want {
			t.Errorf("GSI %d", gsi)
		}
	}
	for _, test := range []struct {
		route Route
		want  []string
	}{
		{Route{Vector: 0x30}, []string{"14=10000", "15=0", "14=30"}},
		{Route{Vector: 0x31, Destination: 5, Level: true}, []string{"14=10000", "15=5000000", "14=8031"}},
		{Route{Vector: 0x32, Destination: 254, ActiveLow: true, Masked: true}, []string{"14=10000", "15=fe000000", "14=12032"}},
		{Route{Vector: 0x30, Destination: 255}, nil},
		{Route{Vector: 15}, nil},
	} {
		c.log = nil
		if ok := io.Set(26, test.route); ok != (test.want != nil) || !slices.Equal(c.log, test.want) {
			t.Errorf("%+v: %v %q", test.route, ok, c.log)
		}
	}
	io.Unmask(26)
	if c.registers[0x14] != 0x2032 {
		t.Errorf("unmasked: %#x", c.registers[0x14])
	}
	io.Mask(26)
	if c.registers[0x14] != 0x12032 {
		t.Errorf("masked: %#x", c.registers[0x14])
	}
	c.log = nil
	io.Mask(0)
	io.Unmask(48)
	if c.log != nil {
		t.Errorf("%q", c.log)
	}
}

func TestNoIO(t *testing.T) {
	var io IO
	for _, version := range []uint32{0, ^uint32(0)} {
		c := newController(t, version)
		if io.Init(unsafe.Pointer(&c.page), 0) || io.Has(0) || c.log != nil {
			t.Errorf("found with version %#x", version)
		}
	}
	if io.Init(nil, 0) {
		t.Error("found at nil")
	}
	c := newController(t, 0xFF0011) // 256 pins: more than the selector can name
	if !io.Init(unsafe.Pointer(&c.page), 0) || len(c.log) != 240 || io.Has(120) || !io.Has(119) {
		t.Errorf("%d accesses", len(c.log))
	}
}

func TestMaskLegacy(t *testing.T) {
	old := out8
	defer func() { out8 = old }()
	log := map[uint16][]uint8{}
	out8 = func(port uint16, v uint8) { log[port] = append(log[port], v) }
	MaskLegacy()
	for port, want := range map[uint16][]uint8{0x20: {0x11}, 0xA0: {0x11}, 0x21: {0xE0, 4, 1, 0xFF}, 0xA1: {0xE8, 2, 1, 0xFF}} {
		if !slices.Equal(log[port], want) {
			t.Errorf("port %#x: %x, want %x", port, log[port], want)
		}
	}
}
