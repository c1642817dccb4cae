// Fuzz makes system calls at random: every number, with small numbers, flags, descriptors, and addresses
// that are good, at the end of what is there, or wild. The kernel must answer each, or wait; it must not fail.
//
//	fuzz SECONDS SEED
package main

import (
	"fmt"
	"math/rand/v2"
	_ "net" // so that there are sockets
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	page    = 4096
	workers = 8
	// lastCall is above the last number that Linux has.
	lastCall = 480
	// mostWaiting bounds how many calls may wait for what never comes.
	mostWaiting = 3000
)

// excluded would end the program, or take away what it needs to go on: they do what they are asked.
var excluded = map[uintptr]bool{
	syscall.SYS_EXIT: true, syscall.SYS_EXIT_GROUP: true, syscall.SYS_REBOOT: true,
	syscall.SYS_KILL: true, syscall.SYS_TKILL: true, syscall.SYS_TGKILL: true,
	syscall.SYS_RT_SIGQUEUEINFO: true, syscall.SYS_RT_TGSIGQUEUEINFO: true, 424: true, // pidfd_send_signal
	syscall.SYS_ALARM: true, syscall.SYS_SETITIMER: true, // SIGALRM
	syscall.SYS_SETRLIMIT: true, syscall.SYS_PRLIMIT64: true, // no descriptors any more
	// The program goes by the clock; a Time far from now has no monotonic reading.
	syscall.SYS_SETTIMEOFDAY: true, syscall.SYS_CLOCK_SETTIME: true, syscall.SYS_ADJTIMEX: true, 305: true,
	syscall.SYS_CHROOT:       true, // nothing would be there any more
	syscall.SYS_RT_SIGRETURN: true, // what a handler that never was comes back from
}

// A memory is what calls get to work with: some pages to read and write, then one that is not there.
type memory struct{ b []byte }

