package net

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/linux"
)

func callSendto(a *call.Arguments) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m := newMessage(int(int32(a.Value[3])))
	defer putMessage(m)
	if to := linux.Argument(a, 4); !to.IsNil() {
		if errno := m.address.copyIn(to, a.Value[5]); errno != 0 {
			return 0, errno
		}
	}
	from := linux.Argument(a, 1)
	memory, errno := linux.BorrowSome(from, min(a.Value[2], mostBytes), linux.In)
	if errno != 0 {
		return 0, errno
	}
	m.bytes = memory.Bytes
	n, errno := sendWait(d, s, m)
	memory.Return(from, 0)
	return uintptr(n), errno
}

func callRecvfrom(a *call.Arguments) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m := newMessage(int(int32(a.Value[3])))
	defer putMessage(m)
	from := linux.Argument(a, 4)
	m.wantAddress = !from.IsNil()
	to := linux.Argument(a, 1)
	memory, errno := linux.BorrowSome(to, min(a.Value[2], mostBytes), linux.Out)
	if errno != 0 {
		return 0, errno
	}
	m.bytes = memory.Bytes
	n, errno := receiveWait(d, s, m)
	if e := memory.Return(to, min(n, len(memory.Bytes))); errno == 0 {
		errno = e
	}
	if errno == 0 && m.wantAddress {
		errno = m.address.copyOut(from, linux.Argument(a, 5))
	}
	return uintptr(n), errno
}

// Limits of one call: MAX_RW_COUNT, and net.core.optmem_max for control messages.
const (
	mostBytes    = 0x7FFFF000
	mostControl  = 20480
	mostMessages = 1024 // UIO_MAXIOV, in sendmmsg and recvmmsg
)

// Fields of struct msghdr (recvmsg(2)), and of struct mmsghdr that holds one.
const (
	msgName          = 0
	msgNameLength    = 8
	msgVector        = 16
	msgVectorLength  = 24
	msgControl       = 32
	msgControlLength = 40
	msgFlags         = 48
	mmsgLength       = 56
	mmsgSize         = 64
)

// A msghdr is a struct msghdr of the program's. Like a Pointer, it stays in local variables: it must
// not escape, and is therefore never handed to a function by a variable.
type msghdr struct {
	at            linux.Pointer
	name, control linux.Pointer
	nameLength    int32
	controlLength uint64
	vector        linux.Vector
}

// read reads the header at p.
func (h *msghdr) read(p linux.Pointer) (errno syscall.Errno) {
	h.at = p
	if h.name, errno = p.Add(msgName).Load(); errno != 0 {
		return errno
	}
	if errno = linux.CopyIn(p.Add(msgNameLength), &h.nameLength); errno != 0 {
		return errno
	}
	segments, errno := p.Add(msgVector).Load()
	if errno != 0 {
		return errno
	}
	var count uint64
	if errno = linux.CopyIn(p.Add(msgVectorLength), &count); errno != 0 {
		return errno
	}
	if count > mostMessages {
		return syscall.EMSGSIZE
	}
	if h.control, errno = p.Add(msgControl).Load(); errno != 0 {
		return errno
	}
	if errno = linux.CopyIn(p.Add(msgControlLength), &h.controlLength); errno != 0 {
		return errno
	}
	if h.name.IsNil() {
		h.nameLength = 0
	}
	if h.nameLength < 0 {
		return syscall.EINVAL
	}
	if h.control.IsNil() {
		h.controlLength = 0
	}
	h.vector, errno = linux.NewVector(segments, uintptr(count))
	return errno
}

// send sends the message that h describes.
func (h *msghdr) send(d *linux.Description, s socket, flags int) (sent int, errno syscall.Errno) {
	m := newMessage(flags)
	defer putMessage(m)
	if h.nameLength > 0 {
		if errno := m.address.copyIn(h.name, uintptr(h.nameLength)); errno != 0 {
			return 0, errno
		}
	}
	if h.controlLength > mostControl {
		return 0, syscall.ENOBUFS
	}
	if h.controlLength > 0 {
		memory, errno := linux.Borrow(h.control, uintptr(h.controlLength), linux.In)
		if errno != 0 {
			return 0, errno
		}
		m.control = append(m.control, memory.Bytes...)
		memory.Return(h.control, 0)
	}
	if !s.properties().stream() {
		memory, errno := h.vector.Borrow(linux.In)
		if errno != 0 {
			return 0, errno
		}
		m.bytes = memory.Bytes
		sent, errno = sendWait(d, s, m)
		h.vector.Return(memory, 0, 0)
		return sent, errno
	}
	for {
		memory, errno := h.vector.Piece(sent, linux.In)
		if errno == 0 {
			m.bytes = memory.Bytes
			var n int
			n, errno = sendWait(d, s, m)
			h.vector.Return(memory, sent, 0)
			sent += n
			m.control = m.control[:0] // they go with the first byte
			if errno == 0 && n == len(memory.Bytes) && sent < h.vector.Length {
				continue
			}
		}
		if sent > 0 {
			errno = 0
		}
		return sent, errno
	}
}

