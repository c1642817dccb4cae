//go:build amd64

// Package pci gives access to what a driver needs of a function on the PCI bus: configuration space, base
// addresses, capabilities and message-signalled interrupts. What functions there are, package survey has found
// out at boot.
//
// Section numbers are those of the PCI Local Bus Specification 3.0. What devices answer is not trusted:
// every walk is bounded.
package pci

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/pci/survey"
	"github.com/ringo-os/ringo/kernel/machine"
)

const (
	registerCapacity = 0x34

	// Bits of the command and status registers (6.2.2, 6.2.3).
	commandMaster      = 1 << 2
	commandNoINTx      = 1 << 10
	statusCapabilities = 1 << 20

	firstCapability     = 0x40
	maximumCapabilities = (256 - firstCapability) / 4
)

// A Device is a function that answered.
type Device struct {
	survey.Function
	space survey.Space
}

// Devices returns what a survey has found in space.
func Devices(s *survey.Survey, space survey.Space) []*Device {
	found := make([]*Device, 0, s.Count)
	for _, f := range s.Functions[:s.Count] {
		found = append(found, &Device{f, space})
	}
	return found
}

// Where is the device's address as the specification writes it.
func (d *Device) Where() string {
	return fmt.Sprintf("%02x:%02x.%d", d.Address.Bus, d.Address.Device, d.Address.Function)
}

// Read8, Read16 and Read32 read the configuration register at offset, which must be aligned.
func (d *Device) Read8(offset uint8) uint8 {
	return uint8(d.space.Read(d.Address, offset&^3) >> (offset & 3 * 8))
}

// Read16 reads 16 bits, as Read8 does.
func (d *Device) Read16(offset uint8) uint16 {
	return uint16(d.space.Read(d.Address, offset&^3) >> (offset & 2 * 8))
}

// Read32 reads 32 bits, as Read8 does.
func (d *Device) Read32(offset uint8) uint32 { return d.space.Read(d.Address, offset&^3) }

// Write32 writes a configuration register.
func (d *Device) Write32(offset uint8, value uint32) { d.space.Write(d.Address, offset&^3, value) }

// Enable lets the device answer at its memory addresses, which firmware usually has done already, and access
// memory itself, and turns its legacy interrupt pin off (6.2.2). The status register in the upper half clears
// the bits that are written as one, so zeros go there.
func (d *Device) Enable() {
	command := d.Read32(survey.RegisterCommand) & 0xFFFF
	d.Write32(survey.RegisterCommand, command|survey.CommandMemory|commandMaster|commandNoINTx)
}

// Map maps length bytes at offset of memory region index; nil when the region is not that large.
func (d *Device) Map(index int, offset, length uint64) unsafe.Pointer {
	if index < 0 || index >= len(d.Regions) {
		return nil
	}
	region := d.Regions[index]
	if region.IO || offset > region.Size || length > region.Size-offset || length == 0 {
		return nil
	}
	return machine.MapDevice(region.Base+offset, uintptr(length))
}

// Ports is configuration mechanism #1 (3.2.2.3.2) for all cores.
type Ports struct {
	mu    sync.Mutex
	ports survey.Ports
}

// Read implements survey.Space.
func (p *Ports) Read(a survey.Address, register uint8) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ports.Read(a, register)
}

// Write implements survey.Space.
func (p *Ports) Write(a survey.Address, register uint8, value uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports.Write(a, register, value)
}
