package linux

import (
	"encoding/binary"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// caught collects the signals that the program would have handled.
type caught struct {
	mu   sync.Mutex
	list []uint32
}

func (c *caught) take() (list []uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, c.list = c.list, nil
	return list
}

// catch begins anew with no signal blocked, or waiting.
func catch(t *testing.T) *caught {
	reset()
	c := new(caught)
	machine.OnSignal = func(s uint32) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, s)
		return s != uint32(syscall.SIGCHLD) // is ignored
	}
	t.Cleanup(func() {
		reset()
		c.take() // after who has looked at OnSignal
		quiet()
	})
	return c
}

func setBytes(signals ...syscall.Signal) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(setOf(signals...)))
}

// block changes the mask: how is 0 to block, 1 to unblock, 2 to replace. It returns the old one.
func block(t *testing.T, how int, signals ...syscall.Signal) signalSet {
	t.Helper()
	old := make([]byte, 8)
	must(t, unix.SYS_RT_SIGPROCMASK, how, setBytes(signals...), old, 8)
	return signalSet(binary.LittleEndian.Uint64(old))
}

const (
	sigUser1 = syscall.SIGUSR1
	sigUser2 = syscall.SIGUSR2
)

func TestSignalMask(t *testing.T) {
	c := catch(t)
	block(t, 0, sigUser1, syscall.SIGKILL, syscall.SIGSTOP)
	if old := block(t, 0, sigUser2); old != setOf(sigUser1) {
		t.Errorf("%#x", old)
	}
	must(t, unix.SYS_KILL, 1, int(sigUser1)) // another thread has it
	if got := c.take(); !slices.Equal(got, []uint32{10}) {
		t.Error(got)
	}
	pending := func(want ...syscall.Signal) {
		t.Helper()
		p := make([]byte, 8)
		must(t, unix.SYS_RT_SIGPENDING, p, 8)
		if got := signalSet(binary.LittleEndian.Uint64(p)); got != setOf(want...) {
			t.Errorf("%#x waits, want %v", got, want)
		}
	}
	must(t, unix.SYS_TKILL, 1, int(sigUser1))
	must(t, unix.SYS_TGKILL, 1, 1, int(sigUser1))
	must(t, unix.SYS_TKILL, 1, int(syscall.SIGTERM))
	pending(sigUser1)
	if got := c.take(); !slices.Equal(got, []uint32{15}) {
		t.Error(got)
	}
	if old := block(t, 1, sigUser1); old != setOf(sigUser1, sigUser2) {
		t.Errorf("%#x", old)
	}
	pending()
	if got := c.take(); !slices.Equal(got, []uint32{10}) { // once
		t.Error(got)
	}
	must(t, unix.SYS_TKILL, 1, int(sigUser2))
	block(t, 2)
	if got := c.take(); !slices.Equal(got, []uint32{12}) {
		t.Error(got)
	}
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGPROCMASK, 3, setBytes(), 0, 8)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGPROCMASK, 0, setBytes(), 0, 4)
	must(t, unix.SYS_RT_SIGPROCMASK, 3, 0, 0, 8)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGPENDING, setBytes(), 9)
	fails(t, syscall.EINVAL, unix.SYS_TKILL, 0, 1)
}

