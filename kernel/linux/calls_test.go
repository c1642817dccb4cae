package linux

import (
	"encoding/binary"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// do makes a system call. Its arguments are integers, strings and byte slices (by address).
func do(number uintptr, arguments ...any) (int, syscall.Errno) {
	var a call.Arguments
	for i, argument := range arguments {
		switch v := argument.(type) {
		case int:
			a.Value[i] = uintptr(v)
		case string:
			a.Value[i] = inHeap(append([]byte(v), 0))
		case []byte:
			a.Value[i] = inHeap(v)
		default:
			panic("do: what is this?")
		}
	}
	r, errno := Dispatch(number, &a)
	return int(r), syscall.Errno(errno)
}

// inHeap returns the address of b, which is in the heap because it is kept here.
func inHeap(b []byte) uintptr {
	kept.Store(unsafe.SliceData(b))
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

var kept atomic.Pointer[byte]

// must makes a system call that must work.
func must(t *testing.T, number uintptr, arguments ...any) int {
	t.Helper()
	n, errno := do(number, arguments...)
	if errno != 0 {
		t.Fatalf("%s: %v", table[number].name, errno)
	}
	return n
}

// fails makes a system call that must fail.
func fails(t *testing.T, want syscall.Errno, number uintptr, arguments ...any) {
	t.Helper()
	if n, errno := do(number, arguments...); errno != want {
		t.Errorf("%s = %d, %v; want %v", table[number].name, n, errno, want)
	}
}

func newPipe(t *testing.T, flags int) (r, w int) {
	t.Helper()
	b := make([]byte, 8)
	must(t, unix.SYS_PIPE2, b, flags)
	return int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
}

// soon fails the test if done does not come in time.
func soon(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal(what, "hangs")
	}
}

// later runs f in a goroutine, and waits until it had time to block.
func later(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	time.Sleep(10 * time.Millisecond)
	return done
}

func TestPipeBlocks(t *testing.T) {
	reset()
	r, w := newPipe(t, 0)
	got := make([]byte, 10)
	done := later(func() {
		if n, errno := do(unix.SYS_READ, r, got, 10); n != 5 || errno != 0 {
			t.Error(n, errno)
		}
	})
	must(t, unix.SYS_WRITE, w, []byte("hello"), 5)
	soon(t, "read", done)

	// A write of more than fits waits until all of it is read.
	big := make([]byte, 300<<10)
	for i := range big {
		big[i] = byte(i * 7 / 5)
	}
	done = later(func() {
		if n, errno := do(unix.SYS_WRITE, w, big, len(big)); n != len(big) || errno != 0 {
			t.Error(n, errno)
		}
		do(unix.SYS_CLOSE, w)
	})
	var all []byte
	part := make([]byte, 7777)
	for {
		n := must(t, unix.SYS_READ, r, part, len(part))
		if n == 0 {
			break
		}
		all = append(all, part[:n]...)
	}
	soon(t, "write", done)
	if string(all) != string(big) {
		t.Error("something else came out of the pipe")
	}
}

func TestPipeEnds(t *testing.T) {
	reset()
	var signals []uint32
	machine.OnSignal = func(s uint32) bool { signals = append(signals, s); return true }
	defer func() { machine.OnSignal = func(uint32) bool { return true } }()
	r, w := newPipe(t, syscall.O_NONBLOCK)
	fails(t, syscall.EAGAIN, unix.SYS_READ, r, make([]byte, 1), 1)
	fails(t, syscall.EBADF, unix.SYS_READ, w, make([]byte, 1), 1)
	fails(t, syscall.EBADF, unix.SYS_WRITE, r, make([]byte, 1), 1)
	fails(t, syscall.ESPIPE, unix.SYS_LSEEK, r, 0, 0)
	fails(t, syscall.ESPIPE, unix.SYS_PREAD64, r, make([]byte, 1), 1, 0)
	if n := must(t, unix.SYS_WRITE, w, make([]byte, 100000), 100000); n != 65536 {
		t.Error("a full pipe holds", n)
	}
	fails(t, syscall.EAGAIN, unix.SYS_WRITE, w, make([]byte, 1), 1)
	count := make([]byte, 4)
	must(t, unix.SYS_IOCTL, r, fionread, count)
	if n := binary.LittleEndian.Uint32(count); n != 65536 {
		t.Error("FIONREAD:", n)
	}
	// Up to a page is written whole or not at all.
	must(t, unix.SYS_READ, r, make([]byte, 4000), 4000)
	fails(t, syscall.EAGAIN, unix.SYS_WRITE, w, make([]byte, 4096), 4096)
	must(t, unix.SYS_CLOSE, r)
	fails(t, syscall.EPIPE, unix.SYS_WRITE, w, make([]byte, 1), 1)
	if len(signals) != 1 || signals[0] != uint32(syscall.SIGPIPE) {
		t.Error("signals:", signals)
	}
	r, w = newPipe(t, syscall.O_CLOEXEC)
	if must(t, unix.SYS_FCNTL, r, fGetFD) != syscall.FD_CLOEXEC {
		t.Error("no FD_CLOEXEC")
	}
	must(t, unix.SYS_CLOSE, w)
	if n := must(t, unix.SYS_READ, r, make([]byte, 1), 1); n != 0 {
		t.Error("no end of file")
	}
}

func TestCloseWakes(t *testing.T) {
	reset()
	r, _ := newPipe(t, 0)
	done := later(func() { fails(t, syscall.EBADF, unix.SYS_READ, r, make([]byte, 1), 1) })
	must(t, unix.SYS_CLOSE, r)
	soon(t, "read", done)

	e := must(t, unix.SYS_EVENTFD2, 0, 0)
	done = later(func() { fails(t, syscall.EBADF, unix.SYS_READ, e, make([]byte, 8), 8) })
	must(t, unix.SYS_CLOSE, e)
	soon(t, "read", done)

	p := must(t, unix.SYS_EPOLL_CREATE1, 0)
	done = later(func() { fails(t, syscall.EBADF, unix.SYS_EPOLL_WAIT, p, make([]byte, 12), 1, -1) })
	must(t, unix.SYS_CLOSE, p)
	soon(t, "epoll_wait", done)
}

func TestEventfd(t *testing.T) {
	reset()
	value := make([]byte, 8)
	e := must(t, unix.SYS_EVENTFD2, 3, syscall.O_NONBLOCK)
	must(t, unix.SYS_READ, e, value, 8)
	if v := binary.LittleEndian.Uint64(value); v != 3 {
		t.Error("read", v)
	}
	fails(t, syscall.EAGAIN, unix.SYS_READ, e, value, 8)
	fails(t, syscall.EINVAL, unix.SYS_READ, e, value, 7)
	binary.LittleEndian.PutUint64(value, 1<<64-1)
	fails(t, syscall.EINVAL, unix.SYS_WRITE, e, value, 8)
	binary.LittleEndian.PutUint64(value, 1<<64-2)
	must(t, unix.SYS_WRITE, e, value, 8)
	binary.LittleEndian.PutUint64(value, 1)
	fails(t, syscall.EAGAIN, unix.SYS_WRITE, e, value, 8)
	wide := must(t, unix.SYS_EVENTFD2, 0, 0)
	binary.LittleEndian.PutUint64(value, 1<<64-2)
	must(t, unix.SYS_WRITE, wide, value, 8)
	blocked := later(func() { must(t, unix.SYS_WRITE, wide, value, 8) })
	must(t, unix.SYS_READ, wide, make([]byte, 8), 8)
	soon(t, "write", blocked)
	s := must(t, unix.SYS_EVENTFD2, 2, 1)
	for range 2 {
		must(t, unix.SYS_READ, s, value, 8)
		if v := binary.LittleEndian.Uint64(value); v != 1 {
			t.Error("semaphore read", v)
		}
	}
	done := later(func() { must(t, unix.SYS_READ, s, make([]byte, 8), 8) })
	must(t, unix.SYS_WRITE, s, value, 8)
	soon(t, "read", done)
}

func TestDescriptors(t *testing.T) {
	reset()
	for want := range 200 {
		if fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT, 0o600); fd != want {
			t.Fatal("opened", fd, "instead of", want)
		}
	}
	for _, fd := range []int{150, 3, 70} {
		must(t, unix.SYS_CLOSE, fd)
	}
	for _, want := range []int{3, 70, 150, 200} {
		if fd := must(t, unix.SYS_DUP, 0); fd != want {
			t.Error("opened", fd, "instead of", want)
		}
	}
	if fd := must(t, unix.SYS_FCNTL, 0, fDupFDCloexec, 1000); fd != 1000 {
		t.Error(fd)
	}
	must(t, unix.SYS_DUP3, 0, 5000, syscall.O_CLOEXEC)
	must(t, unix.SYS_DUP2, 5000, 7)
	fails(t, syscall.EINVAL, unix.SYS_DUP3, 7, 7, 0)
	fails(t, syscall.EBADF, unix.SYS_DUP2, 0, maxDescriptors)
	fails(t, syscall.EBADF, unix.SYS_CLOSE, -1)
	fails(t, syscall.EBADF, unix.SYS_READ, 1<<31-1, make([]byte, 1), 1)
	must(t, unix.SYS_CLOSE_RANGE, 10, 1<<32-1, 0)
	fails(t, syscall.EBADF, unix.SYS_CLOSE, 5000)
	if open := openDescriptors(); len(open) != 10 {
		t.Error(open)
	}
}

