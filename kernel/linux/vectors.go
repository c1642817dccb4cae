package linux

import (
	"io"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// ownPosition stands for the file's own position in place of an offset.
const ownPosition = -1

// readVector reads into the segments of v. Once there is something it does not wait for more.
func (d *Description) readVector(v Vector, offset int64, flags rwFlags) (total int, errno syscall.Errno) {
	for total < v.Length {
		var m Memory
		if m, errno = v.Piece(total, Out); errno != 0 {
			break
		}
		var n int
		switch {
		case offset != ownPosition:
			n, errno = d.seeker.ReadAt(m.Bytes, offset+int64(total))
		case total == 0 && flags&rwNoWait == 0:
			n, errno = d.read(m.Bytes)
		default:
			n, errno = d.File.Read(m.Bytes)
		}
		if fault := v.Return(m, total, n); fault != 0 {
			n, errno = 0, fault
		}
		total += n
		if errno != 0 || n < len(m.Bytes) || n == 0 {
			break
		}
	}
	if total > 0 {
		errno = 0
	}
	return total, errno
}

// writeVector writes the segments of v.
func (d *Description) writeVector(v Vector, offset int64, flags rwFlags) (total int, errno syscall.Errno) {
	if f, ok := d.File.(fs.Appender); ok && flags&(rwAppend|rwNoAppend) != 0 {
		return writeWith(f, v, offset, flags&rwAppend != 0)
	}
	for total < v.Length {
		var m Memory
		if m, errno = v.Piece(total, In); errno != 0 {
			break
		}
		var n int
		switch {
		case offset != ownPosition:
			n, errno = d.seeker.WriteAt(m.Bytes, offset+int64(total))
		case flags&rwNoWait != 0:
			n, errno = d.File.Write(m.Bytes)
		default:
			n, errno = d.write(m.Bytes)
		}
		v.Return(m, total, n)
		total += n
		if errno != 0 || n < len(m.Bytes) || n == 0 {
			break
		}
	}
	if total > 0 {
		errno = 0
	}
	return total, errno
}

// writeWith writes the segments of v to f, at its end if append is set, else at offset.
func writeWith(f fs.Appender, v Vector, offset int64, append bool) (total int, errno syscall.Errno) {
	at := offset
	if offset == ownPosition {
		if at, errno = f.Move(0, io.SeekCurrent); errno != 0 {
			return 0, errno
		}
	}
	for total < v.Length {
		var m Memory
		if m, errno = v.Piece(total, In); errno != 0 {
			break
		}
		var n int
		n, at, errno = f.WriteWith(m.Bytes, at, append)
		v.Return(m, total, n)
		total += n
		if errno != 0 || n < len(m.Bytes) {
			break
		}
	}
	if total > 0 {
		if errno = 0; offset == ownPosition {
			f.Move(at, io.SeekStart)
		}
	}
	return total, errno
}

func sysReadv(a *call.Arguments) (uintptr, syscall.Errno)  { return readv(a, ownPosition, 0) }
func sysWritev(a *call.Arguments) (uintptr, syscall.Errno) { return writev(a, ownPosition, 0) }

func sysPreadv(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	return readv(a, offset, 0)
}

func sysPwritev(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	return writev(a, offset, 0)
}

// rwFlags are those of preadv2 and pwritev2 (Linux, include/uapi/linux/fs.h). Those that ask for speed or for
// durability are kept without doing anything.
type rwFlags uintptr

const (
	rwHighPriority rwFlags = 1 << iota
	rwDataSync
	rwSync
	rwNoWait
	rwAppend
	rwNoAppend

	rwKnown = rwHighPriority | rwDataSync | rwSync | rwNoWait | rwAppend | rwNoAppend
)

// check says what is wrong with flags of a call on d. What is in memory has no atomic writes, nor another cache; and files
// with positions are never waited for, so that on Linux's tmpfs nobody may ask for that.
func (flags rwFlags) check(d *Description) syscall.Errno {
	switch {
	case flags&^rwKnown != 0, flags&^rwHighPriority != 0 && d.directory():
		return syscall.EOPNOTSUPP
	case flags&(rwAppend|rwNoAppend) == rwAppend|rwNoAppend:
		return syscall.EINVAL
	case flags&rwNoWait != 0 && d.seeker != nil:
		return syscall.EOPNOTSUPP
	}
	return 0
}

func sysPreadv2(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < ownPosition {
		return 0, syscall.EINVAL
	}
	return readv(a, offset, rwFlags(uint32(a.Value[5])))
}

func sysPwritev2(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < ownPosition {
		return 0, syscall.EINVAL
	}
	return writev(a, offset, rwFlags(uint32(a.Value[5])))
}

func readv(a *call.Arguments, offset int64, flags rwFlags) (uintptr, syscall.Errno) {
	d := source(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	v, errno := vectorFor(d, a, offset, flags)
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.readVector(v, offset, flags)
	machine.CountRead(n)
	if errno == 0 {
		d.accessed(max(n, 1)) // told of at the end of the file, too, as on Linux
	}
	return uintptr(n), errno
}

func writev(a *call.Arguments, offset int64, flags rwFlags) (uintptr, syscall.Errno) {
	d := sink(a.Value[0])
	if d == nil {
		return 0, syscall.EBADF
	}
	v, errno := vectorFor(d, a, offset, flags)
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.writeVector(v, offset, flags)
	machine.CountWrite(n)
	d.modified(n)
	return uintptr(n), errno
}

// vectorFor returns the buffers of a call on d, which may be made with that offset and those flags.
func vectorFor(d *Description, a *call.Arguments, offset int64, flags rwFlags) (v Vector, errno syscall.Errno) {
	if offset != ownPosition && d.seeker == nil {
		return v, syscall.ESPIPE
	}
	if v, errno = NewVector(Argument(a, 1), a.Value[2]); errno == 0 && v.Length > 0 {
		errno = flags.check(d)
	}
	return v, errno
}
