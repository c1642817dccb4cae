package linux

import (
	"encoding/binary"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// sigevent is a struct sigevent.
func sigevent(notify int, signal syscall.Signal, thread int) []byte {
	b := make([]byte, 64)
	binary.NativeEndian.PutUint64(b, 0x1234_5678_9abc)
	binary.NativeEndian.PutUint32(b[8:], uint32(signal))
	binary.NativeEndian.PutUint32(b[12:], uint32(notify))
	binary.NativeEndian.PutUint32(b[16:], uint32(thread))
	return b
}

func newPosixTimer(t *testing.T, clock int, event []byte) int {
	t.Helper()
	id := make([]byte, 4)
	must(t, unix.SYS_TIMER_CREATE, clock, event, id)
	return int(binary.NativeEndian.Uint32(id))
}

func getTimer(t *testing.T, id int) (interval, value time.Duration) {
	t.Helper()
	b := make([]byte, 32)
	must(t, unix.SYS_TIMER_GETTIME, id, b)
	return timerDurations(b)
}

func TestPosixTimerArguments(t *testing.T) {
	catch(t)
	id := make([]byte, 4)
	for _, clock := range []int{clockMonotonicRaw, clockRealtimeCoarse, clockMonotonicCoarse, clockThread, clockRealtimeAlarm} {
		fails(t, syscall.EOPNOTSUPP, unix.SYS_TIMER_CREATE, clock, 0, id)
	}
	fails(t, syscall.EINVAL, unix.SYS_TIMER_CREATE, 10, 0, id)
	fails(t, syscall.EFAULT, unix.SYS_TIMER_CREATE, 10, 16, id)
	fails(t, syscall.EFAULT, unix.SYS_TIMER_CREATE, clockMonotonic, 0, 16)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_CREATE, clockMonotonic, sigevent(3, sigUser1, 0), id)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_CREATE, clockMonotonic, sigevent(notifySignal, 0, 0), id)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_CREATE, clockMonotonic, sigevent(notifySignal, 65, 0), id)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_CREATE, clockMonotonic, sigevent(notifyThreadID, sigUser1, 77), id)
	if len(posixTimers.all) != 0 {
		t.Error(len(posixTimers.all), "timers are left")
	}
	n := newPosixTimer(t, clockTAI, sigevent(notifyNone, 0, 0))
	fails(t, syscall.EINVAL, unix.SYS_TIMER_SETTIME, n, 0, 0, 0)
	fails(t, syscall.EFAULT, unix.SYS_TIMER_SETTIME, n+1, 0, 16, 0)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_SETTIME, n+1, 0, timerBytes(0, 1), 0)
	fails(t, syscall.EINVAL, unix.SYS_TIMER_SETTIME, n, 0, timerBytes(-1, 1), 0)
	fails(t, syscall.EFAULT, unix.SYS_TIMER_SETTIME, n, 0, timerBytes(time.Hour, time.Hour), 16)
	if i, v := getTimer(t, n); i != time.Hour || v <= 59*time.Minute {
		t.Error("it was not set:", i, v)
	}
	fails(t, syscall.EFAULT, unix.SYS_TIMER_GETTIME, n, 16)
	must(t, unix.SYS_TIMER_DELETE, n)
	for _, call := range []uintptr{unix.SYS_TIMER_DELETE, unix.SYS_TIMER_GETTIME, unix.SYS_TIMER_GETOVERRUN} {
		fails(t, syscall.EINVAL, call, n, 16)
	}
	must(t, unix.SYS_SETRLIMIT, limitPending, make([]byte, 16))
	fails(t, syscall.EAGAIN, unix.SYS_TIMER_CREATE, clockMonotonic, 0, id)
}

