package linux

import (
	"encoding/binary"
	"math/rand"
	"sync"
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

// choices are bytes that decide what happens.
type choices []byte

func (c *choices) next() int {
	if len(*c) == 0 {
		return 0
	}
	b := (*c)[0]
	*c = (*c)[1:]
	return int(b)
}

// An arena is all the memory that the calls may touch: some paths, structures and room, between pages
// that are not there.
type arena struct{ memory []byte }

const (
	arenaPaths = 2048 // where the paths are, 16 bytes each
	arenaZero  = 3000 // a struct timespec of no time
)

func newArena() arena {
	a := arena{pages(4)}
	for i, p := range []string{"a", "b", "a/b", "/", "..", "a/../b", "/dev/null", "/proc/self/fd/3", "/proc/self/stat", "", "l", "/dev/random"} {
		copy(a.memory[arenaPaths+16*i:], p)
	}
	return a
}

// value makes up an argument: a small number, a flag, a descriptor, or an address, of which some are
// wild.
func (a arena) value(c *choices) uintptr {
	base := at0(a.memory)
	switch b := c.next(); b % 12 {
	case 0, 1:
		return uintptr(c.next() % 16)
	case 2:
		return uintptr(1) << (c.next() % 64)
	case 3:
		return ^uintptr(c.next())
	case 4, 5:
		return base + arenaPaths + 16*uintptr(c.next()%12)
	case 6, 7:
		return base + uintptr(c.next())*8
	case 8:
		return base + uintptr(len(a.memory)) - uintptr(c.next()%20)
	case 9:
		return uintptr(c.next()) << (c.next() % 57)
	case 10:
		return ^uintptr(99) // AT_FDCWD
	}
	return uintptr(c.next())
}

// tamed keeps a call from ending the test, or from waiting for what cannot come.
func (a arena) tamed(number uintptr, v *[6]uintptr) bool {
	zero := at0(a.memory) + arenaZero
	switch number {
	case unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_FLOCK,
		unix.SYS_PAUSE, unix.SYS_RT_SIGSUSPEND:
		return false
	case unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_SEND_SIGNAL:
		return int32(v[1]) != 9 && int32(v[2]) != 9
	case unix.SYS_FUTEX:
		v[3] = zero
	case unix.SYS_TIMER_CREATE: // not SIGKILL
		at := v[1] - at0(a.memory)
		return at > uintptr(len(a.memory)-64) || a.memory[at+8] != 9
	case unix.SYS_RT_SIGTIMEDWAIT:
		v[2] = zero
	case unix.SYS_POLL:
		v[2] = 0
	case unix.SYS_PPOLL:
		v[2] = zero
	case unix.SYS_SELECT, unix.SYS_PSELECT6:
		v[4] = zero
	case unix.SYS_EPOLL_WAIT, unix.SYS_EPOLL_PWAIT:
		v[3] = 0
	case unix.SYS_EPOLL_PWAIT2:
		v[3] = zero
	case unix.SYS_FCNTL:
		return v[1] != fSetLockWait && v[1] != fOFDSetWait
	case unix.SYS_FALLOCATE: // a page at a time
		return v[2] < 1<<20 && v[3] < 1<<20
	case unix.SYS_DUP2, unix.SYS_DUP3:
		return v[1] < 1<<12
	}
	return true
}

// random makes the calls that c decides on.
func random(t *testing.T, c choices) {
	a := newArena()
	accessOnly(t, a.memory)
	reset()
	t.Cleanup(reset)
	t.Cleanup(func() { // what was mapped, perhaps where this process has its own heap
		must(t, unix.SYS_MUNMAP, 64<<10, 0x7FFF_FFFF_F000-64<<10)
	})
	files = fs.New(1 << 20)
	Start(Options{
		Files:       files,
		Executable:  func() string { return "/program" },
		Arguments:   func() []string { return nil },
		Environment: func() []string { return nil },
		CommandLine: func() string { return "" },
		Terminal:    func(e *fs.Entry, flags int) (file.File, syscall.Errno) { return nil, syscall.ENXIO },
	})
	var pipes []*fs.Entry // that were opened by name
	var mu sync.Mutex
	files.OpenPipe = func(e *fs.Entry, flags int) (file.File, syscall.Errno) {
		mu.Lock()
		pipes = append(pipes, e)
		mu.Unlock()
		return openNamedPipe(e, flags)
	}
	for i, o := range []string{"a", "l"} {
		fd, _ := files.Open(files.Root(), o, syscall.O_CREAT|syscall.O_RDWR, 0o644)
		InstallDescription(NewDescription(fd, syscall.O_RDWR), i, false)
	}
	for len(c) > 0 {
		number := uintptr(c.next()) + 256*uintptr(c.next()%2)
		var v [6]uintptr
		for i := range v {
			v[i] = a.value(&c)
		}
		if !a.tamed(number, &v) {
			continue
		}
		arguments := &call.Arguments{Value: v}
		if c.next()%8 == 0 { // they are in the stack, or said to be
			arguments.Stack = call.Stack{Low: at0(a.memory), Size: uintptr(len(a.memory)), Then: at0(a.memory), Now: unsafe.Pointer(&a.memory[0])}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			result, errno := Dispatch(number, arguments)
			if errno >= 4096 || errno != 0 && result != ^uintptr(0) {
				t.Errorf("call %d: %#x, %d", number, result, errno)
			}
		}()
		select {
		case <-done:
			continue
		case <-time.After(20 * time.Millisecond):
		}
		// It waits for a pipe, or the like: that must end when everything is closed, and somebody has
		// come to the other end of a named pipe.
		for _, fd := range openDescriptors() {
			closeDescriptor(fd)
		}
		mu.Lock()
		for _, e := range pipes {
			e.Hold()
			if f, errno := openNamedPipe(e, syscall.O_RDWR); errno == 0 {
				f.Close()
			}
		}
		mu.Unlock()
		select {
		case <-done:
		case <-time.After(2 * time.Second):
			t.Fatalf("call %d%x hangs", number, v)
		}
	}
}

// quiet drops what the kernel says, and signals.
func quiet() {
	machine.Output = func([]byte) {}
	machine.OnSignal = func(uint32) bool { return true }
}

func FuzzDispatch(f *testing.F) {
	quiet()
	g := rand.New(rand.NewSource(1))
	for range 20 {
		b := make([]byte, 400)
		g.Read(b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { random(t, choices(b[:min(len(b), 2000)])) })
}

func TestRandomCalls(t *testing.T) {
	quiet()
	runs := 300
	if testing.Short() {
		runs = 30
	}
	g := rand.New(rand.NewSource(time.Now().UnixNano()))
	for range runs {
		seed := g.Int63()
		b := make([]byte, 1500)
		rand.New(rand.NewSource(seed)).Read(b)
		for i := 0; i+14 < len(b); i += 14 { // more of the calls that open something
			if i%3 == 0 {
				binary.LittleEndian.PutUint16(b[i:], uint16([]int{257, 293, 291, 290, 319, 2, 258, 262, 294, 254}[i/14%10]))
			}
		}
		if !t.Run("", func(t *testing.T) { random(t, choices(b)) }) {
			t.Fatal("seed", seed)
		}
	}
}

// A path leads to the same place whether it is looked up at once or component by component.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"a/b/c", "/a//b/../l/", "l/l/../../x", "./.", "loop/x", "up/../a/b", "a/l/.", "//", ""} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		files := fs.New(1 << 20)
		root := files.Root()
		for _, d := range []string{"a", "a/b", "a/b/c", "x"} {
			files.MakeDirectory(root, d, 0o755)
		}
		for _, l := range [][2]string{{"a", "l"}, {"../x", "a/l"}, {"/a/b", "x/l"}, {"loop", "loop"}, {"..", "up"}, {"a/b/", "x/s"}} {
			files.MakeLink(l[0], root, l[1])
		}
		e, errno := files.Lookup(root, p, true)
		if errno != 0 {
			return
		}
		step := root
		rest := p
		for rest != "" {
			i := 0
			for i < len(rest) && rest[i] == '/' {
				i++
			}
			j := i
			for j < len(rest) && rest[j] != '/' {
				j++
			}
			if name := rest[i:j]; name != "" {
				if step, errno = files.Lookup(step, name, true); errno != 0 {
					t.Fatalf("%q: %v at %q", p, errno, name)
				}
			}
			rest = rest[j:]
		}
		if step != e {
			t.Errorf("%q leads to two places", p)
		}
		if path, ok := files.Path(e); !ok {
			t.Errorf("%q leads to nowhere", p)
		} else if again, errno := files.Lookup(root, path, false); again != e {
			t.Errorf("%q is %q, which is something else: %v", p, path, errno)
		}
	})
}
