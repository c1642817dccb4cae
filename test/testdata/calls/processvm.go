package main

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// local makes segments of b, of those lengths.
func local(b []byte, lengths ...int) (v []unix.Iovec) {
	for _, n := range lengths {
		var s unix.Iovec
		if s.SetLen(n); n > 0 {
			s.Base = &b[0]
			b = b[n:]
		}
		v = append(v, s)
	}
	return v
}

func distant(p unsafe.Pointer, n int) unix.RemoteIovec {
	return unix.RemoteIovec{Base: uintptr(p), Len: n}
}

// processVM copies from and to itself.
func processVM() {
	pid := unix.Getpid()
	const page = 4096
	// Two pages that are there, one that can only be read, one that cannot be, and none.
	memory := must(unix.Mmap(-1, 0, 5*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE))
	for i := range memory {
		memory[i] = byte(i * 7 / 3)
	}
	done(unix.Mprotect(memory[2*page:3*page], unix.PROT_READ))
	done(unix.Mprotect(memory[3*page:4*page], unix.PROT_NONE))
	base := unsafe.Pointer(&memory[0])
	_, _, errno := syscall.Syscall(unix.SYS_MUNMAP, uintptr(base)+4*page, page, 0)
	fmt.Println(errno)

	b := make([]byte, 6*page)
	for _, c := range []struct{ offset, length int }{{0, 100}, {page - 10, 20}, {0, 3 * page}, {0, 4 * page}, {3*page - 5, 100}, {3 * page, 1}, {4 * page, 1}, {page, 5 * page}, {0, 0}} {
		clear(b)
		n, err := unix.ProcessVMReadv(pid, local(b, c.length), []unix.RemoteIovec{distant(unsafe.Add(base, c.offset), c.length)}, 0)
		fmt.Println("read", c, n, err, n <= 0 || bytes.Equal(b[:n], memory[c.offset:c.offset+n]) && bytes.Count(b[n:], []byte{0}) == len(b)-n)
	}
	for i := range b {
		b[i] = byte(i * 5)
	}
	for _, c := range []struct{ offset, length int }{{0, 100}, {page - 10, 20}, {page, 3 * page}, {2 * page, 5}, {3 * page, 1}} {
		n, err := unix.ProcessVMWritev(pid, local(b, c.length), []unix.RemoteIovec{distant(unsafe.Add(base, c.offset), c.length)}, 0)
		fmt.Println("write", c, n, err, n <= 0 || bytes.Equal(b[:n], memory[c.offset:c.offset+n]))
	}

	// Segments of different lengths on both sides, some of them empty, and one that is not there in the middle.
	from := []byte("what is copied in pieces")
	v := []unix.RemoteIovec{distant(unsafe.Pointer(&from[5]), 3), {}, distant(unsafe.Pointer(&from[0]), 5), distant(unsafe.Pointer(&from[8]), 16)}
	clear(b)
	n, err := unix.ProcessVMReadv(pid, local(b, 1, 0, 6, 10, 100), v, 0)
	fmt.Printf("%d %v %q\n", n, err, b[:30])
	v[2].Base = uintptr(base) + 3*page
	clear(b)
	n, err = unix.ProcessVMReadv(pid, local(b, 1, 0, 6, 10), v, 0)
	fmt.Printf("%d %v %q\n", n, err, b[:30])
	n, err = unix.ProcessVMReadv(pid, local(b, 7), []unix.RemoteIovec{distant(unsafe.Pointer(&from[0]), 24)}, 0)
	fmt.Printf("%d %v %q\n", n, err, b[:30])
	// The local side ends in the middle.
	n, err = unix.ProcessVMReadv(pid, []unix.Iovec{{Base: (*byte)(unsafe.Add(base, 3*page-3)), Len: 10}}, v[:1], 0)
	fmt.Println(n, err)
	n, err = unix.ProcessVMWritev(pid, []unix.Iovec{{Base: (*byte)(unsafe.Add(base, 3*page-3)), Len: 10}}, []unix.RemoteIovec{distant(unsafe.Pointer(&b[0]), 10)}, 0)
	fmt.Println(n, err, bytes.Equal(b[:3], memory[3*page-3:3*page]))

	// What is in this goroutine's stack.
	var here, there [100]byte
	copy(here[:], "in the stack")
	n, err = unix.ProcessVMReadv(pid, local(there[:], 20), []unix.RemoteIovec{distant(unsafe.Pointer(&here), 20)}, 0)
	fmt.Printf("%d %v %q\n", n, err, there[:20])
	n, err = unix.ProcessVMWritev(pid, []unix.Iovec{{Base: &from[0], Len: 9}}, []unix.RemoteIovec{distant(unsafe.Pointer(&there[0]), 9)}, 0)
	fmt.Printf("%d %v %q\n", n, err, there[:20])

	// Wherever the stack ends: it may grow meanwhile, and so move.
	wrong := make(chan int)
	for depth := range 200 {
		go func() { wrong <- fromStack(depth) }()
	}
	sum := 0
	for range 200 {
		sum += <-wrong
	}
	fmt.Println("wrong:", sum)

	// What is wrong, and with whom.
	small, one := local(b, 5), []unix.RemoteIovec{distant(unsafe.Pointer(&from[0]), 5)}
	for _, p := range []int{0, -1, 1 << 30, unix.Gettid()} {
		fmt.Println(unix.ProcessVMReadv(p, small, one, 0))
	}
	fmt.Println(unix.ProcessVMReadv(1<<30, nil, one, 0))
	fmt.Println(unix.ProcessVMReadv(1<<30, small, nil, 0))
	fmt.Println(unix.ProcessVMReadv(1<<30, small, []unix.RemoteIovec{{}, {}}, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, one, 1))
	many := make([]unix.Iovec, 1025)
	manyOthers := make([]unix.RemoteIovec, 1025)
	fmt.Println(unix.ProcessVMReadv(pid, many, one, 0))
	fmt.Println(unix.ProcessVMReadv(pid, many[:1024], one, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, manyOthers, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, manyOthers[:1024], 0))
	fmt.Println(unix.ProcessVMReadv(pid, []unix.Iovec{{Base: &b[0], Len: 1 << 63}}, one, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, []unix.RemoteIovec{{Base: uintptr(base), Len: -1}}, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, []unix.RemoteIovec{one[0], {Base: 1 << 63, Len: 5}}, 0))
	fmt.Println(unix.ProcessVMReadv(pid, local(b, 20), []unix.RemoteIovec{one[0], {Base: 1 << 63, Len: 5}}, 0))
	fmt.Println(unix.ProcessVMReadv(pid, small, []unix.RemoteIovec{{Base: 1 << 47, Len: 5}}, 0))
	_, _, errno = syscall.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(pid), uintptr(base)+4*page-8, 1, uintptr(unsafe.Pointer(&one[0])), 1, 0)
	fmt.Println(errno)
	_, _, errno = syscall.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(pid), uintptr(unsafe.Pointer(&small[0])), 1, uintptr(base)+4*page, 1, 0)
	fmt.Println(errno)
	runtime.KeepAlive(from)
}

// fromStack copies within the stack of a goroutine, of which it takes some, and returns how many bytes are wrong.
//
//go:noinline
func fromStack(depth int) (wrong int) {
	if depth > 0 {
		return fromStack(depth - 1)
	}
	from, to := [40]byte{1, 2, 3, 39: 40}, [40]byte{}
	local := unix.RemoteIovec{Base: uintptr(unsafe.Pointer(&to)), Len: len(to)}
	remote := unix.RemoteIovec{Base: uintptr(unsafe.Pointer(&from)), Len: len(from)}
	n, _, _ := syscall.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(unix.Getpid()), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if int(n) != len(from) {
		return len(from)
	}
	for i := range from {
		if from[i] != to[i] {
			wrong++
		}
	}
	return wrong
}
