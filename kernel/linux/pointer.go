package linux

import (
	"bytes"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A Pointer is an address that the program passed, not yet checked. One in the calling goroutine's
// stack is kept twice, as it moves with it. It must therefore never leave that goroutine's stack, see
// the package comment.
type Pointer struct {
	address uintptr
	stack   unsafe.Pointer
	room    uintptr // how many bytes at stack are known to be there
}

// Argument returns argument i of a as a pointer.
func Argument(a *call.Arguments, i int) Pointer {
	stack, room := a.Stack.At(a.Value[i])
	return Pointer{a.Value[i], stack, room}
}

// IsNil reports whether p is the null pointer.
func (p Pointer) IsNil() bool { return p.address == 0 }

// Add returns the pointer n bytes further on.
func (p Pointer) Add(n uintptr) Pointer {
	if p.stack != nil {
		p.stack = unsafe.Add(p.stack, n)
		p.room -= min(n, p.room)
	}
	p.address += n
	return p
}

// now returns where p points at this moment. The result must be used before anything that could
// grow the stack has a chance to keep it as a number.
func (p Pointer) now() unsafe.Pointer {
	if p.stack != nil {
		return p.stack
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&p.address))
}

// isMapped reports whether p is in memory that the program has mapped, which the kernel copies from and
// to but does not touch: another goroutine may unmap it.
func (p Pointer) isMapped() bool { return p.stack == nil && machine.Mapped(p.address) }

// in copies from p to b, out from b to p; false if the program could not do that.
func (p Pointer) in(b []byte) bool {
	if p.isMapped() {
		return machine.CopyMemory(b, p.address, false) == len(b)
	}
	if !p.check(uintptr(len(b)), false) {
		return false
	}
	copy(b, p.view(uintptr(len(b))))
	return true
}

func (p Pointer) out(b []byte) bool {
	if p.isMapped() {
		return machine.CopyMemory(b, p.address, true) == len(b)
	}
	if !p.check(uintptr(len(b)), true) {
		return false
	}
	copy(p.view(uintptr(len(b))), b)
	return true
}

// check reports whether the n bytes at p may be accessed.
func (p Pointer) check(n uintptr, write bool) bool {
	return n <= p.room || p.accessible(n, write)
}

func (p Pointer) accessible(n uintptr, write bool) bool {
	address := uintptr(p.now())
	return address+n >= address && machine.Accessible(address, n, write)
}

// view returns the n bytes at p, which have been checked, as they are.
//
//go:nocheckptr
func (p Pointer) view(n uintptr) []byte {
	return unsafe.Slice((*byte)(p.now()), n)
}

// Load returns the pointer that the program keeps at p. If p is in the goroutine's stack, so may be
// what it points to.
func (p Pointer) Load() (Pointer, syscall.Errno) {
	var address uintptr
	if p.stack == nil {
		if errno := CopyIn(p, &address); errno != 0 {
			return Pointer{}, errno
		}
		return Pointer{address: address}, 0
	}
	if !p.check(unsafe.Sizeof(address), false) {
		return Pointer{}, syscall.EFAULT
	}
	address, target := machine.StackWord(p.stack)
	return Pointer{address: address, stack: target}, 0
}

// CopyIn reads *v, of a type without pointers, from the program's memory at p.
func CopyIn[T any](p Pointer, v *T) syscall.Errno {
	if !p.in(unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))) {
		return syscall.EFAULT
	}
	return 0
}

// CopyOut writes *v, of a type without pointers, to the program's memory at p.
func CopyOut[T any](p Pointer, v *T) syscall.Errno {
	if !p.out(unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))) {
		return syscall.EFAULT
	}
	return 0
}

// pageSize is the granularity of what is accessible.
const pageSize = 4096

// String reads the string at p that ends with a NUL. One of limit bytes or more, with its NUL, is
// ENAMETOOLONG.
func String(p Pointer, limit int) (string, syscall.Errno) {
	var head []byte // what came before the current page
	for {
		page := pageSize - uintptr(p.now())%pageSize
		var here []byte
		switch {
		case p.isMapped():
			page = min(page, uintptr(limit-len(head)))
			here = make([]byte, page)
			if !p.in(here) {
				return "", syscall.EFAULT
			}
		case !p.check(page, false):
			return "", syscall.EFAULT
		default:
			page = min(page, uintptr(limit-len(head)))
			here = p.view(page)
		}
		if end := bytes.IndexByte(here, 0); end >= 0 {
			if head == nil {
				return string(here[:end]), 0
			}
			return string(append(head, here[:end]...)), 0
		}
		head = append(head, here...)
		if len(head) >= limit {
			return "", syscall.ENAMETOOLONG
		}
		p = p.Add(page)
	}
}

// pathMax limits the names of files, with the NUL.
const pathMax = 4096

// path reads the file name at argument i of a.
func path(a *call.Arguments, i int) (string, syscall.Errno) {
	return String(Argument(a, i), pathMax)
}
