package acpi

const (
	headerSize = 36      // of a system description table (5.2.6)
	maxTable   = 4 << 20 // bytes of a table that are believed
	maxEntries = 256     // tables of the root that are looked at
)

// A list is the root table: the RSDT with 4-byte or the XSDT with 8-byte addresses (5.2.7, 5.2.8).
type list struct {
	table []byte
	size  int
}

func (l list) count() int { return min((len(l.table)-headerSize)/l.size, maxEntries) }

func (l list) entry(i int) uint64 {
	if l.size == 8 {
		return u64(l.table, headerSize+i*8)
	}
	return uint64(u32(l.table, headerSize+i*4))
}

// readRoot follows a root pointer (5.2.5.3); the list has no table if there is none.
func readRoot(rsdp uint64, at At) list {
	b := bytesAt(rsdp, 20, at)
	if b == nil || string(b[:8]) != "RSD PTR " || sum(b) != 0 {
		return list{}
	}
	rsdt := uint64(u32(b, 16))
	if b[15] >= 2 {
		// Revision 2 adds a length, the XSDT and a checksum of its own.
		b = bytesAt(rsdp, 36, at)
		if length := u32(b, 20); length >= 36 && length <= 4096 {
			b = bytesAt(rsdp, uint64(length), at)
			if b != nil && sum(b) == 0 {
				if t := readTable(u64(b, 24), at); t != nil && string(t[:4]) == "XSDT" {
					return list{t, 8}
				}
			}
		}
	}
	if t := readTable(rsdt, at); t != nil && string(t[:4]) == "RSDT" {
		return list{t, 4}
	}
	return list{}
}

// searchRoot looks for the root pointer where a PC BIOS puts it: on a 16-byte boundary in the
// first KiB of the extended BIOS data area, whose segment is at 0x40E, or in 0xE0000 to 0xFFFFF
// (5.2.5.1).
func searchRoot(at At) list {
	if b := bytesAt(0x40E, 2, at); b != nil {
		if area := uint64(b[0])<<4 | uint64(b[1])<<12; area >= 0x500 && area < 0xA0000 {
			if l := searchRange(area, area+1024, at); l.table != nil {
				return l
			}
		}
	}
	return searchRange(0xE0000, 0x100000, at)
}

func searchRange(from, to uint64, at At) list {
	for ; from < to; from += 16 {
		if b := bytesAt(from, 8, at); b != nil && string(b) == "RSD PTR " {
			if l := readRoot(from, at); l.table != nil {
				return l
			}
		}
	}
	return list{}
}

// readTable is the table at a physical address, as long as it says, or nil if it is not sound.
func readTable(physical uint64, at At) []byte {
	if physical == 0 {
		return nil
	}
	b := bytesAt(physical, headerSize, at)
	length := uint64(u32(b, 4))
	if b == nil || length < headerSize || length > maxTable {
		return nil
	}
	if b = bytesAt(physical, length, at); b == nil || sum(b) != 0 {
		return nil
	}
	return b
}

// bytesAt is at with its answer checked: exactly size bytes, or nil.
func bytesAt(physical, size uint64, at At) []byte {
	if physical+size < physical {
		return nil
	}
	b := at(physical, size)
	if uint64(len(b)) < size {
		return nil
	}
	return b[:size]
}

// sum is the sum of all bytes: 0 for what has a right checksum.
func sum(b []byte) uint8 {
	s := uint8(0)
	for _, c := range b {
		s += c
	}
	return s
}

// u8 to u64 read a little-endian number, 0 if it is not inside b. Of a slice of known length, the compiler
// makes one load.
func u8(b []byte, i int) uint8 {
	if uint(i) >= uint(len(b)) {
		return 0
	}
	return b[i]
}

func u16(b []byte, i int) uint16 {
	if i < 0 || i > len(b)-2 {
		return 0
	}
	b = b[i : i+2]
	return uint16(b[0]) | uint16(b[1])<<8
}

func u32(b []byte, i int) uint32 {
	if i < 0 || i > len(b)-4 {
		return 0
	}
	b = b[i : i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func u64(b []byte, i int) uint64 {
	if i < 0 || i > len(b)-8 {
		return 0
	}
	b = b[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
