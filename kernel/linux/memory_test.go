package linux

import (
	"bytes"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/machine"
	"golang.org/x/sys/unix"
)

// argumentInStack makes arguments as the runtime does for a caller whose arguments are in its own stack.
//
//go:noinline
func argumentInStack(p unsafe.Pointer, n int) call.Arguments {
	return call.Arguments{Value: [6]uintptr{0, uintptr(p), uintptr(n)},
		Stack: call.Stack{Low: uintptr(p), Size: uintptr(n), Then: uintptr(p), Now: p}}
}

// noescape hides a pointer from escape analysis, so that what it points to stays in the stack.
//
//go:nosplit
func noescape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return *(*unsafe.Pointer)(unsafe.Pointer(&x))
}

// grow makes the stack move.
//
//go:noinline
func growStack(depth int) byte {
	var pad [1024]byte
	if depth > 0 {
		pad[depth%1024] = growStack(depth - 1)
	}
	return pad[depth%1024]
}

// growingFile makes the reader's stack move while it is being read, and remembers what it was given.
type growingFile struct {
	anonymous
	kept []byte
}

func (f *growingFile) Read(p []byte) (int, syscall.Errno) {
	growStack(200)
	f.kept = p
	return copy(p, "the quick brown fox"), 0
}

func (f *growingFile) Ready() file.Events   { return file.Readable }
func (f *growingFile) Close() syscall.Errno { return 0 }

func TestArgumentInStack(t *testing.T) {
	reset()
	f := new(growingFile)
	fd, errno := Install(f, syscall.O_RDWR, false)
	if errno != 0 {
		t.Fatal(errno)
	}
	done := make(chan string)
	go func() { // with a small stack
		var buffer [32]byte
		before := uintptr(noescape(unsafe.Pointer(&buffer)))
		a := argumentInStack(noescape(unsafe.Pointer(&buffer)), len(buffer))
		a.Value[0] = uintptr(fd)
		n, errno := sysRead(&a)
		if uintptr(noescape(unsafe.Pointer(&buffer))) == before {
			done <- "the stack did not move"
			return
		}
		if errno != 0 {
			done <- errno.Error()
			return
		}
		done <- string(buffer[:n])
	}()
	if got := <-done; got != "the quick brown fox" {
		t.Errorf("read %q", got)
	}
	runtime.GC()
}

func TestVectorInStack(t *testing.T) {
	reset()
	fd, _ := Install(new(growingFile), syscall.O_RDWR, false)
	done := make(chan string)
	go func() {
		var first, second [10]byte
		iovs := [2]unix.Iovec{
			{Base: (*byte)(noescape(unsafe.Pointer(&first))), Len: 10},
			{Base: (*byte)(noescape(unsafe.Pointer(&second))), Len: 10},
		}
		a := argumentInStack(noescape(unsafe.Pointer(&iovs)), 2)
		a.Value[0] = uintptr(fd)
		n, errno := sysReadv(&a)
		if errno != 0 || n != 19 {
			done <- errno.Error()
			return
		}
		runtime.KeepAlive(&iovs)
		done <- string(first[:]) + "|" + string(second[:])
	}()
	if got := <-done; got != "the quick |brown fox\x00" {
		t.Errorf("read %q", got)
	}
}

// accessOnly makes only the given memory accessible during a test.
func accessOnly(t *testing.T, allowed ...[]byte) {
	t.Helper()
	was := machine.OnAccessible
	t.Cleanup(func() { machine.OnAccessible = was })
	machine.OnAccessible = func(address, size uintptr, write bool) bool {
		for _, b := range allowed {
			begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
			if address >= begin && address+size <= begin+uintptr(len(b)) {
				return true
			}
		}
		return false
	}
}

// pages returns n pages of memory, at a page's beginning.
func pages(n int) []byte {
	b := make([]byte, (n+1)*pageSize)
	skip := -uintptr(unsafe.Pointer(&b[0])) % pageSize
	return b[skip:][:n*pageSize]
}

