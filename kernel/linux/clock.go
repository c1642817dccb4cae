package linux

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The clocks of clock_gettime.
const (
	clockRealtime = iota
	clockMonotonic
	clockProcess
	clockThread
	clockMonotonicRaw
	clockRealtimeCoarse
	clockMonotonicCoarse
	clockBoottime
	clockRealtimeAlarm
	clockBoottimeAlarm
	_
	clockTAI
)

// readClock returns what a clock shows.
func readClock(clock uintptr) (syscall.Timespec, syscall.Errno) {
	switch clock {
	case clockRealtime, clockRealtimeCoarse, clockRealtimeAlarm, clockTAI:
		return wallClock(), 0
	case clockMonotonic, clockMonotonicRaw, clockMonotonicCoarse, clockBoottime, clockBoottimeAlarm:
		return syscall.NsecToTimespec(machine.Uptime()), 0
	case clockProcess, clockThread:
		return syscall.NsecToTimespec(busyTime()), 0
	}
	return syscall.Timespec{}, syscall.EINVAL
}

// busyTime returns how long all cores together have been doing something, in nanoseconds.
func busyTime() int64 {
	s := statistics()
	return max(machine.Uptime()*int64(s.Cores)-s.IdleNanos, 0)
}

func sysClockGettime(a *call.Arguments) (uintptr, syscall.Errno) {
	t, errno := readClock(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	return 0, CopyOut(Argument(a, 1), &t)
}

func sysClockGetres(a *call.Arguments) (uintptr, syscall.Errno) {
	if _, errno := readClock(a.Value[0]); errno != 0 {
		return 0, errno
	}
	if p := Argument(a, 1); !p.IsNil() {
		return 0, CopyOut(p, &syscall.Timespec{Nsec: 1})
	}
	return 0, 0
}

// wallClockSet says that the program has set the wall clock.
var wallClockSet atomic.Bool

func setWallClock(seconds int64, nanoseconds int32) {
	wallClockSet.Store(true)
	machine.SetWallClock(seconds, nanoseconds)
	wallTimers.clockSet()
}

// CorrectWallClock sets the wall clock to a time that is exact, if it was set by a clock without fractions of a second and
// is behind for the lack of them.
func CorrectWallClock(exact time.Time) {
	behind := time.Until(exact)
	if wallClockSet.Load() || behind < 0 || behind > time.Second {
		return
	}
	machine.SetWallClock(exact.Unix(), int32(exact.Nanosecond()))
	wallTimers.clockSet()
}

func sysClockSettime(a *call.Arguments) (uintptr, syscall.Errno) {
	var t syscall.Timespec
	if errno := CopyIn(Argument(a, 1), &t); errno != 0 {
		return 0, errno
	}
	if a.Value[0] != clockRealtime || t.Sec < 0 || uint64(t.Nsec) >= 1e9 {
		return 0, syscall.EINVAL
	}
	setWallClock(t.Sec, int32(t.Nsec))
	return 0, 0
}

func sysSettimeofday(a *call.Arguments) (uintptr, syscall.Errno) {
	var t syscall.Timeval
	if errno := CopyIn(Argument(a, 0), &t); errno != 0 {
		return 0, errno
	}
	if t.Sec < 0 || uint64(t.Usec) >= 1e6 {
		return 0, syscall.EINVAL
	}
	setWallClock(t.Sec, int32(t.Usec*1000))
	return 0, 0
}

func sysGettimeofday(a *call.Arguments) (uintptr, syscall.Errno) {
	if p := Argument(a, 0); !p.IsNil() {
		t := syscall.NsecToTimeval(time.Now().UnixNano())
		if errno := CopyOut(p, &t); errno != 0 {
			return 0, errno
		}
	}
	if p := Argument(a, 1); !p.IsNil() {
		return 0, CopyOut(p, new([2]int32)) // struct timezone: UTC
	}
	return 0, 0
}

func sysTime(a *call.Arguments) (uintptr, syscall.Errno) {
	now := time.Now().Unix()
	if p := Argument(a, 0); !p.IsNil() {
		if errno := CopyOut(p, &now); errno != 0 {
			return 0, errno
		}
	}
	return uintptr(now), 0
}

func sysTimes(a *call.Arguments) (uintptr, syscall.Errno) {
	const perTick = 1e9 / 100
	if p := Argument(a, 0); !p.IsNil() {
		if errno := CopyOut(p, &syscall.Tms{Utime: busyTime() / perTick}); errno != 0 {
			return 0, errno
		}
	}
	return uintptr(machine.Uptime() / perTick), 0
}

// duration reads the struct timespec at p. Long ones stand for ever.
func duration(p Pointer) (time.Duration, syscall.Errno) {
	var t syscall.Timespec
	if errno := CopyIn(p, &t); errno != 0 {
		return 0, errno
	}
	if t.Sec < 0 || uint64(t.Nsec) >= 1e9 {
		return 0, syscall.EINVAL
	}
	return time.Duration(min(t.Sec, 1<<33)*1e9 + t.Nsec), 0
}

func sysNanosleep(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := duration(Argument(a, 0))
	if errno == 0 {
		time.Sleep(d)
	}
	return 0, errno
}

func sysClockNanosleep(a *call.Arguments) (uintptr, syscall.Errno) {
	const absolute = 1
	shows, errno := readClock(a.Value[0])
	if errno != 0 || a.Value[0] == clockThread {
		return 0, syscall.EINVAL
	}
	d, errno := duration(Argument(a, 2))
	if errno != 0 {
		return 0, errno
	}
	if a.Value[1]&absolute != 0 {
		d -= time.Duration(shows.Nano())
	}
	time.Sleep(d)
	return 0, 0
}

func sysSchedYield(a *call.Arguments) (uintptr, syscall.Errno) {
	runtime.Gosched()
	return 0, 0
}
