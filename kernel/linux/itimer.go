package linux

import (
	"math"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// An intervalTimer sends a signal when its clock gets to a time, and perhaps again and again.
type intervalTimer struct {
	signal syscall.Signal
	source *timeSource

	mu       sync.Mutex
	next     int64 // by clock; 0: never
	interval int64 // 0: once
	alarm    alarm
}

// intervalTimers are those of setitimer: by real time, by the time that the program runs, and by that with the kernel's on
// its behalf. The last two are the same here, as a system call is a function call.
var intervalTimers = [...]intervalTimer{
	{signal: syscall.SIGALRM, source: &realTime},
	{signal: syscall.SIGVTALRM, source: &processTime},
	{signal: syscall.SIGPROF, source: &processTime},
}

// set lets t run out after value, and then after each interval; 0 is never. It returns what was left of before.
func (t *intervalTimer) set(value, interval int64) (oldValue, oldInterval int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.source.now()
	oldValue, oldInterval = t.left(now), t.interval
	t.next, t.interval = 0, interval
	if value != 0 {
		t.next = stepped(now, 1, value)
	}
	t.arm(now)
	return oldValue, oldInterval
}

// get returns what is left until t runs out.
func (t *intervalTimer) get() (value, interval int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.left(t.source.now()), t.interval
}

// left is the time until t runs out, at least a microsecond if it is about to. The mutex is held.
func (t *intervalTimer) left(now int64) int64 {
	if t.next == 0 {
		return 0
	}
	return max(t.next-now, 1000)
}

// arm makes t look at its clock when it may have run out. The mutex is held.
func (t *intervalTimer) arm(now int64) {
	if t.next == 0 {
		t.alarm.stop()
		return
	}
	t.alarm.set(t.source.wait(now, t.next), t.look)
}

func (t *intervalTimer) look() {
	t.mu.Lock()
	now := t.source.now()
	passed := t.next != 0 && now >= t.next
	switch {
	case !passed:
	case t.interval == 0:
		t.next = 0
	default:
		t.next = stepped(t.next, (now-t.next)/t.interval+1, t.interval)
	}
	t.arm(min(now, t.next-t.source.rest))
	t.mu.Unlock()
	if passed {
		RaiseSignal(uint32(t.signal))
	}
}

// An intervalValue is struct itimerval.
type intervalValue struct{ interval, value syscall.Timeval }

func (v *intervalValue) of(value, interval int64) {
	v.value, v.interval = syscall.NsecToTimeval(value), syscall.NsecToTimeval(interval)
}

// microseconds returns t in nanoseconds, at most Never; false if it is no time that a timer can have.
func microseconds(t syscall.Timeval) (int64, bool) {
	if uint64(t.Usec) >= 1e6 {
		return 0, false
	}
	return nanoseconds(syscall.Timespec{Sec: t.Sec, Nsec: t.Usec * 1000})
}

func sysSetitimer(a *call.Arguments) (uintptr, syscall.Errno) {
	var given, old intervalValue
	if p := Argument(a, 1); !p.IsNil() {
		if errno := CopyIn(p, &given); errno != 0 {
			return 0, errno
		}
	}
	value, ok1 := microseconds(given.value)
	interval, ok2 := microseconds(given.interval)
	if !ok1 || !ok2 || a.Value[0]&0xffffffff >= uintptr(len(intervalTimers)) {
		return 0, syscall.EINVAL
	}
	old.of(intervalTimers[a.Value[0]&0xffffffff].set(value, interval))
	if p := Argument(a, 2); !p.IsNil() {
		return 0, CopyOut(p, &old)
	}
	return 0, 0
}

func sysGetitimer(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[0]&0xffffffff >= uintptr(len(intervalTimers)) {
		return 0, syscall.EINVAL
	}
	var now intervalValue
	now.of(intervalTimers[a.Value[0]&0xffffffff].get())
	return 0, CopyOut(Argument(a, 1), &now)
}

// sysAlarm returns how many seconds were left, rounded, but not to 0.
func sysAlarm(a *call.Arguments) (uintptr, syscall.Errno) {
	const second = int64(time.Second)
	left, _ := intervalTimers[0].set(int64(min(a.Value[0]&0xffffffff, math.MaxInt32))*second, 0)
	seconds := left / second
	if rest := left % second; rest >= second/2 || seconds == 0 && rest > 0 {
		seconds++
	}
	return uintptr(seconds), 0
}
