package linux

import (
	"sync"
	"syscall"
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
// and a buffer that stands for it if it is in the goroutine's stack.
func Borrow(p Pointer, n uintptr, access Access) (Memory, syscall.Errno) {
	if n == 0 {
		return Memory{}, 0
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

// Return ends the use of m, which was borrowed from p: the first n bytes reach the program, if m was
// borrowed to give it some.
func (m Memory) Return(p Pointer, n int) {
	if m.bounce == nil {
		return
	}
	if m.access&Out != 0 && n > 0 {
		copy(p.view(uintptr(n)), m.Bytes[:n])
	}
	putBounce(m.bounce)
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
