//go:build amd64

package pci

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/pci/survey"
)

// registers is the configuration space of one function.
type registers [64]uint32

func (r *registers) Read(_ survey.Address, register uint8) uint32 { return r[register/4] }

func (r *registers) Write(_ survey.Address, register uint8, value uint32) { r[register/4] = value }

func device(prepare func(r *registers)) (*Device, *registers) {
	r := new(registers)
	prepare(r)
	return &Device{survey.Function{Vendor: survey.VendorVirtio}, r}, r
}

func TestDevices(t *testing.T) {
	s := survey.Survey{Count: 2}
	s.Functions[1] = survey.Function{Address: survey.Address{Bus: 1, Device: 0x1f, Function: 3}}
	if found := Devices(&s, new(registers)); len(found) != 2 || found[1].Where() != "01:1f.3" {
		t.Errorf("found %v", found)
	}
}

func TestMap(t *testing.T) {
	d, _ := device(func(*registers) {})
	d.Regions = [survey.MaxRegions]survey.Region{{Base: 0xC000, Size: 32, IO: true}, {Base: 0xFEB00000, Size: 4096}}
	for _, r := range []struct {
		index          int
		offset, length uint64
	}{{1, 4000, 200}, {1, 0, 0}, {1, ^uint64(0), 2}, {0, 0, 4}, {2, 0, 4}, {-1, 0, 4}, {6, 0, 4}} {
		if d.Map(r.index, r.offset, r.length) != nil {
			t.Errorf("mapped %+v: beyond a region, or a port", r)
		}
	}
}

func TestCapabilitiesLoop(t *testing.T) {
	d, _ := device(func(r *registers) {
		r[1] = statusCapabilities
		r[registerCapacity/4] = 0x40
		r[0x40/4] = 0x50_09
		r[0x50/4] = 0x40_11 // back to the first
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
	d, _ := device(func(r *registers) {
		r[1] = statusCapabilities
		r[registerCapacity/4] = 0x10
	})
	for id := range d.Capabilities() {
		t.Errorf("capability %d inside the header", id)
	}
}

func TestMSIXOutsideItsRegion(t *testing.T) {
	d, _ := device(func(r *registers) {
		r[1] = statusCapabilities
		r[registerCapacity/4] = 0x40
		r[0x40/4] = 2047<<16 | CapabilityMSIX
		r[0x44/4] = 0x800 | 1
	})
	d.Regions[1] = survey.Region{Base: 0xFEB00000, Size: 4096}
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
	d, r := device(func(r *registers) { r[1] = survey.CommandIO | statusCapabilities })
	d.Enable()
	if got := r[1] & 0xFFFF; got != survey.CommandIO|survey.CommandMemory|commandMaster|commandNoINTx {
		t.Errorf("command %#x", got)
	}
}