func newMemory() memory {
	b, err := syscall.Mmap(-1, 0, 16*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	must(err)
	must(syscall.Mprotect(b[15*page:], syscall.PROT_NONE))
	m := memory{b[:15*page]}
	all.Lock()
	all.list = append(all.list, m)
	all.Unlock()
	m.fill(rand.New(rand.NewPCG(1, 1)))
	return m
}

// all are those of all workers: what they need to go on.
var all struct {
	sync.RWMutex
	list []memory
}

// needed reports whether a range has a part of somebody's memory.
func needed(start, size uintptr) bool {
	all.RLock()
	defer all.RUnlock()
	for _, m := range all.list {
		if start+size < start || start < m.base()+16*page && m.base() < start+size {
			return true
		}
	}
	return false
}

func (m memory) base() uintptr { return uintptr(unsafe.Pointer(&m.b[0])) }

// places are where fill puts paths.
const places = 64

var paths = []string{"a", "b", "d/a", "d", "/", "..", ".", "/tmp/x", "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
	"/proc/self/fd/3", "/proc/self/maps", "/proc/meminfo", "/sys/kernel", "/dev/tty", "/dev/ptmx", "/dev/pts/0", "/dev/pts", "", "link", "/proc/self/exe"}

// fill makes structures at random, and paths.
func (m memory) fill(r *rand.Rand) {
	for i := 0; i+8 <= len(m.b); i += 8 {
		v := r.Uint64()
		switch v % 8 {
		case 0:
			v = uint64(m.base()) + v>>8%uint64(len(m.b)) // vectors and messages point to more
		case 1, 2, 3:
			v = v >> 8 % 64
		case 4:
			v = 0
		}
		*(*uint64)(unsafe.Pointer(&m.b[i])) = v
	}
	for i := range places {
		copy(m.b[i*64:], paths[r.IntN(len(paths))]+"\x00")
	}
}

// argument makes up one.
func (m memory) argument(r *rand.Rand) uintptr {
	switch r.IntN(16) {
	case 0, 1, 2:
		return uintptr(r.IntN(16))
	case 3:
		return 1 << r.IntN(64)
	case 4:
		return -uintptr(r.IntN(5000))
	case 5, 6:
		return m.base() + uintptr(r.IntN(places)*64)
	case 7, 8, 9:
		return m.base() + uintptr(r.IntN(len(m.b)))&^7
	case 10:
		return m.base() + uintptr(len(m.b)) - uintptr(r.IntN(64)) // reaches over the end
	case 11:
		return uintptr(r.IntN(len(m.b)))
	case 12:
		return m.base() &^ (page - 1) // what mmap and its kin want
	case 13:
		return uintptr(r.IntN(8)) * page
	case 14:
		return wild[r.IntN(len(wild))]
	}
	return uintptr(r.IntN(200)) | 1<<r.IntN(32)
}

// wild are addresses that no call may touch.
var wild = []uintptr{0, 1, page, 0x1000_0000, 0x7FFF_FFFF_F000, 0x7FFF_FFFF_FFFF, 0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF,
	0x1000_0000_0000, 0xFFFF_8000_0000_0000, 0xFFFF_8000_0040_0000, 0xFFFF_8000_0010_0000, 0xFFFF_FFFF_FFFF_F000, ^uintptr(0), ^uintptr(7)}

// console is the descriptor of the console; others than this one are for the calls.
const console = 500

// sane reports whether a call with these arguments leaves the program alone.
func sane(number uintptr, a [6]uintptr) bool {
	switch number {
	case syscall.SYS_CLOSE:
		return uint32(a[0]) < console
	case syscall.SYS_IOCTL:
		return uint32(a[1]) != syscall.TIOCNOTTY // SIGHUP
	case 436: // close_range
		return uint32(a[1]) < console
	case syscall.SYS_DUP2, syscall.SYS_DUP3:
		return uint32(a[1]) < console
	case syscall.SYS_MUNMAP, syscall.SYS_MPROTECT:
		return !needed(a[0]&^(page-1), a[1]+page)
	case syscall.SYS_MREMAP:
		return !needed(a[0]&^(page-1), a[1]+page) && !needed(a[4]&^(page-1), a[2]+page) && a[2] < 1<<20 && room(a[2])
	case syscall.SYS_MADVISE:
		return a[1] < 1<<30
	case syscall.SYS_MMAP:
		const fixed = syscall.MAP_FIXED
		return a[1] < 1<<20 && (a[3]&fixed == 0 || !needed(a[0]&^(page-1), a[1]+page)) && room(a[1])
	case syscall.SYS_FTRUNCATE, syscall.SYS_TRUNCATE, syscall.SYS_FALLOCATE:
		return a[1]|a[2]|a[3] < 1<<24
	}
	return true
}

// mostMapped bounds what the calls may map in all, in bytes: most of it is never unmapped.
const mostMapped = 128 << 20

var mapped atomic.Int64

// room reports whether size bytes more may be mapped, and counts them.
func room(size uintptr) bool {
	if mapped.Add(int64(size)) <= mostMapped {
		return true
	}
	mapped.Add(-int64(size))
	return false
}

var (
	calls, answered atomic.Uint64
	waiting         atomic.Int64
)

var out = os.Stdout

func must(err error) {
	if err != nil {
		fmt.Fprintln(out, err)
		os.Exit(1)
	}
}

func main() {
	seconds, err := strconv.Atoi(os.Args[1])
	must(err)
	seed, err := strconv.ParseUint(os.Args[2], 10, 64)
	must(err)
	must(syscall.Dup3(1, console, 0))
	out = os.NewFile(console, "console")
	null, err := syscall.Open("/dev/null", syscall.O_RDWR, 0)
	must(err)
	for fd := range 3 {
		must(syscall.Dup3(null, fd, 0))
	}
	debug.SetMaxThreads(20_000)
	must(os.Mkdir("/w", 0o777))
	must(os.Chdir("/w"))
	must(os.Mkdir("d", 0o777))
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	for i := range workers {
		start(seed, uint64(i), end)
	}
	for next := uint64(workers); time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
		// Whoever waits for long is left alone; somebody else goes on.
		for waiting.Load() > int64(next)-workers && next < mostWaiting {
			start(seed, next, end)
			next++
		}
	}
	fmt.Fprintln(out, calls.Load(), "calls,", answered.Load(), "answered")
	if answered.Load() < calls.Load()*9/10 {
		fmt.Fprintln(out, "too many wait")
		os.Exit(1)
	}
	fmt.Fprintln(out, "ok")
}

// start starts a worker.
func start(seed, number uint64, end time.Time) {
	r := rand.New(rand.NewPCG(seed, number))
	m := newMemory()
	go func() {
		for n := 0; time.Now().Before(end); n++ {
			if n%64 == 0 {
				m.fill(r)
			}
			call(r, m)
			runtime.Gosched()
		}
	}()
}

// harmless makes a signal of the struct sigevent at p one that does not end the program.
func (m memory) harmless(p uintptr) {
	const signal = 8 // where it is
	at := p - m.base() + signal
	if at > uintptr(len(m.b)-4) {
		return
	}
	if n := (*uint32)(unsafe.Pointer(&m.b[at])); *n < 32 {
		*n += 40
	}
}

// call makes a call. One that has not come back for a while counts as waiting.
func call(r *rand.Rand, m memory) {
	number := uintptr(r.IntN(lastCall))
	if r.IntN(64) == 0 {
		number = uintptr(r.Uint64()) // no such call
	}
	var a [6]uintptr
	for i := range a {
		a[i] = m.argument(r)
	}
	if excluded[number] || !sane(number, a) {
		return
	}
	if number == syscall.SYS_TIMER_CREATE {
		m.harmless(a[1])
	}
	calls.Add(1)
	late := time.AfterFunc(time.Second, func() { waiting.Add(1) })
	_, _, errno := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	answered.Add(1)
	if !late.Stop() {
		waiting.Add(-1)
	}
	if errno > 4095 {
		fmt.Fprintln(out, "call", number, "has answered with", uintptr(errno))
		os.Exit(1)
	}
}
