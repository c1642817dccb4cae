//go:build ringo

package thread

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// This returns the calling core. The caller keeps interrupts off for as long as it uses the answer.
func This() *Core

// Current returns the calling thread.
func Current() *Thread

// switchTo leaves from for to and releases the core's lock; it returns when something switches back.
func switchTo(from, to *Thread)

// msrGSBase is IA32_GS_BASE (Intel SDM vol. 4, table 2-2).
const msrGSBase = 0xC0000101

func setBase(c *Core) { cpu.WriteMSR(msrGSBase, uint64(uintptr(unsafe.Pointer(c)))) }

func saveAndDisable() (flags uint64) { return cpu.SaveAndDisable() }
func restore(flags uint64)           { cpu.Restore(flags) }
func waitForInterrupt()              { cpu.WaitForInterrupt() }
func interruptWindow()               { cpu.InterruptWindow() }
func dropTranslations()              { cpu.WriteCR3(cpu.ReadCR3()) }
func pause()                         { cpu.Pause() }

// step stands where other cores matter without a lock: the model on the host lets them go on there.
func step() {}
