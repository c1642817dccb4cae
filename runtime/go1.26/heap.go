//go:build ringo

package runtime

// The heap's memory: what Go's allocator asks an operating system for (mem.go).
//
// Memory is committed when the allocator declares it used (sysUsed), so the ordinary path takes no
// page fault. Where memory is plentiful, the first use of a chunk of 2 MiB commits all of it, with one
// page; then the next uses find it there, without a lock.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

const (
	chunkSize = paging.Page2M

	// chunkStatesSize is a byte for each chunk of the lower half, in memory that is filled on demand.
	chunkStatesSize = 1 << 47 / chunkSize

	// chunkWhole: all of the chunk has been committed, and nothing of it decommitted since. Who has a
	// part of it to use reads that without a lock: that part at least does not change meanwhile.
	// Changed with memoryLock held.
	chunkWhole = 1
	// chunkHuge: the runtime wishes for large pages there (sysHugePage).
	chunkHuge = 2

	// smallHeap is how much is committed in small pages before large ones are used, so that a small
	// program stays small.
	smallHeap = 4 << 20
)

// heapCommitted is how much sysUsed has committed in small pages. Guarded by memoryLock.
var heapCommitted uintptr

// chunkState returns the state of the chunk at an address. It is touched before memoryLock is taken,
// whose holder takes no page fault.
//
//go:nosplit
func chunkState(address uintptr) *uint8 {
	return (*uint8)(unsafe.Pointer(metadataBase + address/chunkSize))
}

// wantsHuge reports whether the runtime wishes for large pages in a chunk. The lock is held: the state
// may not be there, and is 0 then.
func wantsHuge(chunk uintptr) bool {
	state := chunkState(chunk)
	_, _, _, there := kernelTables.Lookup(uint64(uintptr(unsafe.Pointer(state))))
	return there && *state&chunkHuge != 0
}

// committed reports whether all of [start, end) is there.
func committed(start, end uintptr) bool {
	for at := start; at < end; at = (at | (chunkSize - 1)) + 1 {
		if atomic.Load8(chunkState(at))&chunkWhole == 0 {
			return false
		}
	}
	return true
}

// commitHeap makes memory be there, and be zero where there was none.
func commitHeap(start, end uintptr) bool {
	for at := start; at < end; {
		next := min(end, (at|(chunkSize-1))+1)
		if !commitPart(at, next) {
			return false
		}
		at = next
	}
	return true
}

// commitPart is commitHeap for a part of a chunk.
func commitPart(start, end uintptr) bool {
	chunk := start &^ (chunkSize - 1)
	state := chunkState(chunk)
	if atomic.Load8(state)&chunkWhole != 0 {
		return true
	}
	whole := end-start == chunkSize
	// The runtime's own tables are mostly holes.
	whole = whole || (start < metadataBase || start >= reservedEnd) && heapCommitted >= smallHeap
	var physical uint64
	zeroed, taken := false, false
	flags := memoryLock.lock()
	if whole && kernelTables.IsEmpty(uint64(chunk), chunkSize) {
		if physical, zeroed, taken = frames.AllocateLarge(); !taken && end-start == chunkSize {
			physical, taken = frames.AllocateRun(frame.LargeFrames, frame.LargeFrames)
		}
	}
	if taken && !zeroed {
		// Others need not wait for that.
		memoryLock.unlock(flags)
		cpu.ZeroPages(directMap(physical), frame.LargeFrames)
		flags = memoryLock.lock()
	}
	ok := true
	if taken {
		if kernelTables.MapLarge(uint64(chunk), physical, chunkSize, paging.Write|paging.Owned) == "" {
			atomic.Store8(state, *state|chunkWhole)
			memoryLock.unlock(flags)
			return true
		}
		frames.StoreZeroed(physical) // another core was faster
	}
	ok = commit(start, end-start)
	heapCommitted += end - start
	memoryLock.unlock(flags)
	return ok
}

