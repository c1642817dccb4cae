//go:build amd64 && !race

package virtio

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// storeIndex writes the available ring's index, after everything that was written before. The flags
// beside it belong to the netpoller.
func storeIndex(available unsafe.Pointer, index uint16) {
	cpu.Store16(unsafe.Add(available, availableIndex), index)
}
