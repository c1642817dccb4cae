// Mmap maps memory in all the ways of mmap(2). It runs on Linux too.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
)

var modes = map[string]func(){
	"anonymous":  anonymous,
	"file":       file,
	"faults":     faults,
	"buffers":    buffers,
	"race":       race,
	"stale":      stale,
	"churn":      churn,
	"collapse":   collapse,
	"collapsing": collapsing,
	"fatal":      fatal,
	"fatal-bus":  fatalBus,
}

func main() {
	debug.SetPanicOnFault(true)
	modes[os.Args[1]]()
	fmt.Println("ok")
}

const (
	page = 4096
	mib  = 1 << 20

	none      = syscall.PROT_NONE
	read      = syscall.PROT_READ
	write     = syscall.PROT_WRITE
	readWrite = read | write
	anyone    = syscall.MAP_ANON | syscall.MAP_PRIVATE
)

func check(ok bool, format string, args ...any) {
	if !ok {
		_, _, line, _ := runtime.Caller(1)
		fmt.Printf("line %d: "+format+"\n", append([]any{line}, args...)...)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

func call(number uintptr, a ...uintptr) (uintptr, syscall.Errno) {
	a = append(a, 0, 0, 0, 0, 0, 0)
	r, _, errno := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	return r, errno
}

// memory is what is mapped at an address.
func memory(at uintptr, size int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), size)
}

func at(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func mmap(address uintptr, size, protection, flags int, fd, offset int) ([]byte, syscall.Errno) {
	r, errno := call(syscall.SYS_MMAP, address, uintptr(size), uintptr(protection), uintptr(flags), uintptr(fd), uintptr(offset))
	if errno != 0 {
		return nil, errno
	}
	return memory(r, size), 0
}

func mapped(size, protection, flags int, fd, offset int) []byte {
	b, errno := mmap(0, size, protection, flags, fd, offset)
	if errno != 0 {
		panic(errno)
	}
	return b
}

func unmap(b []byte) {
	_, errno := call(syscall.SYS_MUNMAP, at(b), uintptr(len(b)))
	check(errno == 0, "munmap: %v", errno)
}

func protect(b []byte, protection int) syscall.Errno {
	_, errno := call(syscall.SYS_MPROTECT, at(b), uintptr(len(b)), uintptr(protection))
	return errno
}

func advise(b []byte, advice int) syscall.Errno {
	_, errno := call(syscall.SYS_MADVISE, at(b), uintptr(len(b)), uintptr(advice))
	return errno
}

// fault returns the address at which do faults, 0 if it does not.
func fault(do func()) (address uintptr) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			address = e.Addr()
		default:
			panic(e)
		}
	}()
	do()
	return 0
}

var sink byte

func faultsAt(b []byte, writing bool) bool {
	a := fault(func() {
		if writing {
			b[0] = 1
		} else {
			sink = b[0]
		}
	})
	check(a == 0 || a == at(b), "the fault at %#x is said to be at %#x", at(b), a)
	return a != 0
}

func filled(b []byte, value byte) bool {
	for i := range b {
		if b[i] != value {
			return false
		}
	}
	return true
}

func fill(b []byte, value byte) {
	for i := range b {
		b[i] = value
	}
}

