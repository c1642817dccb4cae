// Package paging keeps four-level page tables (Intel SDM vol. 3, 4.5).
//
// Early code. Nothing here locks: the caller holds the lock of the Tables and of their
// frame.Allocator. Nothing here invalidates a TLB: what must be is reported in a Stale.
//
// Before anything is changed, the frames that the change will need are counted: a change is made
// as a whole or not at all (but for Fill). A table that becomes empty is taken out at once; but for
// the root, and what a Fill leaves that runs out of memory, there are no empty ones.
package paging

import (
	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Flags say what a mapping allows. Reading is always allowed, unless it is Hidden; there is no user
// mode.
type Flags uint64

// The flags.
const (
	Write     Flags = 1 << 1
	Hidden    Flags = 1 << 2  // not present: no access, but the frame stays where it is
	Uncached  Flags = 1 << 4  // strong uncacheable: PCD and PWT, PAT entry 3 (SDM vol. 3, 12.12.3)
	Global    Flags = 1 << 8  // survives a CR3 write, if CR4.PGE is set
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

// The problems of this package.
const (
	outOfMemory boot.Problem = "Out of memory for page tables; give the machine more (with QEMU: -m)."
	badRange    boot.Problem = "A mapping's address or size is not page-aligned or is out of range; this is a bug in the kernel."
	overlapping boot.Problem = "A mapping overlaps one that is there already; this is a bug in the kernel."
	badFrame    boot.Problem = "A frame was given back twice when its mapping was removed; this is a bug in the kernel."
)

// Features are what the processor can do.
type Features struct {
	NX     bool // no-execute (CPUID 80000001H EDX bit 20); EFER.NXE must be set
	Page1G bool // 1 GiB pages (bit 26)
}

// ProcessorFeatures asks CPUID.
func ProcessorFeatures() Features {
	if top, _, _, _ := cpu.ID(0x8000_0000, 0); top < 0x8000_0001 {
		return Features{}
	}
	_, _, _, edx := cpu.ID(0x8000_0001, 0)
	return Features{NX: edx&(1<<20) != 0, Page1G: edx&(1<<26) != 0}
}

// Tables is an address space. All its methods take page-aligned addresses and sizes.
type Tables struct {
	_ offheap.Mark

	frames   *frame.Allocator
	root     uint64
	features Features
	tables   uint64
}

// Init makes an empty address space whose tables come from frames.
func (t *Tables) Init(frames *frame.Allocator, features Features) boot.Problem {
	t.frames, t.features, t.tables = frames, features, 0
	root, ok := t.newTable()
	if !ok {
		return outOfMemory
	}
	t.root = root
	return ""
}

// Frames is where the tables, and the frames of Owned mappings, come from.
func (t *Tables) Frames() *frame.Allocator { return t.frames }

// SetFrames says where the allocator is now, for a kernel that has moved itself.
func (t *Tables) SetFrames(frames *frame.Allocator) { t.frames = frames }

// Root is the physical address of the top table: the value for CR3.
func (t *Tables) Root() uint64 { return t.root }

// TableFrames is how many frames the tables themselves take.
func (t *Tables) TableFrames() uint64 { return t.tables }

// Map maps [virtual, virtual+size) to physical memory from physical on, with 4 KiB pages. Nothing
// may be mapped there yet. If it reports a Problem, nothing is changed (and frames with flag Owned
// are still the caller's). No TLB invalidation is needed.
func (t *Tables) Map(virtual, physical, size uint64, flags Flags) boot.Problem {
	return t.insert(virtual, physical, size, flags, 1)
}

// MapLarge is Map with pages of 2 MiB and 1 GiB wherever alignment and the processor allow.
func (t *Tables) MapLarge(virtual, physical, size uint64, flags Flags) boot.Problem {
	if t.features.Page1G {
		return t.insert(virtual, physical, size, flags, 3)
	}
	return t.insert(virtual, physical, size, flags, 2)
}

func (t *Tables) insert(virtual, physical, size uint64, flags Flags, top int) boot.Problem {
	from, to, ok := span(virtual, size)
	if !ok || physical%Page4K != 0 || physical > maxPhysical || size > maxPhysical-physical {
		return badRange
	}
	m := mapper{Tables: t, delta: physical - from, bits: t.encode(flags), top: top}
	need, free := m.plan(t.root, 4, from, to)
	switch {
	case !free:
		return overlapping
	case !t.frames.Has(need):
		return outOfMemory
	case !m.fill(t.root, 4, from, to):
		return outOfMemory // Available was wrong
	}
	return ""
}

// Unmap removes every mapping in [virtual, virtual+size), where there are any; a larger page that
// reaches over an end is split (so it can run out of memory; it has changed nothing then). Frames
// of Owned mappings and tables that became empty are put into stale: invalidate the TLBs that
// stale names, then call Release. A stale may collect several calls.
func (t *Tables) Unmap(virtual, size uint64, stale *Stale) boot.Problem {
	from, to, ok := span(virtual, size)
	if !ok {
		return badRange
	}
	if !t.split(from, to) {
		return outOfMemory
	}
	t.remove(t.root, 4, from, to, stale)
	return ""
}

// Protect gives every mapping in [virtual, virtual+size) the flags Write, Execute, Uncached and
// Hidden of flags; the others stay. Larger pages are split as in Unmap. Holes are left alone.
func (t *Tables) Protect(virtual, size uint64, flags Flags, stale *Stale) boot.Problem {
	from, to, ok := span(virtual, size)
	if !ok {
		return badRange
	}
	if !t.split(from, to) {
		return outOfMemory
	}
	t.change(t.root, 4, from, to, t.encode(flags)&protection, stale)
	return ""
}

// Split makes 4 KiB pages of the larger ones in [virtual, virtual+size), as far as there is memory for
// tables.
func (t *Tables) Split(virtual, size uint64) {
	from, to, ok := span(virtual, size)
	for at := from; ok && at < to; at = (at | (Page2M - 1)) + 1 {
		if e, level := t.leaf(at); level > 1 && *e != 0 {
			ok = t.splitAt(at + Page4K)
		}
	}
}

// IsEmpty reports whether nothing is mapped in [virtual, virtual+size).
func (t *Tables) IsEmpty(virtual, size uint64) bool {
	m, ok := t.Next(virtual)
	return !ok || m.Virtual&(1<<48-1) >= virtual&(1<<48-1)+size
}

// Release gives the frames in stale back to the allocator and empties it. No processor may still
// have a translation that stale names.
func (t *Tables) Release(stale *Stale) boot.Problem {
	problem := boot.Problem("")
	for stale.head != 0 {
		physical := stale.head & addressMask
		count := uint64(1)
		switch stale.head & levelMask {
		case 2 << levelShift:
			count = Page2M / Page4K
		case 3 << levelShift:
			count = Page1G / Page4K
		}
		stale.head = *(*uint64)(t.frames.Pointer(physical))
		if !t.frames.FreeRun(physical, count) {
			problem = badFrame
			break
		}
	}
	if !t.frames.Sound() {
		problem = badFrame
	}
	*stale = Stale{}
	return problem
}

// ReleaseHere is Release without the lock, with interrupts off: the frames stay with the calling core. It reports
// false, and does nothing, if they are too many for that, as those of a large page are.
func (t *Tables) ReleaseHere(stale *Stale) bool {
	if stale.head != 0 && !t.frames.Cache(stale.head&addressMask, stale.tail, stale.Frames) {
		return false
	}
	*stale = Stale{}
	return true
}

// A Mapping is one entry of the tables: one page.
type Mapping struct {
	Virtual, Physical, Size uint64
	Flags                   Flags
}

// Lookup finds the physical address for virtual, which need not be aligned, and the size and flags
// of its page.
func (t *Tables) Lookup(virtual uint64) (physical, pageSize uint64, flags Flags, ok bool) {
	address := virtual & (1<<48 - 1)
	if canonical(address) != virtual {
		return 0, 0, 0, false
	}
	table := t.root
	for level := 4; ; level-- {
		e := *t.entry(table, level, address)
		switch {
		case e&present == 0:
			return 0, 0, 0, false
		case isLeaf(e, level):
			pageSize = pageOf(level)
			return e&addressMask + address&(pageSize-1), pageSize, t.decode(e), true
		}
		table = e & addressMask
	}
}

// Next returns the first mapping that ends above virtual. To visit all, start at 0 and go on with
// m.Virtual+m.Size until ok is false or that sum is 0.
func (t *Tables) Next(virtual uint64) (m Mapping, ok bool) {
	return t.next(t.root, 4, virtual&(1<<48-1))
}

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
	// Frames is how many frames Release will free.
	Frames uint64

	// head is the list of frames: the physical address of the first, and the level of its page in
	// levelMask; the first word of each frame is the same for the next. In a table, which a
	// processor may still walk, such a word reads as not present.
	head uint64
	// tail is the last frame of the list.
	tail uint64
}

// Empty reports whether there is nothing to invalidate or release.
func (s *Stale) Empty() bool { return s.Pages == 0 && s.head == 0 }

// add notes that the mapping of a page changed.
func (s *Stale) add(address, size uint64, bits uint64) {
	start := canonical(address)
	if s.Pages == 0 {
		s.Start, s.End = start, start+size
	}
	// End is 0 at the top of the address space.
	s.Start, s.End = min(s.Start, start), max(s.End-1, start+size-1)+1
	s.Pages++
	s.Globals = s.Globals || bits&uint64(Global) != 0
}
