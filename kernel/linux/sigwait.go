package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// A sleeper is one goroutine that waits for a signal: to take it, or to be interrupted by one that the program handles.
type sleeper struct {
	bell
	set  signalSet
	told bool // it was interrupted; guarded by signals.mu
}

// wants, come and interrupted: see signalTaker.
func (s *sleeper) wants() signalSet { return s.set }
func (s *sleeper) come()            { s.ring() }
func (s *sleeper) interrupted()     { s.told = true; s.ring() }

// newSleeper returns a sleeper that what happens from now on wakes. It must wait.
func newSleeper(set signalSet) *sleeper {
	s := &sleeper{bell: newBell(), set: set &^ unblockable}
	addTaker(s)
	return s
}

// wait takes a signal of the set, and waits for one until the deadline: then it returns EAGAIN. It returns EINTR when the
// program has handled another one.
func (s *sleeper) wait(deadline int64) (signalInfo, syscall.Errno) {
	defer removeTaker(s)
	for {
		signals.mu.Lock()
		info, ok := takeSignal(s.set)
		told := s.told
		signals.mu.Unlock()
		switch {
		case ok:
			return info, 0
		case told:
			return info, syscall.EINTR
		}
		if !s.park(deadline) {
			return info, syscall.EAGAIN
		}
	}
}

func sysRtSigtimedwait(a *call.Arguments) (uintptr, syscall.Errno) {
	set, errno := signalSetAt(Argument(a, 0), a.Value[3])
	if errno != 0 {
		return 0, errno
	}
	end, errno := deadline(Argument(a, 2))
	if errno != 0 {
		return 0, errno
	}
	info, errno := newSleeper(set).wait(end)
	if errno != 0 {
		return 0, errno
	}
	if p := Argument(a, 1); !p.IsNil() {
		if errno := CopyOut(p, &info); errno != 0 {
			return 0, errno
		}
	}
	return uintptr(info.signal()), 0
}

// sysPause waits until the program has handled a signal.
func sysPause(a *call.Arguments) (uintptr, syscall.Errno) {
	_, errno := newSleeper(0).wait(Never)
	return 0, errno
}

// sysRtSigsuspend is pause with another mask for as long as it waits.
func sysRtSigsuspend(a *call.Arguments) (uintptr, syscall.Errno) {
	mask, errno := signalSetAt(Argument(a, 0), a.Value[1])
	if errno != 0 {
		return 0, errno
	}
	s := newSleeper(0)
	old := setMask(func(signalSet) signalSet { return mask })
	_, errno = s.wait(Never)
	setMask(func(signalSet) signalSet { return old })
	return 0, errno
}
