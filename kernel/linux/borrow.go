package linux

import (
	"sync"
	"syscall"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Access says which way bytes go between the program's memory and the kernel.
type Access uint8

// The ways: the program's bytes go in, the kernel's come out.
const (
	In Access = 1 << iota
	Out
)

// Memory is bytes of the program's that the kernel may use, from Borrow to Return.
type Memory struct {
	Bytes  []byte
	access Access
	bounce *bounce
}

// Borrow returns the n bytes at p. They are the program's memory itself if that stays where it is,
// and a buffer that stands for it if it is in the goroutine's stack. Of memory that the program has
// mapped it is a buffer too.
func Borrow(p Pointer, n uintptr, access Access) (Memory, syscall.Errno) {
	if n == 0 {
		return Memory{}, 0
	}
	if p.isMapped() {
		return borrowMapped(p, n, access)
	}
	if !p.check(n, access&Out != 0) {
		return Memory{}, syscall.EFAULT
	}
	if p.stack == nil {
		return Memory{Bytes: p.view(n), access: access}, 0
	}
	b := getBounce(int(n))
	m := Memory{b.bytes[:n], access, b}
	if access&In != 0 {
		copy(m.Bytes, p.view(n))
	}
	return m, 0
}

// mostMapped limits what BorrowSome copies at a time.
const mostMapped = 1 << 20

// BorrowSome is Borrow for a call that may transfer less than it was asked to.
func BorrowSome(p Pointer, n uintptr, access Access) (Memory, syscall.Errno) {
	if p.isMapped() {
		n = min(n, mostMapped)
	}
	return Borrow(p, n, access)
}

// lend returns the n bytes at p as they are, if they can be had without Borrow: they are in the heap; or in the
// stack, and immediate says that whoever gets them has finished with them when it returns. It returns nil if
// not, or if there are none. n is what one call may transfer.
func lend(p Pointer, n uintptr, access Access, immediate bool) []byte {
	if immediate && n <= p.room {
		return unsafe.Slice((*byte)(p.stack), n)
	}
	return p.lendHeap(n, access)
}

func (p Pointer) lendHeap(n uintptr, access Access) []byte {
	if p.stack != nil || n-1 >= countMax || machine.Mapped(p.address) || !p.accessible(n, access&Out != 0) {
		return nil
	}
	return p.view(n)
}

// borrowMapped is Borrow for memory that the program has mapped.
func borrowMapped(p Pointer, n uintptr, access Access) (Memory, syscall.Errno) {
	if access&Out != 0 { // make it be there, so that what comes is not lost
		start, end := uint64(p.address)&^(pageSize-1), (uint64(p.address+n)+pageSize-1)&^(pageSize-1)
		if machine.TouchMemory(start, end, space.Write) != 0 {
			return Memory{}, syscall.EFAULT
		}
	}
	b := getBounce(int(n))
	m := Memory{b.bytes[:n], access, b}
	if access&In != 0 && !p.in(m.Bytes) {
		putBounce(b)
		return Memory{}, syscall.EFAULT
	}
	return m, 0
}

// Return ends the use of m, which was borrowed from p: the first n bytes reach the program, if m was
// borrowed to give it some. It fails with EFAULT if they cannot any more.
func (m Memory) Return(p Pointer, n int) (errno syscall.Errno) {
	if m.bounce == nil {
		return 0
	}
	if m.access&Out != 0 && n > 0 && !p.out(m.Bytes[:n]) {
		errno = syscall.EFAULT
	}
	putBounce(m.bounce)
	return errno
}

// A bounce is a buffer in the heap that stands for memory that cannot be lent.
type bounce struct{ bytes []byte }

// bounceKeep is the largest buffer that is kept for the next call.
const bounceKeep = 64 << 10

var bounces = sync.Pool{New: func() any { return new(bounce) }}

// getBounce returns a buffer of at least n bytes.
func getBounce(n int) *bounce {
	b := bounces.Get().(*bounce)
	if cap(b.bytes) < n {
		b.bytes = make([]byte, max(n, 512))
	}
	b.bytes = b.bytes[:cap(b.bytes)]
	return b
}

func putBounce(b *bounce) {
	if cap(b.bytes) <= bounceKeep {
		bounces.Put(b)
	}
}