// receive receives a message into what h describes.
func (h *msghdr) receive(d *linux.Description, s socket, flags int) (received int, errno syscall.Errno) {
	m := newMessage(flags)
	defer putMessage(m)
	m.wantAddress = !h.name.IsNil()
	m.room = int(min(h.controlLength, mostControl))
	memory, errno := h.vector.Borrow(linux.Out)
	if errno != 0 {
		return 0, errno
	}
	m.bytes = memory.Bytes
	received, errno = receiveWait(d, s, m)
	if e := h.vector.Return(memory, 0, min(received, len(memory.Bytes))); errno == 0 {
		errno = e
	}
	if errno != 0 {
		return 0, errno
	}
	m.installRights()
	return received, h.write(m)
}

// write tells the program about m, which was received.
func (h *msghdr) write(m *message) syscall.Errno {
	if m.wantAddress {
		if errno := m.address.copyTo(h.name, int(h.nameLength)); errno != 0 {
			return errno
		}
	}
	length := int32(m.address.length)
	if errno := linux.CopyOut(h.at.Add(msgNameLength), &length); errno != 0 {
		return errno
	}
	if len(m.control) > 0 {
		memory, errno := linux.Borrow(h.control, uintptr(len(m.control)), linux.Out)
		if errno != 0 {
			return errno
		}
		copy(memory.Bytes, m.control)
		if errno := memory.Return(h.control, len(m.control)); errno != 0 {
			return errno
		}
	}
	controlLength := uint64(len(m.control))
	if errno := linux.CopyOut(h.at.Add(msgControlLength), &controlLength); errno != 0 {
		return errno
	}
	flags := int32(m.outFlags | m.flags&syscall.MSG_CMSG_CLOEXEC) // Linux hands that one back
	return linux.CopyOut(h.at.Add(msgFlags), &flags)
}

func callSendmsg(a *call.Arguments) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	var h msghdr
	if errno := h.read(linux.Argument(a, 1)); errno != 0 {
		return 0, errno
	}
	n, errno := h.send(d, s, int(int32(a.Value[2])))
	return uintptr(n), errno
}

func callRecvmsg(a *call.Arguments) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	var h msghdr
	if errno := h.read(linux.Argument(a, 1)); errno != 0 {
		return 0, errno
	}
	n, errno := h.receive(d, s, int(int32(a.Value[2])))
	return uintptr(n), errno
}

func callSendmmsg(a *call.Arguments) (uintptr, syscall.Errno) {
	return several(a, true)
}

func callRecvmmsg(a *call.Arguments) (uintptr, syscall.Errno) {
	return several(a, false)
}

// msgWaitForOne makes recvmmsg wait for the first message only.
const msgWaitForOne = 0x10000

// several moves the messages of an array of struct mmsghdr. An error after the first message is kept
// quiet: it will come again.
func several(a *call.Arguments, send bool) (uintptr, syscall.Errno) {
	d, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	flags := int(int32(a.Value[3]))
	count := min(a.Value[2]&0xFFFFFFFF, mostMessages)
	for i := range count {
		if errno := one(linux.Argument(a, 1).Add(i*mmsgSize), d, s, flags, send); errno != 0 {
			if i > 0 {
				return i, 0
			}
			return 0, errno
		}
		if flags&msgWaitForOne != 0 {
			flags |= syscall.MSG_DONTWAIT
		}
	}
	return count, 0
}

// one moves the message of the struct mmsghdr at p.
func one(p linux.Pointer, d *linux.Description, s socket, flags int, send bool) syscall.Errno {
	var h msghdr
	errno := h.read(p)
	if errno != 0 {
		return errno
	}
	var n int
	if send {
		n, errno = h.send(d, s, flags)
	} else {
		n, errno = h.receive(d, s, flags)
	}
	if errno != 0 {
		return errno
	}
	length := uint32(n)
	return linux.CopyOut(p.Add(mmsgLength), &length)
}
