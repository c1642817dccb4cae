//go:build amd64

package nic

import (
	"errors"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

// buffers are the memory of a queue's descriptors: one of the same size for each.
type buffers struct {
	start    unsafe.Pointer
	physical uint64
	size     int
}

func newBuffers(count, size int) (buffers, error) {
	start, physical := machine.AllocateDMA(uintptr(count * size))
	if start == nil {
		return buffers{}, errors.New("out of memory for network buffers")
	}
	return buffers{start, physical, size}, nil
}

// of returns the buffer of descriptor id.
func (b *buffers) of(id uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(b.start, int(id)*b.size)), b.size)
}

// at returns the physical address of the buffer of descriptor id.
func (b *buffers) at(id uint16) uint64 { return b.physical + uint64(int(id)*b.size) }
