package linux

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// polled makes an array of struct pollfd.
func polled(fds ...[2]int) []byte {
	var b []byte
	for _, p := range fds {
		b = binary.LittleEndian.AppendUint32(b, uint32(p[0]))
		b = binary.LittleEndian.AppendUint32(b, uint32(p[1]))
	}
	return b
}

func revents(b []byte) (list []file.Events) {
	for ; len(b) > 0; b = b[8:] {
		list = append(list, file.Events(binary.LittleEndian.Uint16(b[6:])))
	}
	return list
}

func TestPoll(t *testing.T) {
	reset()
	r, w := newPipe(t, 0)
	f := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	const in, out = int(file.Readable), int(file.Writable)
	b := polled([2]int{r, in}, [2]int{w, in | out}, [2]int{f, in | out}, [2]int{-5, in}, [2]int{99, in})
	if n := must(t, unix.SYS_POLL, b, 5, 0); n != 3 {
		t.Error("ready:", n)
	}
	if got, want := revents(b), []file.Events{0, file.Writable, file.Readable | file.Writable, 0, invalid}; !slices.Equal(got, want) {
		t.Error(got)
	}
	b = polled([2]int{r, in})
	began := time.Now()
	if n := must(t, unix.SYS_POLL, b, 1, 20); n != 0 || time.Since(began) < 20*time.Millisecond {
		t.Error("poll did not wait:", n, time.Since(began))
	}
	done := later(func() {
		if n, errno := do(unix.SYS_POLL, b, 1, -1); n != 1 || errno != 0 {
			t.Error(n, errno)
		}
	})
	must(t, unix.SYS_WRITE, w, []byte("x"), 1)
	soon(t, "poll", done)
	must(t, unix.SYS_READ, r, make([]byte, 1), 1)

	set := make([]byte, 128)
	done = later(func() {
		set[r/8] |= 1 << (r % 8)
		if n, errno := do(unix.SYS_SELECT, r+1, set, 0, 0, 0); n != 1 || errno != 0 || set[r/8] != 1<<(r%8) {
			t.Error(n, errno, set)
		}
	})
	must(t, unix.SYS_CLOSE, w)
	soon(t, "select", done)
	if must(t, unix.SYS_POLL, b, 1, -1); revents(b)[0] != file.HangUp {
		t.Error("closed at the other end:", revents(b))
	}
	fails(t, syscall.EBADF, unix.SYS_SELECT, w+1, []byte{1 << w, 0, 0, 0, 0, 0, 0, 0}, 0, 0, make([]byte, 16))
}

// epollControl is epoll_ctl; the data is the descriptor.
func epollControl(t *testing.T, e, operation, fd int, events uint32) syscall.Errno {
	b := make([]byte, 12)
	binary.LittleEndian.PutUint32(b, events)
	binary.LittleEndian.PutUint32(b[4:], uint32(fd))
	_, errno := do(unix.SYS_EPOLL_CTL, e, operation, fd, b)
	return errno
}

// waited is epoll_wait: what came, as "fd:events", sorted.
func waited(t *testing.T, e, timeout int) string {
	t.Helper()
	b := make([]byte, 12*10)
	n := must(t, unix.SYS_EPOLL_WAIT, e, b, 10, timeout)
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%d:%#x", binary.LittleEndian.Uint32(b[12*i+4:]), binary.LittleEndian.Uint32(b[12*i:])))
	}
	slices.Sort(list)
	return fmt.Sprint(list)
}

func TestEpoll(t *testing.T) {
	reset()
	const add, remove, modify = 1, 2, 3
	const in, out = uint32(file.Readable), uint32(file.Writable)
	r, w := newPipe(t, syscall.O_NONBLOCK) // 0 and 1
	e := must(t, unix.SYS_EPOLL_CREATE1, syscall.O_CLOEXEC)
	expect := func(want string) {
		t.Helper()
		if got := waited(t, e, 0); got != want {
			t.Errorf("epoll_wait: %s, want %s", got, want)
		}
	}
	f := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	for i, test := range []struct {
		operation, fd int
		want          syscall.Errno
	}{
		{add, f, syscall.EPERM}, {add, 99, syscall.EBADF}, {add, e, syscall.EINVAL}, {modify, r, syscall.ENOENT},
		{remove, r, syscall.ENOENT}, {add, r, 0}, {add, r, syscall.EEXIST}, {7, r, syscall.EINVAL},
	} {
		if errno := epollControl(t, e, test.operation, test.fd, in); errno != test.want {
			t.Errorf("%d: %v, want %v", i, errno, test.want)
		}
	}
	expect("[]")
	must(t, unix.SYS_WRITE, w, []byte("xy"), 2)
	expect("[0:0x1]")
	expect("[0:0x1]") // as long as it is readable
	epollControl(t, e, modify, r, in|epollEdge)
	expect("[0:0x1]")
	expect("[]") // told once
	must(t, unix.SYS_WRITE, w, []byte("z"), 1)
	expect("[0:0x1]")
	epollControl(t, e, modify, r, in|epollOneShot)
	expect("[0:0x1]")
	must(t, unix.SYS_WRITE, w, []byte("z"), 1)
	expect("[]")
	epollControl(t, e, modify, r, in)
	epollControl(t, e, add, w, out)
	expect("[0:0x1 1:0x4]")
	must(t, unix.SYS_READ, r, make([]byte, 10), 10)
	expect("[1:0x4]")
	epollControl(t, e, remove, w, 0)
	expect("[]")

	done := later(func() {
		if got := waited(t, e, -1); got != "[0:0x11]" && got != "[0:0x1]" && got != "[0:0x10]" {
			t.Error(got)
		}
	})
	must(t, unix.SYS_CLOSE, w)
	soon(t, "epoll_wait", done)
	must(t, unix.SYS_CLOSE, r) // takes itself out
	expect("[]")

	// Instances can watch each other, but not in a circle.
	outer := must(t, unix.SYS_EPOLL_CREATE1, 0)
	if errno := epollControl(t, outer, add, e, in); errno != 0 {
		t.Error(errno)
	}
	if errno := epollControl(t, e, add, outer, in); errno != syscall.ELOOP {
		t.Error("a circle:", errno)
	}
	r, w = newPipe(t, 0)
	epollControl(t, e, add, r, in)
	must(t, unix.SYS_WRITE, w, []byte("x"), 1)
	if got, want := waited(t, outer, 1000), fmt.Sprintf("[%d:0x1]", e); got != want {
		t.Errorf("through another: %s, want %s", got, want)
	}
	began := time.Now()
	must(t, unix.SYS_READ, r, make([]byte, 1), 1)
	if got := waited(t, e, 20); got != "[]" || time.Since(began) < 20*time.Millisecond {
		t.Error("did not wait:", got)
	}
}

