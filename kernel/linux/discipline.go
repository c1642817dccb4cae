package linux

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// How the wall clock is kept to the right time: by nobody. The program may ask, and is told that the clock is not
// synchronised. It may set the clock (clock_settime), but not make it go faster or slower: that is refused as a
// container refuses it.

func sysAdjtimex(a *call.Arguments) (uintptr, syscall.Errno) { return adjust(Argument(a, 0)) }

func sysClockAdjtime(a *call.Arguments) (uintptr, syscall.Errno) {
	switch a.Value[0] {
	case clockRealtime:
		return adjust(Argument(a, 1))
	case clockMonotonic, clockMonotonicRaw, clockRealtimeCoarse, clockMonotonicCoarse, clockBoottime, clockTAI,
		clockProcess, clockThread, clockRealtimeAlarm, clockBoottimeAlarm:
		return 0, syscall.EOPNOTSUPP
	}
	return 0, syscall.EINVAL
}

// adjust answers adjtimex(2) with what Linux starts with (kernel/time/ntp.c).
func adjust(p Pointer) (state uintptr, _ syscall.Errno) {
	const (
		unsynchronised = 0x40     // STA_UNSYNC
		mostError      = 16000000 // NTP_PHASE_LIMIT, in microseconds
		tolerance      = 500 << 16
		wrong          = 5 // TIME_ERROR
	)
	var t unix.Timex
	if errno := CopyIn(p, &t); errno != 0 {
		return 0, errno
	}
	if t.Modes != 0 {
		return 0, syscall.EPERM
	}
	now := wallClock()
	t = unix.Timex{
		Maxerror: mostError, Esterror: mostError, Status: unsynchronised, Constant: 2, Precision: 1, Tolerance: tolerance,
		Time: unix.Timeval{Sec: now.Sec, Usec: now.Nsec / 1000}, Tick: 10000,
	}
	return wrong, CopyOut(p, &t)
}
