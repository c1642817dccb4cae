package linux

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"golang.org/x/sys/unix"
)

// memoryAt makes memory out of what mmap returned.
func memoryAt(t *testing.T, fd, length, protection, flags, offset int) []byte {
	t.Helper()
	r, _, errno := Dispatch(unix.SYS_MMAP, call.Arguments{Value: [6]uintptr{
		0, uintptr(length), uintptr(protection), uintptr(flags), uintptr(fd), uintptr(offset)}})
	if errno != 0 {
		t.Fatal("mmap:", syscall.Errno(errno))
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&r)), length)
}

func unmap(t *testing.T, b []byte) {
	t.Helper()
	if _, errno := do(unix.SYS_MUNMAP, b, len(b)); errno != 0 {
		t.Error("munmap:", errno)
	}
}

func TestMapAnonymous(t *testing.T) {
	AddressSpace = new(heapMapper)
	b := memoryAt(t, -1, 3*pageSize+1, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE, 0)
	for i := range b {
		b[i] = 7
	}
	runtime.GC()
	must(t, unix.SYS_MADVISE, b[pageSize:], pageSize, syscall.MADV_DONTNEED)
	if b[pageSize-1] != 7 || b[pageSize] != 0 || b[2*pageSize] != 7 {
		t.Error("MADV_DONTNEED")
	}
	must(t, unix.SYS_MPROTECT, b, 4*pageSize, 1)
	fails(t, syscall.ENOMEM, unix.SYS_MPROTECT, b, 5*pageSize, 1)
	fails(t, syscall.EINVAL, unix.SYS_MPROTECT, b[1:], pageSize, 1)
	unmap(t, b[pageSize:2*pageSize])
	fails(t, syscall.ENOMEM, unix.SYS_MPROTECT, b, 2*pageSize, 1)
	must(t, unix.SYS_MPROTECT, b[2*pageSize:], pageSize, 1)
	unmap(t, b)
	unmap(t, b) // nothing is there
	if h := AddressSpace.(*heapMapper); len(h.regions) != 0 {
		t.Error(len(h.regions), "regions are left")
	}
	fails(t, syscall.EINVAL, unix.SYS_MMAP, 0, 0, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE, -1, 0)
	fails(t, syscall.ENOMEM, unix.SYS_MMAP, 1<<30, pageSize, 3, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_FIXED, -1, 0)
}

func TestMapShared(t *testing.T) {
	reset()
	AddressSpace = new(heapMapper)
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	must(t, unix.SYS_WRITE, fd, bytes.Repeat([]byte("0123456789"), 600), 6000)
	b := memoryAt(t, fd, 4*pageSize, 3, syscall.MAP_SHARED, 0)
	file := func(offset, n int) string {
		p := make([]byte, n)
		return string(p[:must(t, unix.SYS_PREAD64, fd, p, n, offset)])
	}
	if string(b[:12]) != "012345678901" || b[6000] != 0 {
		t.Errorf("%q", b[:12])
	}
	must(t, unix.SYS_PWRITE64, fd, []byte("file"), 4, pageSize-2)
	if string(b[pageSize-2:][:4]) != "file" {
		t.Error("what was written is not in the memory")
	}
	copy(b[10:], "memory")
	if got := file(9, 8); got != "9memory6" {
		t.Errorf("the file has %q", got)
	}
	must(t, unix.SYS_PWRITE64, fd, []byte("grown"), 5, 3*pageSize) // into the mapping
	if string(b[3*pageSize:][:6]) != "grown\x00" {
		t.Error("the file has grown elsewhere")
	}
	must(t, unix.SYS_FTRUNCATE, fd, 100)
	must(t, unix.SYS_FTRUNCATE, fd, 2*pageSize)
	if file(100, 5) != "\x00\x00\x00\x00\x00" || file(pageSize, 5) != "\x00\x00\x00\x00\x00" {
		t.Error("what was cut off came back")
	}

	other := memoryAt(t, fd, pageSize, 1, syscall.MAP_SHARED, pageSize) // a part
	if &other[0] != &b[pageSize] {
		t.Error("the same page is in two places")
	}
	fails(t, syscall.ENOMEM, unix.SYS_MMAP, 0, 8*pageSize, 1, syscall.MAP_SHARED, fd, 0)
	unmap(t, b)
	other[5] = 'x'
	if file(pageSize+5, 1) != "x" {
		t.Error("unmapping one mapping ended the other")
	}
	unmap(t, other)
	again := memoryAt(t, fd, 8*pageSize, 3, syscall.MAP_SHARED, 0)
	if string(again[:17]) != "0123456789memory6" || again[pageSize+5] != 'x' {
		t.Errorf("%q", again[:17])
	}

	// What was written behind the end is not in the file when that grows.
	again[4*pageSize] = 'x'
	must(t, unix.SYS_FTRUNCATE, fd, 5*pageSize)
	if file(4*pageSize, 1) != "\x00" {
		t.Error("the file has grown by what was behind its end")
	}

	// Half of a mapping lasts.
	unmap(t, again[4*pageSize:])
	again[10] = 'M'
	must(t, unix.SYS_PWRITE64, fd, []byte("G"), 1, 3*pageSize)
	if file(10, 1) != "M" || again[3*pageSize] != 'G' {
		t.Error("unmapping a half unmapped it all")
	}
	must(t, unix.SYS_FTRUNCATE, fd, 2*pageSize)
	must(t, unix.SYS_PWRITE64, fd, []byte("G"), 1, 3*pageSize)
	if again[3*pageSize] != 'G' {
		t.Error("unmapping a half ended the mapping")
	}
	again = again[:4*pageSize]

	// A file that is gone is there as long as it is mapped.
	must(t, unix.SYS_UNLINK, "f")
	must(t, unix.SYS_CLOSE, fd)
	var s syscall.Statfs_t
	v := files.Root().Node().Volume()
	if v.Statistics(&s); s.Blocks-s.Bfree == 0 || again[pageSize+5] != 'x' {
		t.Error("the file is gone")
	}
	unmap(t, again)
	if v.Statistics(&s); s.Blocks != s.Bfree {
		t.Error(s.Blocks-s.Bfree, "pages are left")
	}
}

func TestMapPrivate(t *testing.T) {
	reset()
	AddressSpace = new(heapMapper)
	fd := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	must(t, unix.SYS_PWRITE64, fd, []byte("hello"), 5, pageSize)
	b := memoryAt(t, fd, 2*pageSize, 3, syscall.MAP_PRIVATE, pageSize)
	if string(b[:6]) != "hello\x00" {
		t.Errorf("%q", b[:6])
	}
	b[0] = 'j'
	p := make([]byte, 5)
	if must(t, unix.SYS_PREAD64, fd, p, 5, pageSize); string(p) != "hello" {
		t.Errorf("the file has %q", p)
	}
	unmap(t, b)
	fails(t, syscall.EINVAL, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, fd, 100)
	fails(t, syscall.EBADF, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, 99, 0)
	r, w := newPipe(t, 0)
	fails(t, syscall.ENODEV, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, r, 0)
	fails(t, syscall.EACCES, unix.SYS_MMAP, 0, pageSize, 1, syscall.MAP_PRIVATE, w, 0)
	ro := must(t, unix.SYS_OPENAT, int(currentDirectory), "f", syscall.O_RDONLY, 0)
	fails(t, syscall.EACCES, unix.SYS_MMAP, 0, pageSize, 3, syscall.MAP_SHARED, ro, 0)
}
