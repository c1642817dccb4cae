package linux

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Commands of membarrier(2), which are also the bits that say which there are. Those for restartable sequences are
// missing, as rseq(2) is.
const (
	barrierQuery                = 0
	barrierGlobal               = 1 << 0
	barrierGlobalExpedited      = 1 << 1
	barrierRegisterGlobal       = 1 << 2
	barrierPrivate              = 1 << 3
	barrierRegisterPrivate      = 1 << 4
	barrierPrivateSyncCore      = 1 << 5
	barrierRegisterSyncCore     = 1 << 6
	barrierGetRegistrations     = 1 << 9
	barrierCommands             = barrierGlobal | barrierGlobalExpedited | barrierRegisterGlobal | barrierPrivate | barrierRegisterPrivate | barrierPrivateSyncCore | barrierRegisterSyncCore | barrierGetRegistrations
	barrierSyncCoreRegistration = barrierRegisterSyncCore | barrierRegisterPrivate // what is told of it
)

// barriers are the registrations. As the program is alone, all that they do is to allow the commands.
var barriers atomic.Uint32

// sysMembarrier makes every core that runs the program go through a memory barrier. There is one way to do that, which all
// commands go.
func sysMembarrier(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[1]&0xffffffff != 0 {
		return 0, syscall.EINVAL
	}
	switch command := uint32(a.Value[0]); command {
	case barrierQuery:
		return barrierCommands, 0
	case barrierRegisterGlobal, barrierRegisterPrivate, barrierRegisterSyncCore:
		barriers.Or(command)
		return 0, 0
	case barrierGetRegistrations:
		told := barriers.Load()
		if told&barrierRegisterSyncCore != 0 {
			told |= barrierSyncCoreRegistration
		}
		return uintptr(told), 0
	case barrierPrivate, barrierPrivateSyncCore:
		if barriers.Load()&(command<<1) == 0 { // the command that registers is the next one
			return 0, syscall.EPERM
		}
	case barrierGlobal, barrierGlobalExpedited:
	default:
		return 0, syscall.EINVAL
	}
	machine.Barrier()
	return 0, 0
}
