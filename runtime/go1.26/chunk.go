//go:build ringo

package runtime

// Memory is committed by chunks of 2 MiB or pages of 4 KiB.
//
// Where memory is plentiful, the first use of a chunk of the heap commits all of it, with one page; then
// the next uses find it there, without a lock. What the runtime has not declared used of such a chunk goes
// back with the first part that it gives back (release.go).

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

const (
	chunkSize = paging.Page2M

	// smallHeap is how much is committed in small pages before large ones are used, so that a small
	// program stays small.
	smallHeap = 4 << 20
)

// A chunk is what is known of 2 MiB of address space.
type chunk struct {
	// used has a bit for each of Go's pages, in the heap: the runtime has declared it used (sysUsed), and
	// not unused since. Who sets a bit does so without a lock, and looks at state then; who clears
	// chunkWhole does so with memoryLock held, and looks at used then. One of the two sees the other.
	used  [chunkPages / 64]uint64
	state uint8
	_     [64 - chunkPages/8 - 1]uint8 // so that none lies across two pages
}

const chunkPages = chunkSize / pageSize

// What the state of a chunk can be. It is changed with memoryLock held.
const (
	// chunkWhole: all of the chunk has been committed, and nothing of it decommitted since. Who has a
	// part of it to use reads that without a lock: that part at least does not change meanwhile.
	chunkWhole = 1
	// chunkHuge: the runtime wishes for large pages there (sysHugePage).
	chunkHuge = 2
)

// chunksSize is the size of the list of all chunks of the lower half, in memory that is filled on demand.
const chunksSize = 1 << 47 / chunkSize * unsafe.Sizeof(chunk{})

// Guarded by memoryLock.
var (
	heapCommitted uintptr // how much sysUsed has committed in small pages
	untrimmed     uintptr // how many chunks have become whole since the last trim
)

// chunkOf returns the chunk of an address. It is touched before memoryLock is taken, whose holder takes no
// page fault.
//
//go:nosplit
func chunkOf(address uintptr) *chunk {
	return (*chunk)(unsafe.Pointer(metadataBase + address/chunkSize*unsafe.Sizeof(chunk{})))
}

// inHeap reports whether an address is not the runtime's own tables'.
func inHeap(address uintptr) bool { return address < metadataBase || address >= reservedEnd }

// mask is the bits of word i of used that stand for the chunk's pages [first, end).
func mask(i int, first, end uintptr) uint64 {
	low, high := uintptr(i)*64, uintptr(i)*64+64
	first, end = max(first, low), min(end, high)
	if first >= end {
		return 0
	}
	return ^uint64(0) >> (64 - (end - first)) << (first - low)
}

// markUsed notes that the runtime uses [start, end), whole pages of the heap.
func markUsed(start, end uintptr) {
	for at := start; at < end; {
		next := min(end, (at|(chunkSize-1))+1)
		c := chunkOf(at)
		first := at % chunkSize / pageSize
		for i := range c.used {
			if m := mask(i, first, first+(next-at)/pageSize); m != 0 {
				atomic.Or64(&c.used[i], m)
			}
		}
		at = next
	}
}

// markUnused is the reverse.
func (c *chunk) markUnused(start, end uintptr) {
	first := start % chunkSize / pageSize
	for i := range c.used {
		if m := mask(i, first, first+(end-start)/pageSize); m != 0 {
			atomic.And64(&c.used[i], ^m)
		}
	}
}

// isUsed reports whether the runtime uses page i.
func (c *chunk) isUsed(i uintptr) bool { return atomic.Load64(&c.used[i/64])>>(i%64)&1 != 0 }

// allUsed reports whether the runtime uses every page.
func (c *chunk) allUsed() bool {
	for i := range c.used {
		if atomic.Load64(&c.used[i]) != ^uint64(0) {
			return false
		}
	}
	return true
}

// wantsHuge reports whether the runtime wishes for large pages in a chunk. The lock is held: what is known
// of the chunk may not be there, and is nothing then.
func wantsHuge(at uintptr) bool {
	c := chunkOf(at)
	_, _, _, there := kernelTables.Lookup(uint64(uintptr(unsafe.Pointer(c))))
	return there && c.state&chunkHuge != 0
}

// committed reports whether all of [start, end) is there.
func committed(start, end uintptr) bool {
	for at := start; at < end; at = (at | (chunkSize - 1)) + 1 {
		if atomic.Load8(&chunkOf(at).state)&chunkWhole == 0 {
			return false
		}
	}
	return true
}

