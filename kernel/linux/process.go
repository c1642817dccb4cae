package linux

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// files is the tree of files.
var files *fs.FS

// process is the state of the one process that there is.
var process struct {
	directory  atomic.Pointer[fs.Entry]
	umask      atomic.Uint32
	hostname   atomic.Pointer[string]
	domainname atomic.Pointer[string]
	keepCaps   atomic.Uint32 // PR_SET_KEEPCAPS
	confined   atomic.Bool   // PR_SET_NO_NEW_PRIVS, for good

	executable func() string // the program's path
}

// mask returns what the umask leaves of mode.
func mask(mode uint32) uint32 { return mode & 0o7777 &^ process.umask.Load() }

const processID = 1

// sysGetpid is also getpgrp and its like: there is one process, the first.
func sysGetpid(a *call.Arguments) (uintptr, syscall.Errno) { return processID, 0 }

// sysGettid tells threads apart; the first has the process's number.
func sysGettid(a *call.Arguments) (uintptr, syscall.Errno) { return uintptr(machine.ThreadID()), 0 }

func sysGetppid(a *call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }

// sysGetpgid is also getsid.
func sysGetpgid(a *call.Arguments) (uintptr, syscall.Errno) {
	if pid := int32(a.Value[0]); pid != 0 && pid != processID {
		return 0, syscall.ESRCH
	}
	return processID, 0
}

// sysSetpgid succeeds where it changes nothing.
func sysSetpgid(a *call.Arguments) (uintptr, syscall.Errno) {
	for _, id := range a.Value[:2] {
		if int32(id) != 0 && int32(id) != processID {
			return 0, syscall.ESRCH
		}
	}
	return 0, 0
}

// sysSetsid fails as it does for every process that leads its group already.
func sysSetsid(a *call.Arguments) (uintptr, syscall.Errno) { return 0, syscall.EPERM }

// sysExit is exit and exit_group.
func sysExit(a *call.Arguments) (uintptr, syscall.Errno) {
	machine.Exit(int32(a.Value[0] & 0xff))
	return 0, 0
}

func sysPrctl(a *call.Arguments) (uintptr, syscall.Errno) {
	const (
		getKeepCaps   = 7
		setKeepCaps   = 8
		setPdeathsig  = 1
		getDumpable   = 3
		setDumpable   = 4
		setName       = 15
		getName       = 16
		capbsetRead   = 23
		setNoNewPrivs = 38
		getNoNewPrivs = 39
	)
	switch a.Value[0] {
	case getDumpable, capbsetRead:
		return 1, 0
	case setPdeathsig, setDumpable:
		return 0, 0
	case setNoNewPrivs:
		if a.Value[1] != 1 || a.Value[2]|a.Value[3]|a.Value[4] != 0 {
			return 0, syscall.EINVAL
		}
		process.confined.Store(true)
		return 0, 0
	case getNoNewPrivs:
		if a.Value[1]|a.Value[2]|a.Value[3]|a.Value[4] != 0 {
			return 0, syscall.EINVAL
		}
		if process.confined.Load() {
			return 1, 0
		}
		return 0, 0
	case getKeepCaps:
		return uintptr(process.keepCaps.Load()), 0
	case setKeepCaps:
		if a.Value[1] > 1 {
			return 0, syscall.EINVAL
		}
		process.keepCaps.Store(uint32(a.Value[1]))
		return 0, 0
	case setName:
		name, errno := String(Argument(a, 1), nameSize)
		if errno == syscall.ENAMETOOLONG {
			var head [nameSize - 1]byte
			errno = CopyIn(Argument(a, 1), &head)
			name = string(head[:])
		}
		if errno == 0 {
			nameThread(machine.ThreadID(), name)
		}
		return 0, errno
	case getName:
		var name [nameSize]byte
		copy(name[:], nameOf(machine.ThreadID()))
		return 0, CopyOut(Argument(a, 1), &name)
	}
	return 0, syscall.EINVAL
}
