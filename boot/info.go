// Package boot turns what the machine's firmware or hypervisor left behind into one description of
// the machine: Info. Data moves one way, from the boot protocol to here to the kernel.
//
// Early code: nothing here allocates or needs a P.
package boot

// Kind says what a range of physical addresses is good for.
type Kind uint32

// The kinds of memory, with the numbers of the E820 map (ACPI 6.5, 15.1), which PVH uses too.
const (
	Usable Kind = 1 + iota
	Reserved
	ACPIReclaimable
	ACPINonVolatile
	Unusable
)

// A Range is the physical addresses [Start, End).
type Range struct {
	Start, End uint64
}

// A Region is a range of the memory map.
type Region struct {
	Range
	Kind Kind
}

// Limits of an Info, which is of fixed size because it is filled before there is an allocator.
const (
	MaxRegions = 128
	MaxModules = 8
)

// Info describes the machine.
type Info struct {
	// Regions[:RegionCount] is the memory map: sorted, without overlaps or empty regions.
	Regions     [MaxRegions]Region
	RegionCount int
	// Modules[:ModuleCount] are the files that the boot loader put in memory; the first is the
	// initramfs.
	Modules     [MaxModules]Range
	ModuleCount int
	// CommandLine is where the kernel command line is, without its NUL.
	CommandLine Range
	// StartInfo is the memory that the boot protocol's own structures take: start info, module
	// list, memory map. Nothing may be allocated there while Info is being read.
	StartInfo [4]Range
	// RSDP is the physical address of ACPI's root pointer, 0 when the protocol did not say.
	RSDP uint64
}
