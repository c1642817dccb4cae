//go:build ringo

package runtime

// What package machine offers late kernel code, as far as it has no better place.

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/thread"
	"github.com/ringo-os/ringo/kernel/machine"
)

//go:linkname machine_Boot github.com/ringo-os/ringo/kernel/machine.Boot
func machine_Boot() *boot.Info { return &bootInfo }

//go:linkname machine_CommandLine github.com/ringo-os/ringo/kernel/machine.CommandLine
func machine_CommandLine() *boot.CommandLine { return &commandLine }

//go:linkname machine_Firmware github.com/ringo-os/ringo/kernel/machine.Firmware
func machine_Firmware() *acpi.Machine { return &firmware }

//go:linkname machine_PCI github.com/ringo-os/ringo/kernel/machine.PCI
func machine_PCI() *survey.Survey { return &functions }

//go:linkname machine_ISARoute github.com/ringo-os/ringo/kernel/machine.ISARoute
func machine_ISARoute(irq uint8) (gsi uint32, level, activeLow bool) { return firmware.Route(irq) }

//go:linkname machine_AllocateDMA github.com/ringo-os/ringo/kernel/machine.AllocateDMA
func machine_AllocateDMA(size uintptr) (memory unsafe.Pointer, physical uint64) {
	systemstack(func() { memory, physical = allocateRun(size) })
	return memory, physical
}

//go:linkname machine_DirectMap github.com/ringo-os/ringo/kernel/machine.DirectMap
func machine_DirectMap(physical uint64) unsafe.Pointer { return directMap(physical) }

//go:linkname machine_MapDevice github.com/ringo-os/ringo/kernel/machine.MapDevice
func machine_MapDevice(physical uint64, size uintptr) (registers unsafe.Pointer) {
	systemstack(func() { registers = mapDevice(physical, size) })
	return registers
}

// machine_StackWord is done without the stack moving in between: nobody is preempted in package runtime.
//
//go:linkname machine_StackWord github.com/ringo-os/ringo/kernel/machine.StackWord
//go:nosplit
func machine_StackWord(p unsafe.Pointer) (word uintptr, target unsafe.Pointer) {
	gp := getg()
	word = *(*uintptr)(p)
	if word >= gp.stack.lo && word < gp.stack.hi {
		target = *(*unsafe.Pointer)(p)
	}
	return word, target
}

//go:linkname machine_Accessible github.com/ringo-os/ringo/kernel/machine.Accessible
func machine_Accessible(address, size uintptr, write bool) (ok bool) {
	end := address + size
	if end < address || end > programEnd {
		return false
	}
	if inSpan(address, size) {
		return true
	}
	if size > 0 && isBadPointer(address) {
		return false // the kernel is about to make a pointer of it
	}
	systemstack(func() { ok = accessible(address, end, write) })
	return ok
}

func accessible(at, end uintptr, write bool) bool {
	flags := memoryLock.lock()
	// What the program has mapped it can unmap, perhaps before the kernel gets there.
	ok := !addressSpace.Overlaps(uint64(at), uint64(end))
	for at < end && ok {
		if at >= lazyStart && at < lazyEnd {
			at = lazyEnd
			continue
		}
		// Of the runtime's own tables a program may give out what is there (a trace's buffers, say). It does
		// not write there, and what is not there yet is no more than a wild address.
		tables := at >= metadataBase && at < metadataEnd
		_, size, f, mapped := kernelTables.Lookup(uint64(at))
		ok = mapped && (!write || f&paging.Write != 0 && !tables)
		if mapped {
			at = at&^uintptr(size-1) + uintptr(size)
		}
	}
	memoryLock.unlock(flags)
	return ok
}

//go:linkname machine_Image github.com/ringo-os/ringo/kernel/machine.Image
func machine_Image() (start uint64, hole boot.Range) {
	return image.start, boot.Range{Start: image.listStart, End: image.listEnd}
}

//go:linkname machine_ConsoleSource github.com/ringo-os/ringo/kernel/machine.ConsoleSource
func machine_ConsoleSource() *machine.Source { return &consoleSource }

//go:linkname machine_Entropy github.com/ringo-os/ringo/kernel/machine.Entropy
func machine_Entropy(p []byte) int { return readRandom(p) }

//go:linkname machine_Statistics github.com/ringo-os/ringo/kernel/machine.Statistics
func machine_Statistics(s *machine.Stats) {
	systemstack(func() { statistics(s) })
}

func statistics(s *machine.Stats) {
	flags := memoryLock.lock()
	var idle int64
	var switches uint64
	for id := range thread.Count() {
		idle += thread.Get(id).IdleNanos
		switches += thread.Get(id).Switches
	}
	*s = machine.Stats{
		TotalPages:     frames.TotalFrames(),
		FreePages:      frames.FreeFrames() + unflushed.stale.Frames + unflushed.frames,
		PageTablePages: kernelTables.TableFrames(),
		Cores:          int(thread.Count()),
		TSCHertz:       systemClock.Frequency(),
		BootTSC:        machineTSC,
		IdleNanos:      idle,
		Interrupts:     interruptCount,
		Preemptions:    asyncPreemptions,
		Threads:        int(threadCount.Load()),
		ContextSwitch:  switches,
	}
	memoryLock.unlock(flags)
}
