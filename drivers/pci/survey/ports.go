//go:build amd64

package survey

import "github.com/ringo-os/ringo/kernel/early/cpu"

// The ports of configuration mechanism #1 (3.2.2.3.2).
const (
	portAddress = 0xCF8
	portData    = 0xCFC
	enable      = 1 << 31
)

// Ports is configuration space as seen through mechanism #1. An access takes two ports: there is one at a
// time.
type Ports struct{}

// Present reports whether the machine has mechanism #1: the address port then keeps what is written to it.
func (Ports) Present() bool {
	before := cpu.In32(portAddress)
	cpu.Out32(portAddress, enable)
	found := cpu.In32(portAddress) == enable
	cpu.Out32(portAddress, before)
	return found
}

// Read implements Space.
func (Ports) Read(a Address, register uint8) uint32 {
	cpu.Out32(portAddress, location(a, register))
	return cpu.In32(portData)
}

// Write implements Space.
func (Ports) Write(a Address, register uint8, value uint32) {
	cpu.Out32(portAddress, location(a, register))
	cpu.Out32(portData, value)
}

func location(a Address, register uint8) uint32 {
	return enable | uint32(a.Bus)<<16 | uint32(a.Device&31)<<11 | uint32(a.Function&7)<<8 | uint32(register&^3)
}
