package fs

import (
	"io"
	"sync"
	"syscall"
)

// A generatedFile is an open file whose content was made up when it was opened.
type generatedFile struct {
	handle
	content []byte

	mu     sync.Mutex
	offset int64
}

func openGenerated(e *Entry, flags int) (*generatedFile, syscall.Errno) {
	if writes(flags) && e.node.accept == nil {
		return nil, syscall.EACCES
	}
	return &generatedFile{handle: handle{e}, content: e.node.content()}, 0
}

func (f *generatedFile) Read(p []byte) (int, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, errno := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	return n, errno
}

func (f *generatedFile) ReadAt(p []byte, offset int64) (int, syscall.Errno) {
	if offset >= int64(len(f.content)) {
		return 0, 0
	}
	return copy(p, f.content[offset:]), 0
}

func (f *generatedFile) Write(p []byte) (int, syscall.Errno) { return f.WriteAt(p, 0) }

func (f *generatedFile) WriteAt(p []byte, offset int64) (int, syscall.Errno) {
	if f.entry.node.accept == nil {
		return 0, syscall.EBADF
	}
	if errno := f.entry.node.accept(p); errno != 0 {
		return 0, errno
	}
	return len(p), 0
}

func (f *generatedFile) Move(offset int64, whence int) (int64, syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += int64(len(f.content))
	default:
		return 0, syscall.EINVAL
	}
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	f.offset = offset
	return offset, 0
}
