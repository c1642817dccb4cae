//go:build ringo

// Package offheap marks the types whose values live outside Go's heap: in the image or in frames
// of their own. A pointer to such a type is written without a write barrier, so that interrupt
// handlers and threads without a P may do it.
package offheap

import "internal/runtime/sys"

// Mark makes a struct that embeds it (as a blank first field) an off-heap type.
type Mark struct {
	_ sys.NotInHeap
}
