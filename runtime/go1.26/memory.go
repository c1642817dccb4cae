//go:build ringo

package runtime

// Go's memory on page tables.
//
// The address space below 128 TiB:
//
//	[metadataBase, metadataEnd)    sysAlloc: filled page by page when first touched, because the
//	                               runtime asks for tables that are mostly never used
//	[reservedBase, reservedEnd)    sysReserve without an address
//	from imagePlaces on            somewhere there the image, up to bootStack; the larger zeroed variables,
//	                               which the Go linker puts behind that, are filled when first touched
//	anywhere else                  sysReserve with a hint: the heap's arenas; what the program maps
//
// and above it, in the upper half, the direct map: all physical memory from directBase on.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

const (
	upperHalf    = 0xFFFF_8000_0000_0000
	metadataBase = 0x1000_0000_0000
	metadataEnd  = 0x1100_0000_0000
	reservedBase = 0x1100_0000_0000
	reservedEnd  = 0x2000_0000_0000

	// emergencyFrames are kept for page tables and stacks that a dying program needs to say why.
	emergencyFrames = 32

	pageSize4K = 4096
)

// memoryLock guards all of this. Its holder is on a system stack (a goroutine's could have to grow,
// which takes the lock), has interrupts off, and touches nothing that could raise a page fault: the
// handler takes it too.
var memoryLock spinLock

var (
	frames       frame.Allocator
	kernelTables paging.Tables
	directBase   uint64
	directOffset uintptr // 0 until the kernel's own tables are in use
	lazyStart    uintptr // the zeroed variables [lazyStart, lazyEnd) are filled on demand
	lazyEnd      uintptr
	metadataNext atomic.Uintptr
	reservedNext atomic.Uintptr
)

// makeTables takes over physical memory and makes the kernel's page tables, with the image where it will be. It
// runs where the image was loaded.
func makeTables() boot.Problem {
	t := &kernelTables
	problem := frames.Init(&bootInfo, nil, boot.Range{Start: image.start, End: image.end}, 0, emergencyFrames)
	if problem == "" {
		problem = t.Init(&frames, paging.ProcessorFeatures())
	}
	for _, part := range [...]struct {
		start, end uint64
		flags      paging.Flags
	}{
		{image.start, image.textEnd, paging.Execute},
		{image.textEnd, image.listStart, 0},
		{image.listEnd, image.dataStart, 0},
		{image.dataStart, image.end, paging.Write},
	} {
		if problem == "" && part.start < part.end {
			problem = t.Map(part.start+uint64(imageSlide), part.start, part.end-part.start, part.flags|paging.Global)
		}
	}
	if problem == "" {
		problem = mapAllMemory(t)
	}
	// What cannot be written where it is, cannot be written through the direct map either.
	var stale paging.Stale
	if problem == "" {
		problem = t.Protect(directBase+image.start, image.listStart-image.start, 0, &stale)
	}
	if problem == "" && image.listEnd < image.dataStart {
		problem = t.Protect(directBase+image.listEnd, image.dataStart-image.listEnd, 0, &stale)
	}
	if problem == "" {
		problem = guardPages(t)
	}
	return problem
}

// startMemory replaces the boot page tables.
func startMemory() {
	lazyStart = uintptr(image.end) + imageSlide
	lazyEnd = (firstmoduledata.end + 4095) &^ 4095
	metadataNext.Store(metadataBase + chunksSize)
	reservedNext.Store(reservedBase)
	cpu.WriteCR3(kernelTables.Root())
	directOffset = uintptr(directBase)
	frames.SetBase(unsafe.Pointer(uintptr(directBase)))
	kernelTables.SetFrames(&frames)
	frames.Release(boot.Range{Start: image.listStart, End: image.listEnd})
	if problem := startSpace(); problem != "" {
		stopBoot(problem)
	}
}

// mapAllMemory makes the direct map: memory cached, and the rest of the first 4 GiB, where devices
// are, uncached.
func mapAllMemory(t *paging.Tables) boot.Problem {
	const low = 4 << 30
	var lowTop, top uint64
	for _, r := range bootInfo.Regions[:bootInfo.RegionCount] {
		if r.Kind != boot.Usable && r.Kind != boot.ACPIReclaimable && r.Kind != boot.ACPINonVolatile {
			continue
		}
		if r.End <= low {
			lowTop = max(lowTop, r.End)
		}
		top = max(top, r.End)
	}
	lowTop = min((lowTop+paging.Page2M-1)&^(paging.Page2M-1), low)
	p := t.MapLarge(directBase, 0, lowTop, paging.Write|paging.Global)
	if p == "" && lowTop < low {
		p = t.MapLarge(directBase+lowTop, lowTop, low-lowTop, paging.Write|paging.Uncached|paging.Global)
	}
	if p == "" && top > low {
		top = (top + pageSize4K - 1) &^ (pageSize4K - 1)
		p = t.MapLarge(directBase+low, low, top-low, paging.Write|paging.Global)
	}
	return p
}

