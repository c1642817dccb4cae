//go:build amd64

package survey

// A Region is where a function answers (6.2.5.1).
type Region struct {
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
	largestBAR   = 1 << 40
	highestBAR   = 1 << 52 // physical addresses have at most 52 bits (Intel SDM vol. 3, 4.1.4)
	firstPage    = 4096
	registerSize = 4
)

// measure fills in the function's regions. The registers hold ones meanwhile, so that it must not answer.
func (f *Function) measure(space Space) {
	// The status register in the upper half clears the bits that are written as one, so zeros go there.
	command := space.Read(f.Address, RegisterCommand) & 0xFFFF
	space.Write(f.Address, RegisterCommand, command&^(CommandIO|CommandMemory))
	for i := 0; i < MaxRegions; i++ {
		r, registers := f.region(space, i)
		if r.plausible() {
			f.Regions[i] = r
		}
		i += registers - 1
	}
	space.Write(f.Address, RegisterCommand, command)
}

// region reads the region whose first register is that at index, and how many it takes.
func (f *Function) region(space Space, index int) (r Region, registers int) {
	low, mask := f.size(space, index)
	switch {
	case low&barIO != 0:
		mask &= barIOMask
		return Region{Base: uint64(low & barIOMask), Size: uint64(-mask & 0xFFFF), IO: true}, 1
	case low&barType == barType64:
		if index+1 == MaxRegions {
			return Region{}, 1
		}
		high, highMask := f.size(space, index+1)
		whole := uint64(highMask)<<32 | uint64(mask&barMemory)
		return Region{Base: uint64(high)<<32 | uint64(low&barMemory), Size: -whole}, 2
	default:
		return Region{Base: uint64(low & barMemory), Size: uint64(-(mask & barMemory))}, 1
	}
}

// size reads a base address register and which of its bits can be written.
func (f *Function) size(space Space, index int) (value, mask uint32) {
	register := uint8(registerBAR + registerSize*index)
	value = space.Read(f.Address, register)
	space.Write(f.Address, register, ^uint32(0))
	mask = space.Read(f.Address, register)
	space.Write(f.Address, register, value)
	return value, mask
}

// plausible reports whether a region can be one: of memory, a power of two, aligned, in the address space and
// not over the first page.
func (r Region) plausible() bool {
	if r.IO {
		return r.Size != 0
	}
	return r.Size != 0 && r.Size <= largestBAR && r.Size&(r.Size-1) == 0 &&
		r.Base%r.Size == 0 && r.Base >= firstPage && r.Base < highestBAR
}
