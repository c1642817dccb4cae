package linux

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNamedPipe(t *testing.T) {
	reset()
	files.OpenPipe = openNamedPipe
	must(t, unix.SYS_MKNODAT, int(currentDirectory), "p", syscall.S_IFIFO|0o600, 0)
	open := func(flags int) (int, syscall.Errno) {
		return do(unix.SYS_OPENAT, int(currentDirectory), "p", flags, 0)
	}
	if _, errno := open(syscall.O_WRONLY | syscall.O_NONBLOCK); errno != syscall.ENXIO {
		t.Error("nobody reads:", errno)
	}
	if _, errno := open(3); errno != syscall.EINVAL {
		t.Error(errno)
	}

	// Each end waits for the other.
	for _, flags := range [][2]int{{syscall.O_RDONLY, syscall.O_WRONLY}, {syscall.O_WRONLY, syscall.O_RDONLY}} {
		var first int
		done := later(func() { first, _ = open(flags[0]) })
		select {
		case <-done:
			t.Error("open does not wait for the other end")
		default:
		}
		second, errno := open(flags[1])
		if errno != 0 {
			t.Fatal(errno)
		}
		soon(t, "open", done)
		r, w := first, second
		if flags[0] == syscall.O_WRONLY {
			r, w = w, r
		}
		must(t, unix.SYS_WRITE, w, []byte("hello"), 5)
		b := make([]byte, 10)
		if n := must(t, unix.SYS_READ, r, b, 10); string(b[:n]) != "hello" {
			t.Errorf("%q", b[:n])
		}
		st := make([]byte, 144)
		must(t, unix.SYS_FSTAT, r, st)
		if got := stated(0, st); got != "mode 10600 links 1 owner 0:0 size 0 blocks 0" {
			t.Error(got)
		}
		must(t, unix.SYS_WRITE, w, []byte("left"), 4)
		must(t, unix.SYS_CLOSE, r)
		must(t, unix.SYS_CLOSE, w)
	}

	// Nothing is left in it, and no end is told before there was a beginning.
	r, _ := open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	poll := polled([2]int{r, 1})
	must(t, unix.SYS_POLL, poll, 1, 0)
	if n := must(t, unix.SYS_READ, r, make([]byte, 5), 5); n != 0 || revents(poll)[0] != 0 {
		t.Error(n, revents(poll))
	}
	w, _ := open(syscall.O_WRONLY)
	fails(t, syscall.EAGAIN, unix.SYS_READ, r, make([]byte, 5), 5)
	must(t, unix.SYS_CLOSE, w)
	if must(t, unix.SYS_POLL, poll, 1, 0); revents(poll)[0] != 0x10 {
		t.Error("the end:", revents(poll))
	}
	must(t, unix.SYS_CLOSE, r)
	if rw, errno := open(syscall.O_RDWR); errno != 0 {
		t.Error(errno)
	} else {
		must(t, unix.SYS_WRITE, rw, []byte("x"), 1)
		must(t, unix.SYS_READ, rw, make([]byte, 5), 5)
	}
}
