package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

func sysDup(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	fd, errno := InstallDescription(d, 0, false)
	return uintptr(fd), errno
}

func sysDup2(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	to := int(int32(a.Value[1]))
	if int32(a.Value[0]) == int32(to) {
		return uintptr(to), 0
	}
	return uintptr(to), replace(to, d, false)
}

func sysDup3(a *call.Arguments) (uintptr, syscall.Errno) {
	to, flags := int(int32(a.Value[1])), int(a.Value[2])
	if flags&^syscall.O_CLOEXEC != 0 || int32(a.Value[0]) == int32(to) {
		return 0, syscall.EINVAL
	}
	if uint(to) >= uint(descriptorLimit()) {
		return 0, syscall.EBADF
	}
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	return uintptr(to), replace(to, d, flags&syscall.O_CLOEXEC != 0)
}

// Requests of ioctl that concern the descriptor, or every file.
const (
	fionread = 0x541b
	fionbio  = 0x5421
	fionclex = 0x5450
	fioclex  = 0x5451

	tiocgptpeer = 0x5441
)

// Ioctl is ioctl(2); package net has the requests for interfaces.
func Ioctl(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	request := uint32(a.Value[1])
	switch request {
	case fioclex, fionclex:
		setCloseOnExec(int(int32(a.Value[0])), request == fioclex)
		return 0, 0
	case fionbio:
		var on int32
		if errno := CopyIn(Argument(a, 2), &on); errno != 0 {
			return 0, errno
		}
		flags := d.Flags() &^ syscall.O_NONBLOCK
		if on != 0 {
			flags |= syscall.O_NONBLOCK
		}
		d.setFlags(flags)
		return 0, 0
	}
	if c, ok := d.File.(file.Commander); ok {
		if errno, known := c.Command(request, a.Value[2]); known {
			return 0, errno
		}
	}
	if p, ok := d.File.(file.Peered); ok && request == tiocgptpeer {
		return openPeer(p, int(a.Value[2]))
	}
	if c, ok := d.File.(file.Controller); ok {
		return control(c, request, a)
	}
	if request == fionread && d.regular() {
		return 0, unread(d, Argument(a, 2))
	}
	return 0, syscall.ENOTTY
}

// openPeer opens the other end of p.
func openPeer(p file.Peered, flags int) (uintptr, syscall.Errno) {
	f, errno := p.OpenPeer(flags)
	if errno != 0 {
		return 0, errno
	}
	fd, errno := Install(f, flags&^syscall.O_CLOEXEC, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}

// control hands a request to the file that knows it.
func control(c file.Controller, request uint32, a *call.Arguments) (uintptr, syscall.Errno) {
	size, known := c.ControlSize(request)
	if !known {
		return 0, syscall.ENOTTY
	}
	m, errno := Borrow(Argument(a, 2), uintptr(size), In|Out)
	if errno != 0 {
		return 0, errno
	}
	result, errno := c.Control(request, m.Bytes)
	if e := m.Return(Argument(a, 2), size); errno == 0 {
		errno = e
	}
	return result, errno
}

// regular reports whether d is a regular file.
func (d *Description) regular() bool {
	e, ok := d.entry()
	return ok && e.Node().Mode()&syscall.S_IFMT == syscall.S_IFREG
}

// unread is FIONREAD of a regular file: what there is between the position and the end.
func unread(d *Description, result Pointer) syscall.Errno {
	var st syscall.Stat_t
	d.File.Status(&st)
	position, errno := d.seeker.Move(0, 1)
	if errno != 0 {
		return errno
	}
	left := int32(st.Size - position)
	return CopyOut(result, &left)
}
