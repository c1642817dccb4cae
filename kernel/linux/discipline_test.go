package linux

import (
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestAdjtimex(t *testing.T) {
	timex := new(unix.Timex)
	b := unsafe.Slice((*byte)(unsafe.Pointer(timex)), unsafe.Sizeof(*timex))
	for _, arguments := range [][]any{{unix.SYS_ADJTIMEX, b}, {unix.SYS_CLOCK_ADJTIME, unix.CLOCK_REALTIME, b}} {
		*timex = unix.Timex{}
		number := uintptr(arguments[0].(int))
		if state, errno := do(number, arguments[1:]...); state != unix.TIME_ERROR || errno != 0 {
			t.Errorf("%d: %d, %v", number, state, errno)
		}
		if off := time.Since(time.Unix(timex.Time.Unix())); off < 0 || off > time.Minute || timex.Status != unix.STA_UNSYNC || timex.Tick != 10000 {
			t.Errorf("%d: %+v", number, timex)
		}
		timex.Modes = unix.ADJ_FREQUENCY
		if _, errno := do(number, arguments[1:]...); errno != syscall.EPERM {
			t.Errorf("%d: the frequency can be set: %v", number, errno)
		}
	}
	for clock, want := range map[int]syscall.Errno{unix.CLOCK_MONOTONIC: syscall.EOPNOTSUPP, 99: syscall.EINVAL} {
		if _, errno := do(unix.SYS_CLOCK_ADJTIME, clock, b); errno != want {
			t.Errorf("clock %d: %v", clock, errno)
		}
	}
	if _, errno := do(unix.SYS_ADJTIMEX, 8); errno != syscall.EFAULT {
		t.Errorf("%v", errno)
	}
}
