package kernel

import (
	"encoding/binary"
	"errors"
	"path"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The program's own file, os.Executable, is made of what the boot loader has put into memory: of the ELF file all
// that belongs to a segment, which is its beginning. What it lacks are the sections, and with them symbols and
// debugging information, and the list of relocations, whose place has zeros. Variables have the values that they
// have when the file is first opened, and addresses in the image are those where it is now.

// executablePath is where a program of that name lies: os.Args[0], seen from the root folder.
func executablePath(name string) string {
	if p := path.Join("/", name); p != "/" {
		return p
	}
	return "/program"
}

// showExecutable puts the program's file at its path, unless the archive has brought one.
func showExecutable(files *fs.FS, name string) (entry func() *fs.Entry) {
	var e *fs.Entry
	files.Later(func() {
		start, hole := machine.Image()
		layout, err := readLayout(physical(boot.Range{Start: start, End: start + elfPage}), start)
		if err != nil || hole.Start < start || hole.End < hole.Start || hole.End > start+layout.variables {
			return // an image that something else than ringo has linked
		}
		memory := physical(boot.Range{Start: start, End: start + layout.end})
		from, to := hole.Start-start, hole.End-start
		e = files.Show(executablePath(name), 0o755, memory[:from], int64(layout.end), func() []fs.Part {
			return []fs.Part{{Content: layout.head}, {Offset: int64(to), Content: memory[to:]}}
		})
	})
	return func() *fs.Entry { return e }
}

// A layout is what of an ELF file is in memory, by its offsets: they are the addresses less that of the first byte.
type layout struct {
	head      []byte // the beginning, without the table of sections
	variables uint64 // where what the program writes to begins: the last segment
	end       uint64
}

// elfPage is a page, to which segments are aligned. The headers lie in the first.
const elfPage = 4096

// Fields of an ELF file's header and of a program header (System V ABI, "Object Files", for 64 bits).
const (
	elfHeaderSize      = 64
	elfProgramOffset   = 32
	elfSectionOffset   = 40
	elfProgramSize     = 54
	elfProgramCount    = 56
	elfSectionCount    = 60
	elfSectionNames    = 62
	programHeaderSize  = 56
	programFlags       = 4
	programOffset      = 8
	programAddress     = 16
	programFileSize    = 32
	programLoad        = 1
	programNote        = 4
	programWritable    = 2
	mostProgramHeaders = 32
)

var errLayout = errors.New("the image is not laid out as Go's linker does it")

// readLayout reads the headers that are at the beginning of an image, which is at address start.
func readLayout(page []byte, start uint64) (l layout, err error) {
	le := binary.LittleEndian
	if len(page) < elfPage || string(page[:4]) != "\x7fELF" {
		return l, errLayout
	}
	l.head = append([]byte(nil), page[:elfPage]...)
	at, count := le.Uint64(page[elfProgramOffset:]), uint64(le.Uint16(page[elfProgramCount:]))
	if le.Uint16(page[elfProgramSize:]) != programHeaderSize || count > mostProgramHeaders || at < elfHeaderSize || at > elfPage-count*programHeaderSize {
		return l, errLayout
	}
	kept := l.head[at:at]
	var writable []byte // the last such header in kept
	for i := range count {
		p := page[at+i*programHeaderSize:][:programHeaderSize]
		offset, size := le.Uint64(p[programOffset:]), le.Uint64(p[programFileSize:])
		switch {
		case le.Uint32(p) == programNote: // it lies where nothing is loaded from
			continue
		case le.Uint32(p) != programLoad:
		case le.Uint64(p[programAddress:])-offset != start || offset+size < offset || offset+size > 1<<40 || offset < l.end:
			return l, errLayout
		default:
			l.variables, l.end = 0, offset+size
		}
		kept = append(kept, p...)
		if flags := le.Uint32(p[programFlags:]); le.Uint32(p) == programLoad && flags&programWritable != 0 {
			if writable != nil { // it was so until the addresses in it were there
				le.PutUint32(writable[programFlags:], le.Uint32(writable[programFlags:])&^programWritable)
			}
			writable = kept[len(kept)-programHeaderSize:]
			l.variables = offset
		}
	}
	le.PutUint16(l.head[elfProgramCount:], uint16(len(kept)/programHeaderSize))
	if l.variables == 0 || l.variables%elfPage != 0 || l.end < l.variables {
		return l, errLayout
	}
	le.PutUint64(l.head[elfSectionOffset:], 0)
	le.PutUint16(l.head[elfSectionCount:], 0)
	le.PutUint16(l.head[elfSectionNames:], 0)
	return l, nil
}
