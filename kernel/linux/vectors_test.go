package linux

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Flags say where pwritev2 writes, and whether it and preadv2 wait.
func TestVectorFlags(t *testing.T) {
	var list []operation
	pwritev := func(slot descriptor, text string, offset, flags int) {
		v := vector{&buffer{[]byte(text)}, &buffer{[]byte("+" + text)}}
		list = append(list, plain(unix.SYS_PWRITEV2, "pwritev2", slot, v, 2, offset, 0, flags))
		list = append(list, plain(unix.SYS_LSEEK, "lseek", slot, 0, 1), plain(unix.SYS_PREAD64, "pread64", descriptor(0), empty(200), 200, 0))
	}
	open := func(slot descriptor, flags int) {
		list = append(list, plain(unix.SYS_OPENAT, "openat", cwd, "f", syscall.O_CREAT|flags, 0o644).opening(slot))
	}
	open(0, syscall.O_RDWR)
	open(1, syscall.O_RDWR|syscall.O_APPEND)
	for _, slot := range []descriptor{0, 1} {
		for _, flags := range []int{0, 0x10, 0x20, 0x30, 0x40, 0x80, 0x17} {
			for _, offset := range []int{-1, 0, 3, -2} {
				pwritev(slot, "abc", offset, flags)
			}
		}
	}
	follow(t, list...)
}

func TestNoWait(t *testing.T) {
	reset()
	r, w := newPipe(t, 0)
	b := make([]byte, 100)
	iov := func(n int) []byte {
		v := make([]byte, 16)
		for i := range 8 {
			v[i] = byte(inHeap(b) >> (8 * i))
		}
		v[8] = byte(n)
		return v
	}
	fails(t, syscall.EAGAIN, unix.SYS_PREADV2, r, iov(10), 1, -1, 0, int(rwNoWait))
	must(t, unix.SYS_FCNTL, w, fSetPipeSize, 4096)
	written := 0
	for {
		n, errno := do(unix.SYS_PWRITEV2, w, iov(100), 1, -1, 0, int(rwNoWait))
		if errno == syscall.EAGAIN {
			break
		}
		if written += n; errno != 0 || written > 4096 {
			t.Fatal(n, errno)
		}
	}
	if n := must(t, unix.SYS_PREADV2, r, iov(10), 1, -1, 0, int(rwNoWait)); n != 10 {
		t.Error(n)
	}
}