func TestSignalfd(t *testing.T) {
	c := catch(t)
	fd := must(t, unix.SYS_SIGNALFD4, -1, setBytes(sigUser1, sigUser2, syscall.Signal(40)), 8, syscall.O_NONBLOCK)
	must(t, unix.SYS_KILL, 1, int(sigUser1))
	if got := c.take(); !slices.Equal(got, []uint32{10}) { // it was not blocked
		t.Error(got)
	}
	block(t, 0, sigUser1, sigUser2, syscall.Signal(40), syscall.SIGTERM)
	b := make([]byte, 5*takenSize)
	fails(t, syscall.EAGAIN, unix.SYS_READ, fd, b, len(b))
	fails(t, syscall.EINVAL, unix.SYS_READ, fd, b, takenSize-1)
	fails(t, syscall.EINVAL, unix.SYS_WRITE, fd, b, takenSize)
	ready := func() bool {
		p := binary.LittleEndian.AppendUint64(nil, uint64(fd)|1<<32)
		return must(t, unix.SYS_POLL, p, 1, 0) == 1
	}
	if ready() {
		t.Error("ready without a signal")
	}
	info := make([]byte, siginfoSize)
	binary.LittleEndian.PutUint32(info[8:], 0xffffffff) // SI_QUEUE
	binary.LittleEndian.PutUint64(info[24:], 0x123456789)
	RaiseSignal(uint32(sigUser2))
	for range 2 {
		must(t, unix.SYS_KILL, 1, int(sigUser1))
		must(t, unix.SYS_RT_SIGQUEUEINFO, 1, 40, info)
	}
	must(t, unix.SYS_KILL, 1, int(syscall.SIGTERM)) // nobody takes it
	if got := c.take(); !slices.Equal(got, []uint32{15}) {
		t.Error(got)
	}
	if !ready() {
		t.Error("not ready")
	}
	if n := must(t, unix.SYS_READ, fd, b, len(b)-1); n != 4*takenSize {
		t.Errorf("%d bytes", n)
	}
	for i, want := range []struct{ signal, code, pid, number int }{{10, fromUser, 1, 0}, {12, fromKernel, 0, 0}, {40, -1, 0, 0x23456789}, {40, -1, 0, 0x23456789}} {
		word := func(at int) int { return int(int32(binary.LittleEndian.Uint32(b[i*takenSize+at:]))) }
		if word(0) != want.signal || word(8) != want.code || word(12) != want.pid || word(44) != want.number {
			t.Errorf("%d: signal %d code %d from %d with %#x", i, word(0), word(8), word(12), word(44))
		}
	}
	if ready() {
		t.Error("ready, and all was read")
	}

	// Who waits is woken, and others than those that are taken go on.
	must(t, unix.SYS_FCNTL, fd, fSetFL, 0)
	done := later(func() {
		if n, errno := do(unix.SYS_READ, fd, b, len(b)); n != takenSize || errno != 0 || b[0] != 10 {
			t.Error(n, errno, b[0])
		}
	})
	must(t, unix.SYS_KILL, 1, int(sigUser1))
	soon(t, "read", done)
	e := must(t, unix.SYS_EPOLL_CREATE1, 0)
	must(t, unix.SYS_EPOLL_CTL, e, 1, fd, append([]byte{1, 0, 0, 0}, make([]byte, 8)...))
	done = later(func() { must(t, unix.SYS_EPOLL_WAIT, e, make([]byte, 12), 1, -1) })
	must(t, unix.SYS_TKILL, 1, int(sigUser2))
	soon(t, "epoll_wait", done)

	// Another mask.
	if again := must(t, unix.SYS_SIGNALFD4, fd, setBytes(sigUser1), 8, 0); again != fd || ready() {
		t.Error(again, "ready for what is not in the mask any more")
	}
	must(t, unix.SYS_SIGNALFD, fd, setBytes(sigUser2), 8)
	if !ready() {
		t.Error("not ready for what waits")
	}
	c.take()
	must(t, unix.SYS_CLOSE, fd)
	must(t, unix.SYS_KILL, 1, int(sigUser1))
	block(t, 2)
	if got := c.take(); !slices.Equal(got, []uint32{10, 12}) {
		t.Error(got)
	}
	fails(t, syscall.EINVAL, unix.SYS_SIGNALFD4, -1, setBytes(), 4, 0)
	fails(t, syscall.EINVAL, unix.SYS_SIGNALFD4, -1, setBytes(), 8, 1)
	fails(t, syscall.EFAULT, unix.SYS_SIGNALFD4, -1, 0, 8, 0)
	fails(t, syscall.EBADF, unix.SYS_SIGNALFD4, 99, setBytes(), 8, 0)
	fails(t, syscall.EINVAL, unix.SYS_SIGNALFD4, e, setBytes(), 8, 0)
}

func TestSignalsQueueIsBounded(t *testing.T) {
	catch(t)
	fd := must(t, unix.SYS_SIGNALFD4, -1, setBytes(50), 8, 0)
	block(t, 0, 50)
	for range 2 * mostPending {
		must(t, unix.SYS_KILL, 1, 50)
	}
	b := make([]byte, 2*mostPending*takenSize)
	if n := must(t, unix.SYS_READ, fd, b, len(b)); n != mostPending*takenSize {
		t.Error(n / takenSize)
	}
}

