package linux

import (
	"encoding/binary"
	"math"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// posixTimers are those that there are. They count as pending signals (RLIMIT_SIGPENDING), as on Linux, where each has
// room for one set aside. Guarded by signals.mu.
var posixTimers struct {
	all  map[int32]*posixTimer
	next int32 // the number that the next one has, if it is free
}

// add gives t a number; tell says that its signal tells that.
func (t *posixTimer) add(tell bool) syscall.Errno {
	limits.mu.Lock()
	most := limits.all[limitPending].Cur
	limits.mu.Unlock()
	signals.mu.Lock()
	defer signals.mu.Unlock()
	if uint64(len(posixTimers.all)+len(signals.pending)) >= most {
		return syscall.EAGAIN
	}
	if posixTimers.all == nil {
		posixTimers.all = make(map[int32]*posixTimer)
	}
	for {
		t.id = posixTimers.next
		posixTimers.next = (posixTimers.next + 1) & math.MaxInt32
		if posixTimers.all[t.id] == nil {
			break
		}
	}
	posixTimers.all[t.id] = t
	if tell {
		binary.NativeEndian.PutUint32(t.value[:], uint32(t.id))
	}
	return 0
}

// remove stops t, and lets its number go. signals.mu is held.
func (t *posixTimer) remove() {
	t.set(0, 0, false)
	delete(posixTimers.all, t.id)
}

// withTimer calls f with the timer that argument 0 is the number of, while signals.mu is held.
func withTimer(a *call.Arguments, f func(t *posixTimer)) syscall.Errno {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	t := posixTimers.all[int32(a.Value[0])]
	if t == nil {
		return syscall.EINVAL
	}
	f(t)
	return 0
}

// timerClock says whether there are timers that go by a clock. The time of one thread is not known, and nothing wakes a
// machine that sleeps.
func timerClock(clock uintptr) syscall.Errno {
	switch clock {
	case clockRealtime, clockMonotonic, clockBoottime, clockTAI, clockProcess:
		return 0
	}
	if _, errno := readClock(clock); errno != 0 {
		return errno
	}
	return syscall.EOPNOTSUPP
}

func sysTimerCreate(a *call.Arguments) (uintptr, syscall.Errno) {
	t := &posixTimer{clock: a.Value[0] & 0xffffffff, notify: notifySignal, signal: syscall.SIGALRM}
	var event [64]byte // struct sigevent
	given := Argument(a, 1)
	if !given.IsNil() {
		if errno := CopyIn(given, &event); errno != 0 {
			return 0, errno
		}
	}
	if errno := timerClock(t.clock); errno != 0 {
		return 0, errno
	}
	t.source = sourceOf(t.clock, false)
	invalid := syscall.Errno(0)
	if !given.IsNil() {
		invalid = t.tells(&event)
	}
	if errno := t.add(given.IsNil()); errno != 0 {
		return 0, errno
	}
	if invalid == 0 {
		invalid = CopyOut(Argument(a, 2), &t.id)
	}
	if invalid != 0 { // its number is used up, as on Linux
		signals.mu.Lock()
		defer signals.mu.Unlock()
		t.remove()
	}
	return 0, invalid
}

// tells takes what a struct sigevent says that t should do.
func (t *posixTimer) tells(event *[64]byte) syscall.Errno {
	copy(t.value[:], event[:])
	signal := int32(binary.NativeEndian.Uint32(event[8:]))
	t.notify = int32(binary.NativeEndian.Uint32(event[12:]))
	switch t.notify {
	case notifyNone:
		return 0
	case notifySignal, notifyThread:
	case notifyThreadID:
		if t.thread = int(int32(binary.NativeEndian.Uint32(event[16:]))); !machine.HasThread(t.thread) {
			return syscall.EINVAL
		}
	default:
		return syscall.EINVAL
	}
	if signal <= 0 || signal > lastSignal {
		return syscall.EINVAL
	}
	t.signal = syscall.Signal(signal)
	return 0
}

func sysTimerSettime(a *call.Arguments) (uintptr, syscall.Errno) {
	p := Argument(a, 2)
	if p.IsNil() {
		return 0, syscall.EINVAL
	}
	var given, old timerValue
	if errno := CopyIn(p, &given); errno != 0 {
		return 0, errno
	}
	value, valid := nanoseconds(given.value)
	interval, validInterval := nanoseconds(given.interval)
	if !valid || !validInterval {
		return 0, syscall.EINVAL
	}
	errno := withTimer(a, func(t *posixTimer) {
		old.of(t.left())
		t.set(value, interval, a.Value[1]&timerAbsolute != 0)
	})
	if errno != 0 {
		return 0, errno
	}
	if p := Argument(a, 3); !p.IsNil() {
		return 0, CopyOut(p, &old)
	}
	return 0, 0
}

func sysTimerGettime(a *call.Arguments) (uintptr, syscall.Errno) {
	var now timerValue
	if errno := withTimer(a, func(t *posixTimer) { now.of(t.left()) }); errno != 0 {
		return 0, errno
	}
	return 0, CopyOut(Argument(a, 1), &now)
}

func sysTimerGetoverrun(a *call.Arguments) (n uintptr, _ syscall.Errno) {
	errno := withTimer(a, func(t *posixTimer) { n = uintptr(t.overrun) })
	return n, errno
}

func sysTimerDelete(a *call.Arguments) (uintptr, syscall.Errno) {
	return 0, withTimer(a, (*posixTimer).remove)
}
