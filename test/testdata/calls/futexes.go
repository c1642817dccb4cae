package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Operations of futex.
const (
	futexWait       = 0
	futexWake       = 1
	futexRequeue    = 3
	futexCmpRequeue = 4
	futexWaitBits   = 9
	futexWakeBits   = 10
	futexPrivate    = 128
	futexRealtime   = 256
)

func futex(word *atomic.Uint32, operation int, value uint32, timeout *unix.Timespec, other *atomic.Uint32, value3 uint32) (int, error) {
	for {
		n, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(operation), uintptr(value), uintptr(unsafe.Pointer(timeout)), uintptr(unsafe.Pointer(other)), uintptr(value3))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			continue
		}
		return int(n), errno
	}
}

// requeue is futex with a number where the others have a timeout.
func requeue(word *atomic.Uint32, operation int, wake, move int, other *atomic.Uint32, value uint32) (int, error) {
	n, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), uintptr(operation), uintptr(wake), uintptr(move), uintptr(unsafe.Pointer(other)), uintptr(value))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// futexes wait, and are woken.
func futexes() {
	words := must(unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE))
	at := func(b []byte, i int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&b[4*i])) }
	word, other := at(words, 0), at(words, 1)
	woken := make(chan string, 100)
	wait := func(name string, word *atomic.Uint32, operation int, bits uint32) {
		go func() {
			_, err := futex(word, operation, 0, nil, nil, bits)
			woken <- fmt.Sprint(name, " ", err)
		}()
		time.Sleep(30 * time.Millisecond)
	}
	wait("one", word, futexWait, 0)
	wait("two", word, futexWait, 0)
	fmt.Println(futex(word, futexWake, 1, nil, nil, 0))
	fmt.Println(<-woken)
	wait("private", word, futexWait|futexPrivate, 0)
	fmt.Println(futex(word, futexWake, 10, nil, nil, 0))
	fmt.Println(<-woken)
	fmt.Println(futex(word, futexWake|futexPrivate, 0, nil, nil, 0))
	fmt.Println(<-woken)
	wait("bits 1", word, futexWaitBits, 1)
	wait("bits 6", word, futexWaitBits, 6)
	fmt.Println(futex(word, futexWakeBits, 10, nil, nil, 2))
	fmt.Println(<-woken)
	fmt.Println(futex(word, futexWake, 10, nil, nil, 0))
	fmt.Println(<-woken)
	for range 3 {
		wait("moved", word, futexWait, 0)
	}
	fmt.Println(requeue(word, futexCmpRequeue, 1, 1, other, 5))
	fmt.Println(requeue(word, futexCmpRequeue, 1, 1, other, 0))
	fmt.Println(<-woken)
	fmt.Println(futex(other, futexWake, 10, nil, nil, 0))
	fmt.Println(<-woken)
	fmt.Println(requeue(word, futexRequeue, 0, 10, other, 0))
	fmt.Println(futex(other, futexWake, 10, nil, nil, 0))
	fmt.Println(<-woken)

	// What is wrong, and what is late.
	word.Store(7)
	fmt.Println(futex(word, futexWait, 8, nil, nil, 0))
	short, wrong := unix.NsecToTimespec(20_000_000), unix.Timespec{Nsec: 1e9}
	fmt.Println(futex(word, futexWait, 7, &unix.Timespec{}, nil, 0))
	begin := time.Now()
	fmt.Println(futex(word, futexWait, 7, &short, nil, 0))
	fmt.Println(time.Since(begin) >= 20*time.Millisecond)
	fmt.Println(futex(word, futexWait, 7, &wrong, nil, 0))
	fmt.Println(futex(word, futexWaitBits, 7, &short, nil, 1)) // long ago
	soon := unix.NsecToTimespec(time.Now().Add(20 * time.Millisecond).UnixNano())
	begin = time.Now()
	fmt.Println(futex(word, futexWaitBits|futexRealtime, 7, &soon, nil, 1))
	fmt.Println(time.Since(begin) >= 19*time.Millisecond)
	fmt.Println(futex(word, futexWait|futexRealtime, 7, &short, nil, 1))
	fmt.Println(futex(word, futexWaitBits, 7, nil, nil, 0))
	fmt.Println(futex((*atomic.Uint32)(unsafe.Add(unsafe.Pointer(word), 2)), futexWake, 1, nil, nil, 0))
	nowhere := (*atomic.Uint32)(wild())
	fmt.Println(futex(nowhere, futexWait, 0, nil, nil, 0))
	fmt.Println(futex(nowhere, futexWake, 1, nil, nil, 0))
	fmt.Println(futex(nowhere, futexWake|futexPrivate, 1, nil, nil, 0))
	fmt.Println(requeue(word, futexRequeue, -1, 1, other, 0))
	fmt.Println(futex(word, 77, 1, nil, nil, 0))

	// The same memory at two addresses.
	f := must(os.CreateTemp("", "futex"))
	defer os.Remove(f.Name())
	done(f.Truncate(4096))
	a := must(unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED))
	b := must(unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED))
	wait("elsewhere", at(a, 9), futexWait, 0)
	fmt.Println(futex(at(b, 9), futexWake|futexPrivate, 10, nil, nil, 0))
	fmt.Println(futex(at(b, 9), futexWake, 10, nil, nil, 0))
	fmt.Println(<-woken)

	// And some smaller calls.
	pid, null := unix.Getpid(), must(unix.Open("/dev/null", unix.O_RDWR, 0))
	kcmp := func(kind, x, y int) (uintptr, error) {
		n, _, errno := syscall.Syscall6(unix.SYS_KCMP, uintptr(pid), uintptr(pid), uintptr(kind), uintptr(x), uintptr(y), 0)
		if errno != 0 {
			return n, errno
		}
		return n, nil
	}
	fmt.Println(kcmp(0, null, must(unix.Dup(null))))
	x, _ := kcmp(0, null, int(f.Fd()))
	y, _ := kcmp(0, int(f.Fd()), null)
	fmt.Println(x+y, x*y)
	fmt.Println(kcmp(0, null, 1000))
	fmt.Println(kcmp(1, 0, 0))
	fmt.Println(kcmp(8, 0, 0))
	fmt.Println(unix.Mlockall(0), unix.Mlockall(8), unix.Mlockall(unix.MCL_ONFAULT))
	_, _, errno := syscall.Syscall(unix.SYS_MLOCK2, uintptr(unsafe.Pointer(&words[0])), 4096, 2)
	fmt.Println(errno)
}
