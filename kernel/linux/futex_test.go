package linux

import (
	"encoding/binary"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFutex(t *testing.T) {
	reset()
	words := make([]byte, 8)
	other := words[4:]
	binary.NativeEndian.PutUint32(words, 7)
	fails(t, syscall.EAGAIN, unix.SYS_FUTEX, words, futexWait, 8, 0)
	fails(t, syscall.ETIMEDOUT, unix.SYS_FUTEX, words, futexWait, 7, timespec(time.Millisecond))
	if len(futexes.waiting) != 0 {
		t.Error("somebody still waits")
	}
	var waiting []<-chan struct{}
	for range 3 {
		waiting = append(waiting, later(func() {
			if n, errno := do(unix.SYS_FUTEX, words, futexWait, 7, 0); n != 0 || errno != 0 {
				t.Error(n, errno)
			}
		}))
	}
	for i, c := range []struct{ number, want int }{
		{must(t, unix.SYS_FUTEX, other, futexWake, 10), 0},
		{must(t, unix.SYS_FUTEX, words, futexCmpRequeue, 1, 1, other, 7), 2},
		{must(t, unix.SYS_FUTEX, other, futexWake, 10), 1},
		{must(t, unix.SYS_FUTEX, words, futexWake, 10), 1},
	} {
		if c.number != c.want {
			t.Errorf("%d: %d, not %d", i, c.number, c.want)
		}
	}
	for _, done := range waiting {
		soon(t, "futex", done)
	}
}
