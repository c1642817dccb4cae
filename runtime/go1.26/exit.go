//go:build ringo

package runtime

// The console as far as print needs it, and the ways out.

import (
	"internal/runtime/atomic"
	"internal/runtime/exithook"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// Exit statuses that are not the program's.
const (
	exitBadMachine  = 120 // the machine or its command line will not do
	exitKernelPanic = 121 // a bug in the kernel
	exitStuck       = 122 // another one: a core that takes no interrupts, a lock that is not released
)

// statusPort is QEMU's debug console (-device isa-debugcon,iobase=0xe9), which reads as its own
// address where it exists. What the machine tells the host goes there, a line each: "ready", when
// the console takes input without losing any, and at the end "exit" with the program's exit status.
const statusPort = 0xE9

func tellHost(line []byte) {
	if cpu.In8(statusPort) != statusPort {
		return
	}
	for _, b := range line {
		cpu.Out8(statusPort, b)
	}
}

var (
	consoleLock spinLock
	noIDT       pseudoDescriptor
)

// write1 is the runtime's own print, whatever stack it is on. The console's lock is taken on the
// system stack only: a goroutine's could have to grow, or be preempted, with interrupts off.
//
// Another file than the console can be written from a goroutine only. What a heap dump writes is kept, and
// what a crash writes (debug.SetCrashOutput) is dropped: it would be gone with the machine anyway.
//
//go:nosplit
func write1(fd uintptr, p unsafe.Pointer, n int32) int32 {
	if n <= 0 {
		return n
	}
	data := noescape(p) // nothing here keeps it
	switch gp := getg(); {
	case fd == 1 || fd == 2:
		systemstack(func() {
			consoleWrite(unsafe.Slice((*byte)(data), int(n)))
		})
	case dumpfd != 0 && fd == dumpfd:
		systemstack(func() {
			keepDump(unsafe.Slice((*byte)(data), int(n)))
		})
	case gp.m.curg == gp && panicking.Load() == 0 && dispatch != nil:
		return writeFile(fd, data, n)
	}
	return n
}

// writeFile is called through a variable, so that the linker does not count its frames: a goroutine's stack
// may grow.
var writeFile = func(fd uintptr, p unsafe.Pointer, n int32) int32 {
	a := call.Arguments{
		Value: [6]uintptr{fd, uintptr(p), uintptr(n)},
		Stack: call.Stack{Low: uintptr(p), Size: uintptr(n), Then: uintptr(p), Now: p},
	}
	r, errno := dispatch(callWrite, (*call.Arguments)(noescape(unsafe.Pointer(&a))))
	if errno != 0 {
		return -int32(errno)
	}
	return int32(r)
}

// consoleWrite runs on a system stack.
func consoleWrite(p []byte) {
	flags := consoleLock.lock()
	serial.Write(p)
	tapped := tapOutput(p)
	consoleLock.unlock(flags)
	if tapped && panicking.Load() == 0 {
		announce(&outputTap.source)
	}
}

//go:linkname machine_ConsoleWrite github.com/ringo-os/ringo/kernel/machine.ConsoleWrite
func machine_ConsoleWrite(p []byte) {
	for len(p) > 0 {
		// In pieces: interrupts are off while the port takes its time.
		piece, n := p[:min(len(p), 64)], 0
		systemstack(func() {
			flags := consoleLock.lock()
			n = serial.Offer(piece)
			consoleLock.unlock(flags)
		})
		if p = p[n:]; n < len(piece) {
			timeSleep(2_000_000) // whoever reads at the other end is slow: the writer waits, not the machine
		}
	}
}

//go:linkname machine_ConsoleRead github.com/ringo-os/ringo/kernel/machine.ConsoleRead
func machine_ConsoleRead(p []byte) int {
	c := &consoleInput
	n := 0
	systemstack(func() {
		flags := consoleLock.lock()
		for ; n < len(p) && c.tail != c.head; n++ {
			p[n] = c.ring[c.tail%uint32(len(c.ring))]
			c.tail++
		}
		if c.full {
			receiveConsole()
		}
		consoleLock.unlock(flags)
	})
	return n
}

//go:linkname machine_Exit github.com/ringo-os/ringo/kernel/machine.Exit
func machine_Exit(status int32) {
	if beforeExit != nil {
		beforeExit()
	}
	exit(status)
}

// beforeExit is what the kernel does when the program ends, but not the runtime. Set once, while the kernel
// is initialised.
var beforeExit func()

//go:linkname machine_BeforeExit github.com/ringo-os/ringo/kernel/machine.BeforeExit
func machine_BeforeExit(f func()) {
	beforeExit = f
	// The first hook that is added is the last to run: behind that of package coverage, which writes a file.
	exithook.Add(exithook.Hook{F: f, RunOnFailure: true})
}

// beforePanicExit is called where a panic has run out of functions that could recover it, on its goroutine.
func beforePanicExit(p *_panic) {
	if panicText != nil {
		panicText(describePanic(p))
		lastWordsSaid.Store(1) // what the runtime prints now was just told
	}
	if beforeExit != nil {
		beforeExit()
	}
}

// lastWords is the kernel's way to tell what the runtime has said when it gave up. Set once, while the kernel is
// initialised.
var (
	lastWords     func()
	lastWordsSaid atomic.Uint32 // or there are none to say
)

//go:linkname machine_LastWords github.com/ringo-os/ringo/kernel/machine.LastWords
func machine_LastWords(f func()) { lastWords = f }

// atExit is the kernel's last word. Set once, while the kernel is initialised.
var atExit func()

//go:linkname machine_AtExit github.com/ringo-os/ringo/kernel/machine.AtExit
func machine_AtExit(f func()) { atExit = f }

//go:linkname machine_Print github.com/ringo-os/ringo/kernel/machine.Print
func machine_Print(p []byte) { write1(2, noescape(unsafe.Pointer(unsafe.SliceData(p))), int32(len(p))) }

// exiting is the m that ends the machine: the first to call exit, as exit_group's first caller ends a process. Others
// wait: they would tell the host another status, in the middle of the first.
var exiting atomic.Uintptr

//go:nosplit
func exit(code int32) {
	systemstack(func() {
		self := uintptr(unsafe.Pointer(getg().m))
		for !exiting.CompareAndSwap(0, self) && exiting.Load() != self {
			waitForEnd()
		}
		if lastWords != nil && getg().m.dying != 0 && lastWordsSaid.CompareAndSwap(0, 1) {
			lastWords()
		}
		if atExit != nil {
			atExit()
		}
		if mapsAtExit {
			printMemoryMap()
		}
		powerOff(code)
	})
}

// waitForEnd waits a little, in an interrupt handler too, while another m ends the machine.
func waitForEnd() {
	flags := cpu.SaveAndDisable()
	if flags&flagInterrupts == 0 {
		thread.This().Flush() // that m may wait for it
		cpu.Pause()
		return
	}
	cpu.Restore(flags)
	usleep(1000)
}

// powerOff tells the host the status and turns the machine off.
func powerOff(status int32) {
	cpu.DisableInterrupts()
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
	tellHost([]byte("exit "))
	tellHost(digits[i:])
	firmware.PowerOff(physicalMemory)
	firmware.Reset(physicalMemory)
	// A triple fault: no interrupt descriptor table to handle the breakpoint with.
	cpu.LoadIDT(unsafe.Pointer(&noIDT.limit))
	breakpoint()
	cpu.Stop()
}
