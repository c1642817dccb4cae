package acpi

// The MultiProcessor Specification 1.4 is what firmware told of cores and interrupt controllers before ACPI
// did, and what QEMU's firmware still tells without ACPI.

// Its entries (table 4-3) and their lengths.
const (
	mpProcessor = 0
	mpBus       = 1
	mpIOAPIC    = 2
	mpInterrupt = 3
	mpLocal     = 4

	mpProcessorLength = 20
	mpEntryLength     = 8
	mpHeaderLength    = 44

	mpEnabled = 1 << 0 // of a processor and of an I/O APIC
)

// ReadMP adds the cores, I/O APICs and ISA interrupts of the MP configuration table to m, which has none
// of them. It reports false, and leaves m as it is, if there is no such table.
func ReadMP(m *Machine, at At) bool {
	// Where the floating pointer structure can be (chapter 4): in the first kilobyte of the EBDA, the last
	// of base memory, or the BIOS.
	ebda := uint64(u16(bytesAt(0x40E, 2, at), 0)) << 4
	return ebda != 0 && m.searchMP(ebda, ebda+1<<10, at) || m.searchMP(639<<10, 640<<10, at) ||
		m.searchMP(0xF0000, 0x100000, at)
}

func (m *Machine) searchMP(from, to uint64, at At) bool {
	const length = 16
	for ; from < to; from += length {
		p := bytesAt(from, length, at)
		if p == nil || string(p[:4]) != "_MP_" || p[8] != length/16 || sum(p) != 0 {
			continue
		}
		// A table; not one of the default configurations, which had two cores in 1994.
		if table := readMPTable(uint64(u32(p, 4)), at); table != nil && u8(p, 11) == 0 && m.readMP(table) {
			return true
		}
	}
	return false
}

// readMPTable is the base table at a physical address, or nil if it is not sound (4.2).
func readMPTable(physical uint64, at At) []byte {
	b := bytesAt(physical, mpHeaderLength, at)
	if physical == 0 || b == nil || string(b[:4]) != "PCMP" {
		return nil
	}
	length := uint64(u16(b, 4))
	if length < mpHeaderLength {
		return nil
	}
	if b = bytesAt(physical, length, at); b == nil || sum(b) != 0 {
		return nil
	}
	return b
}

// readMP reads the entries of a table, in the order in which they must be (4.3).
func (m *Machine) readMP(table []byte) bool {
	cores := m.CoreCount
	if address := u32(table, 36); address != 0 {
		m.LocalAPIC = uint64(address)
	}
	var isa [256]bool // the buses that are
	first := -1       // the I/O APIC whose pins are the global system interrupts
	for table = table[mpHeaderLength:]; len(table) >= mpEntryLength; {
		length := mpEntryLength
		if table[0] == mpProcessor {
			length = mpProcessorLength
		}
		if length > len(table) {
			break
		}
		e := table[:length]
		table = table[length:]
		switch e[0] {
		case mpProcessor: // 4.3.1
			if e[3]&mpEnabled != 0 {
				m.addCore(Core{APIC: uint32(e[1])}, coreEnabled)
			}
		case mpBus: // 4.3.2
			isa[e[1]] = string(e[2:8]) == "ISA   "
		case mpIOAPIC: // 4.3.3
			// Where the interrupts of a second one begin, the table does not say.
			if e[3]&mpEnabled != 0 && first < 0 && u32(e, 4) != 0 && m.IOAPICCount == 0 {
				first = int(e[1])
				m.IOAPICs[0] = IOAPIC{ID: e[1], Address: uint64(u32(e, 4))}
				m.IOAPICCount = 1
			}
		case mpInterrupt: // 4.3.4; the flags are those of ACPI's overrides
			const vectored, everywhere = 0, 0xFF
			if e[1] == vectored && isa[e[4]] && (int(e[6]) == first || e[6] == everywhere) {
				m.addOverride([]byte{madtOverride, 10, 0, e[5], e[7], 0, 0, 0, e[2], e[3]})
			}
		case mpLocal:
		default:
			return m.CoreCount > cores // what follows cannot be understood
		}
	}
	return m.CoreCount > cores
}
