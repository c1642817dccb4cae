//go:build ringo

package runtime

// The address space: who has which part of it, and what package machine offers late kernel code to
// map memory for the program (kernel/early/space).

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

const (
	programStart    = 64 << 10         // Linux's vm.mmap_min_addr
	programAnywhere = 0x7000_0000_0000 // far from the heap's usual places
	programEnd      = 0x7FFF_FFFF_F000
)

// codeNoMemory is the code of a SIGBUS for memory that could not be made.
const codeNoMemory = 0x100

// addressSpace is [programStart, programEnd). Its methods run on a system stack, and take memoryLock
// themselves.
var addressSpace space.Space

// startSpace enters what is there from the beginning.
func startSpace() boot.Problem {
	space.Lock = lockMemory
	space.Unlock = unlockMemory
	space.Disable = cpu.SaveAndDisable
	space.Enable = cpu.Restore
	space.Invalidate = invalidate
	addressSpace.Init(&kernelTables, programStart, programAnywhere, programEnd)
	const readWrite = space.Read | space.Write
	ofImage := func(start, end uint64, rights space.Rights) bool {
		slide := uint64(imageSlide)
		return start == end || addressSpace.Reserve(start+slide, end+slide, space.Image, rights)
	}
	if ofImage(image.start, image.textEnd, space.Read|space.Execute) &&
		ofImage(image.textEnd, image.listStart, space.Read) &&
		ofImage(image.listEnd, image.dataStart, space.Read) &&
		ofImage(image.dataStart, uint64(lazyEnd-imageSlide), readWrite) &&
		addressSpace.Reserve(metadataBase, metadataEnd, space.Metadata, readWrite) &&
		addressSpace.Reserve(reservedBase, reservedEnd, space.Reserved, readWrite) {
		return ""
	}
	return "There is too little memory to list what is in the address space; give the machine more (with QEMU: -m)."
}

// fixedAddresses says that nothing is placed at random (the word norandmaps).
var fixedAddresses bool

// placeProgram says where memory goes that the program maps without a wish.
func placeProgram() {
	fixedAddresses = commandLine.Has("norandmaps")
	if fixedAddresses {
		if imageSlide != 0 { // see boot.HasMachineWord
			stopBoot("The word norandmaps on the kernel command line has quotation marks in it; leave them out.")
		}
		return
	}
	var random [8]byte
	if readRandom(random[:]) == len(random) {
		const places = 1 << 19 // of 2 MiB: the first TiB
		addressSpace.SetAnywhere(programAnywhere + *(*uint64)(unsafe.Pointer(&random))%places*chunkSize)
	}
}

// heapSeed is what the heap's place is chosen with.
func heapSeed() uintptr {
	if fixedAddresses {
		return 0xC0 // a seed like any other
	}
	return uintptr(bootstrapRand())
}

func lockMemory() (flags uint64) { return memoryLock.lock() }
func unlockMemory(flags uint64)  { memoryLock.unlock(flags) }

// flushLimit is how long another core may take to drop its translations, in nanoseconds. It is far more
// than any core needs, as a hypervisor that is busy may let one stand still for seconds.
const flushLimit = 10_000_000_000

// invalidate makes every core drop its translations of [start, end), in which pages mappings have
// changed. No lock is held: another core may wait for one with interrupts off.
func invalidate(start, end, pages uint64) {
	flags := cpu.SaveAndDisable()
	if end-start > 64*pageSize4K {
		cpu.WriteCR3(cpu.ReadCR3())
	} else {
		for at := start; at < end; at += pageSize4K {
			cpu.InvalidatePage(uintptr(at))
		}
	}
	flushOthers()
	cpu.Restore(flags)
}

// flushOthers makes every other core drop its translations. Interrupts are off, and no lock is held.
func flushOthers() {
	for stuck := thread.FlushOthers(flushLimit); stuck != nil; stuck = thread.FlushOthers(flushLimit) {
		flushStuck(stuck)
	}
}

