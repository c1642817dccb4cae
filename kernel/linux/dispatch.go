package linux

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// A Handler carries out one system call. What a points to is the caller's, see call.Arguments.
type Handler func(a *call.Arguments) (result uintptr, errno syscall.Errno)

// An entry is one line of the table of system calls. Without a handler the call is missing.
type entry struct {
	name   string
	handle Handler
	missed atomic.Uint64
}

// Dispatch carries out a system call: package machine hands it every one that the program makes, unless
// they are observed.
func Dispatch(number uintptr, a *call.Arguments) (result, errno uintptr) {
	if number < uintptr(len(table)) {
		if e := &table[number]; e.handle != nil {
			result, errno := e.handle(inStack(a))
			if errno != 0 {
				return ^uintptr(0), uintptr(errno)
			}
			return result, 0
		}
		table[number].missed.Add(1)
	} else {
		unknown.Add(1)
	}
	return ^uintptr(0), uintptr(syscall.ENOSYS)
}

// inStack hides a from the compiler, which would move it to the heap for the sake of handlers that keep
// it; none does (TestArgumentsStay).
//
//go:nosplit
func inStack(a *call.Arguments) *call.Arguments {
	hidden := uintptr(unsafe.Pointer(a))
	return *(**call.Arguments)(unsafe.Pointer(&hidden))
}

// unknown counts the calls whose number is not in the table.
var unknown atomic.Uint64

// Register makes handler carry out the system call number. It is for the initialisation of packages
// that add calls, before the program runs.
func Register(number uintptr, handler Handler) {
	table[number].handle = handler
}

// A Missed tells how often the program asked for a system call that is not there.
type Missed struct {
	Name  string
	Calls uint64
}

// MissedCalls returns the calls that were asked for and answered with ENOSYS, by number.
func MissedCalls() []Missed {
	var list []Missed
	for i := range table {
		if n := table[i].missed.Load(); n != 0 {
			list = append(list, Missed{table[i].name, n})
		}
	}
	if n := unknown.Load(); n != 0 {
		list = append(list, Missed{"(unknown numbers)", n})
	}
	return list
}
