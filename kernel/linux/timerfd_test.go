package linux

import (
	"encoding/binary"
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// timerBytes is a struct itimerspec.
func timerBytes(interval, value time.Duration) []byte {
	b := make([]byte, 32)
	for i, v := range []time.Duration{interval / 1e9, interval % 1e9, value / 1e9, value % 1e9} {
		binary.LittleEndian.PutUint64(b[8*i:], uint64(v))
	}
	return b
}

func timerDurations(b []byte) (interval, value time.Duration) {
	word := func(i int) time.Duration { return time.Duration(binary.LittleEndian.Uint64(b[8*i:])) }
	return word(0)*1e9 + word(1), word(2)*1e9 + word(3)
}

// readTimer is how often a timer has run out.
func readTimer(t *testing.T, fd int) uint64 {
	t.Helper()
	b := make([]byte, 8)
	must(t, unix.SYS_READ, fd, b, 8)
	return binary.LittleEndian.Uint64(b)
}

func TestTimer(t *testing.T) {
	reset()
	fd := must(t, unix.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK)
	b := make([]byte, 32)
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, 8)
	fails(t, syscall.EINVAL, unix.SYS_READ, fd, b, 7)
	fails(t, syscall.EINVAL, unix.SYS_WRITE, fd, b, 8)

	began := time.Now()
	must(t, unix.SYS_TIMERFD_SETTIME, fd, 0, timerBytes(0, 20*time.Millisecond), b)
	if i, v := timerDurations(b); i != 0 || v != 0 {
		t.Error("it was armed before:", i, v)
	}
	must(t, unix.SYS_TIMERFD_GETTIME, fd, b)
	if i, v := timerDurations(b); i != 0 || v <= 0 || v > 20*time.Millisecond {
		t.Error("armed:", i, v)
	}
	poll := polled([2]int{fd, 1})
	if must(t, unix.SYS_POLL, poll, 1, 5000) != 1 || time.Since(began) < 20*time.Millisecond {
		t.Error("poll ended after", time.Since(began))
	}
	if n := readTimer(t, fd); n != 1 {
		t.Error("it has run out", n, "times")
	}
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, 8)

	// With an interval, everybody who comes late learns how late.
	now := time.Duration(machine.Uptime())
	must(t, unix.SYS_TIMERFD_SETTIME, fd, timerAbsolute, timerBytes(time.Hour, max(now-150*time.Minute, 1)), 0)
	want := uint64((now - max(now-150*time.Minute, 1)) / time.Hour)
	if n := readTimer(t, fd); n != want+1 {
		t.Error("it has run out", n, "times, not", want+1)
	}
	must(t, unix.SYS_TIMERFD_SETTIME, fd, 0, timerBytes(time.Millisecond, time.Millisecond), 0)
	time.Sleep(20 * time.Millisecond)
	if n := readTimer(t, fd); n < 10 {
		t.Error("in 20 ms it has run out", n, "times")
	}
	must(t, unix.SYS_POLL, poll, 1, 5000) // it goes on
	must(t, unix.SYS_TIMERFD_SETTIME, fd, 0, timerBytes(0, 0), 0)
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, 8)

	// Far away is far away.
	must(t, unix.SYS_TIMERFD_SETTIME, fd, 0, timerBytes(0, math.MaxInt64), 0)
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, 8)
	must(t, unix.SYS_CLOSE, fd)
}

// A timer by the wall clock follows it.
func TestWallTimer(t *testing.T) {
	reset()
	now := time.Now()
	fd := must(t, unix.SYS_TIMERFD_CREATE, clockRealtime, syscall.O_NONBLOCK)
	b := make([]byte, 32)
	must(t, unix.SYS_TIMERFD_SETTIME, fd, timerAbsolute, timerBytes(0, time.Duration(now.Add(-time.Minute).UnixNano())), 0)
	if n := readTimer(t, fd); n != 1 {
		t.Error("a time gone by:", n)
	}
	must(t, unix.SYS_TIMERFD_SETTIME, fd, timerAbsolute|timerCancelOnSet, timerBytes(0, time.Duration(now.Add(time.Hour).UnixNano())), 0)
	must(t, unix.SYS_TIMERFD_GETTIME, fd, b)
	if _, v := timerDurations(b); v > time.Hour || v < 59*time.Minute {
		t.Error("in an hour it runs out in", v)
	}
	done := later(func() { must(t, unix.SYS_POLL, polled([2]int{fd, 1}), 1, 10000) })
	must(t, unix.SYS_CLOCK_SETTIME, clockRealtime, timespecBytes(now))
	soon(t, "poll", done)
	fails(t, syscall.ECANCELED, unix.SYS_READ, fd, b, 8)
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, 8)
	must(t, unix.SYS_CLOSE, fd)
	if len(wallTimers.all) != 0 {
		t.Error("a closed timer follows the clock")
	}
}

func timespecBytes(at time.Time) []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint64(b, uint64(at.Unix()))
	return b
}

// What is refused, and what is not, is what Linux refuses.
func TestTimerErrors(t *testing.T) {
	reset()
	bad := func(interval, value [2]int64) []byte {
		return unsafe.Slice((*byte)(unsafe.Pointer(&[4]int64{interval[0], interval[1], value[0], value[1]})), 32)
	}
	here := func(number uintptr, a ...any) syscall.Errno {
		_, errno := do(number, a...)
		return errno
	}
	linux := func(number uintptr, a ...any) syscall.Errno {
		var v [6]uintptr
		for i, argument := range a {
			switch argument := argument.(type) {
			case int:
				v[i] = uintptr(argument)
			case []byte:
				v[i] = inHeap(argument)
			}
		}
		_, _, errno := syscall.Syscall6(number, v[0], v[1], v[2], v[3], v[4], v[5])
		return errno
	}
	for _, clock := range []int{-1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12} {
		for _, flags := range []int{0, 1, 0x800, 0x80000, 0x80800, 4} {
			if got, want := here(unix.SYS_TIMERFD_CREATE, clock, flags), linux(unix.SYS_TIMERFD_CREATE, clock, flags); got != want {
				t.Errorf("clock %d, flags %#x: %v, on Linux %v", clock, flags, got, want)
			}
		}
	}
	ours := must(t, unix.SYS_TIMERFD_CREATE, clockRealtime, 0)
	theirs, err := unix.TimerfdCreate(clockRealtime, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(theirs)
	for _, flags := range []int{0, 1, 2, 3, 4, -1} {
		for _, spec := range []any{
			bad([2]int64{}, [2]int64{}), bad([2]int64{-1, 0}, [2]int64{}), bad([2]int64{}, [2]int64{0, 1e9}), bad([2]int64{0, -1}, [2]int64{1, 0}),
			bad([2]int64{math.MaxInt64, 0}, [2]int64{1, 0}), bad([2]int64{}, [2]int64{math.MaxInt64, 999_999_999}), 0, 1,
		} {
			got, want := here(unix.SYS_TIMERFD_SETTIME, ours, flags, spec, 0), linux(unix.SYS_TIMERFD_SETTIME, theirs, flags, spec, 0)
			if got != want {
				t.Errorf("flags %d, %v: %v, on Linux %v", flags, fmt.Sprint(spec), got, want)
			}
		}
	}
	pipe, _ := newPipe(t, 0)
	fails(t, syscall.EINVAL, unix.SYS_TIMERFD_GETTIME, pipe, make([]byte, 32))
	fails(t, syscall.EBADF, unix.SYS_TIMERFD_GETTIME, 999, make([]byte, 32))
	fails(t, syscall.EFAULT, unix.SYS_TIMERFD_GETTIME, ours, 1)
}
