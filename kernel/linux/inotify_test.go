package linux

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

// watched is a folder with an instance that watches it for everything.
func watched(t *testing.T, flags int) (instance int) {
	t.Helper()
	reset()
	t.Cleanup(reset)
	instance = must(t, unix.SYS_INOTIFY_INIT1, flags)
	must(t, unix.SYS_MKDIRAT, int(currentDirectory), "d", 0o755)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, instance, "d", inotifyAll)
	return instance
}

// events reads what has happened.
func events(t *testing.T, instance int) string {
	t.Helper()
	b := make([]byte, 1<<20)
	return happened(uintptr(must(t, unix.SYS_READ, instance, b, len(b))), b)
}

// Who reads or polls an instance waits until something has happened, and hears when it is closed.
func TestInotifyWaits(t *testing.T) {
	instance := watched(t, 0)
	poll := must(t, unix.SYS_EPOLL_CREATE1, 0)
	event := make([]byte, 12)
	binary.NativeEndian.PutUint32(event, uint32(file.Readable))
	must(t, unix.SYS_EPOLL_CTL, poll, 1, instance, event)
	if n := must(t, unix.SYS_EPOLL_WAIT, poll, event, 1, 0); n != 0 {
		t.Error("ready, and nothing has happened")
	}
	var got string
	done := later(func() { got = events(t, instance) })
	waiting := later(func() { must(t, unix.SYS_EPOLL_WAIT, poll, make([]byte, 12), 1, -1) })
	must(t, unix.SYS_MKDIRAT, int(currentDirectory), "d/e", 0o755)
	soon(t, "read", done)
	if want := fmt.Sprintf("1 0x40000100 0 %q\n", "e"+strings.Repeat("\x00", 15)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	must(t, unix.SYS_RMDIR, "d/e")
	soon(t, "epoll_wait", waiting)
	events(t, instance)
	var errno syscall.Errno
	done = later(func() { _, errno = do(unix.SYS_READ, instance, make([]byte, 100), 100) })
	must(t, unix.SYS_CLOSE, instance)
	if soon(t, "read", done); errno != syscall.EBADF {
		t.Error(errno)
	}
	if files.Watched() || inotifyUse.watches.Load() != 0 {
		t.Error("watches are left")
	}
}

// What does not fit into the queue is one IN_Q_OVERFLOW, until it has been read.
func TestInotifyOverflow(t *testing.T) {
	defer inotifyMost.events.Store(inotifyMost.events.Swap(4))
	instance := watched(t, syscall.O_NONBLOCK)
	for range 2 {
		for i := range 5 {
			must(t, unix.SYS_MKDIRAT, int(currentDirectory), fmt.Sprint("d/", i), 0o755)
		}
		for i := range 5 {
			must(t, unix.SYS_RMDIR, fmt.Sprint("d/", i))
		}
		got := events(t, instance)
		if n := strings.Count(got, "\n"); n != 5 || !strings.HasSuffix(got, "3\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"\n-1 0x4000 0 \"\"\n") {
			t.Errorf("%d events:\n%s", n, got)
		}
		fails(t, syscall.EAGAIN, unix.SYS_READ, instance, make([]byte, 100), 100)
	}
}

// The limits are those of /proc/sys/fs/inotify.
func TestInotifyLimits(t *testing.T) {
	reset()
	t.Cleanup(reset)
	Start(Options{Files: fs.New(1 << 20), Executable: func() string { return "/p" }})
	files.Furnish("test")
	set := func(name, value string) {
		t.Helper()
		fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "/proc/sys/fs/inotify/"+name, syscall.O_RDWR, 0)
		must(t, unix.SYS_WRITE, fd, []byte(value), len(value))
		fails(t, syscall.EINVAL, unix.SYS_WRITE, fd, []byte("-1\n"), 3)
		must(t, unix.SYS_CLOSE, fd)
		b := make([]byte, 20)
		fd = must(t, unix.SYS_OPENAT, int(currentDirectory), "/proc/sys/fs/inotify/"+name, syscall.O_RDONLY, 0)
		if n := must(t, unix.SYS_READ, fd, b, len(b)); string(b[:n]) != value {
			t.Errorf("%s is %q", name, b[:n])
		}
		must(t, unix.SYS_CLOSE, fd)
	}
	defer inotifyMost.instances.Store(inotifyMost.instances.Load())
	defer inotifyMost.watches.Store(inotifyMost.watches.Load())
	set("max_user_instances", "2\n")
	set("max_user_watches", "2\n")
	a, b := must(t, unix.SYS_INOTIFY_INIT), must(t, unix.SYS_INOTIFY_INIT)
	fails(t, syscall.EMFILE, unix.SYS_INOTIFY_INIT)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, a, "/tmp", inotifyAll)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, b, "/tmp", inotifyAll)
	fails(t, syscall.ENOSPC, unix.SYS_INOTIFY_ADD_WATCH, a, "/dev", inotifyAll)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, a, "/tmp", inotifyAll) // is there already
	must(t, unix.SYS_CLOSE, b)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, a, "/dev", inotifyAll)
	must(t, unix.SYS_INOTIFY_INIT)
}

