//go:build ringo

package runtime

// What the word debug= on the kernel command line asks for.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// debugBoot carries out the topics of debug= once the machine is ready: "boot" tells what was
// found, "memory" prints the physical memory map and every mapping, and "mappings" does so when the machine
// goes off. The others fail in the kernel, to see
// what that looks like: "fault" at once, the rest when the program has run for a while. "hang" has a core take no
// interrupts any more, and "lock" a lock not released; on the last core, "doublefault" has an exception find no
// stack, and "machinecheck" is what a processor raises that is broken.
func debugBoot() {
	values := commandLine.Values("debug")
	for {
		value, ok := values.Next()
		if !ok {
			return
		}
		for len(value) > 0 {
			end := 0
			for end < len(value) && value[end] != ',' {
				end++
			}
			debugTopic(unsafe.String(unsafe.SliceData(value), end))
			value = value[min(end+1, len(value)):]
		}
	}
}

func debugTopic(topic string) {
	switch topic {
	case "boot":
		print("ringo: ", thread.Count(), " of ", max(firmware.CoreCount, 1), " cores, ", frames.TotalFrames()/256, " MiB, TSC at ",
			systemClock.Frequency()/1e6, " MHz (", clockSource, "), ready ", nanotime1()/1000,
			" microseconds after the kernel's first instruction\n")
		print("ringo: image at ", hex(image.start+uint64(imageSlide)), ", ", relocationCount, " relocations in ",
			relocationTicks*1_000_000/systemClock.Frequency(), " microseconds\n")
	case "memory":
		printMemoryMap()
	case "mappings":
		mapsAtExit = true
	case "fault":
		*(*byte)(unsafe.Pointer(uintptr(upperHalf) - 1)) = 1
	case "hang":
		provoked.Store(provokeHang)
	case "lock":
		provoked.Store(provokeLock)
	case "doublefault":
		provoked.Store(provokeDoubleFault)
	case "machinecheck":
		provoked.Store(provokeMachineCheck)
	default:
		print("ringo: debug=", topic, " is not known; it can be boot, memory, mappings, fault, hang, lock, doublefault or machinecheck\n")
		powerOff(exitBadMachine)
	}
}

// provoked is what provoke does.
var provoked atomic.Uint32

const (
	provokeHang = 1 + iota
	provokeLock
	provokeDoubleFault
	provokeMachineCheck

	provokeAfter = 500_000_000
)

// provoke is called by every timer interrupt, and fails as debug= wants it to.
func provoke() {
	what := provoked.Load()
	if what == 0 || nanotime1() < provokeAfter || thread.This().Idle() {
		return
	}
	if what >= provokeDoubleFault && thisCore().scheduler.ID != thread.Count()-1 {
		return
	}
	switch provoked.Swap(0) {
	case provokeHang:
		for {
			cpu.Pause()
		}
	case provokeLock:
		memoryLock.lock()
		memoryLock.lock()
	case provokeDoubleFault:
		c := thisCore()
		guard := (uintptr(unsafe.Pointer(&c.stacks[stackException-1])) + 4095) &^ 4095
		c.setStack(stackException, guard+4096)
		*(*byte)(unsafe.Pointer(uintptr(upperHalf) - 1)) = 1
	case provokeMachineCheck:
		raiseMachineCheck()
	}
}

func raiseMachineCheck()

// mapsAtExit says that the memory map is printed when the machine goes off.
var mapsAtExit bool

// printMemoryMap prints the boot memory map, then the page tables: a line for neighbouring pages with the
// same size, rights and owner. It runs on a system stack.
func printMemoryMap() {
	for _, r := range bootInfo.Regions[:bootInfo.RegionCount] {
		print("physical ", hex(r.Start), "-", hex(r.End), " ", kindNames[min(r.Kind, boot.Unusable+1)], "\n")
	}
	var first paging.Mapping
	owner, end := "", uint64(0)
	for m, ok := nextMapping(0); ok; m, ok = nextMapping(end) {
		r, known := addressSpace.Next(m.Virtual)
		who := space.OwnerOf(m, r, known)
		if m.Virtual != end || m.Size != first.Size || m.Flags != first.Flags || who != owner {
			printMapping(first, end, owner)
			first, owner = m, who
		}
		if end = m.Virtual + m.Size; end == 0 {
			break
		}
	}
	printMapping(first, end, owner)
	print("tables ", kernelTables.TableFrames(), " pages; free ", frames.FreeFrames(), " of ", frames.TotalFrames(), " pages; CR3 ",
		hex(cpu.ReadCR3()), "\n")
}

func nextMapping(address uint64) (m paging.Mapping, ok bool) {
	flags := memoryLock.lock()
	m, ok = kernelTables.Next(address)
	memoryLock.unlock(flags)
	return m, ok
}

func printMapping(m paging.Mapping, end uint64, owner string) {
	if m.Size == 0 {
		return
	}
	print("mapped ", hex(m.Virtual), "-", hex(end), " ", m.Size>>10, "K r")
	for _, f := range [...]struct {
		flag paging.Flags
		name string
	}{{paging.Write, "w"}, {paging.Execute, "x"}, {paging.Uncached, " uncached"}, {paging.Owned, " owned"}} {
		if m.Flags&f.flag != 0 {
			print(f.name)
		}
	}
	print(" ", owner, "\n")
}

var kindNames = [...]string{"?", "usable", "reserved", "ACPI tables", "ACPI non-volatile", "unusable", "other"}
