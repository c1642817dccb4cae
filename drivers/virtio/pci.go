//go:build amd64

package virtio

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/pci"
	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Identification of virtio devices on PCI (4.1.2).
const (
	firstModern       = 0x1040
	lastModern        = 0x107F
	firstTransitional = 0x1000
	lastTransitional  = 0x103F
)

// transitional gives the kinds of transitional device IDs from the first on (4.1.2.1).
var transitional = [...]Kind{0: Network, 1: Block, 2: Balloon, 3: Console, 5: Entropy}

// The structures that vendor capabilities locate (4.1.4).
const (
	structureCommon = 1
	structureNotify = 2
	structureDevice = 4
	structures      = 5

	capabilityType   = 3
	capabilityBAR    = 4
	capabilityOffset = 8
	capabilityLength = 12
	capabilityExtra  = 16 // notify_off_multiplier (4.1.4.4)
	capabilitySize   = 20
)

// The common configuration (4.1.4.3).
const (
	commonDeviceSelect = 0x00
	commonDevice       = 0x04
	commonDriverSelect = 0x08
	commonDriver       = 0x0C
	commonConfigVector = 0x10
	commonStatus       = 0x14
	commonGeneration   = 0x15
	commonQueueSelect  = 0x16
	commonQueueSize    = 0x18
	commonQueueVector  = 0x1A
	commonQueueEnable  = 0x1C
	commonQueueNotify  = 0x1E
	commonQueueTable   = 0x20
	commonQueueDriver  = 0x28
	commonQueueDevice  = 0x30
	commonSize         = 0x38

	noVector = 0xFFFF
)

// pciTransport is a device of version 1 on PCI.
type pciTransport struct {
	configuration
	device     *pci.Device
	kind       Kind
	common     unsafe.Pointer
	notify     unsafe.Pointer
	notifySize uint64
	multiplier uint32
	messages   *pci.MSIX
	nextEntry  int
}

// region is where a structure is.
type region struct {
	bar            int
	offset, length uint64
	extra          uint32
}

// FromPCI returns the transport to a virtio device on PCI, nil when d is none.
func FromPCI(d *pci.Device) (Transport, error) {
	if d.Vendor != survey.VendorVirtio {
		return nil, nil
	}
	var kind Kind
	switch {
	case d.ID >= firstModern && d.ID <= lastModern:
		kind = Kind(d.ID - firstModern)
	case d.ID >= firstTransitional && d.ID <= lastTransitional:
		if i := int(d.ID - firstTransitional); i < len(transitional) {
			kind = transitional[i]
		}
	default:
		return nil, nil
	}
	t := &pciTransport{device: d, kind: kind}
	found := locate(d)
	if found[structureCommon].length < commonSize || found[structureNotify].length == 0 {
		return nil, fmt.Errorf("the virtio device at %v is older than version 1 of the specification", d.Where())
	}
	d.Enable()
	t.common = mapRegion(d, found[structureCommon])
	t.notify = mapRegion(d, found[structureNotify])
	if t.common == nil || t.notify == nil {
		return nil, fmt.Errorf("the virtio device at %v has registers outside its memory", d.Where())
	}
	t.notifySize = found[structureNotify].length
	t.multiplier = found[structureNotify].extra
	if specific := mapRegion(d, found[structureDevice]); specific != nil {
		t.configuration = configuration{specific, int(min(found[structureDevice].length, 4096))}
	}
	return t, nil
}

// locate reads the vendor capabilities; the first one of each type counts (4.1.4.1).
func locate(d *pci.Device) (found [structures]region) {
	for id, offset := range d.Capabilities() {
		if id != pci.CapabilityVendor || int(offset)+capabilitySize > 256 {
			continue
		}
		kind := d.Read8(offset + capabilityType)
		if int(kind) >= structures || found[kind].length != 0 {
			continue
		}
		found[kind] = region{
			bar:    int(d.Read8(offset + capabilityBAR)),
			offset: uint64(d.Read32(offset + capabilityOffset)),
			length: uint64(d.Read32(offset + capabilityLength)),
			extra:  d.Read32(offset + capabilityExtra),
		}
	}
	return found
}

