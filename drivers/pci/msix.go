//go:build amd64

package pci

import (
	"errors"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// Message control and the table's entries (6.8.2).
const (
	msixControl  = 0 // upper half of the capability's first double word
	msixTable    = 4
	msixEnable   = 1 << 31
	msixMaskAll  = 1 << 30
	msixCount    = 0x7FF
	msixEntry    = 16
	entryAddress = 0
	entryUpper   = 4
	entryData    = 8
	entryControl = 12
	entryMasked  = 1
)

// ErrNoMSIX says that a device cannot signal interrupts by messages.
var ErrNoMSIX = errors.New("the device has no MSI-X")

// MSIX is a device's table of messages.
type MSIX struct {
	table   unsafe.Pointer
	entries int
}

// EnableMSIX turns the device's messages on, with every entry masked until Set.
func (d *Device) EnableMSIX() (*MSIX, error) {
	offset, ok := d.Capability(CapabilityMSIX)
	if !ok || offset > 256-12 {
		return nil, ErrNoMSIX
	}
	control := d.Read32(offset + msixControl)
	where := d.Read32(offset + msixTable)
	entries := int(control>>16&msixCount) + 1
	table := d.Map(int(where&7), uint64(where&^7), uint64(entries*msixEntry))
	if table == nil {
		return nil, errors.New("the device's MSI-X table lies outside its memory")
	}
	m := &MSIX{table: table, entries: entries}
	d.Write32(offset+msixControl, control|msixEnable|msixMaskAll)
	m.maskAll()
	d.Write32(offset+msixControl, control&^msixMaskAll|msixEnable)
	return m, nil
}

func (m *MSIX) maskAll() {
	for i := range m.entries {
		cpu.Store32(m.at(i, entryControl), entryMasked)
	}
}

// Entries is how many messages the device has.
func (m *MSIX) Entries() int { return m.entries }

// Set makes entry send data to address, and unmasks it.
func (m *MSIX) Set(entry int, address uint64, data uint32) bool {
	if entry < 0 || entry >= m.entries {
		return false
	}
	cpu.Store32(m.at(entry, entryControl), entryMasked)
	cpu.Store32(m.at(entry, entryAddress), uint32(address))
	cpu.Store32(m.at(entry, entryUpper), uint32(address>>32))
	cpu.Store32(m.at(entry, entryData), data)
	cpu.Store32(m.at(entry, entryControl), 0)
	return true
}

func (m *MSIX) at(entry int, field uintptr) unsafe.Pointer {
	return unsafe.Add(m.table, uintptr(entry)*msixEntry+field)
}