func TestSigtimedwait(t *testing.T) {
	c := catch(t)
	short := binary.LittleEndian.AppendUint64(make([]byte, 8), uint64(20*time.Millisecond))
	fails(t, syscall.EAGAIN, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1), 0, short, 8)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1), 0, short, 4)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1), 0, setBytes(64, 63), 8)
	fails(t, syscall.EFAULT, unix.SYS_RT_SIGTIMEDWAIT, 0, 0, short, 8)
	block(t, 0, sigUser1)
	info := make([]byte, siginfoSize)
	done := later(func() {
		if got := must(t, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1, sigUser2), info, 0, 8); got != int(sigUser1) {
			t.Error(got)
		}
	})
	must(t, unix.SYS_KILL, 1, int(syscall.SIGCHLD)) // is ignored: nothing happens
	must(t, unix.SYS_KILL, 1, int(sigUser1))
	soon(t, "rt_sigtimedwait", done)
	if info[0] != 10 || info[8] != fromUser || info[16] != 1 {
		t.Error(info[:24])
	}
	must(t, unix.SYS_TKILL, 1, int(sigUser1)) // before somebody waits for it
	if got := must(t, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1), 0, short, 8); got != int(sigUser1) {
		t.Error(got)
	}
	done = later(func() { fails(t, syscall.EINTR, unix.SYS_RT_SIGTIMEDWAIT, setBytes(sigUser1), 0, 0, 8) })
	c.take()
	must(t, unix.SYS_KILL, 1, int(sigUser2))
	soon(t, "rt_sigtimedwait", done)
	if got := c.take(); !slices.Equal(got, []uint32{12}) {
		t.Error(got)
	}
	if len(signals.takers) != 0 {
		t.Error("somebody waits still")
	}
}

func TestPause(t *testing.T) {
	c := catch(t)
	for name, wait := range map[string]func(){
		"pause":         func() { fails(t, syscall.EINTR, unix.SYS_PAUSE) },
		"rt_sigsuspend": func() { fails(t, syscall.EINTR, unix.SYS_RT_SIGSUSPEND, setBytes(sigUser2), 8) },
	} {
		block(t, 2, sigUser1)
		done := later(wait)
		must(t, unix.SYS_KILL, 1, int(syscall.SIGCHLD)) // is ignored
		select {
		case <-done:
			t.Error(name, "ended for a signal that is ignored")
		case <-time.After(10 * time.Millisecond):
		}
		must(t, unix.SYS_KILL, 1, int(syscall.SIGTERM))
		soon(t, name, done)
		if old := block(t, 2); old != setOf(sigUser1) {
			t.Errorf("%s leaves the mask %#x", name, old)
		}
	}
	if got := c.take(); !slices.Equal(got, []uint32{17, 15, 17, 15}) {
		t.Error(got)
	}
	// What waits, and is not blocked meanwhile, ends the wait.
	block(t, 2, sigUser1)
	must(t, unix.SYS_TKILL, 1, int(sigUser1))
	done := later(func() { fails(t, syscall.EINTR, unix.SYS_RT_SIGSUSPEND, setBytes(), 8) })
	soon(t, "rt_sigsuspend", done)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGSUSPEND, setBytes(), 4)
	fails(t, syscall.EFAULT, unix.SYS_RT_SIGSUSPEND, 0, 8)
}

func TestSigqueue(t *testing.T) {
	c := catch(t)
	info := make([]byte, siginfoSize)
	must(t, unix.SYS_RT_SIGQUEUEINFO, 1, 10, info)
	must(t, unix.SYS_RT_TGSIGQUEUEINFO, 1, 1, 12, info)
	must(t, unix.SYS_RT_SIGQUEUEINFO, 1, 0, info)
	if got := c.take(); !slices.Equal(got, []uint32{10, 12}) {
		t.Error(got)
	}
	fails(t, syscall.EFAULT, unix.SYS_RT_SIGQUEUEINFO, 2, 10, 0)
	fails(t, syscall.ESRCH, unix.SYS_RT_SIGQUEUEINFO, 2, 10, info)
	fails(t, syscall.EINVAL, unix.SYS_RT_SIGQUEUEINFO, 1, 65, info)
	fails(t, syscall.EINVAL, unix.SYS_RT_TGSIGQUEUEINFO, 0, 1, 10, info)
	fails(t, syscall.ESRCH, unix.SYS_RT_TGSIGQUEUEINFO, 1, 2, 10, info)
}

