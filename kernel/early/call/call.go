// Package call holds what a system call hands to the kernel.
package call

import "unsafe"

// Arguments are the six arguments of a system call.
//
// A system call here is a function call on the caller's own goroutine stack, which may grow, and so
// move, while the call runs. An argument that points into that stack is therefore kept twice: as the
// caller passed it in Value, and as a pointer that moves along with the stack in Stack (nil for an
// argument that does not point there). For this to hold, Arguments is passed by value and never
// stored in the heap.
type Arguments struct {
	Value [6]uintptr
	Stack [6]unsafe.Pointer
}
