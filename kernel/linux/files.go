package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// read reads at the file's own position, and waits for the first byte if it may.
func (d *Description) read(p []byte) (int, syscall.Errno) {
	for {
		n, errno := d.File.Read(p)
		if errno != syscall.EAGAIN || d.NonBlocking() || len(p) == 0 {
			return n, errno
		}
		if errno := d.Wait(file.Readable, Never); errno != 0 {
			return 0, errno
		}
	}
}

// write writes at the file's own position, and waits until all is written if it may.
func (d *Description) write(p []byte) (int, syscall.Errno) {
	n, errno := d.File.Write(p)
	if n == len(p) && errno == 0 {
		return n, 0
	}
	return d.goOn(p, n, errno)
}

// goOn is write after the first attempt, which has ended with n and errno.
func (d *Description) goOn(p []byte, n int, errno syscall.Errno) (written int, _ syscall.Errno) {
	for ; ; n, errno = d.File.Write(p[written:]) {
		written += n
		switch {
		case written == len(p), errno == 0 && n == 0, d.NonBlocking():
		case errno == 0:
			continue
		case errno == syscall.EAGAIN:
			if errno = d.Wait(file.Writable, Never); errno == 0 {
				continue
			}
		}
		if errno == syscall.EPIPE && d.pipe() != nil {
			raise(newSignalInfo(syscall.SIGPIPE, fromUser), machine.ThreadID())
		}
		if written > 0 {
			errno = 0
		}
		return written, errno
	}
}

// source and sink look up the descriptor in an argument, for reading and for writing; nil: that is EBADF.
func source(fd uintptr) *Description {
	if d := find(fd); d != nil && d.reads {
		return d
	}
	return nil
}

func sink(fd uintptr) *Description {
	if d := find(fd); d != nil && d.writes {
		return d
	}
	return nil
}

func sysRead(a *call.Arguments) (uintptr, syscall.Errno) {
	d := source(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	if p := lend(Argument(a, 1), a.Value[2], Out, d.immediate); p != nil {
		n, errno := d.read(p)
		machine.CountRead(n)
		d.accessed(n)
		return uintptr(n), errno
	}
	m, errno := BorrowSome(Argument(a, 1), a.Value[2], Out)
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.read(m.limited())
	machine.CountRead(n)
	d.accessed(n)
	if e := m.Return(Argument(a, 1), n); e != 0 {
		return 0, e
	}
	return uintptr(n), errno
}

func sysWrite(a *call.Arguments) (uintptr, syscall.Errno) {
	d := sink(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	if p := lend(Argument(a, 1), a.Value[2], In, d.immediate); p != nil {
		n, errno := d.write(p)
		machine.CountWrite(n)
		d.modified(n)
		return uintptr(n), errno
	}
	m, errno := BorrowSome(Argument(a, 1), a.Value[2], In)
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.write(m.limited())
	machine.CountWrite(n)
	d.modified(n)
	m.Return(Argument(a, 1), n)
	return uintptr(n), errno
}

// limited returns as much of m as one call may transfer.
func (m Memory) limited() []byte { return m.Bytes[:min(len(m.Bytes), countMax)] }

func sysPread(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	d := source(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	if d.seeker == nil {
		return 0, syscall.ESPIPE
	}
	if p := lend(Argument(a, 1), a.Value[2], Out, d.immediate); p != nil && offset+int64(len(p)) >= 0 {
		n, errno := d.seeker.ReadAt(p, offset)
		machine.CountRead(n)
		d.accessed(n)
		return uintptr(n), errno
	}
	m, errno := BorrowSome(Argument(a, 1), a.Value[2], Out)
	if errno != 0 {
		return 0, errno
	}
	n := 0
	if p := m.limited(); offset+int64(len(p)) < 0 {
		errno = syscall.EINVAL
	} else {
		n, errno = d.seeker.ReadAt(p, offset)
		machine.CountRead(n)
		d.accessed(n)
	}
	if e := m.Return(Argument(a, 1), n); e != 0 {
		return 0, e
	}
	return uintptr(n), errno
}

func sysPwrite(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	d := sink(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	if d.seeker == nil {
		return 0, syscall.ESPIPE
	}
	if p := lend(Argument(a, 1), a.Value[2], In, d.immediate); p != nil && offset+int64(len(p)) >= 0 {
		n, errno := d.seeker.WriteAt(p, offset)
		machine.CountWrite(n)
		d.modified(n)
		return uintptr(n), errno
	}
	m, errno := BorrowSome(Argument(a, 1), a.Value[2], In)
	if errno != 0 {
		return 0, errno
	}
	n := 0
	if p := m.limited(); offset+int64(len(p)) < 0 {
		errno = syscall.EINVAL
	} else {
		n, errno = d.seeker.WriteAt(p, offset)
		machine.CountWrite(n)
		d.modified(n)
	}
	m.Return(Argument(a, 1), n)
	return uintptr(n), errno
}

func sysLseek(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if d.seeker == nil {
		return 0, syscall.ESPIPE
	}
	offset, errno := d.seeker.Move(int64(a.Value[1]), int(a.Value[2]))
	return uintptr(offset), errno
}

func sysFtruncate(a *call.Arguments) (uintptr, syscall.Errno) {
	size := int64(a.Value[1])
	if size < 0 {
		return 0, syscall.EINVAL
	}
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	e, ok := d.entry()
	if !ok || !d.writes {
		return 0, syscall.EINVAL
	}
	return 0, truncate(e, size)
}

func sysTruncate(a *call.Arguments) (uintptr, syscall.Errno) {
	size := int64(a.Value[1])
	if size < 0 {
		return 0, syscall.EINVAL
	}
	e, errno := lookup(atCWD, a, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return 0, truncate(e, size)
}

func truncate(e *fs.Entry, size int64) syscall.Errno {
	errno := e.Node().Truncate(size)
	if errno == 0 {
		files.Tell(e, fs.Modified, false)
	}
	return errno
}

func sysFallocate(a *call.Arguments) (uintptr, syscall.Errno) {
	mode, offset, length := int(int32(a.Value[1])), int64(a.Value[2]), int64(a.Value[3])
	d, errno := Lookup(a.Value[0])
	switch {
	case errno != 0:
		return 0, errno
	case offset < 0 || length <= 0:
		return 0, syscall.EINVAL
	case !fs.ValidAllocate(mode):
		return 0, syscall.EOPNOTSUPP
	case !d.writes:
		return 0, syscall.EBADF
	case d.pipe() != nil:
		return 0, syscall.ESPIPE
	}
	e, ok := d.entry()
	if !ok {
		return 0, syscall.ENODEV
	}
	if errno := e.Node().Allocate(mode, offset, length); errno != 0 {
		return 0, errno
	}
	files.Tell(e, fs.Modified, true)
	return 0, 0
}

// sysFsync is also fdatasync: what is in memory is as safe as it gets.
func sysFsync(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if _, ok := d.entry(); !ok {
		return 0, syscall.EINVAL
	}
	return 0, 0
}

func sysSync(a *call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }

// sysSyncfs has nothing to do for an open file.
func sysSyncfs(a *call.Arguments) (uintptr, syscall.Errno) {
	_, errno := Lookup(a.Value[0])
	return 0, errno
}
