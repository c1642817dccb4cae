package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The commands of fcntl.
const (
	fDupFD        = 0
	fGetFD        = 1
	fSetFD        = 2
	fGetFL        = 3
	fSetFL        = 4
	fGetLock      = 5
	fSetLock      = 6
	fSetLockWait  = 7
	fSetOwner     = 8
	fGetOwner     = 9
	fSetSignal    = 10
	fGetSignal    = 11
	fOFDGet       = 36
	fOFDSet       = 37
	fOFDSetWait   = 38
	fDupFDCloexec = 1030
	fSetPipeSize  = 1031
	fGetPipeSize  = 1032
	fAddSeals     = 1033
	fGetSeals     = 1034
)

func sysFcntl(a *call.Arguments) (uintptr, syscall.Errno) {
	fd := int(int32(a.Value[0]))
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	switch a.Value[1] {
	case fDupFD, fDupFDCloexec:
		least := int(int32(a.Value[2]))
		if least < 0 || least >= descriptorLimit() {
			return 0, syscall.EINVAL
		}
		to, errno := InstallDescription(d, least, a.Value[1] == fDupFDCloexec)
		return uintptr(to), errno
	case fGetFD:
		if closeOnExec(fd) {
			return syscall.FD_CLOEXEC, 0
		}
		return 0, 0
	case fSetFD:
		setCloseOnExec(fd, a.Value[2]&syscall.FD_CLOEXEC != 0)
		return 0, 0
	case fGetFL:
		return uintptr(d.Flags()), 0
	}
	if d.Flags()&oPath != 0 {
		return 0, syscall.EBADF
	}
	switch a.Value[1] {
	case fSetFL:
		d.setFlags(int(int32(a.Value[2])))
		return 0, 0
	case fGetLock, fSetLock, fSetLockWait:
		return fcntlLock(d, a, a.Value[1]-fGetLock, &process)
	case fOFDGet, fOFDSet, fOFDSetWait:
		return fcntlLock(d, a, a.Value[1]-fOFDGet, d)
	case fAddSeals:
		return 0, d.seal(fs.Seals(uint32(a.Value[2])))
	case fGetSeals:
		e, ok := d.entry()
		if !ok {
			return 0, syscall.EINVAL
		}
		seals, errno := e.Node().Seals()
		return uintptr(seals), errno
	case fSetOwner, fGetOwner, fSetSignal, fGetSignal:
		return 0, 0
	case fSetPipeSize, fGetPipeSize:
		p := d.pipe()
		if p == nil {
			return 0, syscall.EBADF
		}
		if a.Value[1] == fSetPipeSize {
			return p.setSize(int(int32(a.Value[2])))
		}
		p.pipe.mu.Lock()
		defer p.pipe.mu.Unlock()
		return uintptr(p.size), 0
	}
	return 0, syscall.EINVAL
}

// seal adds seals to d's file.
func (d *Description) seal(added fs.Seals) syscall.Errno {
	if !d.writes {
		return syscall.EPERM
	}
	e, ok := d.entry()
	if !ok {
		return syscall.EINVAL
	}
	addressSpace.Lock() // so that nobody maps it meanwhile
	defer addressSpace.Unlock()
	busy := false
	for r, ok := machine.NextRegion(0); ok && !busy; r, ok = machine.NextRegion(r.End) {
		if r.Kind == space.Shared && r.May&space.Write != 0 && r.Object != nil {
			shown := addressSpace.files[r.Object]
			busy = shown != nil && shown.Node() == e.Node()
		}
	}
	return e.Node().Seal(added, busy)
}
