//go:build ringo

package runtime

// The heap's memory: what Go's allocator asks an operating system for (mem.go).
//
// Memory is committed when the allocator declares it used (sysUsed), so the ordinary path takes no
// page fault (chunk.go), and given back when it says so (release.go).

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/space"
)

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
	if inHeap(start) {
		markUsed(start, end)
	}
	if committed(start, end) {
		return
	}
	ok := false
	systemstack(func() { ok = commitHeap(start, end) })
	if !ok {
		outOfMemory(n)
	}
}

// sysUnusedOS: the runtime does not touch that memory before it declares it used again.
func sysUnusedOS(v unsafe.Pointer, n uintptr) {
	systemstack(func() {
		decommit(uintptr(v), uintptr(v)+n)
		flushIfFull()
	})
}

func sysFaultOS(v unsafe.Pointer, n uintptr) {
	systemstack(func() { decommitNow(uintptr(v), uintptr(v)+n) })
}

func sysFreeOS(v unsafe.Pointer, n uintptr) {
	start, end := uintptr(v)&^4095, (uintptr(v)+n+4095)&^4095
	systemstack(func() {
		decommitNow(start, end)
		if inHeap(start) && !addressSpace.Return(uint64(start), uint64(end)) {
			outOfMemory(n)
		}
	})
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
// it is: others may be using it, interrupt handlers too, which cannot wait while it is copied. (Go 1.26 never
// calls this; scavengeIndex.alloc says why.)
func sysHugePageCollapseOS(v unsafe.Pointer, n uintptr) {
	start := (uintptr(v) + chunkSize - 1) &^ (chunkSize - 1)
	systemstack(func() {
		for at := start; at+chunkSize <= uintptr(v)+n; at += chunkSize {
			_ = atomic.Load8(&chunkOf(at).state)
			flags := lockFresh(at, at+chunkSize)
			commitLarge(at)
			memoryLock.unlock(flags)
		}
	})
}

// wishHuge sets chunkHuge for the chunks of which nothing lies outside of [v, v+n), or clears it.
func wishHuge(v, n uintptr, huge uint8) {
	for at := (v + chunkSize - 1) &^ (chunkSize - 1); at+chunkSize <= v+n; at += chunkSize {
		c := chunkOf(at)
		_ = atomic.Load8(&c.state)
		flags := memoryLock.lock()
		atomic.Store8(&c.state, c.state&^chunkHuge|huge)
		memoryLock.unlock(flags)
	}
}

// needZeroAfterSysUnusedOS: what sysUsed commits is zero.
func needZeroAfterSysUnusedOS() bool { return false }

func sbrk0() uintptr { return 0 }

func setVMAName(start unsafe.Pointer, length uintptr, name string) {}
