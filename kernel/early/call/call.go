// Package call holds what a system call hands to the kernel.
package call

import "unsafe"

// Arguments are the six arguments of a system call.
//
// A system call here is a function call on the caller's own goroutine stack, which may grow, and so
// move, while the call runs. An argument that points into that stack moves along if it is asked for
// by Stack.At. The arguments themselves are in that stack too: whoever gets a pointer to them uses it
// until the call returns, and keeps it neither in the heap nor in a closure, nor does another goroutine
// see it.
type Arguments struct {
	Value [6]uintptr
	Stack Stack
}

// A Stack is where the stack of the calling goroutine was when the call began, and how far it has moved
// since. The zero value is for arguments of which none points into a stack.
type Stack struct {
	Low, Size uintptr        // where it was, in bytes
	Then      uintptr        // the address of some place in it, as it was
	Now       unsafe.Pointer // that place, which moves
}

// At returns what address, an argument as the caller passed it, points to if that is in the stack,
// and how many bytes there are from there to the stack's end; nil and 0 if it is elsewhere.
//
//go:nocheckptr
func (s *Stack) At(address uintptr) (p unsafe.Pointer, room uintptr) {
	offset := address - s.Low
	if offset >= s.Size {
		return nil, 0
	}
	return unsafe.Add(s.Now, int(address-s.Then)), s.Size - offset
}
