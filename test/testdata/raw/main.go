// Raw calls the kernel in all the ways there are: by package syscall, by x/sys, whose assembly holds
// the SYSCALL instruction, and by the instruction itself.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

// instruction makes a system call by the SYSCALL instruction, with all registers filled by a pattern
// that the call must keep; changed is a mask of those that it did not.
func instruction(number, a, b, c, d, e, f uintptr) (result, changed uintptr)

func main() {
	// x/sys's RawSyscallNoError is assembly with the instruction in it; the others go by package syscall.
	pid, _ := unix.RawSyscallNoError(unix.SYS_GETPID, 0, 0, 0)
	again, _ := unix.SyscallNoError(unix.SYS_GETPID, 0, 0, 0)
	check(int(pid) == os.Getpid() && int(again) == os.Getpid() && unix.Getpid() == os.Getpid() && os.Getpid() > 0,
		"getpid: %d, %d, %d", pid, again, os.Getpid())
	runtime.LockOSThread()
	tid, _ := unix.RawSyscallNoError(unix.SYS_GETTID, 0, 0, 0)
	check(int(tid) == unix.Gettid() && tid > 0, "gettid: %d, %d", tid, unix.Gettid())
	runtime.UnlockOSThread()
	check(unix.Getuid() == 0 && unix.Getegid() == 0, "uid %d", unix.Getuid())

	var u unix.Utsname
	_, _, errno := unix.Syscall(unix.SYS_UNAME, uintptr(unsafe.Pointer(&u)), 0, 0)
	check(errno == 0 && unix.ByteSliceToString(u.Machine[:]) == "x86_64", "uname: %v %s", errno, u.Machine)
	_, _, errno = unix.RawSyscall(unix.SYS_UNAME, 0, 0, 0)
	check(errno == unix.EFAULT, "uname(nil): %v", errno)
	_, _, errno = unix.Syscall6(unix.SYS_UNAME, 0xdeadbeef000, 0, 0, 0, 0, 0)
	check(errno == unix.EFAULT, "uname(0xdeadbeef000): %v", errno)
	_, _, errno = syscall.Syscall(9999, 1, 2, 3)
	check(errno == syscall.ENOSYS, "call 9999: %v", errno)
	r, changed := instruction(9999, 1, 2, 3, 4, 5, 6)
	check(int(r) == -int(syscall.ENOSYS), "call 9999: %d", int(r))
	check(changed == 0, "call 9999 changed registers: %b", changed)
	r, changed = instruction(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	check(int(r) == os.Getpid() && changed == 0, "getpid: %d, registers %b", r, changed)

	text := []byte("written by the instruction\n")
	r, changed = instruction(unix.SYS_WRITE, 1, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0, 0, 0)
	check(int(r) == len(text) && changed == 0, "write: %d, registers %b", int(r), changed)
	r, _ = instruction(unix.SYS_WRITE, 77, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0, 0, 0)
	check(int(r) == -int(syscall.EBADF), "write to 77: %d", int(r))

	// RDX is kept, too: whoever asks package syscall for a second result gets the third argument.
	_, kept, errno := syscall.Syscall(unix.SYS_WRITE, 1, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	check(errno == 0 && int(kept) == len(text), "write: second result %d, %v", kept, errno)
	_, kept, _ = syscall.RawSyscall(unix.SYS_GETPID, 1, 2, 3)
	check(kept == 3, "getpid: second result %d", kept)
	_, kept, errno = syscall.Syscall(unix.SYS_WRITE, 77, 0, 5)
	check(errno == unix.EBADF && kept == 0, "write to 77: second result %d, %v", kept, errno)
	runtime.KeepAlive(text)

	// From many goroutines, while the collector moves stacks.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for i := range 300 {
				r, changed := instruction(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
				check(r == pid && changed == 0, "getpid: %d, registers %b", r, changed)
				if i%100 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()

	// Anonymous memory from beside the heap.
	m, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	check(err == nil, "mmap: %v", err)
	m[0], m[len(m)-1] = 1, 2
	check(unix.Munmap(m) == nil, "munmap")

	var ts unix.Timespec
	check(unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) == nil && ts.Nano() > 0, "clock_gettime: %v", ts)
	p := make([]int, 2)
	check(unix.Pipe2(p, unix.O_CLOEXEC) == nil, "pipe2")
	check(write(p[1], "through a pipe") == 14, "write to a pipe")
	b := make([]byte, 100)
	n, err := unix.Read(p[0], b)
	check(err == nil && string(b[:n]) == "through a pipe", "read from a pipe: %q %v", b[:max(n, 0)], err)
	var info unix.Sysinfo_t
	check(unix.Sysinfo(&info) == nil && info.Totalram > 0, "sysinfo: %+v", info)
	random := make([]byte, 64)
	n, err = unix.Getrandom(random, 0)
	check(n == 64 && err == nil && string(random) != string(make([]byte, 64)), "getrandom: %d %v", n, err)
	fmt.Println("ok")
}

func write(fd int, text string) int {
	n, _ := unix.Write(fd, []byte(text))
	return n
}
