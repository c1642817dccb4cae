package acpi

import (
	"slices"
	"testing"
)

// mpTable makes an MP configuration table, with a right checksum.
func mpTable(entries ...[]byte) []byte {
	b := make([]byte, mpHeaderLength)
	copy(b, "PCMP")
	le.PutUint32(b[36:], 0xFEE01000)
	b = slices.Concat(append([][]byte{b}, entries...)...)
	le.PutUint16(b[4:], uint16(len(b)))
	fixSum(b, 7)
	return b
}

// mpMemory is memory with a table at 0xF0100 and what points to it at 0xF0010.
func mpMemory(table []byte) At {
	memory := make([]byte, 1<<20)
	pointer := memory[0xF0010:][:16]
	copy(pointer, "_MP_")
	le.PutUint32(pointer[4:], 0xF0100)
	pointer[8] = 1
	fixSum(pointer, 10)
	copy(memory[0xF0100:], table)
	return func(physical, size uint64) []byte {
		if physical > uint64(len(memory)) || size > uint64(len(memory))-physical {
			return nil
		}
		return memory[physical:][:size]
	}
}

func mpCore(id, flags byte) []byte {
	e := make([]byte, mpProcessorLength)
	e[0], e[1], e[3] = mpProcessor, id, flags
	return e
}

var mpEntries = [][]byte{
	mpCore(0, 3), mpCore(1, 1), mpCore(2, 0), mpCore(7, 1),
	{mpBus, 0, 'P', 'C', 'I', ' ', ' ', ' '},
	{mpBus, 1, 'I', 'S', 'A', ' ', ' ', ' '},
	{mpIOAPIC, 9, 0x11, 1, 0, 0, 0xC0, 0xFE},
	{mpInterrupt, 0, 0, 0, 1, 4, 9, 4},
	{mpInterrupt, 0, 0, 0, 1, 0, 9, 2},
	{mpInterrupt, 0, 0x0F, 0, 1, 9, 9, 9},
	{mpInterrupt, 0, 0, 0, 0, 12, 9, 16}, // PCI's
	{mpLocal, 3, 0, 0, 1, 0, 0xFF, 0},
}

func TestMP(t *testing.T) {
	var m Machine
	if !ReadMP(&m, mpMemory(mpTable(mpEntries...))) {
		t.Fatal("the table is not found")
	}
	var cores []uint32
	for _, c := range m.Cores[:m.CoreCount] {
		cores = append(cores, c.APIC)
	}
	if !slices.Equal(cores, []uint32{0, 1, 7}) {
		t.Errorf("cores %v", cores)
	}
	if m.LocalAPIC != 0xFEE01000 || m.IOAPICCount != 1 || m.IOAPICs[0] != (IOAPIC{ID: 9, Address: 0xFEC00000}) {
		t.Errorf("local APIC %#x, I/O APICs %+v", m.LocalAPIC, m.IOAPICs[:m.IOAPICCount])
	}
	for irq, want := range map[uint8]Override{4: {GSI: 4}, 0: {GSI: 2}, 9: {GSI: 9, Level: true, ActiveLow: true}, 12: {GSI: 12}} {
		if gsi, level, low := m.Route(irq); (Override{GSI: gsi, Level: level, ActiveLow: low}) != want {
			t.Errorf("interrupt %d goes to %d, level %v, low %v", irq, gsi, level, low)
		}
	}
}

func TestBadMP(t *testing.T) {
	good := mpTable(mpEntries...)
	for name, table := range map[string][]byte{
		"signature": append([]byte("PCMX"), good[4:]...),
		"checksum":  append(slices.Clone(good[:len(good)-1]), 1),
		"no cores":  mpTable(mpEntries[4:]...),
		"nothing":   nil,
	} {
		var m Machine
		if ReadMP(&m, mpMemory(table)) {
			t.Errorf("%s: a table is found", name)
		}
	}
}

// FuzzMP gives the reader any entries.
func FuzzMP(f *testing.F) {
	f.Add(slices.Concat(mpEntries...))
	f.Fuzz(func(t *testing.T, entries []byte) {
		if len(entries) > 1<<15 {
			return
		}
		var m Machine
		ReadMP(&m, mpMemory(mpTable(entries)))
		check(t, &m)
	})
}
