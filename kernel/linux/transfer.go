package linux

import (
	"math"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A flow is one end of a copy between two files: at an offset, or at the file's own position.
type flow struct {
	d      *Description
	offset int64
}

// newFlow reads the offset at p, if there is one.
func newFlow(d *Description, p Pointer) (f flow, errno syscall.Errno) {
	f = flow{d, ownPosition}
	if p.IsNil() {
		return f, 0
	}
	if errno = CopyIn(p, &f.offset); errno != 0 {
		return f, errno
	}
	switch {
	case d.seeker == nil:
		errno = syscall.ESPIPE
	case f.offset < 0:
		errno = syscall.EINVAL
	}
	return f, errno
}

// end writes the offset back to p.
func (f flow) end(p Pointer) syscall.Errno {
	if f.offset == ownPosition {
		return 0
	}
	return CopyOut(p, &f.offset)
}

// transfer copies up to n bytes. It does not wait for more than there is to read.
func transfer(to, from *flow, n int) (total int, errno syscall.Errno) {
	b := getBounce(min(n, bounceKeep))
	defer putBounce(b)
	for total < n {
		p := b.bytes[:min(n-total, len(b.bytes), bounceKeep)]
		var got, put int
		if from.offset == ownPosition {
			got, errno = from.d.read(p)
		} else {
			got, errno = from.d.seeker.ReadAt(p, from.offset)
		}
		if errno != 0 || got == 0 {
			break
		}
		if to.offset == ownPosition {
			put, errno = to.d.write(p[:got])
		} else {
			put, errno = to.d.seeker.WriteAt(p[:got], to.offset)
		}
		total += put
		from.advance(put)
		to.advance(put)
		if put < got && from.offset == ownPosition && from.d.seeker != nil {
			from.d.seeker.Move(int64(put-got), 1) // what could not be written was not read
		}
		if errno != 0 || put < got {
			break
		}
	}
	if total > 0 {
		errno = 0
	}
	return total, errno
}

func (f *flow) advance(n int) {
	if f.offset != ownPosition {
		f.offset += int64(n)
	}
}

func sysSendfile(a *call.Arguments) (uintptr, syscall.Errno) {
	in, errno := Lookup(a.Value[1])
	if errno == 0 && !in.reads {
		errno = syscall.EBADF
	}
	if errno != 0 {
		return 0, errno
	}
	from, errno := newFlow(in, Argument(a, 2))
	if errno != 0 {
		return 0, errno
	}
	if from.overflows(a.Value[3]) {
		return 0, syscall.EINVAL
	}
	out := sink(a.Value[0])
	if out == nil {
		return 0, syscall.EBADF
	}
	to := flow{out, ownPosition}
	if to.overflows(a.Value[3]) {
		return 0, syscall.EINVAL
	}
	switch {
	case out.flags.Load()&syscall.O_APPEND != 0:
		return 0, syscall.EINVAL
	case a.Value[3] == 0:
		return 0, 0
	case in.seeker == nil || in.directory():
		return 0, syscall.EINVAL
	}
	n, errno := transfer(&to, &from, int(min(a.Value[3], countMax)))
	in.accessed(n)
	out.modified(n)
	machine.CountRead(n)
	machine.CountWrite(n)
	if fault := from.end(Argument(a, 2)); fault != 0 {
		return 0, fault
	}
	return uintptr(n), errno
}

func sysCopyFileRange(a *call.Arguments) (uintptr, syscall.Errno) {
	in, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	out, errno := Lookup(a.Value[2])
	switch {
	case errno != 0:
		return 0, errno
	case a.Value[5] != 0:
		return 0, syscall.EINVAL
	case in.directory() || out.directory():
		return 0, syscall.EISDIR
	case !in.regular() || !out.regular():
		return 0, syscall.EINVAL
	case !in.reads || !out.writes || out.flags.Load()&syscall.O_APPEND != 0:
		return 0, syscall.EBADF
	case !sameVolume(in, out):
		return 0, syscall.EXDEV
	}
	from, errno := newFlow(in, Argument(a, 1))
	if errno != 0 {
		return 0, errno
	}
	to, errno := newFlow(out, Argument(a, 3))
	if errno != 0 {
		return 0, errno
	}
	var st syscall.Stat_t
	in.File.Status(&st)
	count := min(int64(min(a.Value[4], countMax)), max(st.Size-from.position(), 0))
	switch room := math.MaxInt64 - to.position(); {
	case room == 0:
		return 0, syscall.EFBIG
	case count == 0:
		return 0, 0
	default:
		count = min(count, room)
	}
	if overlap(&from, &to, count) {
		return 0, syscall.EINVAL
	}
	n, errno := transfer(&to, &from, int(count))
	in.accessed(n)
	out.modified(n)
	machine.CountRead(n)
	machine.CountWrite(n)
	if fault := from.end(Argument(a, 1)); fault != 0 {
		return 0, fault
	}
	if fault := to.end(Argument(a, 3)); fault != 0 {
		return 0, fault
	}
	return uintptr(n), errno
}

// sameVolume reports whether two regular files are in the same volume.
func sameVolume(a, b *Description) bool {
	x, _ := a.entry()
	y, _ := b.entry()
	return x.Node().Volume() == y.Node().Volume()
}

// overlap reports whether n bytes would be copied within one file onto themselves.
func overlap(from, to *flow, n int64) bool {
	x, _ := from.d.entry()
	y, _ := to.d.entry()
	begin, target := from.position(), to.position()
	return x.Node() == y.Node() && target+n > begin && target < begin+n
}

// position returns where f is.
func (f *flow) position() int64 {
	if f.offset != ownPosition {
		return f.offset
	}
	offset, _ := f.d.seeker.Move(0, 1)
	return offset
}

// overflows reports whether no file could hold n bytes more.
func (f *flow) overflows(n uintptr) bool {
	return f.d.seeker != nil && !f.d.directory() && f.position()+int64(n) < 0
}

// directory reports whether d is a directory.
func (d *Description) directory() bool {
	e, ok := d.entry()
	return ok && e.Node().Mode()&syscall.S_IFMT == syscall.S_IFDIR
}

// sysSplice is also tee and vmsplice: callers copy themselves when they hear EINVAL.
func sysSplice(a *call.Arguments) (uintptr, syscall.Errno) { return 0, syscall.EINVAL }
