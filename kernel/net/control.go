package net

import (
	"encoding/binary"
	"syscall"

	"github.com/ringo-os/ringo/kernel/linux"
)

// struct cmsghdr (cmsg(3)): length with the header, level, type; data and next are 8-byte aligned.
const (
	controlHeader = 16
	controlLevel  = 8
	controlType   = 12
)

func controlAlign(n int) int { return (n + 7) &^ 7 }

// addControl appends a control message to what is received, as far as there is room for it.
func (m *message) addControl(level, kind int, data []byte) {
	whole := controlHeader + len(data)
	left := m.room - len(m.control)
	if left < controlHeader {
		m.outFlags |= syscall.MSG_CTRUNC
		return
	}
	if whole > left {
		m.outFlags |= syscall.MSG_CTRUNC
		whole = left
	}
	var h [controlHeader]byte
	binary.NativeEndian.PutUint64(h[:], uint64(whole))
	binary.NativeEndian.PutUint32(h[controlLevel:], uint32(level))
	binary.NativeEndian.PutUint32(h[controlType:], uint32(kind))
	m.control = append(m.control, h[:]...)
	m.control = append(m.control, data[:whole-controlHeader]...)
	for len(m.control)%8 != 0 && len(m.control) < m.room {
		m.control = append(m.control, 0)
	}
}

// addControlInt appends one whose data is an int.
func (m *message) addControlInt(level, kind, value int) {
	var data [4]byte
	binary.NativeEndian.PutUint32(data[:], uint32(value))
	m.addControl(level, kind, data[:])
}

// eachControl calls f with each control message that is to be sent.
func (m *message) eachControl(f func(level, kind int, data []byte) syscall.Errno) syscall.Errno {
	for rest := m.control; len(rest) >= controlHeader; {
		whole := binary.NativeEndian.Uint64(rest)
		if whole < controlHeader || whole > uint64(len(rest)) {
			return syscall.EINVAL
		}
		level := int(int32(binary.NativeEndian.Uint32(rest[controlLevel:])))
		kind := int(int32(binary.NativeEndian.Uint32(rest[controlType:])))
		if errno := f(level, kind, rest[controlHeader:whole]); errno != 0 {
			return errno
		}
		rest = rest[min(controlAlign(int(whole)), len(rest)):]
	}
	return 0
}

// installRights opens descriptors for those that came along with a message (SCM_RIGHTS, unix(7)).
// What finds no room is closed.
func (m *message) installRights() {
	if len(m.rights) == 0 {
		return
	}
	fit := max(0, (m.room-len(m.control)-controlHeader)/4)
	if fit < len(m.rights) {
		m.outFlags |= syscall.MSG_CTRUNC
	}
	closeOnExec := m.flags&syscall.MSG_CMSG_CLOEXEC != 0
	var fds []byte
	for _, d := range m.rights[:min(fit, len(m.rights))] {
		fd, errno := linux.InstallDescription(d, 0, closeOnExec)
		if errno != 0 {
			m.outFlags |= syscall.MSG_CTRUNC
			break
		}
		fds = binary.NativeEndian.AppendUint32(fds, uint32(fd))
	}
	if len(fds) > 0 {
		m.addControl(syscall.SOL_SOCKET, syscall.SCM_RIGHTS, fds)
	}
}

// takeRights collects the descriptors that a message is to carry, each held.
func (m *message) takeRights(data []byte) syscall.Errno {
	for ; len(data) >= 4; data = data[4:] {
		d, errno := linux.Lookup(uintptr(int32(binary.NativeEndian.Uint32(data))))
		if errno != 0 {
			return errno
		}
		d.Hold()
		m.rights = append(m.rights, d)
	}
	return 0
}