// A timer whose signal is blocked sends it once, and tells how often it ran out besides when somebody takes it.
func TestPosixTimerOverrun(t *testing.T) {
	catch(t)
	const signal = firstRealtime + 5
	block(t, 0, signal)
	n := newPosixTimer(t, clockMonotonic, sigevent(notifyThreadID, signal, machine.ThreadID()))
	must(t, unix.SYS_TIMER_SETTIME, n, 0, timerBytes(time.Millisecond, time.Millisecond), 0)
	time.Sleep(20 * time.Millisecond)
	if i, v := getTimer(t, n); i != time.Millisecond || v <= 0 || v > time.Millisecond {
		t.Error("while the signal waits:", i, v)
	}
	info := make([]byte, siginfoSize)
	take := func() int { return must(t, unix.SYS_RT_SIGTIMEDWAIT, setBytes(signal), info, timespec(time.Second), 8) }
	word := func(i int) int32 { return int32(binary.NativeEndian.Uint32(info[i:])) }
	take()
	if word(8) != fromTimer || word(16) != int32(n) || word(20) < 10 || binary.NativeEndian.Uint64(info[24:]) != 0x1234_5678_9abc {
		t.Error("code", word(8), "timer", word(16), "overrun", word(20))
	}
	if over := must(t, unix.SYS_TIMER_GETOVERRUN, n); over != int(word(20)) {
		t.Error(over, "and", word(20))
	}
	take() // it goes on
	// What was sent before it is set anew is forgotten.
	time.Sleep(3 * time.Millisecond)
	must(t, unix.SYS_TIMER_SETTIME, n, 0, timerBytes(0, 0), 0)
	fails(t, syscall.EAGAIN, unix.SYS_RT_SIGTIMEDWAIT, setBytes(signal), info, timespec(0), 8)
	// Absolute, and long ago.
	must(t, unix.SYS_TIMER_SETTIME, n, timerAbsolute, timerBytes(time.Nanosecond, 1), 0)
	take()
	if word(20) < 1e6 {
		t.Error("since the start:", word(20))
	}
}

func TestPosixTimerSignals(t *testing.T) {
	c := catch(t)
	for _, clock := range []int{clockRealtime, clockMonotonic, clockBoottime, clockTAI, clockProcess} {
		n := newPosixTimer(t, clock, sigevent(notifySignal, sigUser2, 0))
		must(t, unix.SYS_TIMER_SETTIME, n, 0, timerBytes(0, 5*time.Millisecond), 0)
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			if got := c.take(); len(got) != 0 {
				if !slices.Equal(got, []uint32{uint32(sigUser2)}) {
					t.Error(got)
				}
				break
			}
			if time.Now().After(end) {
				t.Fatal("nothing comes by clock", clock)
			}
		}
		if i, v := getTimer(t, n); i != 0 || v != 0 {
			t.Error("it has run out:", i, v)
		}
	}
	none := newPosixTimer(t, clockMonotonic, sigevent(notifyNone, sigUser2, 0))
	must(t, unix.SYS_TIMER_SETTIME, none, 0, timerBytes(0, time.Millisecond), 0)
	time.Sleep(5 * time.Millisecond)
	if i, v := getTimer(t, none); i != 0 || v != 0 || len(c.take()) != 0 {
		t.Error("one that tells nobody:", i, v)
	}
}

// A timer for a time of the wall clock follows it.
func TestPosixTimerFollowsTheClock(t *testing.T) {
	c := catch(t)
	n := newPosixTimer(t, clockRealtime, nil)
	at := time.Now().Add(time.Hour).UnixNano()
	must(t, unix.SYS_TIMER_SETTIME, n, timerAbsolute, timerBytes(0, time.Duration(at)), 0)
	was := wallTime.now
	wallTime.now = func() int64 { return at }
	wallTimers.clockSet()
	time.Sleep(20 * time.Millisecond)
	if got := c.take(); !slices.Equal(got, []uint32{uint32(syscall.SIGALRM)}) {
		t.Error(got)
	}
	must(t, unix.SYS_TIMER_DELETE, n)
	wallTime.now = was
	if len(wallTimers.all) != 0 {
		t.Error("it still follows")
	}
}
