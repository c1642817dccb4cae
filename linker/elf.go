// Package linker makes what the Go linker wrote bootable.
//
// A position-independent Go executable for linux/amd64 is nearly an image already: its segments say
// where in memory they belong, physical addresses equal to virtual ones, and its entry is the kernel's
// own. A boot loader that knows PVH (QEMU -kernel, Xen, Firecracker, cloud-hypervisor) only wants a note
// that says where to jump to in 32-bit protected mode: XEN_ELFNOTE_PHYS32_ENTRY. Bootable appends
// the note to the file and points the PT_NOTE header, which every Go executable has, at it. And it
// tells the kernel where the list of all absolute addresses is, so that it can move itself.
//
//	image, err := linker.Bootable(executable)
//	info, err := linker.Read(image)
//
// The input is not trusted: a file that is no such executable gets an error that says so.
package linker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Sizes and numbers of the ELF format (System V ABI, chapter 4 and 5) for 64-bit x86.
const (
	headerSize        = 64
	programHeaderSize = 56

	typeExecutable = 2
	typeShared     = 3 // also what is position-independent
	machineX86     = 62

	segmentNull    = 0
	segmentLoad    = 1
	segmentDynamic = 2
	segmentInterp  = 3
	segmentNote    = 4

	flagExecute = 1
	flagWrite   = 2
)

// A segment is a program header.
type segment struct {
	at                   int // where in the file the header is
	kind, flags          uint32
	offset               uint64
	virtual, physical    uint64
	fileSize, memorySize uint64
	align                uint64
}

// A file is a parsed executable.
type file struct {
	data     []byte
	entry    uint64
	segments []segment
}

// The errors that others wrap.
var (
	// ErrNotExecutable is about files that are no executables for this machine.
	ErrNotExecutable = errors.New("it is not a static ELF executable for x86-64")
	// ErrUnmovable is about executables that could be loaded, but not moved then.
	ErrUnmovable = errors.New("it cannot be moved in memory")
	// ErrNotRelocatable is about executables without a list of their absolute addresses.
	ErrNotRelocatable = errors.New("it was not linked as Ringo links: flags for the linker belong to `ringo build`, `ringo test` or " +
		"`ringo goflags`, as in `ringo goflags -ldflags=-s`, since -ldflags of go test takes the place of those in GOFLAGS")
)

func notExecutable(format string, args ...any) error {
	return fmt.Errorf("%w (%s)", ErrNotExecutable, fmt.Sprintf(format, args...))
}

// parse reads the headers and checks all that is used of them.
func parse(data []byte) (*file, error) {
	if len(data) < headerSize || !bytes.HasPrefix(data, []byte("\x7fELF")) {
		return nil, notExecutable("it has no ELF header")
	}
	if data[4] != 2 || data[5] != 1 || data[6] != 1 {
		return nil, notExecutable("it is not 64-bit little-endian")
	}
	le := binary.LittleEndian
	if kind := le.Uint16(data[16:]); kind != typeExecutable && kind != typeShared {
		return nil, notExecutable("its type is %d", kind)
	}
	if machine := le.Uint16(data[18:]); machine != machineX86 {
		return nil, notExecutable("its machine is number %d", machine)
	}
	f := &file{data: data, entry: le.Uint64(data[24:])}
	table, size, count := le.Uint64(data[32:]), le.Uint16(data[54:]), uint64(le.Uint16(data[56:]))
	if size != programHeaderSize {
		return nil, notExecutable("its program headers have %d bytes", size)
	}
	if table > uint64(len(data)) || count*programHeaderSize > uint64(len(data))-table {
		return nil, notExecutable("its program headers lie outside the file")
	}
	for i := range count {
		at := table + i*programHeaderSize
		h := data[at:]
		s := segment{
			at: int(at), kind: le.Uint32(h), flags: le.Uint32(h[4:]), offset: le.Uint64(h[8:]),
			virtual: le.Uint64(h[16:]), physical: le.Uint64(h[24:]),
			fileSize: le.Uint64(h[32:]), memorySize: le.Uint64(h[40:]), align: le.Uint64(h[48:]),
		}
		if err := s.check(uint64(len(data))); err != nil {
			return nil, err
		}
		f.segments = append(f.segments, s)
	}
	return f, nil
}

// check validates one program header against the file's length.
func (s *segment) check(length uint64) error {
	if s.kind != segmentLoad && s.kind != segmentDynamic {
		return nil // only its header is used
	}
	switch {
	case s.offset > length || s.fileSize > length-s.offset:
		return notExecutable("a segment lies outside the file")
	case s.fileSize > s.memorySize:
		return notExecutable("a segment is larger in the file than in memory")
	case s.memorySize > math.MaxUint64-s.virtual:
		return notExecutable("a segment wraps around the end of memory")
	case s.physical != s.virtual:
		return notExecutable("a segment's physical address %#x is not its virtual one, %#x", s.physical, s.virtual)
	case s.virtual+s.memorySize > 1<<32:
		return notExecutable("a segment ends at %#x, above the 4 GiB that a boot loader reaches", s.virtual+s.memorySize)
	}
	return nil
}

// holds reports whether address is in a segment that can be executed, and in the file.
func (f *file) holds(address uint64) bool {
	for _, s := range f.segments {
		if s.kind == segmentLoad && s.flags&flagExecute != 0 && address >= s.virtual && address-s.virtual < s.fileSize {
			return true
		}
	}
	return false
}
