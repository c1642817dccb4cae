//go:build ringo

package runtime

// The console as far as print needs it, and the ways out.

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// Exit statuses that are not the program's.
const (
	exitBadMachine  = 120 // the machine or its command line will not do
	exitKernelPanic = 121 // a bug in the kernel
)

// statusPort is QEMU's debug console (-device isa-debugcon,iobase=0xe9), which reads as its own
// address where it exists. The exit status goes there: a virtual machine has no other way to tell.
const statusPort = 0xE9

var (
	consoleLock spinLock
	noIDT       pseudoDescriptor
)

// write1 is the runtime's own print, whatever stack it is on. The console's lock is taken on the
// system stack only: a goroutine's could have to grow, or be preempted, with interrupts off.
//
//go:nosplit
func write1(fd uintptr, p unsafe.Pointer, n int32) int32 {
	if n > 0 {
		p = noescape(p) // the console keeps nothing
		systemstack(func() {
			consoleWrite(unsafe.Slice((*byte)(p), int(n)))
		})
	}
	return n
}

// consoleWrite runs on a system stack.
func consoleWrite(p []byte) {
	flags := consoleLock.lock()
	serial.Write(p)
	consoleLock.unlock(flags)
}

//go:linkname machine_ConsoleWrite github.com/ringo-os/ringo/kernel/machine.ConsoleWrite
func machine_ConsoleWrite(p []byte) {
	// In pieces: interrupts are off while the port takes its time.
	for len(p) > 0 {
		n := min(len(p), 64)
		piece := p[:n]
		systemstack(func() { consoleWrite(piece) })
		p = p[n:]
	}
}

//go:linkname machine_ConsoleRead github.com/ringo-os/ringo/kernel/machine.ConsoleRead
func machine_ConsoleRead(p []byte) int {
	c := &consoleInput
	n := 0
	systemstack(func() {
		flags := cpu.SaveAndDisable()
		for ; n < len(p) && c.tail != c.head; n++ {
			p[n] = c.ring[c.tail%uint32(len(c.ring))]
			c.tail++
		}
		cpu.Restore(flags)
	})
	return n
}

//go:linkname machine_Exit github.com/ringo-os/ringo/kernel/machine.Exit
func machine_Exit(status int32) { exit(status) }

//go:nosplit
func exit(code int32) {
	systemstack(func() { powerOff(code) })
}

// powerOff tells the host the status and turns the machine off.
func powerOff(status int32) {
	cpu.DisableInterrupts()
	if cpu.In8(statusPort) == statusPort {
		var digits [8]byte
		i := len(digits) - 1
		digits[i] = '\n'
		for v := uint8(status); ; v /= 10 {
			i--
			digits[i] = '0' + v%10
			if v < 10 {
				break
			}
		}
		for _, b := range []byte("exit ") {
			cpu.Out8(statusPort, b)
		}
		for _, b := range digits[i:] {
			cpu.Out8(statusPort, b)
		}
	}
	firmware.PowerOff(physicalMemory)
	firmware.Reset(physicalMemory)
	// A triple fault: no interrupt descriptor table to handle the breakpoint with.
	cpu.LoadIDT(unsafe.Pointer(&noIDT.limit))
	breakpoint()
	cpu.Stop()
}
