package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

const (
	pipeSize   = 64 << 10
	pipeAtomic = 4096 // PIPE_BUF: writes of up to this many bytes are not split
)

// A pipe is a ring of bytes.
type pipe struct {
	toRead, toWrite file.Watchers // told while mu is held

	mu               sync.Mutex
	ring             file.Ring
	readers, writers int
	joined           struct{ readers, writers uint64 } // how many there ever were
	inode            uint64
	size             int
}

// A pipeEnd is an open end of a pipe.
type pipeEnd struct {
	*pipe
	flags int // access mode
	gone  bool
	// lonely is how many writers there had been when this end was opened to read while there were
	// none: until there are more, their absence is no end.
	lonely uint64
}

// pipe returns the end of a pipe that d is, nil if it is none.
func (d *Description) pipe() *pipeEnd {
	switch f := d.File.(type) {
	case *pipeEnd:
		return f
	case *namedPipe:
		return &f.pipeEnd
	}
	return nil
}

func (e *pipeEnd) reads() bool  { return e.flags != syscall.O_WRONLY }
func (e *pipeEnd) writes() bool { return e.flags != syscall.O_RDONLY }

// Immediate: see file.Immediate.
func (e *pipeEnd) Immediate() {}

func (e *pipeEnd) Read(p []byte) (int, syscall.Errno) {
	e.pipe.mu.Lock()
	n, errno := e.take(p)
	e.pipe.mu.Unlock()
	return n, errno
}

func (e *pipeEnd) Write(p []byte) (int, syscall.Errno) {
	e.pipe.mu.Lock()
	n, errno := e.put(p)
	e.pipe.mu.Unlock()
	return n, errno
}

// take is Read, with the pipe's mutex held.
func (e *pipeEnd) take(p []byte) (int, syscall.Errno) {
	pipe := e.pipe
	switch {
	case e.gone:
		return 0, syscall.EBADF
	case len(p) == 0:
		return 0, 0
	case pipe.ring.Length() == 0 && pipe.writers == 0:
		return 0, 0 // also of a named one that nobody has written to yet
	case pipe.ring.Length() == 0:
		return 0, syscall.EAGAIN
	}
	room := pipe.room()
	n := pipe.ring.Take(p)
	if room < pipeAtomic && pipe.room() >= pipeAtomic {
		pipe.toWrite.Notify(file.Writable)
	}
	return n, 0
}

// put is Write, with the pipe's mutex held.
func (e *pipeEnd) put(p []byte) (int, syscall.Errno) {
	pipe := e.pipe
	switch {
	case e.gone:
		return 0, syscall.EBADF
	case len(p) == 0:
		return 0, 0
	case pipe.readers == 0:
		return 0, syscall.EPIPE
	case pipe.room() < min(len(p), pipeAtomic):
		return 0, syscall.EAGAIN
	}
	n := pipe.ring.Put(p, pipe.size)
	pipe.toRead.Notify(file.Readable)
	return n, 0
}

// room returns how many bytes may be written. A pipe is said to be writable when there is room for
// pipeAtomic of them, so that whoever is told so can write.
func (p *pipe) room() int { return p.size - p.ring.Length() }

func (e *pipeEnd) Ready() file.Events {
	p := e.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	var events file.Events
	if e.reads() {
		if p.ring.Length() > 0 {
			events |= file.Readable
		}
		if p.writers == 0 && e.lonely != p.joined.writers {
			events |= file.HangUp
		}
	}
	if e.writes() {
		if p.room() >= pipeAtomic {
			events |= file.Writable
		}
		if p.readers == 0 {
			events |= file.Error
		}
	}
	return events
}

// join counts e among the pipe's ends.
func (e *pipeEnd) join() {
	p := e.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.reads() {
		p.readers++
		p.joined.readers++
	}
	if e.writes() {
		p.writers++
		p.joined.writers++
	}
	if p.writers == 0 {
		e.lonely = p.joined.writers
	} else {
		e.lonely = ^uint64(0)
	}
	p.toRead.Notify(file.Readable)
	p.toWrite.Notify(file.Writable)
}

// watchers are those of this end.
func (e *pipeEnd) watchers() *file.Watchers {
	if e.reads() {
		return &e.toRead
	}
	return &e.toWrite
}

func (e *pipeEnd) Watch(w *file.Watch) bool { return e.watchers().Watch(w) }
func (e *pipeEnd) Unwatch(w *file.Watch)    { e.watchers().Unwatch(w) }

func (e *pipeEnd) Status(st *syscall.Stat_t) syscall.Errno {
	*st = syscall.Stat_t{
		Dev: anonymousDevice, Ino: e.inode, Mode: syscall.S_IFIFO | 0o600, Nlink: 1, Blksize: pageSize,
	}
	return 0
}

func (e *pipeEnd) Close() syscall.Errno {
	p := e.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	e.gone = true
	if e.reads() {
		p.readers--
	}
	if e.writes() {
		p.writers--
	}
	if p.readers+p.writers == 0 {
		p.ring = file.Ring{}
	}
	p.toRead.Notify(file.Readable | file.HangUp)
	p.toWrite.Notify(file.Writable | file.HangUp)
	return 0
}

func (e *pipeEnd) ControlSize(request uint32) (int, bool) { return 4, request == fionread }

func (e *pipeEnd) Control(request uint32, argument []byte) (uintptr, syscall.Errno) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	putUint32(argument, uint32(e.ring.Length()))
	return 0, 0
}

// setSize is F_SETPIPE_SZ.
func (p *pipe) setSize(size int) (uintptr, syscall.Errno) {
	const most = 1 << 20
	p.mu.Lock()
	defer p.mu.Unlock()
	rounded := pageSize
	for rounded < size && rounded < most {
		rounded *= 2
	}
	switch {
	case size < 0:
		return 0, syscall.EINVAL
	case size > most:
		return 0, syscall.EPERM
	case rounded < p.ring.Length():
		return 0, syscall.EBUSY
	}
	p.size = rounded
	p.ring.Fit(rounded)
	return uintptr(rounded), 0
}

func sysPipe(a *call.Arguments) (uintptr, syscall.Errno) { return makePipe(a, 0) }

func sysPipe2(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := int(int32(a.Value[1]))
	if flags&^(syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_DIRECT) != 0 {
		return 0, syscall.EINVAL
	}
	return makePipe(a, flags)
}

func makePipe(a *call.Arguments, flags int) (uintptr, syscall.Errno) {
	p := &pipe{size: pipeSize, inode: newInode()}
	read := &pipeEnd{pipe: p, flags: syscall.O_RDONLY}
	write := &pipeEnd{pipe: p, flags: syscall.O_WRONLY}
	write.join()
	read.join()
	return installPair(Argument(a, 0), read, write, syscall.O_RDONLY, syscall.O_WRONLY, flags)
}

// installPair opens two descriptors with the given access modes and O_ flags, and writes their
// numbers to p.
func installPair(p Pointer, f0, f1 file.File, mode0, mode1, flags int) (uintptr, syscall.Errno) {
	status, closeOnExec := flags&^syscall.O_CLOEXEC, flags&syscall.O_CLOEXEC != 0
	fd0, errno := Install(f0, mode0|status, closeOnExec)
	if errno != 0 {
		f1.Close()
		return 0, errno
	}
	fd1, errno := Install(f1, mode1|status, closeOnExec)
	if errno == 0 {
		if errno = CopyOut(p, &[2]int32{int32(fd0), int32(fd1)}); errno == 0 {
			return 0, 0
		}
		closeDescriptor(fd1)
	}
	closeDescriptor(fd0)
	return 0, errno
}