func TestDescriptorsRace(t *testing.T) {
	reset()
	must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	var wait sync.WaitGroup
	for range 4 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := range 3000 {
				fd, _ := do(unix.SYS_DUP, 0)
				if i%50 == 0 {
					do(unix.SYS_FCNTL, 0, fDupFD, i)
				}
				if _, errno := do(unix.SYS_PWRITE64, fd, []byte("x"), 1, i); errno != 0 {
					t.Error(errno)
				}
				do(unix.SYS_CLOSE, fd)
			}
		}()
	}
	wait.Wait()
}

func TestLocksBlock(t *testing.T) {
	reset()
	a := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	b := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_RDWR, 0)
	must(t, unix.SYS_FLOCK, a, syscall.LOCK_EX)
	fails(t, syscall.EAGAIN, unix.SYS_FLOCK, b, syscall.LOCK_SH|syscall.LOCK_NB)
	done := later(func() { must(t, unix.SYS_FLOCK, b, syscall.LOCK_EX) })
	must(t, unix.SYS_CLOSE, a)
	soon(t, "flock", done)

	c := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_RDWR, 0)
	lock := make([]byte, 32)
	lock[0] = syscall.F_WRLCK
	must(t, unix.SYS_FCNTL, b, fOFDSet, lock)
	fails(t, syscall.EAGAIN, unix.SYS_FCNTL, c, fOFDSet, lock)
	done = later(func() { must(t, unix.SYS_FCNTL, c, fOFDSetWait, lock) })
	unlock := make([]byte, 32)
	unlock[0] = syscall.F_UNLCK
	must(t, unix.SYS_FCNTL, b, fOFDSet, unlock)
	soon(t, "fcntl", done)
	done = later(func() { fails(t, syscall.EBADF, unix.SYS_FCNTL, b, fOFDSetWait, lock) })
	must(t, unix.SYS_CLOSE, b)
	soon(t, "fcntl", done) // before the lock is free: else it could be had
	must(t, unix.SYS_CLOSE, c)
}

