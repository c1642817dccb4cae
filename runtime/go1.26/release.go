//go:build ringo

package runtime

// Memory goes back to the frame allocator, and the hypervisor hears of it.
//
// No frame is used again before every core has dropped its translations to it. That costs much more than to
// take a page out of the tables, so what the heap gives back is collected first (unflushed): nothing
// touches it, and who maps something else in its place makes the cores drop theirs before (lockFresh).

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// unflushed is what has been taken out of the page tables, and may still be in a TLB. Guarded by
// memoryLock.
var unflushed struct {
	stale paging.Stale
	// flushing is how many cores are having the others drop what lies in [start, end).
	flushing   int
	start, end uint64
	frames     uint64 // of what they will free
	flushes    uint32 // how often that began; never 0 while flushing is not
}

// maxUnflushed is how many frames are collected at most.
const maxUnflushed = 64 * frame.LargeFrames

// flushIfFull flushes when much is collected, or memory is not plentiful.
func flushIfFull() {
	if n := unflushed.stale.Frames; n >= maxUnflushed || n >= frames.TotalFrames()/8 || !frames.Plenty() {
		flushStale()
	}
}

// flushStale makes every core drop the translations that are collected, and frees the frames. It runs on a
// system stack.
func flushStale() {
	u := &unflushed
	flags := memoryLock.lock()
	stale := u.stale
	if stale.Empty() {
		memoryLock.unlock(flags)
		return
	}
	u.stale = paging.Stale{}
	if u.flushing == 0 {
		u.start, u.end = stale.Start, stale.End
	}
	u.start, u.end = min(u.start, stale.Start), max(u.end, stale.End)
	u.flushing++
	u.frames += stale.Frames
	u.flushes = max(u.flushes+1, 1)
	memoryLock.unlock(flags)
	invalidate(stale.Start, stale.End, stale.Pages)
	flags = memoryLock.lock()
	u.flushing--
	u.frames -= stale.Frames
	problem := boot.Problem("")
	if !kernelTables.ReleaseHere(&stale) {
		problem = kernelTables.Release(&stale)
	}
	memoryLock.unlock(flags)
	if problem != "" {
		throw(string(problem))
	}
	if frames.Freed() >= muchFreed && freedRegistered.Load() != 0 {
		announce(&freedSource)
	}
}

// lockFresh takes memoryLock when no core has a translation any more for what was in [start, end) before. It
// runs on a system stack.
func lockFresh(start, end uintptr) (flags uint64) {
	u := &unflushed
	for own := uint32(0); ; {
		flags = memoryLock.lock()
		switch {
		case !u.stale.Empty() && u.stale.Start < uint64(end) && uint64(start) < u.stale.End:
			memoryLock.unlock(flags)
			flushStale()
		case u.flushing > 0 && u.start < uint64(end) && uint64(start) < u.end && u.flushes != own:
			// Not to wait for the other core, which may need a while, this one has them dropped too.
			own = u.flushes
			memoryLock.unlock(flags)
			invalidate(uint64(start), uint64(end), 1)
		default:
			return flags
		}
	}
}

// decommit gives the frames of [start, end) back, and what the runtime does not use beside it. It runs on a
// system stack.
func decommit(start, end uintptr) {
	for at := start; at < end; {
		next := min(end, (at|(chunkSize-1))+1)
		_ = atomic.Load8(&chunkOf(at).state)
		flags := memoryLock.lock()
		gone := unmapPart(at, next)
		memoryLock.unlock(flags)
		if !gone {
			memclrNoHeapPointers(unsafe.Pointer(at), next-at) // what sysUsed returns must be zero
		}
		at = next
	}
}

// decommitNow is decommit for memory that others may get, or must not reach, from now on: when it returns, no
// core has a translation of it, whoever has flushed them.
func decommitNow(start, end uintptr) {
	decommit(start, end)
	memoryLock.unlock(lockFresh(start, end))
}

// unmapPart takes [start, end), a part of a chunk, out of the page tables, and what the runtime does not use
// of the chunk. It changes nothing there if a large page must be split for that, and there is no memory for a
// table. The lock is held.
func unmapPart(start, end uintptr) bool {
	c := chunkOf(start)
	if !inHeap(start) {
		atomic.Store8(&c.state, c.state&^chunkWhole)
		return unmap(start, end)
	}
	c.markUnused(start, end)
	if c.state&chunkWhole == 0 {
		return unmap(start, end)
	}
	return c.trim(start &^ (chunkSize - 1))
}

// trim takes what the runtime does not use of a whole chunk, which begins at an address, out of the page
// tables.
func (c *chunk) trim(at uintptr) bool {
	atomic.Store8(&c.state, c.state&^chunkWhole)
	for i := uintptr(0); i < chunkPages; i++ {
		first := i
		for i < chunkPages && !c.isUsed(i) {
			i++
		}
		// The first run that is taken out splits the chunk's page; no other fails then.
		if i > first && !unmap(at+first*pageSize, at+i*pageSize) {
			atomic.Store8(&c.state, c.state|chunkWhole)
			return false
		}
	}
	return true
}

func unmap(start, end uintptr) bool {
	return kernelTables.Unmap(uint64(start), uint64(end-start), &unflushed.stale) == ""
}

// trimHeap trims all chunks, and frees what is unflushed. It runs on a system stack.
func trimHeap() {
	flags := memoryLock.lock()
	trimmed := untrimmed == 0
	untrimmed = 0
	memoryLock.unlock(flags)
	for at := uint64(0); !trimmed; {
		r, ok := addressSpace.Next(at)
		if !ok {
			break
		}
		if r.Owner == space.Heap {
			trimRegion(r.Start, r.End)
		}
		at = r.End
	}
	flushStale()
}

// trimRegion trims the chunks in [start, end), memory of the heap.
func trimRegion(start, end uint64) {
	for at := start; at < end; {
		flags := memoryLock.lock()
		m, ok := kernelTables.Next(at)
		memoryLock.unlock(flags)
		if !ok || m.Virtual >= end {
			return
		}
		at = m.Virtual + m.Size
		if m.Size != chunkSize {
			continue
		}
		c := chunkOf(uintptr(m.Virtual))
		if atomic.Load8(&c.state)&chunkWhole == 0 || c.allUsed() {
			continue
		}
		flags = memoryLock.lock()
		if c.state&chunkWhole != 0 {
			c.trim(uintptr(m.Virtual))
		}
		full := unflushed.stale.Frames >= maxUnflushed || frames.Available() < lowWater
		memoryLock.unlock(flags)
		if full {
			flushStale()
		}
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
