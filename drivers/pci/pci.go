//go:build amd64

// Package pci finds the devices on the PCI bus and gives access to what a driver needs of them:
// configuration space, base addresses, capabilities and message-signalled interrupts. Nothing is
// assigned here: firmware did that.
//
// Section numbers are those of the PCI Local Bus Specification 3.0. What devices answer is not
// trusted: every walk is bounded.
package pci

import "fmt"

// An Address says where on the buses a function sits.
type Address struct {
	Bus, Device, Function uint8
}

func (a Address) String() string {
	return fmt.Sprintf("%02x:%02x.%d", a.Bus, a.Device, a.Function)
}

// A Space is configuration space, read and written in aligned double words.
type Space interface {
	Read(a Address, register uint8) uint32
	Write(a Address, register uint8, value uint32)
}

// Registers of the header that all functions have (6.1).
const (
	registerID       = 0x00
	registerCommand  = 0x04
	registerClass    = 0x08
	registerHeader   = 0x0C
	registerBAR      = 0x10
	registerBuses    = 0x18 // bridges: primary, secondary, subordinate (PCI-to-PCI bridge 1.2, 3.2.5)
	registerCapacity = 0x34
)

// Bits of the command and status registers (6.2.2, 6.2.3).
const (
	commandIO           = 1 << 0
	commandMemory       = 1 << 1
	commandMaster       = 1 << 2
	commandNoINTx       = 1 << 10
	statusCapabilities  = 1 << 20
	multipleFunctions   = 0x80
	headerTypeBridge    = 1
	classBridgePCI      = 0x0604
	noDevice            = 0xFFFF
	firstCapability     = 0x40
	maximumCapabilities = (256 - firstCapability) / 4
)

// A Device is one function that answered.
type Device struct {
	Address
	Vendor, ID uint16
	// Class is base class, subclass and programming interface (appendix D).
	Class  uint32
	Header uint8

	space Space
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

// Enable lets the device answer at its memory addresses and access memory itself, and turns its
// legacy interrupt pin off (6.2.2).
func (d *Device) Enable() {
	d.setCommand(commandMemory|commandMaster|commandNoINTx, 0)
}

// setCommand changes bits of the command register. The status register in the upper half clears
// the bits that are written as one, so zeros go there.
func (d *Device) setCommand(set, clear uint32) (before uint32) {
	before = d.Read32(registerCommand) & 0xFFFF
	d.Write32(registerCommand, before&^clear|set)
	return before
}
