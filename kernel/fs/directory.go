package fs

import (
	"io"
	"math"
	"sync"
	"syscall"
)

// A directoryFile is an open directory. Its position is the cookie of the last name that was read.
type directoryFile struct {
	handle
	mu       sync.Mutex
	position int64
	names    []string // of a listing, as they were when reading began
}

// A Name is what readdir tells of one name in a directory.
type Name struct {
	Name   string
	Inode  uint64
	Type   uint8 // DT_...
	Cookie int64 // the position after this name
}

// A Directory is an open directory.
type Directory interface {
	Opened
	// Names calls yield for the names from the file's position on, which moves past those for which
	// yield returned true; it stops at the first other one. yield must not wait.
	Names(yield func(Name) bool) syscall.Errno
}

func (f *directoryFile) Read(p []byte) (int, syscall.Errno) { return 0, syscall.EISDIR }

func (f *directoryFile) ReadAt(p []byte, offset int64) (int, syscall.Errno) {
	return 0, syscall.EISDIR
}

func (f *directoryFile) WriteAt(p []byte, offset int64) (int, syscall.Errno) {
	return 0, syscall.EBADF
}

func (f *directoryFile) Move(offset int64, whence int) (int64, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.position
	default:
		return 0, syscall.EINVAL
	}
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	f.position = offset
	return offset, 0
}

func (f *directoryFile) Names(yield func(Name) bool) syscall.Errno {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.entry
	if e.node.listing != nil {
		return f.made(yield)
	}
	t := e.node.volume.fs
	t.tree.RLock()
	defer t.tree.RUnlock()
	if e.removed {
		return syscall.ENOENT
	}
	if !f.self(yield) {
		return 0
	}
	c := e.node.look()
	for i := c.search(f.position + 1); i < len(c.order); i++ {
		p := c.order[i]
		if p.entry != nil && !yield(describe(p.entry.name, p.entry.node, p.cookie)) {
			return 0
		}
		f.position = p.cookie
	}
	f.position = endOfDirectory
	return 0
}

// endOfDirectory is the position of a directory that was read to its end. Names that are added after
// that are not found, so that whoever renames files while reading gets to an end.
const endOfDirectory = math.MaxInt64 - 1

// self yields "." and "..", if the position is before them.
func (f *directoryFile) self(yield func(Name) bool) bool {
	n := f.entry.node
	parent := n
	if f.entry.parent != nil {
		parent = f.entry.parent
	}
	for i, n := range []*Node{n, parent} {
		cookie := int64(i) + 1
		if f.position < cookie {
			if !yield(describe("..."[:cookie], n, cookie)) {
				return false
			}
			f.position = cookie
		}
	}
	return true
}

// made yields the names of a listing.
func (f *directoryFile) made(yield func(Name) bool) syscall.Errno {
	if f.position == 0 || f.names == nil {
		f.names = f.entry.node.listing.names()
	}
	if !f.self(yield) {
		return 0
	}
	for i := f.position - 2; i < int64(len(f.names)); i++ {
		if e := f.entry.node.listing.lookup(f.entry.node, f.names[i]); e != nil {
			if !yield(describe(e.name, e.node, i+firstCookie)) {
				return 0
			}
		}
		f.position = i + firstCookie
	}
	return 0
}

// describe returns what readdir tells of n.
func describe(name string, n *Node, cookie int64) Name {
	return Name{name, n.number, uint8(n.kind >> 12), cookie}
}
