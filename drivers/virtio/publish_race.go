//go:build amd64 && race

package virtio

import (
	"sync/atomic"
	"unsafe"
)

// storeIndex is the race detector's twin of the function in publish.go: in host unit tests, this is
// where it sees the chains pass from the driver to the simulated device.
func storeIndex(available unsafe.Pointer, index uint16) {
	word := (*uint32)(available)
	atomic.StoreUint32(word, atomic.LoadUint32(word)&0xFFFF|uint32(index)<<16)
}
