package linux

import (
	"syscall"
	"unsafe"
)

// A Vector is an array of struct iovec: memory in several segments. Like a Pointer it stays in local
// variables.
type Vector struct {
	base  Pointer
	count int
	// Length is the sum of the segments' lengths.
	Length int
}

const (
	vectorMax = 1024       // UIO_MAXIOV
	countMax  = 0x7ffff000 // MAX_RW_COUNT: what one call transfers at most

	// A segment of at least pieceDirect bytes is lent as it is, smaller ones are gathered into
	// pieces of up to pieceGather.
	pieceDirect = 16 << 10
	pieceGather = bounceKeep
)

// NewVector checks the count segments at p.
func NewVector(p Pointer, count uintptr) (Vector, syscall.Errno) {
	if count > vectorMax {
		return Vector{}, syscall.EINVAL
	}
	v := Vector{base: p, count: int(count)}
	for i := range v.count {
		segment, errno := v.segment(i)
		if errno != 0 {
			return Vector{}, errno
		}
		if int(segment.length) < 0 {
			return Vector{}, syscall.EINVAL
		}
		v.Length += min(int(segment.length), countMax-v.Length)
	}
	return v, 0
}

// A segment is one struct iovec.
type segment struct {
	base   Pointer
	length uintptr
}

const segmentSize = 16

// segment reads the i-th segment.
func (v Vector) segment(i int) (s segment, errno syscall.Errno) {
	at := v.base.Add(uintptr(i) * segmentSize)
	if s.base, errno = at.Load(); errno != 0 {
		return s, errno
	}
	return s, CopyIn(at.Add(unsafe.Sizeof(uintptr(0))), &s.length)
}

// Borrow lends all of v as one run of bytes, as a datagram needs it. It copies if there are several
// segments.
func (v Vector) Borrow(access Access) (Memory, syscall.Errno) {
	return v.piece(0, v.Length, v.Length+1, access)
}

// Piece lends some bytes of v from offset on, as a stream needs it: large segments as they are,
// small ones gathered. There is none after the last.
func (v Vector) Piece(offset int, access Access) (Memory, syscall.Errno) {
	return v.piece(offset, min(v.Length-offset, pieceGather), pieceDirect, access)
}

// piece lends the segment at offset as it is, if it is the last one that counts or has at least
// direct bytes from there on, and otherwise a buffer that stands for n bytes from offset on.
func (v Vector) piece(offset, n, direct int, access Access) (Memory, syscall.Errno) {
	if n <= 0 {
		return Memory{}, 0
	}
	s, _, errno := v.at(offset)
	if errno != 0 {
		return Memory{}, errno
	}
	here := min(int(s.length), v.Length-offset)
	if here >= direct || here == v.Length-offset {
		if direct > v.Length { // all of it
			return Borrow(s.base, uintptr(here), access)
		}
		return BorrowSome(s.base, uintptr(here), access)
	}
	b := getBounce(n)
	m := Memory{b.bytes[:n], access, b}
	if errno := v.copy(offset, m.Bytes, access, access&In); errno != 0 {
		putBounce(b)
		return Memory{}, errno
	}
	return m, 0
}

// Return ends the use of m, which Borrow or Piece lent from offset on: its first n bytes reach the
// program, if m was borrowed to give it some.
func (v Vector) Return(m Memory, offset, n int) syscall.Errno {
	if m.bounce == nil {
		return 0
	}
	defer putBounce(m.bounce)
	if m.access&Out == 0 {
		return 0
	}
	return v.copy(offset, m.Bytes[:n], Out, Out)
}

// at returns what is left of the segment at offset, and the number of the one after it.
func (v Vector) at(offset int) (s segment, next int, errno syscall.Errno) {
	for i := range v.count {
		if s, errno = v.segment(i); errno != 0 {
			return s, 0, errno
		}
		if offset < int(s.length) {
			return segment{s.base.Add(uintptr(offset)), s.length - uintptr(offset)}, i + 1, 0
		}
		offset -= int(s.length)
	}
	return segment{}, 0, syscall.EFAULT // the program changed the array meanwhile
}

// move checks the memory at p for access and moves the bytes of b.
func (p Pointer) move(b []byte, access, move Access) bool {
	n := uintptr(len(b))
	switch mapped := p.isMapped(); {
	case !mapped && !p.check(n, access&Out != 0):
		return false
	case mapped && move == In:
		return p.in(b)
	case mapped && move == Out:
		return p.out(b)
	case move == In:
		copy(b, p.view(n))
	case move == Out:
		copy(p.view(n), b)
	}
	return true
}

// copy checks the segments from offset on for access and moves the bytes of p: In, from the segments
// to p; Out, from p to them; neither, it only checks.
func (v Vector) copy(offset int, p []byte, access, move Access) syscall.Errno {
	s, next, errno := v.at(offset)
	for {
		if errno != 0 {
			return errno
		}
		n := min(s.length, uintptr(len(p)))
		if !s.base.move(p[:n], access, move) {
			return syscall.EFAULT
		}
		if p = p[n:]; len(p) == 0 {
			return 0
		}
		if next == v.count {
			return syscall.EFAULT // as in at
		}
		s, errno = v.segment(next)
		next++
	}
}
