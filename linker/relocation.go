package linker

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
)

// The Go linker, asked for a position-independent executable, lists every absolute address in the
// image, for a dynamic linker to add to each how far the image was moved. There is none under the
// kernel: it does so itself, before it is anywhere else than where it was loaded (runtime/go1.26/image.go).
// So it must be able to rely on the list: relocations checks all of it.
//
// One kind of address is not listed, by a mistake of the Go linker's: that of runtime.unreachableMethod, which
// it gives to methods that no call can reach. There is nothing at that address of an image that was moved, so
// such a call would fail as well. TestTwoBases knows of it, and of no other.

// What is used of the dynamic section (System V ABI, chapter 5) and of a relocation (AMD64 supplement,
// 4.4.1).
const (
	dynamicSize = 16

	tagNull       = 0
	tagNeeded     = 1
	tagPLTSize    = 2
	tagTable      = 7 // DT_RELA
	tagTableSize  = 8
	tagEntrySize  = 9
	tagOtherTable = 17 // DT_REL
	tagPacked     = 36 // DT_RELR

	relocationSize     = 24
	relocationRelative = 8 // R_X86_64_RELATIVE
)

// A relocation is the place of an absolute address, and that address.
type relocation struct {
	place, address uint64
}

// A table is where in memory the list of relocations is.
type table struct {
	start, size uint64
}

// relocationTable returns the table that the dynamic section names.
func (f *file) relocationTable() (table, error) {
	dynamic, found := segment{}, false
	for _, s := range f.segments {
		if s.kind == segmentDynamic {
			dynamic, found = s, true
		}
	}
	if !found {
		return table{}, ErrNotRelocatable
	}
	le := binary.LittleEndian
	t, entry := table{}, uint64(0)
	for at := dynamic.offset; at+dynamicSize <= dynamic.offset+dynamic.fileSize; at += dynamicSize {
		value := le.Uint64(f.data[at+8:])
		switch tag := le.Uint64(f.data[at:]); {
		case tag == tagNull:
			at = dynamic.offset + dynamic.fileSize - dynamicSize // the last
		case tag == tagNeeded:
			return table{}, notExecutable("it is linked dynamically")
		case tag == tagTable:
			t.start = value
		case tag == tagTableSize:
			t.size = value
		case tag == tagEntrySize:
			entry = value
		case tag == tagOtherTable, tag == tagPacked, tag == tagPLTSize && value != 0:
			return table{}, notExecutable("it has relocations of a kind (tag %d) that the kernel does not make", tag)
		}
	}
	s := f.holding(t.start, t.size)
	switch {
	case t.size == 0 || t.size%relocationSize != 0 || entry != relocationSize:
		return table{}, notExecutable("its relocations take %d bytes, %d each", t.size, entry)
	case s == nil || s.flags&(flagExecute|flagWrite) != 0:
		return table{}, notExecutable("its relocations are not in its read-only data")
	}
	return t, nil
}

// relocations returns what is in a table, by place, once all of it is known to be right: each an address of
// 8 bytes that is in the file, outside of the code and of the table, where the Go linker has put the same
// address; and no two of them overlap.
func (f *file) relocations(t table) ([]relocation, error) {
	le := binary.LittleEndian
	data := f.loaded(t.start, t.size)
	list := make([]relocation, 0, t.size/relocationSize)
	for ; len(data) > 0; data = data[relocationSize:] {
		r := relocation{le.Uint64(data), le.Uint64(data[16:])}
		place := f.loaded(r.place, 8)
		switch kind := le.Uint64(data[8:]); {
		case kind != relocationRelative:
			return nil, f.unmovable(r.place, "its kind is %#x", kind)
		case place == nil:
			return nil, f.unmovable(r.place, "it is not in the file")
		case f.holds(r.place) || f.holds(r.place+7):
			return nil, f.unmovable(r.place, "it is in the code")
		case r.place+8 > t.start && r.place < t.start+t.size:
			return nil, f.unmovable(r.place, "it is in the list of relocations")
		case le.Uint64(place) != r.address:
			return nil, f.unmovable(r.place, "%#x is there instead of %#x", le.Uint64(place), r.address)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b relocation) int { return cmp.Compare(a.place, b.place) })
	for i := range len(list) - 1 {
		if list[i+1].place-list[i].place < 8 {
			return nil, f.unmovable(list[i+1].place, "it overlaps another one")
		}
	}
	return list, nil
}

func comparePlace(r relocation, place uint64) int { return cmp.Compare(r.place, place) }

// unmovable is the error about an absolute address that the kernel cannot change when it moves the image.
func (f *file) unmovable(place uint64, format string, args ...any) error {
	where := ""
	if name := f.symbol(place); name != "" {
		where = " in " + name
	}
	return fmt.Errorf("%w: the absolute address at %#x%s cannot be changed (%s)", ErrUnmovable, place, where, fmt.Sprintf(format, args...))
}

// symbol returns the name of what is at an address, "" if that is not known.
func (f *file) symbol(address uint64) string {
	e, err := elf.NewFile(bytes.NewReader(f.data))
	if err != nil {
		return ""
	}
	symbols, err := e.Symbols()
	if err != nil {
		return "" // built with -s
	}
	for _, s := range symbols {
		if address >= s.Value && address-s.Value < s.Size {
			return s.Name
		}
	}
	return ""
}

// holding returns the loaded segment that has all of [start, start+size) in the file, nil if none has.
func (f *file) holding(start, size uint64) *segment {
	for i := range f.segments {
		s := &f.segments[i]
		if s.kind == segmentLoad && start >= s.virtual && start-s.virtual <= s.fileSize && size <= s.fileSize-(start-s.virtual) {
			return s
		}
	}
	return nil
}

// loaded returns what the file has for [start, start+size), nil if that is not in it as a whole.
func (f *file) loaded(start, size uint64) []byte {
	s := f.holding(start, size)
	if s == nil {
		return nil
	}
	at := s.offset + start - s.virtual
	return f.data[at : at+size]
}
