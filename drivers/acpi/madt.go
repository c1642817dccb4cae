package acpi

// The entries of the MADT (5.2.12, table 5.21) and their least lengths.
const (
	madtLocalAPIC        = 0
	madtIOAPIC           = 1
	madtOverride         = 2
	madtLocalAPICAddress = 5
	madtX2APIC           = 9

	coreEnabled       = 1 << 0
	coreOnlineCapable = 1 << 1
)

// readMADT reads the multiple APIC description table (5.2.12).
func (m *Machine) readMADT(table []byte) {
	const entries = 44
	if len(table) < entries {
		return
	}
	if address := u32(table, 36); address != 0 {
		m.LocalAPIC = uint64(address)
	}
	m.LegacyPIC = u32(table, 40)&1 != 0 // PCAT_COMPAT
	for table = table[entries:]; len(table) >= 2; {
		length := int(table[1])
		if length < 2 || length > len(table) {
			return
		}
		e := table[:length]
		table = table[length:]
		switch {
		case e[0] == madtLocalAPIC && length >= 8:
			m.addCore(Core{APIC: uint32(e[3]), UID: uint32(e[2])}, u32(e, 4))
		case e[0] == madtX2APIC && length >= 16:
			m.addCore(Core{APIC: u32(e, 4), UID: u32(e, 12)}, u32(e, 8))
		case e[0] == madtLocalAPICAddress && length >= 12:
			if address := u64(e, 4); address != 0 {
				m.LocalAPIC = address
			}
		case e[0] == madtIOAPIC && length >= 12:
			if m.IOAPICCount < MaxIOAPICs && u32(e, 4) != 0 {
				m.IOAPICs[m.IOAPICCount] = IOAPIC{ID: e[2], Address: uint64(u32(e, 4)), GSIBase: u32(e, 8)}
				m.IOAPICCount++
			}
		case e[0] == madtOverride && length >= 10:
			m.addOverride(e)
		}
	}
}

// addCore adds a core that can be used. Firmware may list one twice, as APIC and as x2APIC.
func (m *Machine) addCore(c Core, flags uint32) {
	c.Enabled = flags&coreEnabled != 0
	if !c.Enabled && flags&coreOnlineCapable == 0 || c.APIC == ^uint32(0) {
		return
	}
	for i := range m.CoreCount {
		if m.Cores[i].APIC == c.APIC {
			return
		}
	}
	if m.CoreCount == MaxCores {
		m.CoresLeftOut++
		return
	}
	m.Cores[m.CoreCount] = c
	m.CoreCount++
}

// addOverride adds an interrupt source override. Its flags are those of the MPS (table 5.26);
// where they say "as the bus has it", that is ISA: edge-triggered and active high.
func (m *Machine) addOverride(e []byte) {
	const isa = 0
	if e[2] != isa || m.OverrideCount == MaxOverrides {
		return
	}
	flags := u16(e, 8)
	m.Overrides[m.OverrideCount] = Override{
		IRQ:       e[3],
		GSI:       u32(e, 4),
		ActiveLow: flags&3 == 3,
		Level:     flags>>2&3 == 3,
	}
	m.OverrideCount++
}

// readMCFG reads where PCI Express configuration space is (PCI Firmware 3.3, table 4-3).
func (m *Machine) readMCFG(table []byte) {
	const first, size = 44, 16
	for i := first; i+size <= len(table); i += size {
		m.addECAM(ECAM{Base: u64(table, i), Segment: u16(table, i+8), FirstBus: table[i+10], LastBus: table[i+11]})
	}
}

// addECAM adds a window. One may be both in the MCFG and in the DSDT.
func (m *Machine) addECAM(e ECAM) {
	if e.Base == 0 || e.LastBus < e.FirstBus || m.ECAMCount == MaxECAM {
		return
	}
	for i := range m.ECAMCount {
		if m.ECAMs[i].Base == e.Base {
			return
		}
	}
	m.ECAMs[m.ECAMCount] = e
	m.ECAMCount++
}
