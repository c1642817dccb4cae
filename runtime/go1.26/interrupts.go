//go:build ringo

package runtime

// Interrupt controllers and vectors.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/uart"
	"github.com/ringo-os/ringo/kernel/early/apic"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The vectors. Exceptions have the first 32 (Intel SDM vol. 3, 6.3.1).
const (
	vectorTimer       = 32
	vectorConsole     = 33
	vectorKick        = 34
	vectorStuck       = 35 // stuckEntry's
	vectorFirstDevice = 40
	vectorLastDevice  = 62
	vectorSpurious    = 63
	vectorCount       = 64
)

var (
	nextDeviceVector uint8 = vectorFirstDevice
	// vectorSources is the list of sources that each vector announces, prepended to by register,
	// followed by interrupt handlers.
	vectorSources [vectorCount]*machine.Source

	interruptCount uint64
	serial         uart.UART
	consoleSource  machine.Source
	consoleInput   struct { // guarded by consoleLock
		ring       [1024]byte
		head, tail uint32
		full       bool // the serial port keeps the rest, and does not interrupt
	}
)

// startLocalAPIC takes over the boot core's interrupt controller. Interrupts are off. Its timer begins to
// be calibrated, which startInterrupts completes.
func startLocalAPIC() {
	base := firmware.LocalAPIC
	if base == 0 {
		base = apic.DefaultAddress
	}
	if firmware.LegacyPIC || firmware.CoreCount == 0 {
		apic.MaskLegacy()
	}
	vectors := apic.Vectors{Timer: vectorTimer, Error: vectorSpurious, Spurious: vectorSpurious}
	if p := localAPIC.Init(mapDevice(base, 4096), vectors); p != "" {
		stopBoot(p)
	}
	localAPIC.Enable()
	bootAPIC = localAPIC.ID()
	localAPIC.StartCalibration()
}

// startInterrupts sets the timer and the I/O APICs up. Interrupts are off, and the clock runs.
func startInterrupts() {
	if p := localAPIC.Calibrate(&systemClock); p != "" {
		stopBoot(p)
	}
	for i := range firmware.IOAPICs[:firmware.IOAPICCount] {
		io := &firmware.IOAPICs[i]
		ioAPICs[i].Init(mapDevice(io.Address, 4096), io.GSIBase)
	}
	if serial.Present() {
		consoleSource.Vector = vectorConsole
		sources = &consoleSource
		gsi, level, low := firmware.Route(4)
		if machine_RouteInterrupt(gsi, vectorConsole, level, low) {
			serial.EnableReceiveInterrupt()
			tellHost([]byte("ready\n"))
		}
	}
}

// interrupt handles what is no exception. It returns the thread to go on with, nil for the
// interrupted one. Interrupts are off, on the core's interrupt stack.
//
//go:nowritebarrierrec
func interrupt(r *thread.Registers, vectors unsafe.Pointer, gp *g) *thread.Thread {
	atomic.Xadd64(&interruptCount, 1)
	core := thread.This()
	if r.Vector == vectorStuck {
		confirm(r, gp)
		return nil
	}
	core.Attend()
	giveWay := false
	switch v := r.Vector; {
	case v == vectorSpurious:
		return nil // not in service: no EOI
	case v == vectorTimer:
		localAPIC.EOI()
		refineClock()
		profileTick(r, gp)
		giveWay = core.Tick()
		provoke()
	case v == vectorKick:
		localAPIC.EOI()
		core.Kicked()
		core.AnswerPreempt(r)
		if atomic.Cas(&coreOf(core).dumpWanted, 1, 0) {
			dumpOnRequest(r, gp)
		}
	case v == vectorConsole:
		flags := consoleLock.lock()
		receiveConsole()
		consoleLock.unlock(flags)
		localAPIC.EOI()
		announce(&consoleSource)
	default:
		for s := vectorSources[v]; s != nil; s = s.NextOnVector {
			if s.Status != nil {
				// VIRTIO 1.2, 4.2.2: the line stays up until the bits are acknowledged.
				if bits := cpu.Load32(s.Status); bits != 0 {
					cpu.Store32(s.Acknowledge, bits)
				}
			}
			if s.StatusPort != 0 {
				if bits := cpu.In16(s.StatusPort); bits != 0 {
					cpu.Out16(s.StatusPort, bits)
					atomic.Or(&s.Bits, uint32(bits))
				}
			}
			announce(s)
		}
		localAPIC.EOI()
	}
	if giveWay || core.Idle() && thread.Contended() {
		return core.Preempt(r, vectors, vectorSize)
	}
	return nil
}

// receiveConsole moves what the serial port received into the ring. When that is full the rest stays
// in the port, so that the sender waits, until a reader has made room and calls this. The caller holds
// consoleLock.
func receiveConsole() {
	c := &consoleInput
	for c.head-c.tail < uint32(len(c.ring)) {
		b, ok := serial.Receive()
		if !ok {
			if c.full {
				c.full = false
				serial.EnableReceiveInterrupt()
			}
			return
		}
		c.ring[c.head%uint32(len(c.ring))] = b
		c.head++
	}
	if !c.full {
		c.full = true
		serial.DisableReceiveInterrupt()
	}
}

// interruptLock guards the vectors and the I/O APICs.
var interruptLock spinLock

//go:linkname machine_AllocateVector github.com/ringo-os/ringo/kernel/machine.AllocateVector
func machine_AllocateVector() (vector uint8) {
	systemstack(func() {
		flags := interruptLock.lock()
		if nextDeviceVector <= vectorLastDevice {
			vector = nextDeviceVector
			nextDeviceVector++
		}
		interruptLock.unlock(flags)
	})
	return vector
}

// machine_MSI composes a message for the boot core (Intel SDM vol. 3, 11.11): fixed delivery,
// edge-triggered.
//
//go:linkname machine_MSI github.com/ringo-os/ringo/kernel/machine.MSI
func machine_MSI(vector uint8) (address uint64, data uint32) {
	return 0xFEE00000 | uint64(bootAPIC&0xFF)<<12, uint32(vector)
}

// bootAPIC is the boot core's APIC ID.
var bootAPIC uint32

//go:linkname machine_RouteInterrupt github.com/ringo-os/ringo/kernel/machine.RouteInterrupt
func machine_RouteInterrupt(gsi uint32, vector uint8, level, activeLow bool) (ok bool) {
	systemstack(func() {
		flags := interruptLock.lock()
		for i := range ioAPICs[:firmware.IOAPICCount] {
			if ioAPICs[i].Has(gsi) {
				ok = ioAPICs[i].Set(gsi, apic.Route{
					Vector: vector, Destination: bootAPIC, Level: level, ActiveLow: activeLow,
				})
				break
			}
		}
		interruptLock.unlock(flags)
	})
	return ok
}
