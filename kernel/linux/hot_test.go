package linux

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

// hot are the calls that programs make all the time.
func hot(t testing.TB) map[string]func() {
	reset()
	Start(Options{
		Files:    fs.New(1 << 30),
		Terminal: func(e *fs.Entry, flags int) (file.File, syscall.Errno) { return nil, syscall.ENXIO },
	})
	f, _ := files.Open(files.Root(), "/f", syscall.O_CREAT|syscall.O_RDWR, 0o644)
	InstallDescription(NewDescription(f, syscall.O_RDWR), 0, false)
	null, _ := files.Open(files.Root(), "/dev/null", syscall.O_RDWR, 0)
	InstallDescription(NewDescription(null, syscall.O_RDWR), 0, false)
	buffer := make([]byte, 64<<10)
	address := inHeap(buffer)
	p := &pipe{readers: 1, writers: 1, size: pipeSize, inode: newInode()}
	Install(&pipeEnd{pipe: p, flags: syscall.O_RDONLY}, syscall.O_RDONLY, false)
	Install(&pipeEnd{pipe: p, flags: syscall.O_WRONLY}, syscall.O_WRONLY, false)
	var inStack call.Arguments
	inStack.Value = [6]uintptr{1, address, 1}
	inStack.Stack = call.Stack{Low: address, Size: uintptr(len(buffer)), Then: address, Now: unsafe.Pointer(&buffer[0])}
	name := append([]byte("f"), 0)
	nameAddress := inHeap(name)
	simple := func(number uintptr, v ...uintptr) func() {
		var a call.Arguments
		copy(a.Value[:], v)
		return func() {
			if _, errno := Dispatch(number, &a); errno != 0 {
				t.Error(table[number].name, syscall.Errno(errno))
			}
		}
	}
	pipeWrite, pipeRead := simple(unix.SYS_WRITE, 3, address, 1), simple(unix.SYS_READ, 2, address, 1)
	simple(unix.SYS_PWRITE64, 0, address, 64<<10, 0)()
	return map[string]func(){
		"getpid":        simple(unix.SYS_GETPID),
		"clock_gettime": simple(unix.SYS_CLOCK_GETTIME, clockMonotonic, address),
		"write 1 null":  simple(unix.SYS_WRITE, 1, address, 1),
		"write stack":   func() { Dispatch(unix.SYS_WRITE, &inStack) },
		"pread 64K":     simple(unix.SYS_PREAD64, 0, address, 64<<10, 0),
		"pwrite 64K":    simple(unix.SYS_PWRITE64, 0, address, 64<<10, 0),
		"read at end":   simple(unix.SYS_READ, 0, address, 64<<10),
		"lseek":         simple(unix.SYS_LSEEK, 0, 0, 0),
		"pipe ping":     func() { pipeWrite(); pipeRead() },
		"newfstatat 1":  simple(unix.SYS_NEWFSTATAT, atCWD, nameAddress, address, 0),
		"open, close 4": func() {
			fd, _ := Dispatch(unix.SYS_OPENAT, &call.Arguments{Value: [6]uintptr{atCWD, nameAddress}})
			simple(unix.SYS_CLOSE, fd)()
		},
		"getrandom 32": simple(unix.SYS_GETRANDOM, address, 32, 0),
	}
}

// The calls of a file's or pipe's content allocate nothing, whatever their memory.
func TestHotCallsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	calls := hot(t)
	for _, name := range []string{"getpid", "clock_gettime", "write 1 null", "write stack", "pread 64K",
		"pwrite 64K", "read at end", "lseek", "pipe ping", "getrandom 32", "newfstatat 1"} {
		calls[name]() // what is only made once
		if n := testing.AllocsPerRun(100, calls[name]); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkCalls(b *testing.B) {
	calls := hot(b)
	for _, name := range []string{"getpid", "clock_gettime", "write 1 null", "write stack", "pread 64K",
		"pwrite 64K", "read at end", "pipe ping", "newfstatat 1", "open, close 4", "getrandom 32"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				calls[name]()
			}
		})
	}
}