func at0(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func TestString(t *testing.T) {
	memory := pages(3)
	accessOnly(t, memory[:2*pageSize])
	for i := range memory {
		memory[i] = 'x'
	}
	end := 2*pageSize - 5
	for _, test := range []struct {
		from, nul, limit int
		want             string
		errno            syscall.Errno
	}{
		{0, 3, 10, "xxx", 0},
		{0, 0, 10, "", 0},
		{0, 9, 10, "xxxxxxxxx", 0},
		{0, 10, 10, "", syscall.ENAMETOOLONG},
		{pageSize - 2, pageSize + 2, 10, "xxxx", 0},
		{pageSize - 2, pageSize, 10, "xx", 0},
		{end, -1, 100, "", syscall.EFAULT},
		{end, end + 4, 100, "xxxx", 0},
		{2 * pageSize, -1, 100, "", syscall.EFAULT},
		{0, 4095, 4096, strings.Repeat("x", 4095), 0},
		{5, 5 + 4096, 4096, "", syscall.ENAMETOOLONG},
	} {
		if test.nul >= 0 {
			memory[test.nul] = 0
		}
		got, errno := String(Pointer{address: at0(memory) + uintptr(test.from)}, test.limit)
		if got != test.want || errno != test.errno {
			t.Errorf("String(+%d, %d) = %.20q, %v; want %.20q, %v", test.from, test.limit, got, errno, test.want, test.errno)
		}
		if test.nul >= 0 {
			memory[test.nul] = 'x'
		}
	}
}

func TestBorrow(t *testing.T) {
	memory := pages(1)
	accessOnly(t, memory)
	copy(memory, "hello")
	p := Pointer{address: at0(memory)}

	m, errno := Borrow(p, 5, In|Out)
	if errno != 0 || string(m.Bytes) != "hello" || &m.Bytes[0] != &memory[0] {
		t.Errorf("borrowed %q, %v; want the memory itself", m.Bytes, errno)
	}
	m.Return(p, 5)

	inStack := Pointer{address: 1, stack: unsafe.Pointer(&memory[0])}
	m, errno = Borrow(inStack, 5, In|Out)
	if errno != 0 || string(m.Bytes) != "hello" || &m.Bytes[0] == &memory[0] {
		t.Errorf("borrowed %q, %v; want something that stands for it", m.Bytes, errno)
	}
	copy(m.Bytes, "HELLO")
	m.Return(inStack, 3)
	if !bytes.HasPrefix(memory, []byte("HELlo")) {
		t.Errorf("returned %q", memory[:5])
	}

	for _, n := range []uintptr{pageSize + 1, 1 << 40, 1 << 63, ^uintptr(0)} {
		if _, errno := Borrow(p, n, In); errno != syscall.EFAULT {
			t.Errorf("Borrow of %#x bytes: %v", n, errno)
		}
	}
	if _, errno := Borrow(Pointer{}, 1, In); errno != syscall.EFAULT {
		t.Errorf("Borrow of the null pointer: %v", errno)
	}
	if m, errno := Borrow(Pointer{}, 0, In); errno != 0 || len(m.Bytes) != 0 {
		t.Errorf("Borrow of nothing: %v", errno)
	}
}

func TestVector(t *testing.T) {
	memory := pages(30)
	array := pages(1)
	accessOnly(t, memory, array)
	set := func(i int, from, length uintptr) {
		copy(array[i*segmentSize:], unsafe.Slice((*byte)(unsafe.Pointer(&[2]uintptr{at0(memory) + from, length})), segmentSize))
	}
	for i := range memory {
		memory[i] = byte(i / 256)
	}
	set(0, 0, 10)
	set(1, 4096, 0)
	set(2, 4096, 20000)
	set(3, 50000, 10)
	p := Pointer{address: at0(array)}
	v, errno := NewVector(p, 4)
	if errno != 0 || v.Length != 20020 {
		t.Fatal(v.Length, errno)
	}
	want := append(append(bytes.Clone(memory[:10]), memory[4096:24096]...), memory[50000:50010]...)
	all, errno := v.Borrow(In)
	if errno != 0 || !bytes.Equal(all.Bytes, want) {
		t.Error("Borrow:", errno)
	}
	v.Return(all, 0, 0)
	var pieces []byte
	for len(pieces) < v.Length {
		m, errno := v.Piece(len(pieces), In)
		if errno != 0 || len(m.Bytes) == 0 {
			t.Fatal(errno, len(m.Bytes))
		}
		pieces = append(pieces, m.Bytes...)
		v.Return(m, 0, 0)
	}
	if !bytes.Equal(pieces, want) {
		t.Error("the pieces are not the whole")
	}
	m, _ := v.Piece(5, Out)
	for i := range m.Bytes {
		m.Bytes[i] = 0xee
	}
	v.Return(m, 5, 100)
	if memory[4] == 0xee || memory[5] != 0xee || memory[10] == 0xee || memory[4096] != 0xee || memory[4096+95] == 0xee {
		t.Error("Return did not write what it was told to")
	}

	set(1, 1<<40, 5)
	if v, errno := NewVector(p, 4); errno != 0 {
		t.Error(errno)
	} else if _, errno := v.Borrow(In); errno != syscall.EFAULT {
		t.Error("wild segment:", errno)
	}
	set(1, 4096, 1<<63)
	if _, errno := NewVector(p, 4); errno != syscall.EINVAL {
		t.Error("negative length:", errno)
	}
	if _, errno := NewVector(p, 1025); errno != syscall.EINVAL {
		t.Error("too many segments:", errno)
	}
	if _, errno := NewVector(p.Add(pageSize-8), 1); errno != syscall.EFAULT {
		t.Error("array at the end:", errno)
	}
}

// Memory that may only be read is not written to.
func TestReadOnlyMemory(t *testing.T) {
	memory := pages(10)
	array := pages(1)
	was := machine.OnAccessible
	t.Cleanup(func() { machine.OnAccessible = was })
	machine.OnAccessible = func(address, size uintptr, write bool) bool {
		return !write || address-at0(memory) >= uintptr(len(memory))
	}
	*(*[4]uintptr)(unsafe.Pointer(&array[0])) = [4]uintptr{at0(memory), 10, at0(memory) + 100, 10}
	p := Pointer{address: at0(memory)}
	v, errno := NewVector(Pointer{address: at0(array)}, 2)
	if errno != 0 {
		t.Fatal(errno)
	}
	_, whole := v.Borrow(Out)
	_, piece := v.Piece(0, Out)
	_, plain := Borrow(p, 10, Out)
	_, both := Borrow(p, 10, In|Out)
	var x uint64
	for i, errno := range []syscall.Errno{whole, piece, plain, both, CopyOut(p, &x)} {
		if errno != syscall.EFAULT {
			t.Errorf("%d: %v", i, errno)
		}
	}
	if _, errno := v.Borrow(In); errno != 0 {
		t.Error(errno)
	}
	if errno := CopyIn(p, &x); errno != 0 {
		t.Error(errno)
	}
}