// machine_Barrier borrows what the translations need: a core that has been interrupted since, or rests and has not run the
// program, has let its stores be seen and loads anew; to write CR3 also serialises what it executes (Intel SDM, volume 3,
// 9.3).
//
//go:linkname machine_Barrier github.com/ringo-os/ringo/kernel/machine.Barrier
func machine_Barrier() {
	systemstack(func() {
		flags := cpu.SaveAndDisable()
		flushOthers()
		cpu.Restore(flags)
	})
}

// programFault handles a page fault in memory that the program has mapped. Otherwise it returns the
// signal and code that tell about it.
func programFault(address uintptr, code uint64) (resolved bool, sig uint32, sigcode uintptr) {
	const (
		present = 1 << 0
		write   = 1 << 1
		fetch   = 1 << 4
	)
	access := space.Read
	switch {
	case code&fetch != 0:
		access = space.Execute
	case code&write != 0:
		access = space.Write
	}
	sig, sigcode = _SIGSEGV, _SEGV_MAPERR
	if code&present != 0 {
		sigcode = _SEGV_ACCERR
	}
	switch addressSpace.Fault(uint64(address), access) {
	case space.Resolved:
		return true, 0, 0
	case space.Forbidden:
		sigcode = _SEGV_ACCERR
	case space.BehindEnd:
		return false, _SIGBUS, _BUS_ADRERR
	case space.NoMemory:
		return false, _SIGBUS, codeNoMemory
	}
	return false, sig, sigcode
}

//go:linkname machine_Mapped github.com/ringo-os/ringo/kernel/machine.Mapped
func machine_Mapped(address uintptr) (ok bool) {
	if addressSpace.Mapped() == 0 {
		return false
	}
	systemstack(func() { ok = addressSpace.Has(uint64(address)) })
	return ok
}

//go:linkname machine_CopyMemory github.com/ringo-os/ringo/kernel/machine.CopyMemory
func machine_CopyMemory(buffer []byte, address uintptr, write bool) (n int) {
	p, size := unsafe.Pointer(unsafe.SliceData(buffer)), uint64(len(buffer))
	systemstack(func() { n = int(addressSpace.Copy(p, uint64(address), size, write)) })
	return n
}

//go:linkname machine_MapMemory github.com/ringo-os/ringo/kernel/machine.MapMemory
func machine_MapMemory(r space.Region, size uint64, where space.Where) (start uint64, e space.Errno) {
	systemstack(func() { start, e = addressSpace.Map(r, size, where) })
	return start, e
}

//go:linkname machine_UnmapMemory github.com/ringo-os/ringo/kernel/machine.UnmapMemory
func machine_UnmapMemory(start, end uint64) (e space.Errno) {
	systemstack(func() { e = addressSpace.Unmap(start, end) })
	return e
}

//go:linkname machine_ProtectMemory github.com/ringo-os/ringo/kernel/machine.ProtectMemory
func machine_ProtectMemory(start, end uint64, rights space.Rights) (e space.Errno) {
	systemstack(func() { e = addressSpace.Protect(start, end, rights) })
	return e
}

//go:linkname machine_MoveMemory github.com/ringo-os/ringo/kernel/machine.MoveMemory
func machine_MoveMemory(start, old, size uint64, may bool, target uint64) (at uint64, e space.Errno) {
	systemstack(func() { at, e = addressSpace.Move(start, old, size, may, target) })
	return at, e
}

//go:linkname machine_DropMemory github.com/ringo-os/ringo/kernel/machine.DropMemory
func machine_DropMemory(start, end uint64) (e space.Errno) {
	systemstack(func() { e = addressSpace.Drop(start, end) })
	return e
}

//go:linkname machine_SetSmallPages github.com/ringo-os/ringo/kernel/machine.SetSmallPages
func machine_SetSmallPages(start, end uint64, small bool) (e space.Errno) {
	systemstack(func() { e = addressSpace.SetSmall(start, end, small) })
	return e
}