func mapRegion(d *pci.Device, r region) unsafe.Pointer {
	if r.length == 0 || r.offset%4 != 0 {
		return nil
	}
	return d.Map(r.bar, r.offset, r.length)
}

func (t *pciTransport) at(register uintptr) unsafe.Pointer { return unsafe.Add(t.common, register) }

func (t *pciTransport) Kind() Kind     { return t.kind }
func (t *pciTransport) Legacy() bool   { return false }
func (t *pciTransport) String() string { return "PCI " + t.device.Where() }

func (t *pciTransport) Features() uint64 {
	cpu.Store32(t.at(commonDeviceSelect), 0)
	low := cpu.Load32(t.at(commonDevice))
	cpu.Store32(t.at(commonDeviceSelect), 1)
	return uint64(cpu.Load32(t.at(commonDevice)))<<32 | uint64(low)
}

func (t *pciTransport) Accept(features uint64) {
	cpu.Store32(t.at(commonDriverSelect), 0)
	cpu.Store32(t.at(commonDriver), uint32(features))
	cpu.Store32(t.at(commonDriverSelect), 1)
	cpu.Store32(t.at(commonDriver), uint32(features>>32))
}

func (t *pciTransport) Status() uint8          { return cpu.Load8(t.at(commonStatus)) }
func (t *pciTransport) SetStatus(status uint8) { cpu.Store8(t.at(commonStatus), status) }
func (t *pciTransport) Generation() uint32     { return uint32(cpu.Load8(t.at(commonGeneration))) }

func (t *pciTransport) QueueLimit(index int) int {
	cpu.Store16(t.at(commonQueueSelect), uint16(index))
	return int(cpu.Load16(t.at(commonQueueSize)))
}

// Install implements Transport (4.1.5.1.3).
func (t *pciTransport) Install(q *Queue, interrupt bool) error {
	cpu.Store16(t.at(commonQueueSelect), uint16(q.index))
	cpu.Store16(t.at(commonQueueSize), q.size)
	table, available, used := q.Addresses()
	t.storePhysical(commonQueueTable, table)
	t.storePhysical(commonQueueDriver, available)
	t.storePhysical(commonQueueDevice, used)
	if err := t.installVector(q, interrupt); err != nil {
		return fmt.Errorf("virtio on %v: %w", t, err)
	}
	offset := uint64(cpu.Load16(t.at(commonQueueNotify))) * uint64(t.multiplier)
	if offset+2 > t.notifySize || offset%2 != 0 {
		return fmt.Errorf("virtio on %v: the doorbell of queue %d lies outside its region", t, q.index)
	}
	q.Attach(unsafe.Add(t.notify, offset), false)
	cpu.Store16(t.at(commonQueueEnable), 1)
	return nil
}

func (t *pciTransport) storePhysical(register uintptr, physical uint64) {
	cpu.Store32(t.at(register), uint32(physical))
	cpu.Store32(t.at(register+4), uint32(physical>>32))
}

func (t *pciTransport) installVector(q *Queue, interrupt bool) error {
	if !interrupt {
		cpu.Store16(t.at(commonQueueVector), noVector)
		return nil
	}
	if t.messages == nil {
		messages, err := t.device.EnableMSIX()
		if err != nil {
			return err
		}
		t.messages = messages
		cpu.Store16(t.at(commonConfigVector), noVector)
	}
	source, err := newSource(q)
	if err != nil {
		return err
	}
	entry := t.nextEntry
	address, data := machine.MSI(source.Vector)
	if !t.messages.Set(entry, address, data) {
		return errors.New("the device has no MSI-X entry left")
	}
	t.nextEntry++
	cpu.Store16(t.at(commonQueueVector), uint16(entry))
	if cpu.Load16(t.at(commonQueueVector)) != uint16(entry) {
		return errors.New("the device has no room for an interrupt") // 4.1.5.1.2
	}
	machine.Register(source)
	return nil
}