// commitHeap makes memory be there, and be zero where there was none.
func commitHeap(start, end uintptr) bool {
	if frames.Available() < lowWater+uint64(end-start)/pageSize4K {
		trimHeap()
	}
	for at := start; at < end; {
		next := min(end, (at|(chunkSize-1))+1)
		if !commitPart(at, next) {
			return false
		}
		at = next
	}
	return true
}

// lowWater is how many frames are left when chunks are trimmed: some are needed for that.
const lowWater = 64

// commitPart is commitHeap for a part of a chunk.
func commitPart(start, end uintptr) bool {
	from := start &^ (chunkSize - 1)
	c := chunkOf(from)
	if atomic.Load8(&c.state)&chunkWhole != 0 {
		return true
	}
	whole := end-start == chunkSize
	// The runtime's own tables are mostly holes.
	whole = whole || inHeap(start) && heapCommitted >= smallHeap
	var physical uint64
	zeroed, taken := false, false
	flags := lockFresh(from, from+chunkSize)
	if whole && kernelTables.IsEmpty(uint64(from), chunkSize) {
		if physical, zeroed, taken = frames.AllocateLarge(); !taken && end-start == chunkSize {
			physical, taken = frames.AllocateRun(frame.LargeFrames, frame.LargeFrames)
		}
	}
	if taken && !zeroed {
		// Others need not wait for that.
		memoryLock.unlock(flags)
		cpu.ZeroPages(directMap(physical), frame.LargeFrames)
		flags = lockFresh(from, from+chunkSize)
	}
	if taken && mapWhole(from, physical) {
		memoryLock.unlock(flags)
		return true
	}
	ok := commit(start, end-start)
	heapCommitted += end - start
	memoryLock.unlock(flags)
	return ok
}

// commitLarge fills a chunk in which there is nothing with a large page, if memory is plentiful. The
// lock is held, and what is known of the chunk is there.
func commitLarge(at uintptr) bool {
	if !kernelTables.IsEmpty(uint64(at), chunkSize) {
		return false
	}
	physical, zeroed, ok := frames.AllocateLarge()
	if !ok {
		return false
	}
	if !zeroed {
		cpu.ZeroPages(directMap(physical), frame.LargeFrames)
	}
	return mapWhole(at, physical)
}

// mapWhole commits a chunk with a large page, which is zero; or gives the page back, if there is something
// already. The lock is held.
func mapWhole(at uintptr, physical uint64) bool {
	if kernelTables.MapLarge(uint64(at), physical, chunkSize, paging.Write|paging.Owned) != "" {
		frames.StoreZeroed(physical)
		return false
	}
	c := chunkOf(at)
	atomic.Store8(&c.state, c.state|chunkWhole)
	untrimmed++
	return true
}

// commit fills the holes in [start, start+size) with zeroed frames. The lock is held.
func commit(start, size uintptr) bool {
	if kernelTables.Fill(uint64(start), uint64(size), paging.Write) == "" {
		return true
	}
	return panicking.Load() != 0 && commitEmergency(start, size)
}

// commitEmergency is commit for a program that is about to say why it dies.
func commitEmergency(start, size uintptr) bool {
	for at := start; at < start+size; at += pageSize4K {
		if _, _, _, ok := kernelTables.Lookup(uint64(at)); ok {
			continue
		}
		physical, ok := frames.AllocateEmergency()
		if !ok {
			return false
		}
		cpu.ZeroPages(directMap(physical), 1)
		if kernelTables.Map(uint64(at), physical, pageSize4K, paging.Write|paging.Owned) != "" {
			return false
		}
	}
	return true
}

// spareTime lets an idle core flush what is unflushed, and prepare large pages, a piece at a time; false if
// there is nothing to do. Interrupts are off.
func spareTime() bool {
	const piece = 16
	if !unflushed.stale.Empty() {
		flushStale()
		return true
	}
	c := thisCore()
	page := c.memory.ResumeZeroing()
	if page == 0 {
		flags := memoryLock.lock()
		physical, ok := frames.BeginZeroing()
		memoryLock.unlock(flags)
		if !ok {
			return false
		}
		page, c.zeroed = physical, 0
	}
	cpu.ZeroPages(unsafe.Add(directMap(page), c.zeroed*pageSize4K), piece)
	if c.zeroed += piece; c.zeroed < frame.LargeFrames {
		c.memory.SuspendZeroing(page)
		return true
	}
	flags := memoryLock.lock()
	frames.EndZeroing(page)
	memoryLock.unlock(flags)
	return true
}
