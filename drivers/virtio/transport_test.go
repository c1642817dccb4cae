//go:build amd64

package virtio

import (
	"testing"
	"unsafe"
)

func want(features uint64) func(uint64) uint64 {
	return func(uint64) uint64 { return features }
}

func TestNegotiate(t *testing.T) {
	const a, b, c = 1 << 5, 1 << 6, 1 << 40
	f := &fake{offered: a | b | c | FeatureVersion1 | FeatureEventIndex | 1<<28}
	got, err := Negotiate(f, want(a|c|1<<41))
	if want := uint64(a | c | FeatureVersion1 | FeatureEventIndex); err != nil || got != want || f.accepted != want {
		t.Errorf("%#x, %v; want %#x", got, err, want)
	}
	Start(f)
	if want := []uint8{0, 1, 3, 11, 15}; string(f.status) != string(want) {
		t.Errorf("status went %v, want %v", f.status, want)
	}
}

func TestNegotiateLegacy(t *testing.T) {
	f := &fake{legacy: true, offered: 1<<5 | 1<<40}
	got, err := Negotiate(f, want(1<<5|1<<40))
	if err != nil || got != 1<<5 {
		t.Errorf("%#x, %v", got, err)
	}
	Start(f)
	if want := []uint8{0, 1, 3, 7}; string(f.status) != string(want) {
		t.Errorf("status went %v, want %v", f.status, want)
	}
}

func TestNegotiateFails(t *testing.T) {
	for name, f := range map[string]*fake{
		"not version 1":    {offered: 1},
		"refuses features": {offered: FeatureVersion1, refuse: true},
		"does not reset":   {stuck: true},
	} {
		if _, err := Negotiate(f, want(1)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// window is memory that stands for a device's registers.
func window(version, kind uint32) (Window, unsafe.Pointer, func(offset int) *uint32) {
	memory := make([]uint32, 128)
	at := func(offset int) *uint32 { return &memory[offset/4] }
	*at(0), *at(4), *at(8) = magic, version, kind
	return Window{Base: 0xFEB00000, Size: 512}, unsafe.Pointer(&memory[0]), at
}

func TestWindows(t *testing.T) {
	w, p, _ := window(2, 0)
	if tr, err := fromRegisters(w, p); tr != nil || err != nil {
		t.Errorf("an empty window gave %v, %v", tr, err)
	}
	w, p, _ = window(3, 1)
	if _, err := fromRegisters(w, p); err == nil {
		t.Error("version 3 accepted")
	}
	w, p, at := window(2, 1)
	*at(0) = 0
	if _, err := fromRegisters(w, p); err == nil {
		t.Error("no magic accepted")
	}
	if _, err := FromWindow(Window{Base: 0xFEB00000, Size: 16}); err == nil {
		t.Error("a window of 16 bytes accepted")
	}
}

func TestInstallModern(t *testing.T) {
	w, p, at := window(2, 1)
	tr, err := fromRegisters(w, p)
	if err != nil {
		t.Fatal(err)
	}
	*at(0x34) = 128
	q, err := NewQueue(tr, 1, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Install(q, false); err != nil {
		t.Fatal(err)
	}
	whole := func(offset int) uint64 { return uint64(*at(offset + 4))<<32 | uint64(*at(offset)) }
	if *at(0x30) != 1 || *at(0x38) != 64 || *at(0x44) != 1 || whole(0x80) != q.physical ||
		whole(0x90) != uint64(uintptr(q.available)) || whole(0xA0) != uint64(uintptr(q.used)) {
		t.Error("registers are wrong")
	}
	q.notify()
	if *at(0x50) != 1 {
		t.Error("doorbell")
	}
}

func TestInstallLegacy(t *testing.T) {
	w, p, at := window(1, 1)
	tr, _ := fromRegisters(w, p)
	if !tr.Legacy() {
		t.Fatal("version 1 is legacy")
	}
	*at(0x34) = 128
	q, err := NewQueue(tr, 0, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	if q.physical = 1 << 44; tr.Install(q, false) == nil {
		t.Error("a page number of 33 bits")
	}
	q.physical = 0x123_4567_8000
	if err := tr.Install(q, false); err != nil {
		t.Fatal(err)
	}
	if uint64(*at(0x40)) != q.physical/4096 || *at(0x28) != 4096 || *at(0x3C) != 4096 {
		t.Errorf("page %#x, size %d, alignment %d for %#x", *at(0x40), *at(0x28), *at(0x3C), q.physical)
	}
}

func TestConfigurationEnds(t *testing.T) {
	memory := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	c := configuration{unsafe.Pointer(&memory), 6}
	if c.Config8(5) != 6 || c.Config8(6) != 0 || c.Config8(-1) != 0 {
		t.Error("8 bits")
	}
	if c.Config16(4) != 0x0605 || c.Config16(6) != 0 || c.Config16(1) != 0 {
		t.Error("16 bits")
	}
	if c.Config32(0) != 0x04030201 || c.Config32(4) != 0 {
		t.Error("32 bits")
	}
	if (&configuration{}).Config8(0) != 0 {
		t.Error("none")
	}
}
