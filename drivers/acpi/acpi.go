// Package acpi reads the tables that a PC's firmware leaves (ACPI Specification 6.5): enough to
// find cores, interrupt controllers, virtio-mmio devices and the switch to turn the machine off, and to
// know which memory is near to which core.
// It has no AML interpreter.
//
// Early code.
package acpi

import "github.com/ringo-os/ringo/boot"

// Limits of a Machine, which is of fixed size because it is filled before there is an allocator.
const (
	MaxCores     = 256
	MaxIOAPICs   = 8
	MaxOverrides = 24
	MaxDevices   = 32
	MaxECAM      = 4
)

// A Core is a processor: a local APIC or x2APIC entry of the MADT (5.2.12.2, 5.2.12.12).
type Core struct {
	APIC    uint32 // local APIC ID
	UID     uint32 // ACPI processor UID
	Enabled bool   // ready to use; otherwise it can be brought online later
	Node    uint8  // in Machine.Nodes
}

// An IOAPIC is an I/O APIC (5.2.12.3).
type IOAPIC struct {
	ID      uint8
	Address uint64
	GSIBase uint32 // the global system interrupt of its first pin
}

// An Override says how an ISA interrupt is wired when not the usual way (5.2.12.5).
type Override struct {
	IRQ       uint8
	GSI       uint32
	Level     bool // else edge-triggered
	ActiveLow bool // else active high
}

// A Register is a generic address (5.2.3.2); Address 0 means that there is none.
type Register struct {
	Address uint64
	IO      bool // an I/O port, else memory
}

// A Device is a virtio-mmio device (LNRO0005) of the DSDT.
type Device struct {
	Address, Size uint64
	GSI           uint32
	Level         bool
	ActiveLow     bool
}

// An ECAM is a window onto PCI Express configuration space (PCI Firmware 3.3, 4.1.2).
type ECAM struct {
	Base              uint64
	Segment           uint16
	FirstBus, LastBus uint8
}

// Machine is what the tables say.
type Machine struct {
	Cores         [MaxCores]Core // Cores[:CoreCount]
	CoreCount     int
	CoresLeftOut  int // more than MaxCores
	LocalAPIC     uint64
	LegacyPIC     bool // there are 8259 interrupt controllers, to be masked
	IOAPICs       [MaxIOAPICs]IOAPIC
	IOAPICCount   int
	Overrides     [MaxOverrides]Override
	OverrideCount int
	Devices       [MaxDevices]Device
	DeviceCount   int
	ECAMs         [MaxECAM]ECAM
	ECAMCount     int
	Nodes         boot.Nodes // from SRAT and SLIT

	// From the FADT (5.2.9).
	Hardware     bool // an FADT was found
	Reduced      bool // hardware-reduced: no PM1 registers, no legacy interrupt model
	SCI          uint16
	SMICommand   uint16 // I/O port; 0: always in ACPI mode
	ACPIEnable   uint8
	PM1aEvent    Register // where a fixed power button reports
	EventLength  uint8
	PM1aControl  Register
	PM1bControl  Register
	PMTimer      uint16 // I/O port, 0: none
	PMTimer32    bool   // 32 bits wide, else 24
	SleepControl Register
	ResetControl Register
	ResetValue   uint8
	NoRTC        bool  // there is no CMOS clock
	Century      uint8 // CMOS register, 0: none

	// From the generic event device (ACPI0013) in the DSDT, as QEMU makes it. Size 0: none.
	Events Device

	// From _S5_ in the DSDT or an SSDT: what to write to turn the machine off.
	CanPowerOff    bool
	SleepA, SleepB uint8
}

// At gives access to physical memory: at least size bytes from physical on, or nil for what cannot
// be reached. For PowerOff and Reset it must be mapped writable and uncached.
type At = func(physical, size uint64) []byte

// Read fills m, which must be zero, from the tables that the root pointer at physical address rsdp
// leads to. With 0 it looks for the root pointer where a BIOS puts it (5.2.5.1).
//
// A table that is missing or broken is as good as absent; only a machine without a usable root
// gives a Problem.
func Read(m *Machine, rsdp uint64, at At) boot.Problem {
	m.LocalAPIC = 0xFEE00000 // SDM vol. 3, 11.4.1, until the MADT says otherwise
	m.LegacyPIC = true
	var root list
	if rsdp != 0 {
		root = readRoot(rsdp, at)
	}
	if root.table == nil {
		root = searchRoot(at)
	}
	if root.table == nil {
		return "The firmware left no ACPI tables; boot with them (with QEMU's microvm, without acpi=off)."
	}
	var srat, slit []byte
	for i := range root.count() {
		table := readTable(root.entry(i), at)
		if len(table) < headerSize {
			continue
		}
		switch string(table[:4]) {
		case "APIC":
			m.readMADT(table)
		case "MCFG":
			m.readMCFG(table)
		case "SRAT":
			srat = table
		case "SLIT":
			slit = table
		case "SSDT":
			m.readAML(table)
		case "FACP":
			m.readFADT(table)
			// The 32-bit address is for those who cannot read the other, and may be 0 (5.2.9).
			dsdt := u64(table, fadtXDSDT)
			if dsdt == 0 {
				dsdt = uint64(u32(table, fadtDSDT))
			}
			if aml := readTable(dsdt, at); len(aml) >= headerSize && string(aml[:4]) == "DSDT" {
				m.readAML(aml)
			}
		}
	}
	m.readNodes(srat, slit)
	return ""
}

// NodeOf returns the node of the core with a local APIC ID.
func (m *Machine) NodeOf(apic uint32) uint8 {
	for i := range m.CoreCount {
		if m.Cores[i].APIC == apic {
			return m.Cores[i].Node
		}
	}
	return 0
}

// Route returns how an ISA interrupt is wired: as an override says, else to the global system
// interrupt of the same number, edge-triggered and active high (5.2.12.5).
func (m *Machine) Route(irq uint8) (gsi uint32, level, activeLow bool) {
	for i := range m.OverrideCount {
		if o := &m.Overrides[i]; o.IRQ == irq {
			return o.GSI, o.Level, o.ActiveLow
		}
	}
	return uint32(irq), false, false
}

// SCIRoute is Route for the SCI, which is level-triggered and active low if no override says otherwise (5.2.9).
func (m *Machine) SCIRoute() (gsi uint32, level, activeLow bool) {
	for i := range m.OverrideCount {
		if o := &m.Overrides[i]; uint16(o.IRQ) == m.SCI {
			return o.GSI, o.Level, o.ActiveLow
		}
	}
	return uint32(m.SCI), true, true
}
