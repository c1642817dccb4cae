package linker

import "encoding/binary"

// The Go linker's list has 24 bytes for each address, three times: where it is, its kind, and what is there already.
// That is a tenth of an image, and would be in memory twice, QEMU's copy of the file and the machine's. The places
// alone are packed, as DT_RELR has them (System V ABI, chapter 5): a word that is even is a place; one that is odd
// has a bit, from bit 1 on, for each of the 63 words behind what the word before it is about. So the packed list,
// unlike DT_RELR, cannot tell an odd place that way: its address has oddPlace added, and is one less.

const (
	packedSize = 8
	packedBits = 63
	oddPlace   = 1 << 32

	sectionHeaderSize = 64
	sectionDynamic    = 6
)

// pack returns the packed list of places, which ascend and lie below 4 GiB.
func pack(list []relocation) (packed []byte) {
	le := binary.LittleEndian
	for i := 0; i < len(list); {
		place := list[i].place
		packed = le.AppendUint64(packed, place&^1+place&1*oddPlace)
		i++
		for next := place + 8; ; next += packedBits * 8 {
			bits := uint64(0)
			for ; i < len(list) && list[i].place-next < packedBits*8 && (list[i].place-next)%8 == 0; i++ {
				bits |= 1 << ((list[i].place - next) / 8)
			}
			if bits == 0 {
				break
			}
			packed = le.AppendUint64(packed, bits<<1|1)
		}
	}
	return packed
}

// packable returns the segment of the table if the table can make room for its packed form: nothing that the program
// knows of lies behind it. What does, belongs to a dynamic linker.
func (f *file) packable(t table, list []relocation) (*segment, error) {
	s := f.holding(t.start, t.size)
	if s.memorySize != s.fileSize {
		return nil, notExecutable("variables are behind its relocations")
	}
	end := s.virtual + s.memorySize
	for _, r := range list {
		if r.place+8 > t.start && r.place < end || r.address > t.start && r.address < end {
			return nil, f.unmovable(r.place, "it is, or is of, what is behind the relocations")
		}
	}
	return s, nil
}

// next returns where the image goes on behind the table, 0 if it does not.
func (f *file) next(t table) (address uint64) {
	for _, s := range f.segments {
		if s.kind == segmentLoad && s.virtual > t.start && (address == 0 || s.virtual < address) {
			address = s.virtual
		}
	}
	return address
}

// putPacked puts the packed list where the table is, in segment s, which ends with it then.
func (f *file) putPacked(out []byte, t table, s *segment, packed []byte) {
	le := binary.LittleEndian
	start := s.offset + t.start - s.virtual
	end := start + uint64(copy(out[start:], packed))
	clear(out[end : s.offset+s.fileSize])
	le.PutUint64(out[s.at+32:], end-s.offset)
	le.PutUint64(out[s.at+40:], end-s.offset)
	hideSections(out, start, s.offset+s.fileSize)
}

// hideSections takes the sections that begin in a part of the file out of the table of sections, and that which tells
// of them.
func hideSections(out []byte, start, end uint64) {
	le := binary.LittleEndian
	at, count := le.Uint64(out[40:]), uint64(le.Uint16(out[60:]))
	if le.Uint16(out[58:]) != sectionHeaderSize || at > uint64(len(out)) || count > (uint64(len(out))-at)/sectionHeaderSize {
		return // nobody who boots it looks there
	}
	for ; count > 0; count, at = count-1, at+sectionHeaderSize {
		h := out[at:][:sectionHeaderSize]
		if offset := le.Uint64(h[24:]); offset >= start && offset < end || le.Uint32(h[4:]) == sectionDynamic {
			clear(h)
		}
	}
}
