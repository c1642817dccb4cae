// Package frame hands out physical memory in frames of 4 KiB.
//
// Early code. Nothing here locks: the caller holds one spinlock around every call for an Allocator.
// Nothing here clears: a frame holds what its last user left in it. But idle cores can (store.go).
//
// Each usable region of the memory map is a zone with a bitmap, one bit a frame, set where the frame
// is free, and above that a summary, one bit for each word of the bitmap, set where the word is not
// zero. So a search skips 64 full words, 16 MiB, at a time, and a zone of 64 GiB is set up by
// touching 2 MiB.
package frame

import (
	"math/bits"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Size of a frame in bytes, and its logarithm.
const (
	Shift = 12
	Size  = 1 << Shift
)

// lowEnd is where the memory ends that is used last: a core's start-up code must lie below it.
const lowEnd = 1 << 20

// maxPhysical is the end of what a page-table entry can address (Intel SDM vol. 3, 4.1.4).
const maxPhysical = 1 << 52

// An Allocator owns the usable memory of a machine. The zero value owns none.
type Allocator struct {
	_ offheap.Mark

	base      unsafe.Pointer
	zones     [maxZones]zone // zones[:zoneCount], by address
	zoneCount int
	order     [boot.MaxNodes][maxZones]uint8 // for a core of each node, the zones as it looks through them
	nodes     int                            // 0 until there are more than one
	here      func() *Core                   // the core that asks; nil until there is one
	cores     [maxCores]*Core                // those that have a cache
	coreCount int
	twice     bool // see Sound
	total     uint64
	free      uint64
	emergency uint64
	stores    [boot.MaxNodes]store // of large pages in each node
	stored    uint64               // how many are in all of them
	out       uint64               // how many idle cores have
	freed     uint64               // see Freed

	ready    bool
	own      boot.Range // the bitmaps
	kept     [maxKept]boot.Range
	keptNext int
}

// Init takes over the usable memory below limit (0: no limit) that info describes, except page 0,
// the image, the modules, info.StartInfo, the command line and what Reserve was told before. base
// is where physical address 0 appears (the direct map); until SetBase is called, only the memory
// for the bitmaps is touched, which lies as low as possible from 1 MiB up. emergency is how many
// frames to keep back for AllocateEmergency.
func (a *Allocator) Init(info *boot.Info, base unsafe.Pointer, image boot.Range, limit, emergency uint64) boot.Problem {
	if a.ready {
		return "The frame allocator was initialised twice; this is a bug in the kernel."
	}
	a.base, a.emergency = base, emergency
	if problem := a.keepBootRanges(info, image); problem != "" {
		return problem
	}
	if limit == 0 || limit > maxPhysical {
		limit = maxPhysical
	}
	words := uint64(0)
	for i := 0; i < info.RegionCount && i < boot.MaxRegions; i++ {
		r := info.Regions[i]
		if r.Kind != boot.Usable {
			continue
		}
		first := (min(r.Start, limit) + Size - 1) >> Shift
		end := min(r.End, limit) >> Shift
		if first >= end {
			continue
		}
		z := &a.zones[a.zoneCount]
		*z = zone{first: first, count: end - first}
		a.zoneCount++
		a.total += z.count
		words += z.words() + z.summaryWords() + z.toldWords()
	}
	a.arrange(&a.order[0], &[boot.MaxNodes]uint8{})
	if !a.placeBitmaps((words*8 + Size - 1) &^ (Size - 1)) {
		return "There is too little memory for the bitmaps of the frame allocator; give the machine more (with QEMU: -m 64M)."
	}
	a.ready = true
	a.setUpZones()
	for i := range a.keptNext {
		a.take(a.kept[i])
	}
	a.take(a.own)
	return ""
}

// setUpZones divides the memory for the bitmaps among the zones and marks all frames free.
func (a *Allocator) setUpZones() {
	next := a.own.Start
	for i := range a.zoneCount {
		z := &a.zones[i]
		words, summary := z.words(), z.summaryWords()
		z.bits = next
		next += words * 8
		z.summary = next
		next += summary * 8
		z.told = next
		next += z.toldWords() * 8
		a.fillOnes(z.told, z.blocks())
		a.fillOnes(z.bits, z.count)
		a.fillOnes(z.summary, words)
		z.free = z.count
		a.free += z.count
	}
}

// fillOnes sets the first count bits from a physical address on, and clears the rest of the word.
func (a *Allocator) fillOnes(physical, count uint64) {
	words := unsafe.Slice((*uint64)(a.Pointer(physical)), (count+63)/64)
	for i := range words {
		words[i] = ^uint64(0)
	}
	if count%64 != 0 {
		words[len(words)-1] = 1<<(count%64) - 1
	}
}

// SetBase says that physical address 0 now appears at base.
func (a *Allocator) SetBase(base unsafe.Pointer) { a.base = base }

// Pointer returns where the byte at a physical address appears.
func (a *Allocator) Pointer(physical uint64) unsafe.Pointer { return unsafe.Add(a.base, physical) }

// Allocate returns the physical address of a frame: one that the core has freed lately, or else the lowest one
// free of those that are nearest (memory below 1 MiB last); ok is false when there is none left but the emergency reserve.
func (a *Allocator) Allocate() (physical uint64, ok bool) {
	if a.coreCount > 0 {
		if c := a.here(); c.head != 0 || c.caches && a.refill(c) {
			return a.takeFrom(c), true
		}
	}
	if a.free <= a.emergency && (!a.giveUp() || a.free <= a.emergency) {
		return 0, false
	}
	return a.AllocateEmergency()
}

// AllocateEmergency is Allocate for those who cannot fail: it also takes from the reserve.
func (a *Allocator) AllocateEmergency() (physical uint64, ok bool) {
	if a.free == 0 {
		a.giveUp()
	}
	order := a.nearest()
	for n := range a.zoneCount {
		z := &a.zones[order[n]]
		w, found := a.nextWord(z, z.hint)
		if !found {
			continue
		}
		z.hint = w
		word := a.word(z, w)
		bit := uint64(bits.TrailingZeros64(*word))
		*word &^= 1 << bit
		if *word == 0 {
			*a.summaryWord(z, w) &^= 1 << (w % 64)
		}
		z.free--
		a.free--
		a.useOne(z, w*64+bit)
		return (z.first + w*64 + bit) << Shift, true
	}
	return 0, false
}

// AllocateRun returns count contiguous frames whose first is aligned to align frames, a power of
// two (AllocateRun(512, 512) is a 2 MiB page).
func (a *Allocator) AllocateRun(count, align uint64) (physical uint64, ok bool) {
	return a.AllocateRunBelow(count, align, maxPhysical)
}

// AllocateRunBelow is AllocateRun for a device that cannot reach all memory: the run ends at or
// below limit.
func (a *Allocator) AllocateRunBelow(count, align, limit uint64) (physical uint64, ok bool) {
	if count == 0 || align == 0 || align&(align-1) != 0 || align > maxPhysical>>Shift || !a.Has(count) {
		return 0, false
	}
	node := a.node()
	physical, ok = a.lowestRun(count, align, limit, node, true)
	if !ok && a.giveUp() {
		physical, ok = a.lowestRun(count, align, limit, node, true)
	}
	return physical, ok
}

// lowestRun is the lowest run in a node, or, if others are as good, in that which is nearest.
func (a *Allocator) lowestRun(count, align, limit uint64, node uint8, others bool) (physical uint64, ok bool) {
	if a.free < a.emergency || count > a.free-a.emergency {
		return 0, false
	}
	order := &a.order[node]
	for n := range a.zoneCount {
		z := &a.zones[order[n]]
		if z.free < count || z.node != node && !others {
			continue
		}
		if first, ok := a.findRun(z, count, align, limit>>Shift); ok {
			a.mark(z, first-z.first, count, false)
			return first << Shift, true
		}
	}
	return 0, false
}

// Free gives a frame back. It reports false, and does nothing, if the frame was not in use or is
// not the allocator's: a bug of the caller's.
func (a *Allocator) Free(physical uint64) bool { return a.FreeRun(physical, 1) }

// FreeRun gives count contiguous frames back, all or, if one of them was not in use, none.
func (a *Allocator) FreeRun(physical, count uint64) bool {
	if physical%Size != 0 || count == 0 || count > maxPhysical>>Shift || physical >= maxPhysical {
		return false
	}
	first := physical >> Shift
	if first == 0 || first < a.own.End>>Shift && a.own.Start>>Shift < first+count {
		return false
	}
	z := a.zoneOf(first)
	if z == nil {
		return false
	}
	if count == 1 {
		return a.freeOne(z, first-z.first)
	}
	from, rest := first-z.first, uint64(0)
	if from+count > z.count { // it may be from before the zone was split
		rest = from + count - z.count
		count -= rest
	}
	if a.nextFree(z, from) < from+count || rest > 0 && !a.FreeRun((z.first+z.count)<<Shift, rest) {
		return false
	}
	a.mark(z, from, count, true)
	a.freed += count
	return true
}

// TotalFrames is how many frames there are in usable memory, those for the image and the like
// included.
func (a *Allocator) TotalFrames() uint64 { return a.total }

// FreeFrames is how many frames are free, the emergency reserve and what is in store and in caches
// included.
func (a *Allocator) FreeFrames() uint64 { return a.free + (a.stored+a.out)*LargeFrames + a.cached() }

// Available is how many frames Allocate can still hand out.
func (a *Allocator) Available() uint64 {
	free := a.free + a.stored*LargeFrames + a.cached()
	return free - min(free, a.emergency)
}

// Has reports whether Allocate can still hand out that many frames.
func (a *Allocator) Has(count uint64) bool {
	if count+a.emergency <= a.free+a.stored*LargeFrames || count <= a.Available() {
		return true
	}
	return a.giveUpZeroing() && count <= a.Available() // what a core is at work on cannot be had
}