// guardPages takes away the page below each of the boot core's stacks, where they will be.
func guardPages(t *paging.Tables) boot.Problem {
	var stale paging.Stale
	unmap := func(start uintptr) boot.Problem {
		return t.Unmap(uint64(start+imageSlide+4095)&^4095, pageSize4K, &stale)
	}
	p := unmap(uintptr(unsafe.Pointer(&bootStack)))
	for i := range bootCore.stacks {
		if p == "" {
			p = unmap(uintptr(unsafe.Pointer(&bootCore.stacks[i])))
		}
	}
	t.Release(&stale)
	return p
}

// directMap returns where a physical address appears.
func directMap(physical uint64) unsafe.Pointer {
	return unsafe.Pointer(uintptr(physical) + directOffset)
}

// physicalMemory reads physical memory through the direct map.
func physicalMemory(physical, size uint64) []byte {
	if size > 1<<40 || physical > 1<<52-size {
		return nil
	}
	for at := uint64(directMapAddress(physical)) &^ 4095; at < directBase+physical+size; at += pageSize4K {
		if _, _, _, ok := kernelTables.Lookup(at); !ok {
			return nil
		}
	}
	return unsafe.Slice((*byte)(directMap(physical)), int(size))
}

func directMapAddress(physical uint64) uintptr { return uintptr(physical + directBase) }

// mapDevice returns uncached access to device registers, nil where there is memory. It runs on a
// system stack.
func mapDevice(physical uint64, size uintptr) unsafe.Pointer {
	flags := memoryLock.lock()
	ok := true
	end := (physical + uint64(size) + 4095) &^ 4095
	for at := physical &^ 4095; at < end && ok; at += pageSize4K {
		virtual := directBase + at
		if _, _, f, mapped := kernelTables.Lookup(virtual); mapped {
			ok = f&paging.Uncached != 0
			continue
		}
		ok = kernelTables.Map(virtual, at, pageSize4K, paging.Write|paging.Uncached|paging.Global) == ""
	}
	memoryLock.unlock(flags)
	if !ok {
		return nil
	}
	return directMap(physical)
}

// bootPages returns size bytes of zeroed memory that is never given back. For early code, which
// cannot do without it.
func bootPages(size uint64) unsafe.Pointer {
	p, _ := allocateRun(uintptr(size))
	if p == nil {
		stopBoot("this machine has too little memory: start it with more (-m)")
	}
	return p
}

// allocateRun returns zeroed, physically contiguous pages. It runs on a system stack.
func allocateRun(size uintptr) (memory unsafe.Pointer, physical uint64) {
	count := (uint64(size) + pageSize4K - 1) / pageSize4K
	flags := memoryLock.lock()
	physical, ok := frames.AllocateRun(count, 1)
	memoryLock.unlock(flags)
	if !ok {
		return nil, 0
	}
	memory = directMap(physical)
	cpu.ZeroPages(memory, uintptr(count))
	return memory, physical
}

// onDemand reports whether the page at address is filled when first touched.
func onDemand(address uintptr) bool {
	return address >= metadataBase && address < metadataNext.Load() || address >= lazyStart && address < lazyEnd
}

// fillPage handles a page fault at address if it is the first touch of a page that is filled on
// demand; filled is false if there is no memory left.
func fillPage(address uintptr, code uint64) (demanded, filled bool) {
	const present = 1
	if code&present != 0 || !onDemand(address) {
		return false, false
	}
	chunk := address &^ (chunkSize - 1)
	flags := memoryLock.lock()
	ok := wantsHuge(chunk) && commitLarge(chunk) || commit(address&^4095, pageSize4K)
	memoryLock.unlock(flags)
	return true, ok
}

// outOfMemory ends the program as Go does when there is no memory left.
func outOfMemory(size uintptr) {
	print("runtime: out of memory: cannot allocate ", size, "-byte block (", gcController.heapInUse.load(),
		" in use; the machine has ", frames.TotalFrames()*pageSize4K>>20, " MiB)\n")
	throw("runtime: out of memory")
}

// defaultMemoryLimit is the garbage collector's memory limit where GOMEMLIMIT does not set one: nine
// tenths of what is free. A machine has nothing to swap to, so the collector should work harder
// before memory runs out.
func defaultMemoryLimit() int64 {
	free := int64(frames.FreeFrames()) * pageSize4K
	return free*9/10 + int64(gcController.mappedReady.Load())
}
