package paging

import "unsafe"

// An entry of a page table (SDM vol. 3, 4.5.4, table 4-15 and following). Accessed and dirty are
// always set, so that no processor ever writes to a table.
const (
	present      = 1 << 0
	writeThrough = 1 << 3 // PWT
	cacheDisable = 1 << 4 // PCD
	accessed     = 1 << 5
	dirty        = 1 << 6
	largePage    = 1 << 7 // PS, at levels 2 and 3
	noExecute    = 1 << 63

	addressMask = maxPhysical - Page4K
	maxPhysical = 1 << 52

	tableBits = present | uint64(Write) | accessed
	leafBits  = present | accessed | dirty

	// protection is what Protect changes. An entry that is not present (Hidden) is the software's
	// but for that bit (SDM vol. 3, 4.5.4).
	protection = present | uint64(Write) | writeThrough | cacheDisable | noExecute
	kept       = uint64(Write | Uncached | Global | Owned | Software1 | Software2)

	// levelMask is where a Stale's list keeps the level of a page.
	levelShift = 1
	levelMask  = 3 << levelShift
)

const entries = 512

// encode turns flags into the bits of a leaf entry, all but the address and PS.
func (t *Tables) encode(flags Flags) uint64 {
	e := uint64(flags)&kept | leafBits
	if flags&Uncached != 0 {
		e |= writeThrough
	}
	if flags&Execute == 0 && t.features.NX {
		e |= noExecute
	}
	if flags&Hidden != 0 {
		e &^= present
	}
	return e
}

// decode is the reverse.
func (t *Tables) decode(e uint64) Flags {
	flags := Flags(e & kept)
	if e&noExecute == 0 {
		flags |= Execute
	}
	if e&present == 0 {
		flags |= Hidden
	}
	return flags
}

// pageOf is how much one entry of a table of a level covers: 4 KiB at level 1.
func pageOf(level int) uint64 { return 1 << (12 + 9*(level-1)) }

func isLeaf(e uint64, level int) bool { return level == 1 || e&largePage != 0 }

// entry is the address of a table's entry for an address.
func (t *Tables) entry(table uint64, level int, address uint64) *uint64 {
	index := address >> (12 + 9*(level-1)) % entries
	return (*uint64)(unsafe.Add(t.frames.Pointer(table), index*8))
}

// newTable takes a frame and clears it.
func (t *Tables) newTable() (physical uint64, ok bool) {
	if physical, ok = t.frames.Allocate(); ok {
		*(*[entries]uint64)(t.frames.Pointer(physical)) = [entries]uint64{}
		t.tables++
	}
	return physical, ok
}

// isEmpty reports whether a table has no entry.
func (t *Tables) isEmpty(table uint64) bool {
	for _, e := range (*[entries]uint64)(t.frames.Pointer(table)) {
		if e != 0 {
			return false
		}
	}
	return true
}

// span turns a range of virtual addresses into one of the 48 bits that the tables translate, so
// that the end of the last page is no special case. A range must not be empty, nor cross the hole
// between the halves of the address space.
func span(virtual, size uint64) (from, to uint64, ok bool) {
	from = virtual & (1<<48 - 1)
	if virtual%Page4K != 0 || size%Page4K != 0 || size == 0 || canonical(from) != virtual {
		return 0, 0, false
	}
	half := uint64(1) << 47
	if from >= half {
		half = 1 << 48
	}
	if size > half-from {
		return 0, 0, false
	}
	return from, from + size, true
}

// canonical extends the sign of a 48-bit address (SDM vol. 1, 3.3.7.1).
func canonical(address uint64) uint64 { return uint64(int64(address<<16) >> 16) }
