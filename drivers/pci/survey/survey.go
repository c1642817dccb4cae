//go:build amd64

// Package survey looks once, at boot, which functions are on the PCI buses and where those that there are
// drivers for answer. Nothing is assigned: firmware did that.
//
// It must be done before other cores run. A region is measured by moving it (6.2.5.1), and while regions
// move, QEMU before 8.1.1 may lead another core's access to its local APIC to some other device: that core
// loses an interrupt, or QEMU ends with a failed assertion ("softmmu: Use async_run_on_cpu in tcg_commit"
// is the change that mended it).
//
// Section numbers are those of the PCI Local Bus Specification 3.0. What devices answer is not trusted:
// every walk is bounded.
//
// Early code.
package survey

// An Address says where on the buses a function sits.
type Address struct {
	Bus, Device, Function uint8
}

// A Space is configuration space, read and written in aligned double words.
type Space interface {
	Read(a Address, register uint8) uint32
	Write(a Address, register uint8, value uint32)
}

// Registers of the header that all functions have (6.1).
const (
	registerID      = 0x00
	RegisterCommand = 0x04 // and status
	registerClass   = 0x08
	registerHeader  = 0x0C
	registerBAR     = 0x10
	registerBuses   = 0x18 // bridges: primary, secondary, subordinate (PCI-to-PCI bridge 1.2, 3.2.5)
)

// Bits of the command register (6.2.2).
const (
	CommandIO     = 1 << 0
	CommandMemory = 1 << 1
)

const (
	multipleFunctions = 0x80 // in the header type
	headerTypeDevice  = 0
	headerTypeBridge  = 1
	classBridgePCI    = 0x0604
	noDevice          = 0xFFFF
)

// VendorVirtio is the vendor of the functions whose regions are measured: other drivers there are none.
const VendorVirtio = 0x1AF4

// Limits of a Survey, which is of fixed size because it is filled before there is an allocator.
const (
	MaxFunctions = 64
	MaxRegions   = 6
)

// A Function is a function that answered.
type Function struct {
	Address
	Vendor, ID uint16
	// Class is base class, subclass and programming interface (appendix D).
	Class  uint32
	Header uint8
	// Regions are those of the base address registers, the zero Region where there is none, firmware gave it
	// no address, or it was not measured. One of 64 bits takes two registers; it stands at the first.
	Regions [MaxRegions]Region
}

// A Survey is what was found.
type Survey struct {
	Functions [MaxFunctions]Function // Functions[:Count]
	Count     int
	LeftOut   int // more than MaxFunctions
}

// Read finds every function on bus 0 and on the buses behind bridges. A bus is looked at once, whatever the
// bridges claim.
func (s *Survey) Read(space Space) {
	var seen [256]bool
	var buses [256]uint8
	seen[0] = true
	for next, known := 0, 1; next < known; next++ {
		for slot := range uint8(32) {
			for function := range uint8(8) {
				f, ok := probe(space, Address{buses[next], slot, function})
				if ok {
					s.add(f)
					if behind, ok := f.secondaryBus(space); ok && !seen[behind] {
						seen[behind] = true
						buses[known] = behind
						known++
					}
				}
				// Functions other than 0 exist only where function 0 says that there are several (6.2.1).
				if function == 0 && (!ok || f.Header&multipleFunctions == 0) {
					break
				}
			}
		}
	}
}

func (s *Survey) add(f Function) {
	if s.Count == MaxFunctions {
		s.LeftOut++
		return
	}
	s.Functions[s.Count] = f
	s.Count++
}

func probe(space Space, a Address) (f Function, ok bool) {
	id := space.Read(a, registerID)
	if uint16(id) == noDevice {
		return Function{}, false
	}
	f = Function{
		Address: a,
		Vendor:  uint16(id),
		ID:      uint16(id >> 16),
		Class:   space.Read(a, registerClass) >> 8,
		Header:  uint8(space.Read(a, registerHeader) >> 16),
	}
	if f.Vendor == VendorVirtio && f.Header&^multipleFunctions == headerTypeDevice {
		f.measure(space)
	}
	return f, true
}

func (f *Function) secondaryBus(space Space) (uint8, bool) {
	if f.Header&^multipleFunctions != headerTypeBridge || f.Class>>8 != classBridgePCI {
		return 0, false
	}
	bus := uint8(space.Read(f.Address, registerBuses) >> 8)
	return bus, bus != 0
}
