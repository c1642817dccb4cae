package boot

// The structures of the PVH boot protocol (Xen, include/public/arch-x86/hvm/start_info.h). All
// fields are little-endian.
const (
	pvhMagic = 0x336EC578 // "xEn3" with bit 7 of the "E" set

	pvhStartInfo0 = 40 // bytes of struct hvm_start_info, version 0
	pvhStartInfo1 = 56 // and of version 1, which adds the memory map
	pvhModule     = 32 // of struct hvm_modlist_entry
	pvhMemory     = 24 // of struct hvm_memmap_table_entry
)

// Limits of what is read at all, against a nonsensical count.
const (
	maxMemoryEntries = 1024
	maxCommandLine   = 64 << 10
	rsdpSize         = 36
	pageSize         = 4096
)

// ReadPVH fills info from the hvm_start_info structure at physical address startInfo (Xen,
// include/public/arch-x86/hvm/start_info.h, versions 0 and 1). at gives access to physical memory:
// at least size bytes from physical on, or nil for what cannot be read. info must be zero.
func ReadPVH(info *Info, startInfo uint64, at func(physical, size uint64) []byte) Problem {
	b := read(at, startInfo, pvhStartInfo0)
	if b == nil {
		return "The boot loader's PVH start info cannot be read; boot the image with a hypervisor that supports PVH."
	}
	if le32(b, 0) != pvhMagic {
		return "The boot loader's PVH start info has the wrong magic number; boot the image with a hypervisor that supports PVH."
	}
	version := le32(b, 4)
	modules := uint64(le32(b, 12))
	moduleList := le64(b, 16)
	commandLine := le64(b, 24)
	info.RSDP = le64(b, 32)
	if version == 0 {
		return "The boot loader speaks PVH version 0, which has no memory map; use a newer hypervisor."
	}
	if b = read(at, startInfo, pvhStartInfo1); b == nil {
		return "The boot loader's PVH start info is cut short; boot the image with another hypervisor."
	}
	memoryMap := le64(b, 40)
	entries := uint64(le32(b, 48))

	info.StartInfo[0] = Range{startInfo, startInfo + pvhStartInfo1}
	if problem := readMemoryMap(info, memoryMap, entries, at); problem != "" {
		return problem
	}
	if problem := readModules(info, moduleList, modules, at); problem != "" {
		return problem
	}
	if info.RSDP != 0 {
		if read(at, info.RSDP, rsdpSize) == nil {
			info.RSDP = 0 // as good as none; the BIOS's own places are searched instead
		} else {
			info.StartInfo[3] = Range{info.RSDP, info.RSDP + rsdpSize}
		}
	}
	return readCommandLine(info, commandLine, at)
}

func readMemoryMap(info *Info, physical, entries uint64, at func(physical, size uint64) []byte) Problem {
	if physical == 0 || entries == 0 {
		return "The boot loader gave no memory map; use a hypervisor that passes one with PVH."
	}
	if entries > maxMemoryEntries {
		return "The boot loader's memory map has more than 1024 entries, which makes no sense; boot with another hypervisor."
	}
	b := read(at, physical, entries*pvhMemory)
	if b == nil {
		return "The boot loader's memory map cannot be read; boot with another hypervisor."
	}
	info.StartInfo[2] = Range{physical, physical + entries*pvhMemory}
	for i := 0; i < int(entries); i++ {
		start, size := le64(b, i*pvhMemory), le64(b, i*pvhMemory+8)
		kind := Kind(le32(b, i*pvhMemory+16))
		end := start + size
		if end < start {
			end = ^uint64(0)
		}
		if !info.AddRegion(Range{start, end}, kind) {
			return "The boot loader's memory map has more than 128 separate regions; boot with another hypervisor or firmware."
		}
	}
	for i := 0; i < info.RegionCount; i++ {
		if info.Regions[i].Kind == Usable {
			return ""
		}
	}
	return "The boot loader's memory map has no usable memory; give the machine some (with QEMU: -m 64M)."
}

func readModules(info *Info, physical, count uint64, at func(physical, size uint64) []byte) Problem {
	if count == 0 {
		return ""
	}
	if count > MaxModules {
		return "The boot loader passed more than 8 modules; pass one initramfs (with QEMU: -initrd FILE)."
	}
	b := read(at, physical, count*pvhModule)
	if physical == 0 || b == nil {
		return "The boot loader's list of modules cannot be read; boot with another hypervisor."
	}
	info.StartInfo[1] = Range{physical, physical + count*pvhModule}
	for i := 0; i < int(count); i++ {
		start, size := le64(b, i*pvhModule), le64(b, i*pvhModule+8)
		if size == 0 {
			continue
		}
		if start == 0 || read(at, start, size) == nil {
			return "An initramfs that the boot loader passed lies outside of memory; give the machine more memory."
		}
		info.Modules[info.ModuleCount] = Range{start, start + size}
		info.ModuleCount++
	}
	return ""
}

func readCommandLine(info *Info, physical uint64, at func(physical, size uint64) []byte) Problem {
	if physical == 0 {
		return ""
	}
	// Page by page: what lies behind its NUL may not be memory.
	for end := physical; end-physical < maxCommandLine; {
		size := pageSize - end%pageSize
		b := read(at, end, size)
		if b == nil {
			return "The kernel command line cannot be read; boot with another hypervisor."
		}
		for i := range b {
			if b[i] == 0 {
				if end+uint64(i)-physical > maxCommandLine {
					break
				}
				info.CommandLine = Range{physical, end + uint64(i)}
				return ""
			}
		}
		end += size
	}
	return "The kernel command line is longer than 64 KiB or has no end; shorten it."
}

// read is at with its answer checked: exactly size bytes, or nil.
func read(at func(physical, size uint64) []byte, physical, size uint64) []byte {
	if size == 0 || physical+size < physical {
		return nil
	}
	b := at(physical, size)
	if uint64(len(b)) < size {
		return nil
	}
	return b[:size]
}

// le32 and le64 read a little-endian number that the caller knows to lie inside b. Of a slice of known
// length, the compiler makes one load.
func le32(b []byte, i int) uint32 {
	b = b[i : i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func le64(b []byte, i int) uint64 {
	b = b[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
