//go:build ringo

package runtime

// The machine from its first instruction in long mode to rt0_go: one core, no allocator, no P.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/drivers/acpi"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/drivers/rtc"
	"github.com/ringo-os/ringo/drivers/uart"
	"github.com/ringo-os/ringo/kernel/early/apic"
	"github.com/ringo-os/ringo/kernel/early/clock"
	"github.com/ringo-os/ringo/kernel/early/cpu"
)

const (
	// bootTableCount tables map the first 4 GiB until the kernel's own tables are made.
	bootTableCount = 6
	// bootStackSize is g0's stack as rt0_go wants it (64 KiB), what lies above it there, and room
	// to make the lowest page a guard page.
	bootStackSize = 64<<10 + 8<<10 + 2*4096
)

var (
	bootTables [(bootTableCount + 1) * 4096]byte
	bootStack  [bootStackSize]byte

	bootInfo    boot.Info
	commandLine boot.CommandLine
	firmware    acpi.Machine
	functions   survey.Survey // on the PCI buses
	machineTSC  uint64        // at the kernel's first Go instruction
	systemClock clock.Clock
	localAPIC   apic.Local
	ioAPICs     [acpi.MaxIOAPICs]apic.IO
	clockSource string // where systemClock's frequency comes from
	clockGauge  clock.Gauge
	clockRefine atomic.Int64 // when to measure it again, 0 for never
	useXSAVE    bool
	vectorSize  uintptr // of XSAVE's area
	vectorMask  uint64  // XCR0
)

// startMachine makes the machine ready for the runtime, once the image is where it stays (image.go), and
// returns what a process finds on its stack.
func startMachine() (argc int32, argv **byte) {
	startTraps() // again: the tables have addresses in them
	startMemory()
	lack := startFirmware()
	clockGauge.Begin(firmware.PMTimer) // startClock waits for what is left
	readCommandLine()
	if lack != "" {
		print("ringo: ", string(lack), " One core is used, and the console takes no input.\n")
	}
	placeProgram()
	startLocalAPIC()
	startNodes()
	startThreads()
	startSystemCalls()
	startClock()
	startInterrupts()
	if ports := (survey.Ports{}); ports.Present() {
		functions.Read(ports) // package survey says why now
	}
	startCores()
	argc, argv = processVector()
	debugBoot()
	return argc, argv
}

// lowMemory reads physical memory through the boot page tables: the first 4 GiB but page 0's first
// byte, which Go would take for a nil pointer.
func lowMemory(physical, size uint64) []byte {
	if physical == 0 || size > 4<<30 || physical > 4<<30-size {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(physical))), int(size))
}

// readCommandLine parses the command line and applies the words that matter this early.
func readCommandLine() {
	r := bootInfo.CommandLine
	length := int(r.End - r.Start)
	if length == 0 {
		return
	}
	line := unsafe.Slice((*byte)(directMap(r.Start)), length)
	size := uint64(boot.CommandLineBuffer(length))
	buffer := unsafe.Slice((*byte)(bootPages(size)), int(size))
	problem := boot.ParseCommandLine(&commandLine, line, buffer)
	if value, ok := commandLine.Value("console"); ok {
		if port, on, ok := boot.ParseConsole(value); ok && !on {
			serial = uart.UART{}
		} else if ok && port != uart.COM1 {
			serial.Init(port)
		}
	}
	if value, ok := commandLine.Value("memory"); ok {
		if limit, ok := boot.ParseSize(value); ok {
			frames.Reserve(boot.Range{Start: (limit + 4095) &^ 4095, End: 1 << 52})
		}
	}
	if problem == "" {
		return
	}
	print("ringo: ", string(problem))
	if len(commandLine.Bad) > 0 {
		print(" The word is ", unsafe.String(&commandLine.Bad[0], len(commandLine.Bad)), ".")
	}
	if commandLine.Suggestion != "" {
		print(" Did you mean ", commandLine.Suggestion, "?")
	}
	print("\n")
	powerOff(exitBadMachine)
}

// startFirmware reads what the firmware tells of the machine. Without ACPI, or if that has no word on
// cores, there is an older table; without both, one core can be used, and no interrupt controller: lack
// says so, "" if all is well.
func startFirmware() (lack boot.Problem) {
	problem := acpi.Read(&firmware, bootInfo.RSDP, physicalMemory)
	if firmware.CoreCount > 0 || acpi.ReadMP(&firmware, physicalMemory) {
		return ""
	}
	if problem == "" {
		return "The firmware lists no cores, neither with ACPI nor in an MP table."
	}
	return problem
}

// startVectors turns on the state of AVX and AVX-512 where the processor has it, and the
// instructions that set FS.
func startVectors() {
	const (
		cr4FSGSBASE = 1 << 16
		cr4OSXSAVE  = 1 << 18
		cr4UMIP     = 1 << 11
		cr4SMEP     = 1 << 20
	)
	_, _, c, _ := cpu.ID(1, 0)
	_, b7, c7, _ := cpu.ID(7, 0)
	cr4 := cpu.ReadCR4()
	if b7&1 != 0 {
		cr4 |= cr4FSGSBASE
	}
	if c7&(1<<2) != 0 {
		cr4 |= cr4UMIP
	}
	if b7&(1<<7) != 0 {
		cr4 |= cr4SMEP
	}
	if c&(1<<26) == 0 {
		cpu.WriteCR4(cr4)
		vectorSize = 512
		return
	}
	cpu.WriteCR4(cr4 | cr4OSXSAVE)
	// Intel SDM vol. 1, 13.3: x87, SSE, AVX, and AVX-512's three. No others: their state would not
	// fit in a thread's page.
	low, _, _, _ := cpu.ID(13, 0)
	mask := uint64(low) & 0x7
	if low&0xE0 == 0xE0 && b7&(1<<16) != 0 {
		mask |= 0xE0
	}
	cpu.SetXCR0(mask)
	vectorMask = mask
	_, size, _, _ := cpu.ID(13, 0)
	vectorSize = uintptr(size)
	useXSAVE = true
}

// startClock starts the monotonic clock at the kernel's first instruction, and sets the wall clock.
func startClock() {
	frequency, source, _, problem := clockGauge.Measure(firmware.PMTimer)
	if problem != "" {
		stopBoot(problem)
	}
	clockSource = string(source)
	systemClock.Init(frequency, machineTSC)
	clockRefine.Store(1_000_000_000)
	if seconds, ok := rtc.Read(firmware.Century); ok {
		systemClock.SetWall(seconds*1_000_000_000 + commandLine.ClockFraction())
	}
}

// processVector returns the program's arguments, environment and auxiliary vector in the layout
// that rt0_go expects (System V ABI, AMD64 supplement, 3.4.1).
func processVector() (argc int32, argv **byte) {
	words := commandLine.VectorLength()
	size := uint64(words+1) * 8
	vector := unsafe.Slice((**byte)(bootPages(size)), words)
	if !commandLine.FillVector(vector) {
		stopBoot("the program's arguments do not fit: shorten the kernel command line")
	}
	return int32(commandLine.ArgumentCount()), &vector[0]
}

// stopBoot ends the machine with a sentence.
func stopBoot(p boot.Problem) {
	print("ringo: ", string(p), "\n")
	powerOff(exitBadMachine)
}
