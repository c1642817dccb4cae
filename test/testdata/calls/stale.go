package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// where makes a large object, and returns its address and nothing that keeps it.
//
//go:noinline
func where(size int) uintptr {
	b := make([]byte, size)
	b[0] = 'x'
	return uintptr(unsafe.Pointer(&b[0]))
}

// stale hands the kernel, as numbers in a list on its stack, addresses of what has been collected, while the collector
// looks at what the kernel keeps: a number is no pointer.
func stale() {
	const size = 64 << 10
	addresses := [4]uintptr{}
	for i := range addresses {
		addresses[i] = where(size)
	}
	runtime.GC()
	null := must(unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0))
	var over atomic.Bool
	var wg sync.WaitGroup
	for _, address := range addresses {
		wg.Go(func() {
			list := [2]uintptr{address, 8}
			for !over.Load() {
				_, _, errno := syscall.Syscall(unix.SYS_WRITEV, uintptr(null), uintptr(unsafe.Pointer(&list)), 1)
				if errno != 0 && errno != unix.EFAULT { // what was collected may be gone
					fmt.Println(errno)
					return
				}
			}
		})
	}
	for start := time.Now(); time.Since(start) < time.Second; {
		runtime.GC()
	}
	over.Store(true)
	wg.Wait()
}
