package linux

import (
	"cmp"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// What kcmp(2) compares: the descriptions behind two descriptors, or something that all threads have in common. What epoll
// watches is left out.
const (
	compareFile  = 0
	compareLast  = 6
	compareEpoll = 7
)

func sysKcmp(a *call.Arguments) (uintptr, syscall.Errno) {
	for _, id := range a.Value[:2] {
		if !machine.HasThread(int(int32(id))) {
			return 0, syscall.ESRCH
		}
	}
	switch kind := uint32(a.Value[2]); {
	case kind == compareFile:
	case kind <= compareLast:
		return 0, 0
	case kind == compareEpoll:
		return 0, syscall.EOPNOTSUPP
	default:
		return 0, syscall.EINVAL
	}
	x, errno := lookupPath(a.Value[3])
	if errno != 0 {
		return 0, errno
	}
	y, errno := lookupPath(a.Value[4])
	if errno != 0 {
		return 0, errno
	}
	// 0 if they are the same, 1 and 2 for an order of those that are not.
	order := cmp.Compare(uintptr(unsafe.Pointer(x)), uintptr(unsafe.Pointer(y)))
	return [...]uintptr{1, 0, 2}[order+1], 0
}
