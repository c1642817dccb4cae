package linux

import (
	"encoding/binary"
	"math"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Flags of timerfd_settime (Linux, include/uapi/linux/timerfd.h).
const (
	timerAbsolute    = 1
	timerCancelOnSet = 2
)

// A timer is what timerfd_create makes: reading takes how often it has run out.
type timer struct {
	anonymous
	wall bool // by the wall clock, which can be set

	mu       sync.Mutex
	next     int64 // when it runs out, by machine.Uptime; Never if it does not
	interval int64 // nanoseconds from then to each time after; 0: there is none
	absolute int64 // next by the wall clock, if it was given so; else 0
	cancel   bool  // setting the clock is to be told
	canceled bool  // it was set
	alarm    alarm
}

// Immediate: see file.Immediate.
func (t *timer) Immediate() {}

// passed returns how often t has run out until now. The mutex is held.
func (t *timer) passed(now int64) uint64 {
	switch {
	case now < t.next:
		return 0
	case t.interval == 0:
		return 1
	}
	return uint64(now-t.next)/uint64(t.interval) + 1
}

// advance moves on to the first time after now. The mutex is held.
func (t *timer) advance(now int64) {
	n := t.passed(now)
	switch {
	case n == 0:
		return
	case t.interval == 0:
		t.next, t.absolute = Never, 0
	default:
		t.next = stepped(t.next, int64(n), t.interval)
		if t.absolute != 0 {
			t.absolute = stepped(t.absolute, int64(n), t.interval)
		}
	}
	t.arm(now)
}

// stepped returns the time n intervals after when, at most Never.
func stepped(when, n, interval int64) int64 {
	if n > (Never-when)/interval {
		return Never
	}
	return when + n*interval
}

// arm makes t tell its watchers when it runs out. The mutex is held.
func (t *timer) arm(now int64) {
	if t.next == Never {
		t.alarm.stop()
		return
	}
	t.alarm.set(time.Duration(max(t.next-now, 0)), func() { t.Notify(file.Readable) })
}

func (t *timer) Read(p []byte) (int, syscall.Errno) {
	if len(p) < 8 {
		return 0, syscall.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := machine.Uptime()
	n := t.passed(now)
	switch {
	case t.canceled:
		t.canceled = false
		t.advance(now)
		return 0, syscall.ECANCELED
	case n == 0:
		return 0, syscall.EAGAIN
	}
	t.advance(now)
	binary.NativeEndian.PutUint64(p, n)
	return 8, 0
}

func (t *timer) Ready() file.Events {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.canceled || t.passed(machine.Uptime()) > 0 {
		return file.Readable
	}
	return 0
}

func (t *timer) Close() syscall.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next, t.absolute, t.interval, t.cancel = Never, 0, 0, false
	t.arm(0)
	wallTimers.change(t, false)
	t.Notify(file.HangUp)
	return 0
}

// clockSet lets t follow the wall clock, which has been set.
func (t *timer) clockSet() {
	t.mu.Lock()
	now := machine.Uptime()
	if t.absolute != 0 && t.passed(now) == 0 {
		t.next = byUptime(t.absolute)
		t.arm(now)
	}
	t.canceled = t.canceled || t.cancel
	t.mu.Unlock()
	t.Notify(file.Readable)
}

// byUptime returns when the wall clock shows wall, nanoseconds since 1970, by machine.Uptime.
func byUptime(wall int64) int64 {
	ahead := wall - time.Now().UnixNano()
	if now := machine.Uptime(); ahead <= Never-now {
		return now + ahead
	}
	return Never
}

// A timerValue is struct itimerspec.
type timerValue struct{ interval, value syscall.Timespec }

func (v *timerValue) of(value, interval int64) {
	v.value, v.interval = syscall.NsecToTimespec(value), syscall.NsecToTimespec(interval)
}

// nanoseconds returns t in nanoseconds, at most Never; false if it is no time that a timer can have.
func nanoseconds(t syscall.Timespec) (int64, bool) {
	if t.Sec < 0 || uint64(t.Nsec) >= 1e9 {
		return 0, false
	}
	if t.Sec >= math.MaxInt64/1_000_000_000 {
		return Never, true
	}
	return t.Sec*1e9 + t.Nsec, true
}

// set arms the timer, or disarms it if value is 0.
func (t *timer) set(value, interval int64, flags uintptr) {
	now := machine.Uptime()
	t.next, t.interval, t.absolute, t.canceled = Never, interval, 0, false
	t.cancel = t.wall && flags == timerAbsolute|timerCancelOnSet
	switch {
	case value == 0:
	case flags&timerAbsolute == 0:
		t.next = stepped(now, 1, value)
	case t.wall:
		t.next, t.absolute = byUptime(value), value
	default:
		t.next = value
	}
	t.arm(now)
	wallTimers.change(t, t.absolute != 0 || t.cancel)
}

// shown is what timerfd_gettime tells: how long until t runs out, and the interval.
func (t *timer) shown() timerValue {
	now := machine.Uptime()
	var left int64
	switch n := t.passed(now); {
	case t.next == Never:
	case n == 0:
		left = t.next - now
	case t.interval != 0:
		left = stepped(t.next, int64(n), t.interval) - now
	}
	return timerValue{syscall.NsecToTimespec(t.interval), syscall.NsecToTimespec(left)}
}

func sysTimerfdCreate(a *call.Arguments) (uintptr, syscall.Errno) {
	clock, flags := a.Value[0], int(a.Value[1])
	wall := clock == clockRealtime || clock == clockRealtimeAlarm
	if !wall && clock != clockMonotonic && clock != clockBoottime && clock != clockBoottimeAlarm {
		return 0, syscall.EINVAL
	}
	if flags&^(syscall.O_NONBLOCK|syscall.O_CLOEXEC) != 0 {
		return 0, syscall.EINVAL
	}
	fd, errno := Install(&timer{wall: wall, next: Never}, syscall.O_RDWR|flags&syscall.O_NONBLOCK, flags&syscall.O_CLOEXEC != 0)
	return uintptr(fd), errno
}

func sysTimerfdSettime(a *call.Arguments) (uintptr, syscall.Errno) {
	var given timerValue
	if errno := CopyIn(Argument(a, 2), &given); errno != 0 {
		return 0, errno
	}
	value, valid := nanoseconds(given.value)
	interval, validInterval := nanoseconds(given.interval)
	if a.Value[1]&^(timerAbsolute|timerCancelOnSet) != 0 || !valid || !validInterval {
		return 0, syscall.EINVAL
	}
	t, _, errno := lookupAs[*timer](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	t.mu.Lock()
	old := t.shown()
	t.set(value, interval, a.Value[1])
	t.mu.Unlock()
	if p := Argument(a, 3); !p.IsNil() {
		return 0, CopyOut(p, &old)
	}
	return 0, 0
}

func sysTimerfdGettime(a *call.Arguments) (uintptr, syscall.Errno) {
	t, _, errno := lookupAs[*timer](a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	t.mu.Lock()
	now := t.shown()
	t.mu.Unlock()
	return 0, CopyOut(Argument(a, 1), &now)
}
