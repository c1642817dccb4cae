// Package frame hands out physical memory in frames of 4 KiB.
//
// Early code. Nothing here locks: the caller holds one spinlock around every call for an Allocator.
// Nothing here clears: a frame holds what its last user left in it.
package frame

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Size of a frame in bytes, and its logarithm.
const (
	Shift = 12
	Size  = 1 << Shift
)

// An Allocator owns the usable memory of a machine. The zero value owns none.
type Allocator struct {
	_ offheap.Mark

	base unsafe.Pointer
}

// Init takes over the usable memory below limit (0: no limit) that info describes, except page 0,
// the image, the modules, info.StartInfo, the command line and what Reserve was told before. base
// is where physical address 0 appears (the direct map); for the length of Init only the memory
// for the bitmaps, one bit a frame, is touched. emergency is how many frames to keep back for
// AllocateEmergency.
func (a *Allocator) Init(info *boot.Info, base unsafe.Pointer, image boot.Range, limit, emergency uint64) boot.Problem {
	return ""
}

// SetBase says that physical address 0 now appears at base.
func (a *Allocator) SetBase(base unsafe.Pointer) {}

// Pointer returns where the byte at a physical address appears.
func (a *Allocator) Pointer(physical uint64) unsafe.Pointer { return unsafe.Add(a.base, physical) }

// Reserve keeps r from being handed out. Before Init it is remembered (up to 32 ranges); after it,
// the frames of r that are free are taken.
func (a *Allocator) Reserve(r boot.Range) boot.Problem { return "" }

// Release gives usable memory that was kept back (modules, start info, reservations) to the
// allocator: the whole frames inside r that are not free yet.
func (a *Allocator) Release(r boot.Range) {}

// Allocate returns the physical address of a frame; ok is false when there is none left but the
// emergency reserve.
func (a *Allocator) Allocate() (physical uint64, ok bool) { return 0, false }

// AllocateEmergency is Allocate for those who cannot fail: it also takes from the reserve.
func (a *Allocator) AllocateEmergency() (physical uint64, ok bool) { return 0, false }

// AllocateRun returns count contiguous frames whose first is aligned to align frames, a power of
// two (AllocateRun(512, 512) is a 2 MiB page).
func (a *Allocator) AllocateRun(count, align uint64) (physical uint64, ok bool) { return 0, false }

// AllocateRunBelow is AllocateRun for a device that cannot reach all memory: the run ends at or
// below limit.
func (a *Allocator) AllocateRunBelow(count, align, limit uint64) (physical uint64, ok bool) {
	return 0, false
}

// Free gives a frame back. It reports false, and does nothing, if the frame was not in use or is
// not the allocator's: a bug of the caller's.
func (a *Allocator) Free(physical uint64) bool { return false }

// FreeRun gives count contiguous frames back.
func (a *Allocator) FreeRun(physical, count uint64) bool { return false }

// TotalFrames is how many frames there are in usable memory, FreeFrames how many are free (the
// emergency reserve included).
func (a *Allocator) TotalFrames() uint64 { return 0 }
func (a *Allocator) FreeFrames() uint64  { return 0 }
