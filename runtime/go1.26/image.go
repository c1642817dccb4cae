//go:build ringo

package runtime

// Where the image is: loaded to where it was linked, it moves itself, before anything but this knows an
// address, to a virtual one that nobody can foretell.
//
// placeImage runs where the image was loaded, on the boot page tables, in which addresses are physical ones.
// It makes the kernel's own tables, with the image elsewhere, and changes the absolute addresses in the
// image, which the linker has listed (package linker). What the code refers to relative to itself needs no
// change: rt0 goes on at the same instruction of the new place.

import (
	"internal/runtime/sys"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/uart"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

// The image is put on any page of these, between what the runtime has and what the program maps.
const (
	imagePlaces     = 0x2000_0000_0000 // reservedEnd
	imagePlaceCount = 1 << 34          // of a page: 64 TiB
)

// An imageMarker is what rt0_amd64.s has as such: what the linker package tells the kernel.
type imageMarker struct {
	text        [24]byte
	zeroedEnd   uintptr
	relocations uintptr
	size        uintptr
	next        uintptr // of the image; between its relocations and this nothing is loaded
}

// image is where in physical memory it is, from page to page.
var image struct {
	start     uint64
	textEnd   uint64
	listStart uint64 // the relocations, which are done with, and what they took before they were packed: whole pages
	listEnd   uint64
	dataStart uint64 // from here on it can be written
	end       uint64
}

var (
	imageSlide      uintptr // what is added to a physical address in the image
	relocationCount uintptr
	relocationTicks uint64 // of the time-stamp counter, for all relocations
)

// placeImage is called by rt0 where the image was loaded, and returns how far it is moved.
func placeImage(startInfo uint64, marker *imageMarker) (slide uintptr) {
	machineTSC = cpu.TSC()
	serial.Init(uart.COM1)
	startTraps()
	startVectors() // early: an emulator may translate code once more when such state is turned on
	if p := boot.ReadPVH(&bootInfo, startInfo, lowMemory); p != "" {
		stopBoot(p)
	}
	measureImage(marker)
	choosePlaces(marker)
	if p := makeTables(); p != "" {
		stopBoot(p)
	}
	// What the boot tables have is all in the first 512 GiB, so with the rest of the kernel's they have both. (A
	// copy would have an emulator translate memmove for this alone.)
	tables := (*[512]uint64)(unsafe.Pointer(uintptr(cpu.ReadCR3())))
	for i, entry := range (*[512]uint64)(unsafe.Pointer(uintptr(kernelTables.Root()))) {
		if i > 0 {
			tables[i] = entry
		}
	}
	relocate(marker, imageSlide)
	return imageSlide
}

// measureImage fills image. Nothing has been moved yet.
func measureImage(marker *imageMarker) {
	data := &firstmoduledata
	image.start = uint64(data.text) &^ 0xFFFF
	image.textEnd = (uint64(data.etext) + 4095) &^ 4095
	// What the runtime knows of the image lies in front of its variables, behind what go build has noted.
	image.dataStart = min(uint64(data.noptrdata), uint64(uintptr(unsafe.Pointer(data)))) &^ 4095
	image.end = (uint64(marker.zeroedEnd) + 4095) &^ 4095
	image.listStart = (uint64(marker.relocations) + 4095) &^ 4095
	image.listEnd = uint64(marker.next) &^ 4095
	if image.listStart < image.textEnd || image.listStart >= image.listEnd || image.listEnd > image.dataStart {
		image.listStart, image.listEnd = image.dataStart, image.dataStart
	}
}

// choosePlaces sets imageSlide and directBase by chance, or leaves the image where it is, with the word
// norandmaps. The direct map moves too: what is in the image and in the heap is in it as well.
func choosePlaces(marker *imageMarker) {
	directBase = upperHalf
	if r := bootInfo.CommandLine; r.Start < r.End && boot.HasMachineWord(lowMemory(r.Start, r.End-r.Start), "norandmaps") {
		return
	}
	var random [2]uint64
	readRandom((*[unsafe.Sizeof(random)]byte)(unsafe.Pointer(&random))[:])
	ticks := cpu.TSC() // all there is without a generator
	random[0] ^= scramble(ticks)
	random[1] ^= scramble(^ticks)
	if marker.size != 0 { // else the linker package has not seen the executable
		imageSlide = uintptr(imagePlaces + random[0]%imagePlaceCount*pageSize4K - image.start)
	}
	// CPUID 80000008H, EAX bits 0 to 7: how many bits a physical address has.
	if top, _, _, _ := cpu.ID(0x8000_0000, 0); top >= 0x8000_0008 {
		if bits, _, _, _ := cpu.ID(0x8000_0008, 0); bits&0xFF < 47 {
			directBase += random[1] % ((1<<47 - 1<<(bits&0xFF)) / paging.Page1G) * paging.Page1G
		}
	}
}

// scramble makes each bit of the result depend on each bit of v (the last step of MurmurHash3).
func scramble(v uint64) uint64 {
	v ^= v >> 33
	v *= 0xFF51_AFD7_ED55_8CCD
	v ^= v >> 33
	v *= 0xC4CE_B9FE_1A85_EC53
	return v ^ v>>33
}

// relocate adds slide to the absolute addresses in the image, of whose places there is a packed list (package linker).
// From then on nothing may be called here that follows one.
func relocate(marker *imageMarker, slide uintptr) {
	start := cpu.TSC()
	next := uintptr(0) // the place that the lowest bit of a word is about
	for at, end := marker.relocations, marker.relocations+marker.size; at < end && slide != 0; at += 8 {
		word := *(*uint64)(unsafe.Pointer(at))
		if word&1 == 0 {
			place := uintptr(word&0xFFFF_FFFF + word>>32)
			*(*uintptr)(unsafe.Pointer(place)) += slide
			relocationCount++
			next = place + 8
			continue
		}
		for bits := word >> 1; bits != 0; bits &= bits - 1 {
			*(*uintptr)(unsafe.Pointer(next + uintptr(sys.TrailingZeros64(bits))*8)) += slide
			relocationCount++
		}
		next += 63 * 8
	}
	relocationTicks = cpu.TSC() - start
}
