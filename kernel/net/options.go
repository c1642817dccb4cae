package net

import (
	"encoding/binary"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/linux"
)

// mostOption is the largest value of an option that is looked at.
const mostOption = 4096

func callSetsockopt(a *call.Arguments) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	level, name, length := int(int32(a.Value[1])), int(int32(a.Value[2])), int(int32(a.Value[4]))
	if length < 0 {
		return 0, syscall.EINVAL
	}
	p := linux.Argument(a, 3)
	if level == syscall.SOL_SOCKET && name == unix.SO_ATTACH_FILTER {
		return 0, attachFilter(s, p, length)
	}
	memory, errno := linux.Borrow(p, uintptr(min(length, mostOption)), linux.In)
	if errno != 0 {
		return 0, errno
	}
	defer memory.Return(p, 0)
	if level == syscall.SOL_SOCKET {
		if errno := s.properties().setCommonOption(name, memory.Bytes); errno != syscall.ENOPROTOOPT {
			return 0, errno
		}
	}
	return 0, s.setOption(level, name, memory.Bytes)
}

func callGetsockopt(a *call.Arguments) (uintptr, syscall.Errno) {
	_, s, errno := lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	level, name := int(int32(a.Value[1])), int(int32(a.Value[2]))
	p, lengthAt := linux.Argument(a, 3), linux.Argument(a, 4)
	var length int32
	if errno := linux.CopyIn(lengthAt, &length); errno != 0 {
		return 0, errno
	}
	if length < 0 {
		return 0, syscall.EINVAL
	}
	m := newMessage(0)
	defer putMessage(m)
	value := append(m.control[:0], make([]byte, mostOption)...)
	m.control = value[:0]
	n, errno := 0, syscall.ENOPROTOOPT
	if level == syscall.SOL_SOCKET {
		n, errno = s.properties().commonOption(name, value)
	}
	if errno == syscall.ENOPROTOOPT {
		n, errno = s.option(level, name, value[:min(len(value), max(int(length), leastOption))])
	}
	if errno != 0 {
		return 0, errno
	}
	length = min(length, int32(n))
	memory, errno := linux.Borrow(p, uintptr(length), linux.Out)
	if errno != 0 {
		return 0, errno
	}
	copy(memory.Bytes, value[:n])
	if errno := memory.Return(p, int(length)); errno != 0 {
		return 0, errno
	}
	return 0, linux.CopyOut(lengthAt, &length)
}

// leastOption is how much room there is for the value of an option in any case; the program gets of
// it what it has room for.
const leastOption = 256

// Options that package syscall does not know.
const (
	soReceiveTimeoutNew = 66 // SO_RCVTIMEO_NEW
	soSendTimeoutNew    = 67 // SO_SNDTIMEO_NEW
)

// setCommonOption sets the options of SOL_SOCKET that sockets of all families have.
func (c *common) setCommonOption(name int, value []byte) syscall.Errno {
	switch name {
	case unix.SO_RCVTIMEO, soReceiveTimeoutNew, unix.SO_SNDTIMEO, soSendTimeoutNew:
		if len(value) < 16 {
			return syscall.EINVAL
		}
		seconds := int64(binary.NativeEndian.Uint64(value))
		micros := int64(binary.NativeEndian.Uint64(value[8:]))
		if micros < 0 || micros >= 1e6 {
			return syscall.EDOM
		}
		seconds = min(max(seconds, 0), 1<<31)
		timeout := seconds*int64(time.Second) + micros*int64(time.Microsecond)
		if name == unix.SO_RCVTIMEO || name == soReceiveTimeoutNew {
			c.receiveTimeout.Store(timeout)
		} else {
			c.sendTimeout.Store(timeout)
		}
		return 0
	default:
		return syscall.ENOPROTOOPT
	}
}

// commonOption returns the value of those options.
func (c *common) commonOption(name int, value []byte) (int, syscall.Errno) {
	timeval := func(nanoseconds int64) (int, syscall.Errno) {
		binary.NativeEndian.PutUint64(value, uint64(nanoseconds/1e9))
		binary.NativeEndian.PutUint64(value[8:], uint64(nanoseconds%1e9/1e3))
		return 16, 0
	}
	switch name {
	case unix.SO_TYPE:
		return putInt(value, c.kind)
	case unix.SO_DOMAIN:
		return putInt(value, c.domain)
	case unix.SO_PROTOCOL:
		return putInt(value, c.protocol)
	case unix.SO_RCVTIMEO, soReceiveTimeoutNew:
		return timeval(c.receiveTimeout.Load())
	case unix.SO_SNDTIMEO, soSendTimeoutNew:
		return timeval(c.sendTimeout.Load())
	case unix.SO_COOKIE:
		binary.NativeEndian.PutUint64(value, c.number)
		return 8, 0
	default:
		return 0, syscall.ENOPROTOOPT
	}
}

func putInt(value []byte, v int) (int, syscall.Errno) {
	binary.NativeEndian.PutUint32(value, uint32(v))
	return 4, 0
}

// getInt reads an int; options of IP may be given as one byte too.
func getInt(value []byte, level int) (int, syscall.Errno) {
	switch {
	case len(value) >= 4:
		return int(int32(binary.NativeEndian.Uint32(value))), 0
	case len(value) >= 1 && level == syscall.SOL_IP:
		return int(value[0]), 0
	default:
		return 0, syscall.EINVAL
	}
}
