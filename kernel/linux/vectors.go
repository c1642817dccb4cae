package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// ownPosition stands for the file's own position in place of an offset.
const ownPosition = -1

// readVector reads into the segments of v. Once there is something it does not wait for more.
func (d *Description) readVector(v Vector, offset int64) (total int, errno syscall.Errno) {
	for total < v.Length {
		var m Memory
		if m, errno = v.Piece(total, Out); errno != 0 {
			break
		}
		var n int
		switch {
		case offset != ownPosition:
			n, errno = d.seeker.ReadAt(m.Bytes, offset+int64(total))
		case total == 0:
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
func (d *Description) writeVector(v Vector, offset int64) (total int, errno syscall.Errno) {
	for total < v.Length {
		var m Memory
		if m, errno = v.Piece(total, In); errno != 0 {
			break
		}
		var n int
		if offset == ownPosition {
			n, errno = d.write(m.Bytes)
		} else {
			n, errno = d.seeker.WriteAt(m.Bytes, offset+int64(total))
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

func sysReadv(a *call.Arguments) (uintptr, syscall.Errno)  { return readv(a, ownPosition) }
func sysWritev(a *call.Arguments) (uintptr, syscall.Errno) { return writev(a, ownPosition) }

func sysPreadv(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	return readv(a, offset)
}

func sysPwritev(a *call.Arguments) (uintptr, syscall.Errno) {
	offset := int64(a.Value[3])
	if offset < 0 {
		return 0, syscall.EINVAL
	}
	return writev(a, offset)
}

// Of the flags of preadv2 and pwritev2 those that ask for durability are kept without doing
// anything.
const syncFlags = 0x1 | 0x2 | 0x4 // RWF_HIPRI, RWF_DSYNC, RWF_SYNC

func sysPreadv2(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[5]&^syncFlags != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	if int64(a.Value[3]) == ownPosition {
		return readv(a, ownPosition)
	}
	return sysPreadv(a)
}

func sysPwritev2(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[5]&^syncFlags != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	if int64(a.Value[3]) == ownPosition {
		return writev(a, ownPosition)
	}
	return sysPwritev(a)
}

func readv(a *call.Arguments, offset int64) (uintptr, syscall.Errno) {
	d, errno := source(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if offset != ownPosition && d.seeker == nil {
		return 0, syscall.ESPIPE
	}
	v, errno := NewVector(Argument(a, 1), a.Value[2])
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.readVector(v, offset)
	if errno == 0 {
		d.accessed(max(n, 1)) // told of at the end of the file, too, as on Linux
	}
	return uintptr(n), errno
}

func writev(a *call.Arguments, offset int64) (uintptr, syscall.Errno) {
	d, errno := sink(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if offset != ownPosition && d.seeker == nil {
		return 0, syscall.ESPIPE
	}
	v, errno := NewVector(Argument(a, 1), a.Value[2])
	if errno != 0 {
		return 0, errno
	}
	n, errno := d.writeVector(v, offset)
	d.modified(n)
	return uintptr(n), errno
}