func TestFullDisk(t *testing.T) {
	reset()
	files = fs.New(5 * pageSize)
	process.directory.Store(files.Root())
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	big := make([]byte, 8*pageSize)
	if n := must(t, unix.SYS_WRITE, fd, big, len(big)); n != 5*pageSize {
		t.Error("wrote", n)
	}
	fails(t, syscall.ENOSPC, unix.SYS_WRITE, fd, big, 1)
	must(t, unix.SYS_PWRITE64, fd, big, pageSize, 0)
	must(t, unix.SYS_UNLINK, "f")
	other := must(t, unix.SYS_OPENAT, int(currentDirectory), "g", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	fails(t, syscall.ENOSPC, unix.SYS_WRITE, other, big, 1)
	must(t, unix.SYS_CLOSE, fd)
	fails(t, syscall.ENOSPC, unix.SYS_FALLOCATE, other, 0, 0, 6*pageSize)
	must(t, unix.SYS_FTRUNCATE, other, 0)
	if n := must(t, unix.SYS_WRITE, other, big, len(big)); n != 5*pageSize {
		t.Error("wrote", n)
	}
}

func TestMissing(t *testing.T) {
	reset()
	machine.Output = func(p []byte) {
		if !strings.Contains(string(p), "process") {
			t.Errorf("said %q", p)
		}
	}
	defer func() { machine.Output = func([]byte) {} }()
	fails(t, syscall.ENOSYS, unix.SYS_FORK)
	fails(t, syscall.ENOSYS, unix.SYS_KEXEC_LOAD)
	fails(t, syscall.ENOSYS, unix.SYS_KEXEC_LOAD)
	for _, number := range []uintptr{1000, 1 << 40} {
		if _, errno := Dispatch(number, &call.Arguments{}); errno != uintptr(syscall.ENOSYS) {
			t.Error(errno)
		}
	}
	for _, m := range MissedCalls() {
		if m.Name == "kexec_load" && m.Calls == 2 {
			return
		}
	}
	t.Error("kexec_load was not counted:", MissedCalls())
}

var _ file.File = (*pipeEnd)(nil)