// What the kernel writes, and what programs do to devices and pipes, is told like everything else.
func TestInotifyOtherFiles(t *testing.T) {
	reset()
	t.Cleanup(reset)
	Start(Options{Files: fs.New(1 << 20), Executable: func() string { return "/p" }})
	files.Furnish("test")
	instance := must(t, unix.SYS_INOTIFY_INIT1, syscall.O_NONBLOCK)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, instance, "/dev/null", inotifyAll)
	null := must(t, unix.SYS_OPENAT, int(currentDirectory), "/dev/null", syscall.O_WRONLY, 0)
	must(t, unix.SYS_WRITE, null, []byte("x"), 1)
	must(t, unix.SYS_CLOSE, null)
	if got, want := events(t, instance), "1 0x20 0 \"\"\n1 0x2 0 \"\"\n1 0x8 0 \"\"\n"; got != want {
		t.Errorf("a device:\n%s", got)
	}
	must(t, unix.SYS_MKNODAT, int(currentDirectory), "/pipe", syscall.S_IFIFO|0o600, 0)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, instance, "/pipe", inotifyAll)
	pipe := must(t, unix.SYS_OPENAT, int(currentDirectory), "/pipe", syscall.O_RDWR, 0)
	must(t, unix.SYS_WRITE, pipe, []byte("x"), 1)
	must(t, unix.SYS_READ, pipe, make([]byte, 1), 1)
	must(t, unix.SYS_UNLINK, "/pipe")
	must(t, unix.SYS_CLOSE, pipe)
	if got, want := events(t, instance), "2 0x20 0 \"\"\n2 0x2 0 \"\"\n2 0x1 0 \"\"\n2 0x4 0 \"\"\n2 0x8 0 \"\"\n2 0x400 0 \"\"\n2 0x8000 0 \"\"\n"; got != want {
		t.Errorf("a pipe:\n%s", got)
	}
	must(t, unix.SYS_INOTIFY_ADD_WATCH, instance, "/etc", inCloseWrite|inIsDir)
	WriteFile("/etc/resolv.conf", "nameserver 192.0.2.1\n")
	if got := events(t, instance); !strings.HasPrefix(got, "3 0x8 0 \"resolv.conf") {
		t.Errorf("the kernel's:\n%s", got)
	}
}

const inCloseWrite = int(fs.ClosedWriter)

// Watches come and go while files do: nothing deadlocks, and in the end nothing is left.
func TestInotifyConcurrently(t *testing.T) {
	reset()
	t.Cleanup(reset)
	var wg sync.WaitGroup
	rounds := 300
	instance := must(t, unix.SYS_INOTIFY_INIT1, syscall.O_NONBLOCK)
	for g := range 4 {
		name := fmt.Sprint("d", g%2)
		wg.Go(func() {
			for range rounds {
				do(unix.SYS_MKDIRAT, int(currentDirectory), name, 0o755)
				do(unix.SYS_INOTIFY_ADD_WATCH, instance, name, inotifyAll|inOneShot*(g&1))
				fd, errno := do(unix.SYS_OPENAT, int(currentDirectory), name+"/f", syscall.O_CREAT|syscall.O_RDWR, 0o644)
				if errno == 0 {
					do(unix.SYS_WRITE, fd, []byte("x"), 1)
					do(unix.SYS_INOTIFY_ADD_WATCH, instance, name+"/f", inotifyAll)
					do(unix.SYS_RENAMEAT2, int(currentDirectory), name+"/f", int(currentDirectory), name+"/g", 0)
					do(unix.SYS_CLOSE, fd)
				}
				do(unix.SYS_UNLINK, name+"/g")
				do(unix.SYS_RMDIR, name)
				do(unix.SYS_CHDIR, "/")
				do(unix.SYS_READ, instance, make([]byte, 4096), 4096)
			}
		})
	}
	wg.Wait()
	for _, name := range []string{"d0", "d1"} {
		for _, file := range []string{"/f", "/g"} {
			do(unix.SYS_UNLINK, name+file)
		}
		do(unix.SYS_RMDIR, name)
	}
	if n := inotifyUse.watches.Load(); n != 0 || files.Watched() {
		t.Errorf("%d watches are left of files that are gone", n)
	}
	must(t, unix.SYS_CLOSE, instance)
}

// Where nothing is watched, reading and writing costs nothing more and allocates nothing: hot_test.go. Where other
// files are, telling nobody allocates nothing.
func TestInotifyOfOthersAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	calls := hot(t)
	instance := must(t, unix.SYS_INOTIFY_INIT1, 0)
	must(t, unix.SYS_INOTIFY_ADD_WATCH, instance, "/dev/zero", inotifyAll)
	for _, name := range []string{"write 1 null", "pread 64K", "pwrite 64K"} {
		calls[name]()
		if n := testing.AllocsPerRun(100, calls[name]); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	reset()
}
