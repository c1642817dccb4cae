package linux

import (
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

// An epollEvent is struct epoll_event, which is packed.
type epollEvent [3]uint32

func (v *epollEvent) data() uint64 { return uint64(v[1]) | uint64(v[2])<<32 }

func sysEpollCtl(a *call.Arguments) (uintptr, syscall.Errno) {
	const add, remove, modify = 1, 2, 3
	var event epollEvent
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
	switch a.Value[1] {
	case add:
		if inner, ok := target.File.(*epoll); ok && inner.reaches(e, 0) {
			return 0, syscall.ELOOP
		}
		return 0, e.add(key, event[0], event.data())
	case remove:
		return 0, e.remove(key)
	case modify:
		return 0, e.modify(key, event[0], event.data())
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
	const size = 12
	most := int(int32(a.Value[2]))
	if most <= 0 || most > 1<<31/size-1 {
		return 0, syscall.EINVAL
	}
	e, d, errno := lookupAs[*epoll](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if !Argument(a, 1).check(uintptr(most*size), true) {
		return 0, syscall.EFAULT
	}
	for {
		n, errno := e.collect(most, func(n int, events uint32, data uint64) syscall.Errno {
			return CopyOut(Argument(a, 1).Add(uintptr(n*size)), &epollEvent{events, uint32(data), uint32(data >> 32)})
		})
		if n > 0 {
			return uintptr(n), 0
		}
		if errno != 0 {
			return 0, errno
		}
		switch errno := d.Wait(file.Readable, end); errno {
		case 0:
		case syscall.EAGAIN:
			return 0, 0
		default:
			return 0, errno
		}
	}
}
