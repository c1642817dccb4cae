//go:build !ringo

package machine

import (
	"sync"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
)

// The address space of a host unit test: real tables over simulated memory. No processor uses them,
// so a test reads and writes what it has mapped with CopyMemory.
var (
	simulated sync.Mutex
	frames    frame.Allocator
	tables    paging.Tables
	mapped    = simulate()
)

func simulate() *space.Space {
	const size = 64 << 20
	info := new(boot.Info)
	info.AddRegion(boot.Range{Start: 0, End: size}, boot.Usable)
	memory := make([]uint64, size/8)
	problem := frames.Init(info, unsafe.Pointer(unsafe.SliceData(memory)), boot.Range{}, 0, 0)
	if problem == "" {
		problem = tables.Init(&frames, paging.Features{NX: true})
	}
	if problem != "" {
		panic(problem)
	}
	space.Lock = func() uint64 { simulated.Lock(); return 0 }
	space.Unlock = func(uint64) { simulated.Unlock() }
	space.Disable = func() uint64 { return 0 }
	space.Enable = func(uint64) {}
	space.Invalidate = func(start, end, pages uint64) {}
	s := new(space.Space)
	s.Init(&tables, 64<<10, 0x7000_0000_0000, 0x7FFF_FFFF_F000)
	return s
}

// FreeFrames is how many frames of the simulated memory are free.
func FreeFrames() uint64 { return frames.FreeFrames() }

func Mapped(address uintptr) bool { return mapped.Has(uint64(address)) }

func CopyMemory(buffer []byte, address uintptr, write bool) int {
	return int(mapped.Copy(unsafe.Pointer(unsafe.SliceData(buffer)), uint64(address), uint64(len(buffer)), write))
}

func MapMemory(r space.Region, size uint64, where space.Where) (start uint64, e space.Errno) {
	return mapped.Map(r, size, where)
}

func UnmapMemory(start, end uint64) space.Errno { return mapped.Unmap(start, end) }

func ProtectMemory(start, end uint64, rights space.Rights) space.Errno {
	return mapped.Protect(start, end, rights)
}

func MoveMemory(start, old, size uint64, may bool, target uint64) (at uint64, e space.Errno) {
	return mapped.Move(start, old, size, may, target)
}

func DropMemory(start, end uint64) space.Errno { return mapped.Drop(start, end) }

func SetSmallPages(start, end uint64, small bool) space.Errno {
	return mapped.SetSmall(start, end, small)
}

func CollapseMemory(start, end uint64) space.Errno { return mapped.Collapse(start, end) }

func TouchMemory(start, end uint64, access space.Rights) space.Errno {
	return mapped.Touch(start, end, access)
}

func CheckMemory(start, end uint64) space.Errno { return mapped.Check(start, end) }

func ResidentMemory(page uint64) (resident bool, e space.Errno) { return mapped.Resident(page) }

func Image() (start uint64, hole boot.Range) { return 0, boot.Range{} }

func NextRegion(address uint64) (r space.Region, ok bool) { return mapped.Next(address) }

func NextMapping(address uint64) (m paging.Mapping, ok bool) {
	simulated.Lock()
	defer simulated.Unlock()
	return tables.Next(address)
}

func NewObject(size uint64, base []byte) *space.Object {
	return mapped.NewObject(size, unsafe.Pointer(unsafe.SliceData(base)), uint64(len(base)))
}

func FreeObject(o *space.Object) { mapped.FreeObject(o) }
func IdleObject() *space.Object  { return mapped.Idle() }

func ObjectPage(o *space.Object, offset uint64, make bool) unsafe.Pointer {
	return mapped.ObjectPage(o, offset, make)
}

func NextObjectPage(o *space.Object, offset uint64) (next uint64, ok bool) {
	return mapped.NextObjectPage(o, offset)
}

func ObjectPages(o *space.Object) uint64                { return mapped.ObjectPages(o) }
func ResizeObject(o *space.Object, size, base uint64)   { mapped.Resize(o, size, base) }
func RemoveFromObject(o *space.Object, from, to uint64) { mapped.Remove(o, from, to) }