func anonymous() {
	b := mapped(3*page+1, readWrite, anyone, -1, 0)
	check(filled(b, 0), "new memory is not zero")
	fill(b, 7)
	check(advise(b[page:2*page], syscall.MADV_DONTNEED) == 0, "madvise")
	check(b[page-1] == 7 && filled(b[page:2*page], 0) && b[2*page] == 7, "MADV_DONTNEED")
	unmap(b[page : 2*page])
	check(faultsAt(b[page:], false) && !faultsAt(b[2*page:], true), "munmap in the middle")
	check(protect(b[:3*page], read) == syscall.ENOMEM, "mprotect over a hole")
	unmap(b)

	// A reservation takes no memory, and a part of it can be used.
	const huge = 1 << 40
	reserved := mapped(huge, none, anyone|0x4000, -1, 0)
	check(faultsAt(reserved[huge/2:], false), "reserved memory can be read")
	part := reserved[huge/2 : huge/2+8*mib]
	check(protect(part, readWrite) == 0, "mprotect of a part")
	fill(part, 3)
	check(faultsAt(reserved[huge/2-1:], false) && faultsAt(reserved[huge/2+8*mib:], true), "around the part")
	check(protect(part[2*mib+page:2*mib+2*page], none) == 0 && faultsAt(part[2*mib+page:], false), "PROT_NONE in a large page")
	check(protect(part[2*mib+page:2*mib+2*page], read) == 0 && part[2*mib+page] == 3, "what was hidden is gone")
	unmap(reserved)
	check(faultsAt(part, false), "munmap of it all")

	// Fixed addresses.
	b = mapped(8*page, readWrite, anyone, -1, 0)
	fill(b, 1)
	_, errno := mmap(at(b)+page, page, readWrite, anyone|0x100000, -1, 0)
	check(errno == syscall.EEXIST, "MAP_FIXED_NOREPLACE: %v", errno)
	again, errno := mmap(at(b)+page, 2*page, readWrite, anyone|syscall.MAP_FIXED, -1, 0)
	check(errno == 0 && at(again) == at(b)+page && filled(again, 0) && filled(b[:page], 1) && filled(b[3*page:], 1), "MAP_FIXED: %v", errno)
	low, errno := mmap(0, page, readWrite, anyone|0x40, -1, 0)
	check(errno == 0 && at(low) < 1<<31, "MAP_32BIT: %#x %v", at(low), errno)
	unmap(low)

	// Growing, moving and shrinking.
	fill(b, 5)
	r, errno := call(syscall.SYS_MREMAP, at(b), uintptr(len(b)), 64*page, 1)
	check(errno == 0, "mremap: %v", errno)
	b = memory(r, 64*page)
	check(filled(b[:8*page], 5) && filled(b[8*page:], 0), "mremap has lost something")
	fence := mapped(4*page, readWrite, anyone, -1, 0)
	r, errno = call(syscall.SYS_MREMAP, at(b), 64*page, 4*page, 3, at(fence))
	check(errno == 0 && r == at(fence) && filled(fence, 5) && faultsAt(b, false), "mremap to a place: %v", errno)
	_, errno = call(syscall.SYS_MREMAP, at(fence), 4*page, 1<<30, 0)
	if errno == 0 {
		fence = memory(at(fence), 1<<30)
	} else {
		check(errno == syscall.ENOMEM, "mremap in place: %v", errno)
	}
	unmap(fence)

	// What is there.
	b = mapped(512*page, readWrite, anyone, -1, 0)
	check(advise(b, 15) == 0, "MADV_NOHUGEPAGE")
	b[100*page] = 1
	vector := make([]byte, 512)
	_, errno = call(syscall.SYS_MINCORE, at(b), uintptr(len(b)), at(vector))
	check(errno == 0 && vector[100]&1 == 1 && vector[400]&1 == 0, "mincore: %v, %v", errno, vector[98:103])
	_, errno = call(syscall.SYS_MSYNC, at(b), uintptr(len(b)), 4)
	check(errno == 0, "msync: %v", errno)
	_, errno = call(syscall.SYS_MLOCK, at(b), uintptr(len(b)))
	check(errno == 0, "mlock: %v", errno)
	unmap(b)
	_, errno = call(syscall.SYS_MINCORE, at(b), uintptr(len(b)), at(vector))
	check(errno == syscall.ENOMEM, "mincore of nothing: %v", errno)
	_, errno = call(syscall.SYS_MSYNC, at(b), uintptr(len(b)), 4)
	check(errno == syscall.ENOMEM, "msync of nothing: %v", errno)

	// Code that was written can be called once it cannot be written any more.
	code := mapped(page, readWrite, anyone, -1, 0)
	copy(code, []byte{0x48, 0xC7, 0xC0, 42, 0, 0, 0, 0xC3}) // mov rax, 42; ret
	check(protect(code, read|syscall.PROT_EXEC) == 0 && faultsAt(code, true), "mprotect to executable")
	word := at(code)
	entry := &word
	f := *(*func() int)(unsafe.Pointer(&entry))
	check(f() == 42, "the code does not run")
	unmap(code)

	for i, test := range []struct {
		size, protection, flags, fd, offset int
		want                                syscall.Errno
	}{
		{0, read, anyone, -1, 0, syscall.EINVAL},
		{page, read, syscall.MAP_ANON, -1, 0, syscall.EINVAL},
		{page, read, syscall.MAP_PRIVATE, 99, 0, syscall.EBADF},
		{page, read, syscall.MAP_PRIVATE, 0, 1, syscall.EINVAL},
		{1 << 47, read, anyone, -1, 0, syscall.ENOMEM},
		{1 << 46, readWrite, anyone, -1, 0, syscall.ENOMEM},
	} {
		_, errno := mmap(0, test.size, test.protection, test.flags, test.fd, test.offset)
		check(errno == test.want, "%d: mmap: %v, not %v", i, errno, test.want)
	}
}

