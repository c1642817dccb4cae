package fs

import (
	"io"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// A regularFile is an open regular file.
type regularFile struct {
	handle
	append atomic.Bool

	mu     sync.Mutex // for position
	offset int64
}

// An Appender is a file that can be written at its end, or not there, whatever O_APPEND says.
type Appender interface {
	file.Seeker
	// WriteWith writes at offset, or at the end if append is set, and returns where it ended. The file's own position
	// does not move.
	WriteWith(p []byte, offset int64, append bool) (n int, end int64, errno syscall.Errno)
}

// newRegularFile opens e, whose node is held.
func newRegularFile(e *Entry, flags int) *regularFile {
	f := &regularFile{handle: handle{e}}
	f.SetFlags(flags)
	return f
}

func (f *regularFile) SetFlags(flags int) { f.append.Store(flags&syscall.O_APPEND != 0) }

// Immediate: see file.Immediate.
func (f *regularFile) Immediate() {}

func (f *regularFile) Read(p []byte) (int, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, errno := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	return n, errno
}

func (f *regularFile) ReadAt(p []byte, offset int64) (int, syscall.Errno) {
	if offset+int64(len(p)) < 0 {
		return 0, syscall.EINVAL
	}
	node := f.entry.node
	node.mu.RLock()
	n := node.data.readAt(p, offset)
	node.mu.RUnlock()
	node.seen()
	return n, 0
}

func (f *regularFile) Write(p []byte) (int, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, end, errno := f.WriteWith(p, f.offset, f.append.Load())
	if errno == 0 {
		f.offset = end
	}
	return n, errno
}

func (f *regularFile) WriteAt(p []byte, offset int64) (int, syscall.Errno) {
	n, _, errno := f.WriteWith(p, offset, f.append.Load())
	return n, errno
}

// WriteWith implements Appender.
func (f *regularFile) WriteWith(p []byte, offset int64, append bool) (n int, end int64, errno syscall.Errno) {
	if len(p) == 0 {
		return 0, offset, 0
	}
	if offset+int64(len(p)) < 0 {
		return 0, offset, syscall.EINVAL
	}
	node := f.entry.node
	node.mu.Lock()
	defer node.mu.Unlock()
	if append {
		offset = node.data.size
	}
	may, errno := node.data.mayWrite(offset, len(p))
	if errno != 0 {
		return 0, offset, errno
	}
	p = p[:may]
	n, errno = node.data.writeAt(node.volume, p, offset)
	if n > 0 {
		node.touched()
	}
	return n, offset + int64(n), errno
}

// Seek positions of lseek beyond those of package io.
const (
	seekData = 3
	seekHole = 4
)

func (f *regularFile) Move(offset int64, whence int) (int64, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	node := f.entry.node
	node.mu.RLock()
	size := node.data.size
	node.mu.RUnlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += size
	case seekData, seekHole:
		if offset < 0 {
			return 0, syscall.ENXIO
		}
		node.mu.RLock()
		at, errno := node.data.seek(offset, whence == seekData)
		node.mu.RUnlock()
		if errno != 0 {
			return 0, errno
		}
		offset = at
	default:
		return 0, syscall.EINVAL
	}
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	f.offset = offset
	return offset, 0
}

// Truncate makes n, a regular file, size bytes long.
func (n *Node) Truncate(size int64) syscall.Errno {
	switch {
	case n.isDirectory():
		return syscall.EISDIR
	case n.data == nil:
		return syscall.EINVAL
	}
	return n.truncate(size)
}

func (n *Node) truncate(size int64) syscall.Errno {
	n.mu.Lock()
	defer n.mu.Unlock()
	if errno := n.data.mayResize(size); errno != 0 {
		return errno
	}
	n.data.truncate(n.volume, size)
	n.touched()
	return 0
}

// Modes of fallocate(2).
const (
	AllocateKeepSize  = 1
	AllocatePunchHole = 2
)

// ValidAllocate reports whether there is such a mode, be it that only other file systems have it.
func ValidAllocate(mode int) bool {
	const collapse, zero, insert, unshare = 0x8, 0x10, 0x20, 0x40
	switch mode &^ AllocateKeepSize {
	case 0, zero, unshare:
		return true
	case AllocatePunchHole:
		return mode&AllocateKeepSize != 0
	}
	return mode == collapse || mode == insert
}

// Allocate is fallocate, of [offset, offset+length). The mode is valid.
func (n *Node) Allocate(mode int, offset, length int64) syscall.Errno {
	end := offset + length
	switch {
	case n.isDirectory():
		return syscall.EISDIR
	case n.data == nil:
		return syscall.ENODEV
	case end < 0:
		return syscall.EFBIG
	case mode&^(AllocateKeepSize|AllocatePunchHole) != 0:
		return syscall.EOPNOTSUPP
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	seals := n.data.seals()
	switch {
	case mode&AllocatePunchHole != 0 && seals&(SealWrite|SealFutureWrite) != 0, mode&AllocatePunchHole == 0 && seals&SealGrow != 0 && end > n.data.size:
		return syscall.EPERM
	}
	if mode&AllocatePunchHole != 0 {
		if errno := n.data.punch(n.volume, offset, end); errno != 0 {
			return errno
		}
	} else {
		if errno := n.data.reserve(n.volume, offset, end); errno != 0 {
			return errno
		}
		if mode == 0 {
			if end > n.data.size {
				n.data.clearTail()
				n.data.resize(end)
			}
		}
	}
	n.touched()
	return 0
}
