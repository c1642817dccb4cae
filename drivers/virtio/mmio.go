//go:build amd64

package virtio

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The registers of a memory-mapped device (4.2.2), and those that only legacy devices have (4.2.4).
const (
	mmioMagic          = 0x000
	mmioVersion        = 0x004
	mmioDevice         = 0x008
	mmioFeatures       = 0x010
	mmioFeaturesSelect = 0x014
	mmioAccept         = 0x020
	mmioAcceptSelect   = 0x024
	mmioPageSize       = 0x028 // legacy
	mmioQueueSelect    = 0x030
	mmioQueueLimit     = 0x034
	mmioQueueSize      = 0x038
	mmioQueueAlign     = 0x03C // legacy
	mmioQueuePage      = 0x040 // legacy
	mmioQueueReady     = 0x044
	mmioNotify         = 0x050
	mmioInterrupts     = 0x060
	mmioAcknowledge    = 0x064
	mmioStatus         = 0x070
	mmioQueueTable     = 0x080
	mmioQueueDriver    = 0x090
	mmioQueueDevice    = 0x0A0
	mmioGeneration     = 0x0FC
	mmioConfig         = 0x100
	mmioSmallest       = 0x200

	magic         = 0x74726976 // "virt"
	versionLegacy = 1
	versionModern = 2
)

// A Window is a place where a memory-mapped device may be, as firmware or the kernel command line
// tells (4.2.1).
type Window struct {
	Base, Size uint64
	// Interrupt is the global system interrupt, with its trigger mode and polarity.
	Interrupt        uint32
	Level, ActiveLow bool
}

// mmioTransport is a device in a window.
type mmioTransport struct {
	configuration
	window      Window
	registers   unsafe.Pointer
	kind        Kind
	legacy      bool
	interrupted bool // its one interrupt is in use
}

// FromWindow returns the transport to the device in a window, nil when the window is empty.
func FromWindow(w Window) (Transport, error) {
	if w.Size < mmioSmallest || w.Base%4 != 0 {
		return nil, fmt.Errorf("a virtio window of %d bytes at %#x cannot be", w.Size, w.Base)
	}
	registers := machine.MapDevice(w.Base, uintptr(w.Size))
	if registers == nil {
		return nil, fmt.Errorf("the virtio window at %#x cannot be mapped", w.Base)
	}
	return fromRegisters(w, registers)
}

func fromRegisters(w Window, registers unsafe.Pointer) (Transport, error) {
	t := &mmioTransport{window: w, registers: registers}
	t.configuration = configuration{unsafe.Add(registers, mmioConfig), int(min(w.Size, 4096)) - mmioConfig}
	if t.load(mmioMagic) != magic {
		return nil, fmt.Errorf("there is no virtio device at %#x", w.Base)
	}
	t.kind = Kind(t.load(mmioDevice))
	if t.kind == 0 { // a place holder (4.2.2)
		return nil, nil
	}
	switch version := t.load(mmioVersion); version {
	case versionLegacy:
		t.legacy = true
	case versionModern:
	default:
		return nil, fmt.Errorf("the virtio device at %#x has version %d", w.Base, version)
	}
	return t, nil
}

func (t *mmioTransport) load(register uintptr) uint32 {
	return cpu.Load32(unsafe.Add(t.registers, register))
}

func (t *mmioTransport) store(register uintptr, value uint32) {
	cpu.Store32(unsafe.Add(t.registers, register), value)
}

func (t *mmioTransport) Kind() Kind             { return t.kind }
func (t *mmioTransport) Legacy() bool           { return t.legacy }
func (t *mmioTransport) String() string         { return fmt.Sprintf("MMIO %#x", t.window.Base) }
func (t *mmioTransport) Status() uint8          { return uint8(t.load(mmioStatus)) }
func (t *mmioTransport) SetStatus(status uint8) { t.store(mmioStatus, uint32(status)) }

func (t *mmioTransport) Generation() uint32 {
	if t.legacy {
		return 0
	}
	return t.load(mmioGeneration)
}

func (t *mmioTransport) Features() uint64 {
	t.store(mmioFeaturesSelect, 0)
	low := t.load(mmioFeatures)
	if t.legacy {
		return uint64(low)
	}
	t.store(mmioFeaturesSelect, 1)
	return uint64(t.load(mmioFeatures))<<32 | uint64(low)
}

func (t *mmioTransport) Accept(features uint64) {
	t.store(mmioAcceptSelect, 0)
	t.store(mmioAccept, uint32(features))
	if !t.legacy {
		t.store(mmioAcceptSelect, 1)
		t.store(mmioAccept, uint32(features>>32))
	}
}

func (t *mmioTransport) QueueLimit(index int) int {
	t.store(mmioQueueSelect, uint32(index))
	return int(min(t.load(mmioQueueLimit), 1<<15)) // 2.7: at most 32768
}

// Install implements Transport (4.2.3.2; 4.2.4 for legacy devices).
func (t *mmioTransport) Install(q *Queue, interrupt bool) error {
	if interrupt {
		if err := t.installInterrupt(q); err != nil {
			return fmt.Errorf("virtio on %v: %w", t, err)
		}
	}
	q.Attach(unsafe.Add(t.registers, mmioNotify), true)
	t.store(mmioQueueSelect, uint32(q.index))
	t.store(mmioQueueSize, uint32(q.size))
	if t.legacy {
		if q.physical>>44 != 0 {
			return fmt.Errorf("virtio on %v: a virtqueue beyond 16 TiB", t)
		}
		t.store(mmioPageSize, legacyPage)
		t.store(mmioQueueAlign, usedAlign)
		t.store(mmioQueuePage, uint32(q.physical/legacyPage))
		return nil
	}
	table, available, used := q.Addresses()
	t.storePhysical(mmioQueueTable, table)
	t.storePhysical(mmioQueueDriver, available)
	t.storePhysical(mmioQueueDevice, used)
	t.store(mmioQueueReady, 1)
	return nil
}

func (t *mmioTransport) storePhysical(register uintptr, physical uint64) {
	t.store(register, uint32(physical))
	t.store(register+4, uint32(physical>>32))
}

func (t *mmioTransport) installInterrupt(q *Queue) error {
	if t.interrupted {
		return errors.New("the device has one interrupt for all its queues")
	}
	source, err := newSource(q)
	if err != nil {
		return err
	}
	source.Status = unsafe.Add(t.registers, mmioInterrupts)
	source.Acknowledge = unsafe.Add(t.registers, mmioAcknowledge)
	if !machine.RouteInterrupt(t.window.Interrupt, source.Vector, t.window.Level, t.window.ActiveLow) {
		return fmt.Errorf("no I/O APIC has interrupt %d", t.window.Interrupt)
	}
	machine.Register(source)
	t.interrupted = true
	return nil
}
