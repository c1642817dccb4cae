package linux

import (
	"encoding/binary"
	"math"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
)

func sysEpollCreate(a *call.Arguments) (uintptr, syscall.Errno) {
	if int32(a.Value[0]) <= 0 {
		return 0, syscall.EINVAL
	}
	return epollCreate(0)
}

func sysEpollCreate1(a *call.Arguments) (uintptr, syscall.Errno) { return epollCreate(int(a.Value[0])) }

func epollCreate(flags int) (uintptr, syscall.Errno) {
	if flags&^syscall.O_CLOEXEC != 0 {
		return 0, syscall.EINVAL
	}
	fd, errno := Install(new(epoll), syscall.O_RDWR, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}

// epollEventSize is the size of struct epoll_event, which is packed: the events, and the program's data.
const epollEventSize = 12

func getEpollEvent(b []byte) (events uint32, data uint64) {
	return binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint64(b[4:])
}

func putEpollEvent(b []byte, events uint32, data uint64) {
	binary.NativeEndian.PutUint32(b, events)
	binary.NativeEndian.PutUint64(b[4:], data)
}

func sysEpollCtl(a *call.Arguments) (uintptr, syscall.Errno) {
	const add, remove, modify = 1, 2, 3
	var event [epollEventSize]byte
	if a.Value[1] != remove {
		if errno := CopyIn(Argument(a, 3), &event); errno != 0 {
			return 0, errno
		}
	}
	self, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	target, errno := Lookup(a.Value[2])
	if errno != 0 {
		return 0, errno
	}
	e, ok := self.File.(*epoll)
	if !ok || target == self {
		return 0, syscall.EINVAL
	}
	key := interestKey{int32(a.Value[2]), target}
	events, data := getEpollEvent(event[:])
	switch a.Value[1] {
	case add:
		if inner, ok := target.File.(*epoll); ok && inner.reaches(e, 0) {
			return 0, syscall.ELOOP
		}
		return 0, e.add(key, events, data)
	case remove:
		return 0, e.remove(key)
	case modify:
		return 0, e.modify(key, events, data)
	}
	return 0, syscall.EINVAL
}

// reaches reports whether e watches target, itself or through others, or too many others.
func (e *epoll) reaches(target *epoll, depth int) bool {
	const most = 4
	if e == target || depth > most {
		return true
	}
	e.mu.Lock()
	var inner []*epoll
	for key := range e.interest {
		if next, ok := key.description.File.(*epoll); ok {
			inner = append(inner, next)
		}
	}
	e.mu.Unlock()
	for _, next := range inner {
		if next.reaches(target, depth+1) {
			return true
		}
	}
	return false
}

// sysEpollWait is also epoll_pwait, whose signal mask means nothing here.
func sysEpollWait(a *call.Arguments) (uintptr, syscall.Errno) {
	return epollWait(a, milliseconds(int32(a.Value[3])))
}

func sysEpollPwait2(a *call.Arguments) (uintptr, syscall.Errno) {
	end, errno := deadline(Argument(a, 3))
	if errno != 0 {
		return 0, errno
	}
	return epollWait(a, end)
}

func epollWait(a *call.Arguments, end int64) (uintptr, syscall.Errno) {
	const mostAtOnce = 4096
	most := int32(a.Value[2])
	if most <= 0 || most > math.MaxInt32/epollEventSize {
		return 0, syscall.EINVAL
	}
	e, d, errno := lookupAs[*epoll](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	size := uintptr(min(most, mostAtOnce)) * epollEventSize
	if told := lend(Argument(a, 1), size, Out, true); told != nil {
		n, errno := e.wait(d, told, end)
		return uintptr(n), errno
	}
	m, errno := Borrow(Argument(a, 1), size, Out)
	if errno != 0 {
		return 0, errno
	}
	n, errno := e.wait(d, m.Bytes, end)
	if fault := m.Return(Argument(a, 1), n*epollEventSize); fault != 0 {
		return 0, fault
	}
	return uintptr(n), errno
}

// wait collects what is ready, and waits until the deadline for something to be. d leads to e.
func (e *epoll) wait(d *Description, told []byte, end int64) (n int, errno syscall.Errno) {
	for {
		if n = e.collect(told); n > 0 {
			return n, 0
		}
		if errno = d.Wait(file.Readable, end); errno == syscall.EAGAIN {
			return 0, 0
		} else if errno != 0 {
			return 0, errno
		}
	}
}