// Two parties that wait and write as fast as they can must not lock each other out, or miss an event.
func TestEpollPingPong(t *testing.T) {
	reset()
	const rounds = 5000
	r1, w1 := newPipe(t, 0)
	r2, w2 := newPipe(t, 0)
	player := func(r, w int) {
		e := must(t, unix.SYS_EPOLL_CREATE1, 0)
		epollControl(t, e, 1, r, uint32(file.Readable)|epollEdge)
		for range rounds {
			if got, want := waited(t, e, 10000), fmt.Sprintf("[%d:0x1]", r); got != want {
				t.Errorf("%s, want %s", got, want)
				return
			}
			do(unix.SYS_READ, r, make([]byte, 1), 1)
			do(unix.SYS_WRITE, w, []byte("x"), 1)
		}
	}
	var wait sync.WaitGroup
	wait.Add(2)
	go func() { defer wait.Done(); player(r1, w2) }()
	go func() { defer wait.Done(); player(r2, w1) }()
	must(t, unix.SYS_WRITE, w1, []byte("x"), 1)
	wait.Wait()
}

// A slowFile is always readable, but takes its time to say so.
type slowFile struct {
	anonymous
	asked  chan struct{}
	answer chan struct{}
}

func (f *slowFile) Ready() file.Events {
	f.asked <- struct{}{}
	<-f.answer
	return file.Readable
}

func (f *slowFile) Close() syscall.Errno { return 0 }

// What is ready, and stays so, does not keep those waiting who ask while it is being told to another.
func TestEpollShared(t *testing.T) {
	reset()
	f := &slowFile{asked: make(chan struct{}), answer: make(chan struct{})}
	fd, _ := Install(f, syscall.O_RDWR, false)
	e := must(t, unix.SYS_EPOLL_CREATE1, 0)
	added := later(func() { epollControl(t, e, 1, fd, uint32(file.Readable)) })
	<-f.asked
	f.answer <- struct{}{}
	soon(t, "epoll_ctl", added)
	ask := func() {
		if got, want := waited(t, e, -1), fmt.Sprintf("[%d:0x1]", fd); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	first := later(ask)
	<-f.asked
	second := later(ask) // and finds nothing in the queue
	f.answer <- struct{}{}
	soon(t, "the first epoll_wait", first)
	for asked := f.asked; ; {
		select {
		case <-asked:
			f.answer <- struct{}{}
		case <-second:
			return
		case <-time.After(10 * time.Second):
			t.Fatal("the second epoll_wait hangs")
		}
	}
}

func TestPollHooks(t *testing.T) {
	reset()
	var told []string
	machine.OnReady = func(token uintptr, r, w bool) { told = append(told, fmt.Sprint(token, r, w)) }
	defer func() { machine.OnReady = func(uintptr, bool, bool) {} }()
	expect := func(want ...string) {
		t.Helper()
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		told = nil
	}
	f := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	if errno := PollOpen(int32(f), 7); errno != uintptr(syscall.EPERM) {
		t.Error("a file that never blocks:", errno)
	}
	if errno := PollOpen(50, 7); errno != uintptr(syscall.EBADF) {
		t.Error("no file:", errno)
	}
	r, w := newPipe(t, syscall.O_NONBLOCK)
	if errno := PollOpen(int32(w), 1); errno != 0 {
		t.Fatal(errno)
	}
	expect("1 false true") // ready now
	if errno := PollOpen(int32(r), 2); errno != 0 {
		t.Fatal(errno)
	}
	expect()
	if errno := PollOpen(int32(r), 3); errno != uintptr(syscall.EEXIST) {
		t.Error("twice:", errno)
	}
	must(t, unix.SYS_WRITE, w, []byte("x"), 1)
	expect("2 true false")
	if errno := PollClose(int32(r)); errno != 0 {
		t.Error(errno)
	}
	must(t, unix.SYS_WRITE, w, []byte("x"), 1)
	expect()
	// A descriptor that is closed without PollClose leaves nothing for the next of its number.
	PollOpen(int32(r), 4)
	expect("4 true false")
	keep := must(t, unix.SYS_DUP, r)
	must(t, unix.SYS_CLOSE, r)
	must(t, unix.SYS_WRITE, w, []byte("x"), 1)
	expect()
	if errno := PollClose(int32(r)); errno != uintptr(syscall.ENOENT) {
		t.Error(errno)
	}
	must(t, unix.SYS_CLOSE, keep)
	expect("1 true true") // the writer hears that nobody reads any more
	PollClose(int32(w))
}
