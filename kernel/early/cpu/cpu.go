//go:build amd64

// Package cpu is the processor's instruction set as Go functions: what the kernel needs and Go
// has no words for. Each function is one instruction, or the few that make it usable.
//
// Early code: no function here allocates, blocks or needs a P. Outside the machine (in host unit
// tests) the privileged ones fault.
package cpu

import "unsafe"

// In8, In16 and In32 read an I/O port; Out8, Out16 and Out32 write one (Intel SDM vol. 1, ch. 19).
func In8(port uint16) uint8
func In16(port uint16) uint16
func In32(port uint16) uint32
func Out8(port uint16, value uint8)
func Out16(port uint16, value uint16)
func Out32(port uint16, value uint32)

// ReadMSR and WriteMSR access a model-specific register; one that the processor does not have
// raises a general-protection exception.
func ReadMSR(register uint32) uint64
func WriteMSR(register uint32, value uint64)

// ID executes CPUID.
func ID(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// TSC reads the time-stamp counter, after every earlier load has completed.
func TSC() uint64

// ReadCR2 returns the address of the last page fault.
func ReadCR2() uint64

// ReadCR0, ReadCR3, ReadCR4 and their writers access the control registers. Writing CR3 flushes
// the translations that are not global.
func ReadCR0() uint64
func ReadCR3() uint64
func ReadCR4() uint64
func WriteCR0(value uint64)
func WriteCR3(value uint64)
func WriteCR4(value uint64)

// InvalidatePage drops this core's cached translation of the page that holds address.
func InvalidatePage(address uintptr)

// EnableInterrupts sets IF, DisableInterrupts clears it.
func EnableInterrupts()
func DisableInterrupts()

// SaveAndDisable clears IF and returns the flags from before, for Restore.
func SaveAndDisable() (flags uint64)

// Restore sets IF to what it was in flags, as returned by SaveAndDisable.
func Restore(flags uint64)

// WaitForInterrupt enables interrupts and halts, so that an interrupt that is already pending
// cannot slip in between the two (STI holds interrupts off for one instruction); it returns after
// an interrupt, with interrupts disabled again.
func WaitForInterrupt()

// InterruptWindow lets in the interrupts that are pending.
func InterruptWindow()

// Stop disables interrupts and halts for ever.
func Stop()

// Pause tells the core that it is in a spin loop.
func Pause()

// Random reads RDRAND and Seed reads RDSEED; ok is the carry flag: false means no number this time.
// The caller has checked CPUID.
func Random() (value uint64, ok bool)
func Seed() (value uint64, ok bool)

// LoadGDT, LoadIDT and LoadTask load the descriptor tables' registers and the task register.
// The pointers are to the 10-byte pseudo-descriptors of Intel SDM vol. 3, 3.5.1.
func LoadGDT(pseudoDescriptor unsafe.Pointer)
func LoadIDT(pseudoDescriptor unsafe.Pointer)
func LoadTask(selector uint16)

// SetXCR0 executes XSETBV for register 0: which vector state XSAVE covers.
func SetXCR0(mask uint64)

// ZeroPages clears count 4 KiB pages from page on.
func ZeroPages(page unsafe.Pointer, count uintptr)

// Fence waits until every earlier load and store is done (MFENCE, LFENCE), even before a WRMSR
// that sends an interrupt: those of the x2APIC and the TSC deadline wait for nothing by themselves
// (Intel SDM vol. 3, 11.12.3).
func Fence()

// Load8 to Load32 and Store8 to Store32 access device memory: exactly one access of that width,
// never merged, moved or left out by the compiler.
func Load8(address unsafe.Pointer) uint8
func Load16(address unsafe.Pointer) uint16
func Load32(address unsafe.Pointer) uint32
func Store8(address unsafe.Pointer, value uint8)
func Store16(address unsafe.Pointer, value uint16)
func Store32(address unsafe.Pointer, value uint32)
