package acpi

import (
	"encoding/binary"
	"slices"
)

// A firmware is a fake one: physical memory with tables in it.
type firmware struct {
	memory []byte
	next   uint64
}

func newFirmware() *firmware { return &firmware{memory: make([]byte, 1<<20), next: 0x80000} }

func (f *firmware) at(physical, size uint64) []byte {
	if physical > uint64(len(f.memory)) || size > uint64(len(f.memory))-physical {
		return nil
	}
	return f.memory[physical : physical+size]
}

// put places b and returns where.
func (f *firmware) put(b []byte) uint64 {
	at := f.next
	copy(f.memory[at:], b)
	f.next += uint64(len(b)+15) &^ 15
	return at
}

// table puts a system description table with a right checksum.
func (f *firmware) table(signature string, body []byte) uint64 { return f.put(table(signature, body)) }

func table(signature string, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	copy(b, signature)
	b = append(b, body...)
	le.PutUint32(b[4:], uint32(len(b)))
	fixSum(b, 9)
	return b
}

var le = binary.LittleEndian

// fixSum makes all bytes of b sum up to 0 by setting the one at i.
func fixSum(b []byte, i int) {
	b[i] = 0
	b[i] = -sum(b)
}

// root puts a revision 2 root pointer to an XSDT that lists tables.
func (f *firmware) root(tables ...uint64) (rsdp uint64) {
	var list []byte
	for _, t := range tables {
		list = le.AppendUint64(list, t)
	}
	return f.putAt(0xF5A0, rootPointer(2, 0, f.table("XSDT", list)))
}

func (f *firmware) putAt(at uint64, b []byte) uint64 {
	copy(f.memory[at:], b)
	return at
}

func rootPointer(revision byte, rsdt, xsdt uint64) []byte {
	b := make([]byte, 36)
	copy(b, "RSD PTR ")
	b[15] = revision
	le.PutUint32(b[16:], uint32(rsdt))
	fixSum(b[:20], 8)
	if revision < 2 {
		return b[:20]
	}
	le.PutUint32(b[20:], 36)
	le.PutUint64(b[24:], xsdt)
	fixSum(b, 32)
	return b
}

// field is a value at an offset of a table, header included.
type field struct {
	offset int
	value  any
}

// fadt is the body of a FADT of revision 6 with some fields set.
func fadt(fields ...field) []byte {
	b := make([]byte, 276)
	for _, f := range fields {
		if _, err := binary.Encode(b[f.offset:], le, f.value); err != nil {
			panic(err)
		}
	}
	return b[headerSize:]
}

// gas is a generic address structure.
func gas(space byte, address uint64) [12]byte {
	b := [12]byte{space, 8}
	le.PutUint64(b[4:], address)
	return b
}

// The AML below is spelt as QEMU 7.2 spells it.

// packaged puts a PkgLength before body, in as few bytes as it takes.
func packaged(body ...[]byte) []byte {
	b := slices.Concat(body...)
	if n := len(b) + 1; n < 64 {
		return append([]byte{byte(n)}, b...)
	}
	n := len(b) + 2
	return append([]byte{0x40 | byte(n&15), byte(n >> 4)}, b...)
}

func name(n string, value ...byte) []byte {
	return slices.Concat([]byte{opName}, []byte(n), value)
}

func amlString(s string) []byte { return append([]byte{opString}, s+"\x00"...) }

func amlBuffer(b []byte) []byte {
	return append([]byte{opBuffer}, packaged([]byte{opByte, byte(len(b))}, b)...)
}

func amlDevice(n string, body ...[]byte) []byte {
	return append([]byte{opExtended, opDevice}, packaged(append([][]byte{[]byte(n)}, body...)...)...)
}

func sleepPackage(values ...byte) []byte {
	return name("_S5_", append([]byte{opPackage}, packaged(append([]byte{4}, values...))...)...)
}

func memory32(address, size uint32) []byte {
	b := []byte{resourceMemory32, 9, 0, 1}
	return le.AppendUint32(le.AppendUint32(b, address), size)
}

func extendedInterrupt(flags byte, gsi uint32) []byte {
	return le.AppendUint32([]byte{resourceInterrupt, 6, 0, flags, 1}, gsi)
}

func virtioDevice(n string, resources ...[]byte) []byte {
	return amlDevice(n,
		name("_HID", amlString("LNRO0005")...),
		name("_UID", opZero),
		name("_CCA", opOne),
		name("_CRS", amlBuffer(append(slices.Concat(resources...), resourceEnd, 0))...))
}

// hostBridge is the _CBA and _CRS of microvm's PCIe host bridge.
func hostBridge(base uint32, firstBus, lastBus byte) []byte {
	method := slices.Concat([]byte("_CBA"), []byte{0, opReturn, opDword}, le.AppendUint32(nil, base))
	buses := []byte{resourceWord, 13, 0, 2, 0x0C, 0, 0, 0, firstBus, 0, lastBus, 0, 0, 0, 0, 1}
	return amlDevice("PCI0",
		append([]byte{opMethod}, packaged(method)...),
		name("_CRS", amlBuffer(append(buses, resourceEnd, 0))...))
}
