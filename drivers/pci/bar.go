//go:build amd64

package pci

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

// A BAR is a region at which the device answers (6.2.5.1).
type BAR struct {
	// Base and Size are physical addresses, or I/O ports if IO is set.
	Base, Size uint64
	IO         bool
}

// Bits of a base address register.
const (
	barIO        = 1 << 0
	barType      = 3 << 1
	barType64    = 2 << 1
	barIOMask    = ^uint32(3)
	barMemory    = ^uint32(15)
	bars         = 6
	bridgeBARs   = 2
	largestBAR   = 1 << 40
	highestBAR   = 1 << 52 // physical addresses have at most 52 bits (Intel SDM vol. 3, 4.1.4)
	firstPage    = 4096
	registerSize = 4
)

// BAR returns region index; ok is false when the device has none there, or firmware gave it no
// address.
func (d *Device) BAR(index int) (region BAR, ok bool) {
	limit := bars
	if d.Header&^multipleFunctions == headerTypeBridge {
		limit = bridgeBARs
	}
	if index < 0 || index >= limit {
		return BAR{}, false
	}
	register := uint8(registerBAR + registerSize*index)

	// While the register holds ones for sizing, the device must not answer.
	command := d.setCommand(0, commandIO|commandMemory)
	defer d.Write32(registerCommand, command)

	low, mask := d.size(register)
	switch {
	case low&barIO != 0:
		mask &= barIOMask
		region = BAR{Base: uint64(low & barIOMask), Size: uint64(-mask & 0xFFFF), IO: true}
		return region, region.Size != 0
	case low&barType == barType64:
		if index+1 == limit {
			return BAR{}, false
		}
		high, highMask := d.size(register + registerSize)
		whole := uint64(highMask)<<32 | uint64(mask&barMemory)
		region = BAR{Base: uint64(high)<<32 | uint64(low&barMemory), Size: -whole}
	default:
		if mask &= barMemory; mask != 0 {
			region = BAR{Base: uint64(low & barMemory), Size: uint64(-mask)}
		}
	}
	return region, region.plausible()
}

// plausible reports whether a memory region can be one: a power of two, aligned, in the address
// space and not over the first page.
func (r BAR) plausible() bool {
	return r.Size != 0 && r.Size <= largestBAR && r.Size&(r.Size-1) == 0 &&
		r.Base%r.Size == 0 && r.Base >= firstPage && r.Base < highestBAR
}

// size reads a base address register and which of its bits can be written.
func (d *Device) size(register uint8) (value, mask uint32) {
	value = d.Read32(register)
	d.Write32(register, ^uint32(0))
	mask = d.Read32(register)
	d.Write32(register, value)
	return value, mask
}

// Map maps length bytes at offset of memory region index; nil when the region is not that large.
func (d *Device) Map(index int, offset, length uint64) unsafe.Pointer {
	region, ok := d.BAR(index)
	if !ok || region.IO || offset > region.Size || length > region.Size-offset || length == 0 {
		return nil
	}
	return machine.MapDevice(region.Base+offset, uintptr(length))
}
