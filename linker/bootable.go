package linker

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The note that makes an ELF file bootable by PVH (Xen's docs/misc/pvh.pandoc and
// include/public/elfnote.h).
const (
	noteName        = "Xen\x00"
	notePhys32Entry = 18
	noteHeaderSize  = 12
	noteSize        = noteHeaderSize + len(noteName) + 8
)

// Marker is in every image: the kernel keeps it in its read-only data.
const Marker = "ringo kernel image\x00v1"

// ErrNotRingo means that a file is a fine executable, but of Linux: the kernel is not in it.
var ErrNotRingo = errors.New("it was not built for Ringo: build it with `ringo build`")

// Bootable returns the executable with the note that lets a hypervisor boot it. A file that has the
// note already comes back as it is.
func Bootable(executable []byte) ([]byte, error) {
	f, err := parse(executable)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(executable, []byte(Marker)) {
		return nil, ErrNotRingo
	}
	if f.entry >= 1<<32 || !f.holds(f.entry) {
		return nil, notExecutable("its entry point %#x is not in its code", f.entry)
	}
	if _, ok := f.bootEntry(); ok {
		return executable, nil
	}
	for _, s := range f.segments {
		if s.kind == segmentNote {
			return f.withNote(s), nil
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