func TestPidfd(t *testing.T) {
	c := catch(t)
	p := must(t, unix.SYS_PIDFD_OPEN, 1, 0)
	thread := must(t, unix.SYS_PIDFD_OPEN, 1, syscall.O_EXCL|syscall.O_NONBLOCK)
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, p, 0, 0, 0)
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, p, 10, 0, 0)
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, selfProcess, 12, 0, 2)
	block(t, 0, sigUser1)
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, thread, 10, 0, 0) // is held back
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, selfThread, 10, 0, 0)
	if got := c.take(); !slices.Equal(got, []uint32{10, 12}) {
		t.Error(got)
	}
	info := make([]byte, siginfoSize)
	info[0] = 12
	must(t, unix.SYS_PIDFD_SEND_SIGNAL, p, 12, info, 0)
	fails(t, syscall.EINVAL, unix.SYS_PIDFD_SEND_SIGNAL, p, 10, info, 0)
	fails(t, syscall.EINVAL, unix.SYS_PIDFD_SEND_SIGNAL, p, 65, 0, 0)
	for _, flags := range []int{3, 5, 6, 7, 8} {
		fails(t, syscall.EINVAL, unix.SYS_PIDFD_SEND_SIGNAL, p, 10, 0, flags)
	}
	block(t, 2)
	file := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	fails(t, syscall.EBADF, unix.SYS_PIDFD_SEND_SIGNAL, file, 10, 0, 0)
	same := must(t, unix.SYS_PIDFD_GETFD, p, file, 0)
	must(t, unix.SYS_WRITE, file, []byte("abc"), 3)
	if at := must(t, unix.SYS_LSEEK, same, 0, 1); at != 3 || !closeOnExec(same) {
		t.Error(at)
	}
	fails(t, syscall.EBADF, unix.SYS_PIDFD_GETFD, p, 99, 0)
	fails(t, syscall.EBADF, unix.SYS_PIDFD_GETFD, file, file, 0)
	fails(t, syscall.EINVAL, unix.SYS_PIDFD_GETFD, p, file, 1)
	fails(t, syscall.EINVAL, unix.SYS_PIDFD_OPEN, 0, 0)
	fails(t, syscall.EINVAL, unix.SYS_PIDFD_OPEN, 1, 1)
	fails(t, syscall.ESRCH, unix.SYS_PIDFD_OPEN, 99, 0)
	if n := must(t, unix.SYS_POLL, binary.LittleEndian.AppendUint64(nil, uint64(p)|1<<32), 1, 0); n != 0 {
		t.Error("the process has ended")
	}
}

func TestIntervalTimers(t *testing.T) {
	c := catch(t)
	value := func(interval, first time.Duration) []byte {
		var v intervalValue
		v.of(int64(first), int64(interval))
		var b []byte
		for _, x := range []int64{v.interval.Sec, v.interval.Usec, v.value.Sec, v.value.Usec} {
			b = binary.LittleEndian.AppendUint64(b, uint64(x))
		}
		return b
	}
	left := func(b []byte) time.Duration {
		return time.Duration(binary.LittleEndian.Uint64(b[16:])*1e9 + binary.LittleEndian.Uint64(b[24:])*1e3)
	}
	wait := func(want ...uint32) {
		t.Helper()
		var got []uint32
		for begin := time.Now(); len(got) < len(want) && time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
			got = append(got, c.take()...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	must(t, unix.SYS_SETITIMER, 0, value(0, 5*time.Millisecond), 0)
	wait(14)
	must(t, unix.SYS_SETITIMER, 0, value(5*time.Millisecond, 5*time.Millisecond), 0)
	wait(14, 14)
	old := make([]byte, 32)
	must(t, unix.SYS_SETITIMER, 0, value(0, 1000*time.Second), old)
	if d := left(old); d < time.Microsecond || d > 5*time.Millisecond || old[8] != 0x88 {
		t.Error(d, old)
	}
	c.take()
	if n := must(t, unix.SYS_ALARM, 2000); n != 1000 {
		t.Error(n)
	}
	must(t, unix.SYS_GETITIMER, 0, old)
	if d := left(old); d > 2000*time.Second || d < 1999*time.Second || old[8] != 0 {
		t.Error(d)
	}
	must(t, unix.SYS_SETITIMER, 0, 0, 0)
	if n := must(t, unix.SYS_ALARM, 0); n != 0 {
		t.Error(n)
	}
	// Here the program runs all the time.
	for i, signal := range []uint32{26, 27} {
		must(t, unix.SYS_SETITIMER, i+1, value(0, 5*time.Millisecond), 0)
		wait(signal)
	}
	for _, wrong := range [][]byte{value(-time.Second, 0), value(0, -time.Millisecond), value(0, -time.Second)} {
		fails(t, syscall.EINVAL, unix.SYS_SETITIMER, 0, wrong, 0)
	}
	fails(t, syscall.EINVAL, unix.SYS_SETITIMER, 3, value(0, 0), 0)
	fails(t, syscall.EINVAL, unix.SYS_GETITIMER, -1, old)
	fails(t, syscall.EFAULT, unix.SYS_GETITIMER, 0, 0)
}