//go:linkname machine_CollapseMemory github.com/ringo-os/ringo/kernel/machine.CollapseMemory
func machine_CollapseMemory(start, end uint64) (e space.Errno) {
	systemstack(func() { e = addressSpace.Collapse(start, end) })
	return e
}

//go:linkname machine_TouchMemory github.com/ringo-os/ringo/kernel/machine.TouchMemory
func machine_TouchMemory(start, end uint64, access space.Rights) (e space.Errno) {
	systemstack(func() { e = addressSpace.Touch(start, end, access) })
	return e
}

//go:linkname machine_CheckMemory github.com/ringo-os/ringo/kernel/machine.CheckMemory
func machine_CheckMemory(start, end uint64) (e space.Errno) {
	systemstack(func() { e = addressSpace.Check(start, end) })
	return e
}

//go:linkname machine_ResidentMemory github.com/ringo-os/ringo/kernel/machine.ResidentMemory
func machine_ResidentMemory(page uint64) (resident bool, e space.Errno) {
	systemstack(func() { resident, e = addressSpace.Resident(page) })
	return resident, e
}

//go:linkname machine_NextRegion github.com/ringo-os/ringo/kernel/machine.NextRegion
func machine_NextRegion(address uint64) (r space.Region, ok bool) {
	systemstack(func() { r, ok = addressSpace.Next(address) })
	return r, ok
}

//go:linkname machine_NextMapping github.com/ringo-os/ringo/kernel/machine.NextMapping
func machine_NextMapping(address uint64) (m paging.Mapping, ok bool) {
	systemstack(func() { m, ok = nextMapping(address) })
	return m, ok
}

//go:linkname machine_NewObject github.com/ringo-os/ringo/kernel/machine.NewObject
func machine_NewObject(size uint64, base []byte) (o *space.Object) {
	p, baseSize := unsafe.Pointer(unsafe.SliceData(base)), uint64(len(base))
	systemstack(func() { o = addressSpace.NewObject(size, p, baseSize) })
	return o
}

//go:linkname machine_FreeObject github.com/ringo-os/ringo/kernel/machine.FreeObject
func machine_FreeObject(o *space.Object) {
	systemstack(func() { addressSpace.FreeObject(o) })
}

//go:linkname machine_IdleObject github.com/ringo-os/ringo/kernel/machine.IdleObject
func machine_IdleObject() (o *space.Object) {
	systemstack(func() { o = addressSpace.Idle() })
	return o
}

//go:linkname machine_ObjectPage github.com/ringo-os/ringo/kernel/machine.ObjectPage
func machine_ObjectPage(o *space.Object, offset uint64, make bool) (page unsafe.Pointer) {
	systemstack(func() { page = addressSpace.ObjectPage(o, offset, make) })
	return page
}

//go:linkname machine_NextObjectPage github.com/ringo-os/ringo/kernel/machine.NextObjectPage
func machine_NextObjectPage(o *space.Object, offset uint64) (next uint64, ok bool) {
	systemstack(func() { next, ok = addressSpace.NextObjectPage(o, offset) })
	return next, ok
}

//go:linkname machine_ObjectPages github.com/ringo-os/ringo/kernel/machine.ObjectPages
func machine_ObjectPages(o *space.Object) (n uint64) {
	systemstack(func() { n = addressSpace.ObjectPages(o) })
	return n
}

//go:linkname machine_ResizeObject github.com/ringo-os/ringo/kernel/machine.ResizeObject
func machine_ResizeObject(o *space.Object, size, base uint64) {
	systemstack(func() { addressSpace.Resize(o, size, base) })
}

//go:linkname machine_RemoveFromObject github.com/ringo-os/ringo/kernel/machine.RemoveFromObject
func machine_RemoveFromObject(o *space.Object, from, to uint64) {
	systemstack(func() { addressSpace.Remove(o, from, to) })
}
