package linux

import (
	"slices"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Signals that are blocked. Each thread has a mask, as on Linux, but a Go program cannot block a signal for good: it
// has threads of the runtime's, which block nothing, and one of these handles what was sent to the process. So a mask
// holds back what was sent to its own thread. It also holds back what was sent to the process if somebody has come to
// take it, by signalfd or by waiting: on Linux that works for a program that was started with the signal blocked.

// A signalSet is a sigset_t: bit s-1 stands for signal s.
type signalSet uint64

const signalSetSize = 8

func setOf(signals ...syscall.Signal) (set signalSet) {
	for _, s := range signals {
		set |= 1 << (s - 1)
	}
	return set
}

// signalSetAt reads the sigset_t at p, which the program says has that size.
func signalSetAt(p Pointer, size uintptr) (set signalSet, errno syscall.Errno) {
	if size != signalSetSize {
		return 0, syscall.EINVAL
	}
	return set, CopyIn(p, &set)
}

func (set signalSet) has(s syscall.Signal) bool { return set>>(s-1)&1 != 0 }

// unblockable are those that no mask has.
var unblockable = setOf(syscall.SIGKILL, syscall.SIGSTOP)

// signals is the state of all signals. Nobody waits while its lock is held, and it comes before those of files.
var signals struct {
	mu      sync.Mutex
	masks   map[int]signalSet // by thread: those that are not empty
	pending []pendingSignal   // in the order in which they were sent
	takers  []signalTaker
}

// A pendingSignal was sent, to a thread if that is not 0, and is blocked.
type pendingSignal struct {
	signalInfo
	thread int
	timer  *posixTimer // that it is of, which waits for it to be delivered; nil: none
	arming uint64      // of the timer
}

// mostPending bounds how many signals may wait (RLIMIT_SIGPENDING).
const mostPending = 4096

// A signalTaker takes signals that are blocked.
type signalTaker interface {
	// wants returns which. signals.mu is held.
	wants() signalSet
	// come says that there may be one. signals.mu is held.
	come()
	// interrupted says that the program has handled another one. signals.mu is held.
	interrupted()
}

// hold keeps p if it is blocked, and reports whether it is.
func (p *pendingSignal) hold() bool {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	signal := p.signal()
	switch {
	case p.thread != 0 && signals.masks[p.thread].has(signal):
	case p.thread == 0 && blocked().has(signal) && slices.ContainsFunc(signals.takers, func(t signalTaker) bool { return t.wants().has(signal) }):
	default:
		return false
	}
	if !p.fits() {
		return true
	}
	signals.pending = append(signals.pending, *p)
	for _, t := range signals.takers {
		if t.wants().has(signal) {
			t.come()
		}
	}
	return true
}

// fits reports whether p has a place among the signals that wait: for a timer's there is always one, unless the timer was
// set anew since. signals.mu is held.
func (p *pendingSignal) fits() bool {
	if p.timer != nil {
		return p.arming == p.timer.arming
	}
	same := func(other pendingSignal) bool { return other.signal() == p.signal() && other.thread == p.thread }
	return len(signals.pending) < mostPending && (p.signal() >= firstRealtime || !slices.ContainsFunc(signals.pending, same))
}

// blocked returns which signals any thread blocks. signals.mu is held.
func blocked() (all signalSet) {
	for thread, mask := range signals.masks {
		if !machine.HasThread(thread) {
			delete(signals.masks, thread)
			continue
		}
		all |= mask
	}
	return all
}

// takeSignal takes the signal of set with the lowest number that waits, of several the first. signals.mu is held.
func takeSignal(set signalSet) (s signalInfo, ok bool) {
	i := -1
	for k := range signals.pending {
		if n := signals.pending[k].signal(); set.has(n) && (i < 0 || n < signals.pending[i].signal()) {
			i = k
		}
	}
	if i < 0 {
		return s, false
	}
	p := signals.pending[i]
	signals.pending = slices.Delete(signals.pending, i, i+1)
	if p.timer != nil {
		p.timer.taken(&p.signalInfo)
	}
	return p.signalInfo, true
}

// waits reports whether a signal of set does. signals.mu is held.
func waits(set signalSet) bool {
	return slices.ContainsFunc(signals.pending, func(p pendingSignal) bool { return set.has(p.signal()) })
}

// addTaker and removeTaker change who takes signals.
func addTaker(t signalTaker) {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	signals.takers = append(signals.takers, t)
}

func removeTaker(t signalTaker) {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	signals.takers = slices.DeleteFunc(signals.takers, func(other signalTaker) bool { return other == t })
}

// interrupt ends the waits that a signal which the program handles ends.
func interrupt() {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	for _, t := range signals.takers {
		t.interrupted()
	}
}

// setMask makes mask that of the calling thread, and returns the old one. What waits and is not blocked any more is
// handled.
func setMask(change func(old signalSet) signalSet) (old signalSet) {
	thread := machine.ThreadID()
	signals.mu.Lock()
	old = signals.masks[thread]
	mask := change(old) &^ unblockable
	switch {
	case mask == 0:
		delete(signals.masks, thread)
	case signals.masks == nil:
		signals.masks = map[int]signalSet{thread: mask}
	default:
		signals.masks[thread] = mask
	}
	var free []pendingSignal
	all := blocked()
	signals.pending = slices.DeleteFunc(signals.pending, func(p pendingSignal) bool {
		held := all
		if p.thread != 0 {
			held = signals.masks[p.thread]
		}
		if !held.has(p.signal()) {
			free = append(free, p)
			return true
		}
		return false
	})
	signals.mu.Unlock()
	for _, p := range free {
		p.raise()
	}
	return old
}

func sysRtSigprocmask(a *call.Arguments) (uintptr, syscall.Errno) {
	const block, unblock, replace = 0, 1, 2
	if a.Value[3] != signalSetSize {
		return 0, syscall.EINVAL
	}
	change := func(old signalSet) signalSet { return old }
	if p := Argument(a, 1); !p.IsNil() {
		var given signalSet
		if errno := CopyIn(p, &given); errno != 0 {
			return 0, errno
		}
		switch uint32(a.Value[0]) {
		case block:
			change = func(old signalSet) signalSet { return old | given }
		case unblock:
			change = func(old signalSet) signalSet { return old &^ given }
		case replace:
			change = func(signalSet) signalSet { return given }
		default:
			return 0, syscall.EINVAL
		}
	}
	old := setMask(change)
	if p := Argument(a, 2); !p.IsNil() {
		return 0, CopyOut(p, &old)
	}
	return 0, 0
}

// sysRtSigpending tells which signals wait that the thread blocks.
func sysRtSigpending(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[1] > signalSetSize {
		return 0, syscall.EINVAL
	}
	thread := machine.ThreadID()
	var set signalSet
	signals.mu.Lock()
	for _, p := range signals.pending {
		if p.thread == 0 || p.thread == thread {
			set |= setOf(p.signal())
		}
	}
	set &= signals.masks[thread]
	signals.mu.Unlock()
	m, errno := Borrow(Argument(a, 0), a.Value[1], Out)
	if errno != 0 {
		return 0, errno
	}
	for i := range m.Bytes {
		m.Bytes[i] = byte(set >> (8 * i))
	}
	return 0, m.Return(Argument(a, 0), len(m.Bytes))
}