// commitLarge fills a chunk in which there is nothing with a large page, if memory is plentiful. The
// lock is held.
func commitLarge(chunk uintptr) bool {
	if !kernelTables.IsEmpty(uint64(chunk), chunkSize) {
		return false
	}
	physical, zeroed, ok := frames.AllocateLarge()
	if !ok {
		return false
	}
	if !zeroed {
		cpu.ZeroPages(directMap(physical), frame.LargeFrames)
	}
	if kernelTables.MapLarge(uint64(chunk), physical, chunkSize, paging.Write|paging.Owned) != "" {
		frames.StoreZeroed(physical)
		return false
	}
	return true
}

// spareTime lets an idle core prepare large pages, a piece at a time; false if there is nothing to do.
// Interrupts are off.
func spareTime() bool {
	const piece = 16
	c := thisCore()
	if c.zeroing == 0 {
		flags := memoryLock.lock()
		physical, ok := frames.BeginZeroing()
		memoryLock.unlock(flags)
		if !ok {
			return false
		}
		c.zeroing, c.zeroed = physical, 0
	}
	cpu.ZeroPages(unsafe.Add(directMap(c.zeroing), c.zeroed*pageSize4K), piece)
	if c.zeroed += piece; c.zeroed == frame.LargeFrames {
		flags := memoryLock.lock()
		frames.EndZeroing(c.zeroing)
		memoryLock.unlock(flags)
		c.zeroing = 0
	}
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

// decommit gives the frames of [start, start+size) back.
func decommit(start, size uintptr) {
	systemstack(func() { decommitOnSystemStack(start, size) })
}

func decommitOnSystemStack(start, size uintptr) {
	var stale paging.Stale
	for at := start &^ (chunkSize - 1); at < start+size; at += chunkSize {
		_ = atomic.Load8(chunkState(at))
	}
	flags := memoryLock.lock()
	for at := start &^ (chunkSize - 1); at < start+size; at += chunkSize {
		if state := chunkState(at); *state&chunkWhole != 0 {
			atomic.Store8(state, *state&^chunkWhole)
		}
	}
	problem := kernelTables.Unmap(uint64(start), uint64(size), &stale)
	memoryLock.unlock(flags)
	if stale.Pages > 0 {
		invalidate(stale.Start, stale.End, stale.Pages)
	}
	if !stale.Empty() {
		flags = memoryLock.lock()
		kernelTables.Release(&stale)
		memoryLock.unlock(flags)
	}
	if problem != "" {
		throw(string(problem))
	}
	if frames.Freed() >= muchFreed && freedRegistered.Load() != 0 {
		announce(&freedSource)
	}
}

// muchFreed is how many frames must have been freed for the hypervisor to hear of it.
const muchFreed = 4 * frame.LargeFrames

// freedSource has something when much memory was freed.
var freedSource machine.Source

//go:linkname machine_FreedSource github.com/ringo-os/ringo/kernel/machine.FreedSource
func machine_FreedSource() *machine.Source {
	if freedRegistered.CompareAndSwap(0, 1) {
		machine_Register(&freedSource)
	}
	return &freedSource
}

var freedRegistered atomic.Uint32

//go:linkname machine_TakeFree github.com/ringo-os/ringo/kernel/machine.TakeFree
func machine_TakeFree() (physical uint64, ok bool) {
	systemstack(func() {
		flags := memoryLock.lock()
		physical, ok = frames.TakeUntold()
		memoryLock.unlock(flags)
	})
	return physical, ok
}

//go:linkname machine_GiveTold github.com/ringo-os/ringo/kernel/machine.GiveTold
func machine_GiveTold(physical uint64) {
	systemstack(func() {
		flags := memoryLock.lock()
		frames.GiveTold(physical)
		memoryLock.unlock(flags)
	})
}

// flushLimit is how long another core may take to drop its translations, in nanoseconds. It is far more
// than any core needs, as a hypervisor that is busy may let one stand still for seconds.
const flushLimit = 10_000_000_000

func sysAllocOS(n uintptr, _ string) unsafe.Pointer {
	n = (n + 4095) &^ 4095
	if n > metadataEnd-metadataNext.Load() {
		return nil
	}
	p := metadataNext.Add(n) - n
	return unsafe.Pointer(p)
}

func sysReserveOS(v unsafe.Pointer, n uintptr, _ string) unsafe.Pointer {
	if v == nil {
		n = (n + 4095) &^ 4095
		if n+pageSize4K > reservedEnd-reservedNext.Load() {
			return nil
		}
		p := reservedNext.Add(n+pageSize4K) - n // above a guard page, for what lies below
		return unsafe.Pointer(p)
	}
	start := uint64(uintptr(v))
	end := (start + uint64(n) + 4095) &^ 4095
	ok := false
	systemstack(func() { ok = start >= 1<<32 && addressSpace.Reserve(start, end, space.Heap, space.Read|space.Write) })
	if !ok {
		return nil // taken: the runtime tries its next hint
	}
	return v
}

// sysMapOS has nothing to do: reserved address space is only an agreement. sysUsedOS commits.
func sysMapOS(v unsafe.Pointer, n uintptr, _ string) {}

func sysUsedOS(v unsafe.Pointer, n uintptr) {
	start := uintptr(v) &^ 4095
	end := (uintptr(v) + n + 4095) &^ 4095
	if committed(start, end) {
		return
	}
	ok := false
	systemstack(func() { ok = commitHeap(start, end) })
	if !ok {
		outOfMemory(n)
	}
}

func sysUnusedOS(v unsafe.Pointer, n uintptr) { decommit(uintptr(v), n) }
func sysFaultOS(v unsafe.Pointer, n uintptr)  { decommit(uintptr(v), n) }

func sysFreeOS(v unsafe.Pointer, n uintptr) {
	start, end := uintptr(v)&^4095, (uintptr(v)+n+4095)&^4095
	decommit(start, end-start)
	if start < metadataBase || start >= reservedEnd {
		systemstack(func() {
			if !addressSpace.Return(uint64(start), uint64(end)) {
				outOfMemory(n)
			}
		})
	}
}

// sysHugePageOS: what is touched first in a chunk of [v, v+n) gets a large page.
func sysHugePageOS(v unsafe.Pointer, n uintptr) { wishHuge(uintptr(v), n, chunkHuge) }

// sysNoHugePageOS ends that, and splits the large pages that are there, so that parts of them can be
// given back one by one.
func sysNoHugePageOS(v unsafe.Pointer, n uintptr) {
	wishHuge(uintptr(v), n, 0)
	systemstack(func() {
		flags := memoryLock.lock()
		kernelTables.Split(uint64(uintptr(v)), uint64(n))
		memoryLock.unlock(flags)
	})
}

// sysHugePageCollapseOS makes large pages of those chunks that are not there yet. What is there stays as
// it is: others may be using it.
func sysHugePageCollapseOS(v unsafe.Pointer, n uintptr) {
	start := (uintptr(v) + chunkSize - 1) &^ (chunkSize - 1)
	systemstack(func() {
		for at := start; at+chunkSize <= uintptr(v)+n; at += chunkSize {
			flags := memoryLock.lock()
			commitLarge(at)
			memoryLock.unlock(flags)
		}
	})
}

// wishHuge sets chunkHuge for the chunks of which nothing lies outside of [v, v+n), or clears it.
func wishHuge(v, n uintptr, huge uint8) {
	for at := (v + chunkSize - 1) &^ (chunkSize - 1); at+chunkSize <= v+n; at += chunkSize {
		state := chunkState(at)
		_ = atomic.Load8(state)
		flags := memoryLock.lock()
		atomic.Store8(state, *state&^chunkHuge|huge)
		memoryLock.unlock(flags)
	}
}

// needZeroAfterSysUnusedOS: what sysUsed commits is zero.
func needZeroAfterSysUnusedOS() bool { return false }

func sbrk0() uintptr { return 0 }

func setVMAName(start unsafe.Pointer, length uintptr, name string) {}