func file() {
	dir := must(os.MkdirTemp("", "mmap"))
	defer os.RemoveAll(dir)
	f := must(os.Create(dir + "/f"))
	must(f.Write(bytes.Repeat([]byte("0123456789"), 1000)))
	fd := int(f.Fd())
	has := func(offset int64, want string) bool {
		b := make([]byte, len(want))
		must(f.ReadAt(b, offset))
		return string(b) == want
	}
	b := mapped(8*page, readWrite, syscall.MAP_SHARED, fd, 0)
	other := mapped(page, read, syscall.MAP_SHARED, fd, page)
	private := mapped(4*page, readWrite, syscall.MAP_PRIVATE, fd, 0)
	check(string(b[:12]) == "012345678901" && b[10000] == 0, "a shared mapping has %q", b[:12])
	check(string(private[:12]) == "012345678901", "a private mapping has %q", private[:12])

	copy(b[page:], "memory")
	check(has(page, "memory") && string(other[:6]) == "memory" && string(private[page:][:6]) == "memory", "writing to memory")
	must(f.WriteAt([]byte("file"), 5000))
	check(string(b[5000:5004]) == "file" && string(other[904:908]) == "file", "writing to the file")
	copy(private, "private")
	check(has(0, "0123456") && b[0] == '0' && string(private[:8]) == "private7", "a private mapping is shared")
	must(f.WriteAt([]byte("X"), 20))
	check(private[20] != 'X', "a private page that was written to changes with the file")

	// The end of the file.
	check(!faultsAt(b[10001:], false) && faultsAt(b[3*page:], false) && faultsAt(b[3*page:], true), "behind the end")
	done(f.Truncate(5 * page))
	check(b[3*page] == 0 && !faultsAt(b[5*page-1:], true), "a file that has grown")
	b[4*page] = 9
	check(has(4*page, "\x09"), "a page that was a hole")
	done(f.Truncate(page + 100))
	check(faultsAt(b[2*page:], false) && !faultsAt(b[page+100:], false) && faultsAt(private[2*page:], true), "a file that was cut")
	done(f.Truncate(5 * page))
	check(b[4*page] == 0 && b[page+100] == 0 && has(4*page, "\x00"), "what was cut off came back")

	done(syscall.Fallocate(fd, 3, 0, page)) // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
	check(b[0] == 0 && has(0, "\x00\x00") && string(private[:8]) == "private7", "a hole")
	b[0] = 'b'
	check(has(0, "b\x00"), "a hole that was written to")

	// It is there as long as it is mapped.
	done(os.Remove(dir + "/f"))
	done(f.Close())
	check(string(other[:6]) == "memory", "closing the file unmapped it")
	unmap(b)
	check(string(other[:6]) == "memory", "unmapping one mapping ended the other")
	unmap(other)
	unmap(private)

	// Rights.
	done(os.WriteFile(dir+"/g", []byte("hello"), 0o600))
	ro := must(os.Open(dir + "/g"))
	_, errno := mmap(0, page, readWrite, syscall.MAP_SHARED, int(ro.Fd()), 0)
	check(errno == syscall.EACCES, "a file that is only read, written: %v", errno)
	b = mapped(page, read, syscall.MAP_SHARED, int(ro.Fd()), 0)
	check(protect(b, readWrite) == syscall.EACCES && faultsAt(b, true), "mprotect of a file that is only read")
	private = mapped(page, readWrite, syscall.MAP_PRIVATE, int(ro.Fd()), 0)
	private[0] = 'j'
	check(string(b[:5]) == "hello" && string(private[:5]) == "jello", "%q, %q", b[:5], private[:5])
	unmap(b)
	unmap(private)
	wo := must(os.OpenFile(dir+"/g", os.O_WRONLY, 0))
	_, errno = mmap(0, page, read, syscall.MAP_PRIVATE, int(wo.Fd()), 0)
	check(errno == syscall.EACCES, "a file that is only written: %v", errno)

	// A mapping that is much larger than the file, which is mostly holes.
	g := must(os.Create(dir + "/h"))
	done(g.Truncate(1 << 36))
	b = mapped(1<<36, readWrite, syscall.MAP_SHARED, int(g.Fd()), 0)
	b[1<<35] = 1
	var st syscall.Stat_t
	done(syscall.Fstat(int(g.Fd()), &st))
	one := make([]byte, 1)
	must(g.ReadAt(one, 1<<35))
	check(one[0] == 1 && st.Size == 1<<36 && st.Blocks < 1000, "a large file: %d, %d blocks", one[0], st.Blocks)
	unmap(b)
	must(g.ReadAt(one, 1<<35))
	check(one[0] == 1, "unmapping has lost it")

	// Memory that is shared with nobody.
	b = mapped(4*page, readWrite, syscall.MAP_SHARED|syscall.MAP_ANON, -1, 0)
	fill(b, 4)
	check(advise(b, syscall.MADV_DONTNEED) == 0 && filled(b, 4), "MADV_DONTNEED of shared memory")
	r, errno := call(syscall.SYS_MREMAP, at(b), 0, 2*page, 1) // another view
	check(errno == 0, "mremap: %v", errno)
	view := memory(r, 2*page)
	view[5] = 5
	check(b[5] == 5 && view[6] == 4, "two views")
	unmap(b)
	check(view[5] == 5, "unmapping one view ended the other")
	unmap(view)
}

