// Package paging keeps four-level page tables (Intel SDM vol. 3, 4.5).
//
// Early code. Nothing here locks: the caller holds the lock of the Tables and of their
// frame.Allocator. Nothing here invalidates a TLB: what must be is reported in a Stale.
package paging

import (
	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Flags say what a mapping allows. Reading is always allowed; there is no user mode.
type Flags uint64

const (
	Write     Flags = 1 << 1
	Uncached  Flags = 1 << 4  // strong uncacheable: PCD and PWT, PAT entry 3 (SDM vol. 3, 12.12.3)
	Global    Flags = 1 << 8  // survives a CR3 write
	Owned     Flags = 1 << 9  // Unmap gives the frames back to the allocator
	Software1 Flags = 1 << 10 // for the caller
	Software2 Flags = 1 << 11
	Execute   Flags = 1 << 63 // without it NX is set, where the processor has NX
)

// The page sizes.
const (
	Page4K = 1 << 12
	Page2M = 1 << 21
	Page1G = 1 << 30
)

// Features are what the processor can do.
type Features struct {
	NX     bool // no-execute (CPUID 80000001H EDX bit 20); EFER.NXE must be set
	Page1G bool // 1 GiB pages (bit 26)
}

// ProcessorFeatures asks CPUID.
func ProcessorFeatures() Features { return Features{} }

// Tables is an address space. All its methods take page-aligned addresses and sizes.
type Tables struct {
	_ offheap.Mark

	frames   *frame.Allocator
	root     uint64
	features Features
	tables   uint64
}

// Init makes an empty address space whose tables come from frames.
func (t *Tables) Init(frames *frame.Allocator, features Features) boot.Problem { return "" }

// Root is the physical address of the top table: the value for CR3.
func (t *Tables) Root() uint64 { return t.root }

// TableFrames is how many frames the tables themselves take.
func (t *Tables) TableFrames() uint64 { return t.tables }

// Map maps [virtual, virtual+size) to physical memory from physical on, with 4 KiB pages. Nothing
// may be mapped there yet. If it reports a Problem, nothing is mapped (and frames with flag Owned
// are still the caller's). No TLB invalidation is needed.
func (t *Tables) Map(virtual, physical, size uint64, flags Flags) boot.Problem { return "" }

// MapLarge is Map with pages of 2 MiB and 1 GiB wherever alignment and the processor allow.
func (t *Tables) MapLarge(virtual, physical, size uint64, flags Flags) boot.Problem { return "" }

// Unmap removes every mapping in [virtual, virtual+size), where there are any; a larger page that
// reaches over an end is split (so it can run out of memory, before it has changed any mapping).
// Frames of Owned mappings and tables that became empty are put into stale: invalidate the TLBs
// that stale names, then call Release.
func (t *Tables) Unmap(virtual, size uint64, stale *Stale) boot.Problem { return "" }

// Protect gives every mapping in [virtual, virtual+size) the flags Write, Execute and Uncached of
// flags; the others stay. Larger pages are split as in Unmap. Holes are left alone.
func (t *Tables) Protect(virtual, size uint64, flags Flags, stale *Stale) boot.Problem { return "" }

// Release gives the frames in stale back to the allocator and empties it. No processor may still
// have a translation that stale names.
func (t *Tables) Release(stale *Stale) {}

// A Mapping is one entry of the tables: one page.
type Mapping struct {
	Virtual, Physical, Size uint64
	Flags                   Flags
}

// Lookup finds the physical address for virtual, which need not be aligned, and the size and flags
// of its page.
func (t *Tables) Lookup(virtual uint64) (physical, pageSize uint64, flags Flags, ok bool) {
	return
}

// Next returns the first mapping that ends above virtual. To visit all, start at 0 and go on with
// m.Virtual+m.Size until ok is false or that sum is 0.
func (t *Tables) Next(virtual uint64) (m Mapping, ok bool) { return }

// Stale collects what Unmap and Protect leave behind: the addresses whose translations the
// processors may still have cached, and the frames that may be reused once they have not.
// The zero value is empty. INVLPG on any address also drops the cached upper levels (SDM vol. 3,
// 4.10.4.1), so invalidating each page of [Start, End) is enough.
type Stale struct {
	// Start and End bound the virtual addresses concerned; Pages is how many mappings changed
	// (0: nothing to invalidate). Where Pages is large, one write to CR3 is cheaper.
	Start, End uint64
	Pages      uint64
	// Globals says that a mapping with flag Global changed, which a CR3 write does not drop.
	Globals bool

	head uint64
}

// Empty reports whether there is nothing to invalidate or release.
func (s *Stale) Empty() bool { return s.Pages == 0 && s.head == 0 }
