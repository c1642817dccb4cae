//go:build amd64

package virtio

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// configuration is the part of the device's registers that depends on its kind (2.5). Each field
// is read in the width that it has (4.1.3.1, 4.2.2.2); what lies beyond the end reads as 0.
type configuration struct {
	start unsafe.Pointer
	size  int
}

// field returns where a field is, nil when it is not there or not aligned.
func (c *configuration) field(offset, width int) unsafe.Pointer {
	if offset < 0 || offset%width != 0 || offset > c.size-width {
		return nil
	}
	return unsafe.Add(c.start, offset)
}

// Config8 implements Transport.
func (c *configuration) Config8(offset int) uint8 {
	if p := c.field(offset, 1); p != nil {
		return cpu.Load8(p)
	}
	return 0
}

// Config16 implements Transport.
func (c *configuration) Config16(offset int) uint16 {
	if p := c.field(offset, 2); p != nil {
		return cpu.Load16(p)
	}
	return 0
}

// Config32 implements Transport.
func (c *configuration) Config32(offset int) uint32 {
	if p := c.field(offset, 4); p != nil {
		return cpu.Load32(p)
	}
	return 0
}