// faults: each kind says where it happened, also in functions of the runtime's.
func faults() {
	b := mapped(3*page, readWrite, anyone, -1, 0)
	check(protect(b[page:2*page], none) == 0, "mprotect")
	check(faultsAt(b[page:], false) && faultsAt(b[page:], true), "PROT_NONE")
	to := make([]byte, page)
	a := fault(func() { copy(to, b[page:2*page]) })
	check(a >= at(b)+page && a < at(b)+2*page, "copy: %#x", a)
	a = fault(func() { sink = byte(bytes.IndexByte(b[page/2:3*page], 'x')) })
	check(a >= at(b)+page && a < at(b)+2*page, "IndexByte: %#x", a)
	a = fault(func() { clear(b[page : 2*page]) })
	check(a >= at(b)+page && a < at(b)+2*page, "clear: %#x", a)
	check(protect(b[page:2*page], read) == 0, "mprotect")
	check(!faultsAt(b[page:], false) && faultsAt(b[page:], true), "PROT_READ")
	check(protect(b, none) == 0, "mprotect")
	for range 1000 {
		check(faultsAt(b[page:], false), "nothing there")
	}
	// Many at a time.
	done := make(chan bool)
	for range 8 {
		go func() {
			debug.SetPanicOnFault(true)
			for range 300 {
				check(faultsAt(b, false), "nothing there")
			}
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
}

// buffers: mapped memory as arguments of system calls.
func buffers() {
	var pipe [2]int
	done(syscall.Pipe(pipe[:]))
	b := mapped(4*page, readWrite, anyone, -1, 0)
	transfer := func(number uintptr, fd int, p []byte) (int, syscall.Errno) {
		n, errno := call(number, uintptr(fd), at(p), uintptr(len(p)))
		return int(n), errno
	}
	copy(b[page-3:], "hello")
	n, errno := transfer(syscall.SYS_WRITE, pipe[1], b[page-3:page+2])
	check(n == 5 && errno == 0, "write: %d, %v", n, errno)
	n, errno = transfer(syscall.SYS_READ, pipe[0], b[3*page-2:3*page+3])
	check(n == 5 && errno == 0 && string(b[3*page-2:][:5]) == "hello", "read: %d, %v", n, errno)

	check(protect(b[page:2*page], none) == 0 && protect(b[2*page:3*page], read) == 0, "mprotect")
	n, errno = transfer(syscall.SYS_WRITE, pipe[1], b[page:page+5])
	check(errno == syscall.EFAULT, "write from PROT_NONE: %d, %v", n, errno)
	n, errno = transfer(syscall.SYS_WRITE, pipe[1], b[2*page:2*page+5])
	check(n == 5 && errno == 0, "write from PROT_READ: %d, %v", n, errno)
	n, errno = transfer(syscall.SYS_READ, pipe[0], b[2*page:2*page+5])
	check(errno == syscall.EFAULT, "read to PROT_READ: %d, %v", n, errno)
	_, errno = call(syscall.SYS_PIPE2, at(b[page:]), 0)
	check(errno == syscall.EFAULT, "pipe2 to PROT_NONE: %v", errno)
	_, errno = call(syscall.SYS_OPEN, at(b[2*page-4:]), 0, 0)
	check(errno == syscall.EFAULT, "a path in PROT_NONE: %v", errno)
	copy(b[page-2:], "/\x00")
	_, errno = call(syscall.SYS_OPEN, at(b[page-2:]), 0, 0)
	check(errno == 0, "a path at the end of what can be read: %v", errno)
	unmap(b)
	n, errno = transfer(syscall.SYS_WRITE, pipe[1], b[:1])
	check(errno == syscall.EFAULT, "write from nothing: %d, %v", n, errno)
	var st syscall.Stat_t
	_, errno = call(syscall.SYS_FSTAT, 0, at(b))
	check(errno == syscall.EFAULT, "fstat to nothing: %v", errno)
	_ = st

	// Behind the end of a file.
	f := must(os.CreateTemp("", "short"))
	defer os.Remove(f.Name())
	must(f.WriteString("short"))
	b = mapped(2*page, readWrite, syscall.MAP_SHARED, int(f.Fd()), 0)
	n, errno = transfer(syscall.SYS_WRITE, pipe[1], b[page:page+5])
	check(errno == syscall.EFAULT, "write from behind the end: %d, %v", n, errno)

	// A file that is read to where it is mapped.
	n, errno = transfer(syscall.SYS_PREAD64, int(f.Fd()), b[10:15])
	check(n == 5 && errno == 0 && string(b[10:15]) == "short", "a file read to itself: %d, %v, %q", n, errno, b[:16])
	unmap(b)
}

// fatal and fatalBus: without SetPanicOnFault it is the end.
func fatal() {
	b := mapped(page, none, anyone, -1, 0)
	fmt.Println("reading")
	debug.SetPanicOnFault(false)
	sink = b[0]
}

func fatalBus() {
	f := must(os.CreateTemp("", "empty"))
	os.Remove(f.Name())
	b := mapped(page, read, syscall.MAP_SHARED, int(f.Fd()), 0)
	fmt.Println("reading")
	debug.SetPanicOnFault(false)
	sink = b[0]
}
