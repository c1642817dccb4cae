package linker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// The note that makes an ELF file bootable by PVH (Xen's docs/misc/pvh.pandoc and
// include/public/elfnote.h).
const (
	noteName        = "Xen\x00"
	notePhys32Entry = 18
	noteHeaderSize  = 12
	noteSize        = noteHeaderSize + len(noteName) + 8
)

// Marker is in every image: the kernel keeps it in its read-only data, with zeros behind it up to
// zeroedEnd. The 8 bytes there are the address up to which the boot loader must clear memory. The next
// three are for Bootable to fill in: where the packed relocations are, how many bytes they take, and where
// the image goes on behind them.
const (
	Marker      = "ringo kernel image\x00v3"
	zeroedEnd   = 24
	relocations = 32
	markerSize  = 56
)

// findMarker returns where the first marker is in data, -1 if nowhere. A program may have the same text
// without the zeros: Ringo itself does.
func findMarker(data []byte) int {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(Marker))
		if i < 0 || at+i+markerSize > len(data) {
			return -1
		}
		at += i
		if len(bytes.Trim(data[at+len(Marker):at+zeroedEnd], "\x00")) == 0 {
			return at
		}
		at++
	}
}

// marker returns where the kernel's own marker is. An image that a program has embedded has one as well, but
// no relocation at the address in it.
func (f *file) marker(list []relocation) (at int, err error) {
	for next := 0; ; next = at + 1 {
		if at = findMarker(f.data[next:]); at < 0 {
			return 0, ErrNotRingo
		}
		at += next
		for i := range f.segments {
			s := &f.segments[i]
			if s.kind != segmentLoad || uint64(at) < s.offset || uint64(at)-s.offset >= s.fileSize {
				continue
			}
			place := s.virtual + uint64(at) - s.offset + zeroedEnd
			if _, ok := slices.BinarySearchFunc(list, place, comparePlace); ok {
				return at, nil
			}
		}
	}
}

// ErrNotRingo means that a file is a fine executable, but of Linux: the kernel is not in it.
var ErrNotRingo = errors.New("it was not built for Ringo: build it with `ringo build`")

// Bootable returns the executable with the note that lets a hypervisor boot it, and with what lets the
// kernel move it. A file that has the note already comes back as it is.
func Bootable(executable []byte) ([]byte, error) {
	f, err := parse(executable)
	if err != nil {
		return nil, err
	}
	if findMarker(executable) < 0 {
		return nil, ErrNotRingo
	}
	if f.entry >= 1<<32 || !f.holds(f.entry) {
		return nil, notExecutable("its entry point %#x is not in its code", f.entry)
	}
	if entry, ok := f.bootEntry(); ok {
		if !f.holds(entry) {
			return nil, notExecutable("its boot entry %#x is not in its code", entry)
		}
		return executable, nil
	}
	t, err := f.relocationTable()
	if err != nil {
		return nil, err
	}
	list, err := f.relocations(t)
	if err != nil {
		return nil, err
	}
	at, err := f.marker(list)
	if err != nil {
		return nil, err
	}
	end, err := f.packable(t, list)
	if err != nil {
		return nil, err
	}
	for _, s := range f.segments {
		if s.kind == segmentNote {
			out := f.withNote(s)
			f.trim(out, at)
			packed := pack(list)
			f.putPacked(out, t, end, packed)
			f.movable(out, at, table{t.start, uint64(len(packed))}, f.next(t))
			return out, nil
		}
	}
	return nil, notExecutable("it has no note header that could be used")
}

// withNote appends the note and points the header of s at it.
func (f *file) withNote(s segment) []byte {
	le := binary.LittleEndian
	offset := (len(f.data) + 7) &^ 7
	out := make([]byte, offset, offset+noteSize)
	copy(out, f.data)
	out = le.AppendUint32(out, uint32(len(noteName)))
	out = le.AppendUint32(out, 8)
	out = le.AppendUint32(out, notePhys32Entry)
	out = append(out, noteName...)
	out = le.AppendUint64(out, f.entry)

	h := out[s.at:]
	le.PutUint64(h[8:], uint64(offset))
	le.PutUint64(h[16:], 0) // not loaded anywhere
	le.PutUint64(h[24:], 0)
	le.PutUint64(h[32:], uint64(noteSize))
	le.PutUint64(h[40:], uint64(noteSize))
	le.PutUint64(h[48:], 4)
	return out
}

// trim takes the variables that the kernel fills on demand out of the memory that a boot loader
// provides: a program may have far more of them than it ever touches, or than the machine has.
func (f *file) trim(out []byte, marker int) {
	le := binary.LittleEndian
	end := le.Uint64(f.data[marker+zeroedEnd:])
	if end > 1<<32 {
		return
	}
	end = (end + 4095) &^ 4095 // whole pages
	for _, s := range f.segments {
		if s.kind == segmentLoad && end >= s.virtual+s.fileSize && end < s.virtual+s.memorySize {
			le.PutUint64(out[s.at+40:], end-s.virtual)
		}
	}
}

// movable tells the kernel where its packed relocations are and what comes next, and takes out what is for a dynamic linker: a
// debugger would look for one.
func (f *file) movable(out []byte, marker int, packed table, next uint64) {
	le := binary.LittleEndian
	le.PutUint64(out[marker+relocations:], packed.start)
	le.PutUint64(out[marker+relocations+8:], packed.size)
	le.PutUint64(out[marker+relocations+16:], next)
	for _, s := range f.segments {
		if s.kind == segmentInterp || s.kind == segmentDynamic {
			le.PutUint32(out[s.at:], segmentNull)
		}
	}
}

// bootEntry returns the address in the boot note, if there is one.
func (f *file) bootEntry() (entry uint64, ok bool) {
	le := binary.LittleEndian
	for _, s := range f.segments {
		length := uint64(len(f.data))
		if s.kind != segmentNote || s.offset > length || s.fileSize > length-s.offset {
			continue
		}
		for notes := f.data[s.offset : s.offset+s.fileSize]; len(notes) >= noteHeaderSize; {
			name, desc, kind := uint64(le.Uint32(notes)), uint64(le.Uint32(notes[4:])), le.Uint32(notes[8:])
			descAt := noteHeaderSize + (name+3)&^3
			end := descAt + (desc+3)&^3
			if end > uint64(len(notes)) {
				break
			}
			if kind == notePhys32Entry && string(notes[noteHeaderSize:noteHeaderSize+name]) == noteName {
				switch desc {
				case 4:
					return uint64(le.Uint32(notes[descAt:])), true
				case 8:
					return le.Uint64(notes[descAt:]), true
				}
			}
			notes = notes[end:]
		}
	}
	return 0, false
}
