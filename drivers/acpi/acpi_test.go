package acpi

import (
	"slices"
	"testing"
)

// madt is a table with two cores, one of them twice, one that is disabled, and the usual override.
func madt() []byte {
	return slices.Concat(
		[]byte{0, 0, 0xE0, 0xFE, 1, 0, 0, 0},
		[]byte{0, 8, 0, 0, 1, 0, 0, 0},
		[]byte{0, 8, 7, 2, 1, 0, 0, 0},
		[]byte{0, 8, 8, 4, 0, 0, 0, 0},                           // disabled
		[]byte{0, 8, 9, 6, 2, 0, 0, 0},                           // can be brought online
		[]byte{9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0},  // the second, as x2APIC
		[]byte{9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0},  // ID 256
		[]byte{1, 12, 5, 0, 0, 0, 0xC0, 0xFE, 24, 0, 0, 0},       // I/O APIC
		[]byte{2, 10, 0, 0, 2, 0, 0, 0, 0, 0},                    // IRQ 0 is GSI 2
		[]byte{2, 10, 0, 9, 20, 0, 0, 0, 0x0F, 0},                // IRQ 9 is GSI 20, level, low
		[]byte{2, 10, 1, 3, 3, 0, 0, 0, 0, 0},                    // not of the ISA bus
		[]byte{5, 12, 0, 0, 0, 0x10, 0xE0, 0xFE, 0, 0, 0, 0},     // local APIC address
		[]byte{0x7F, 4, 0, 0},                                    // something unknown
		[]byte{1, 30, 6, 0, 0, 0, 0xC1, 0xFE, 48, 0, 0, 0, 0, 0}, // cut short
	)
}

func read(t *testing.T, f *firmware, rsdp uint64) *Machine {
	t.Helper()
	m := new(Machine)
	if p := Read(m, rsdp, f.at); p != "" {
		t.Fatal(p)
	}
	return m
}

func TestMADT(t *testing.T) {
	f := newFirmware()
	m := read(t, f, f.root(f.table("APIC", madt())))
	cores := []Core{{0, 0, true, 0}, {2, 7, true, 0}, {6, 9, false, 0}, {256, 9, true, 0}}
	if got := m.Cores[:m.CoreCount]; !slices.Equal(got, cores) {
		t.Errorf("cores %v, want %v", got, cores)
	}
	if got, want := m.IOAPICs[:m.IOAPICCount], []IOAPIC{{5, 0xFEC00000, 24}}; !slices.Equal(got, want) {
		t.Errorf("I/O APICs %v, want %v", got, want)
	}
	if m.LocalAPIC != 0xFEE01000 || !m.LegacyPIC {
		t.Errorf("local APIC at %#x, legacy %v", m.LocalAPIC, m.LegacyPIC)
	}
	for _, test := range []struct {
		irq              uint8
		gsi              uint32
		level, activeLow bool
	}{{0, 2, false, false}, {9, 20, true, true}, {3, 3, false, false}, {4, 4, false, false}} {
		gsi, level, low := m.Route(test.irq)
		if gsi != test.gsi || level != test.level || low != test.activeLow {
			t.Errorf("IRQ %d: %d %v %v", test.irq, gsi, level, low)
		}
	}
}

func TestTooManyCores(t *testing.T) {
	body := []byte{0, 0, 0xE0, 0xFE, 0, 0, 0, 0}
	for i := range MaxCores + 5 {
		body = append(body, 9, 16, 0, 0, byte(i), byte(i>>8), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	}
	f := newFirmware()
	m := read(t, f, f.root(f.table("APIC", body)))
	if m.CoreCount != MaxCores || m.CoresLeftOut != 5 || m.LegacyPIC {
		t.Errorf("%d cores, %d left out, legacy %v", m.CoreCount, m.CoresLeftOut, m.LegacyPIC)
	}
}

func TestFADT(t *testing.T) {
	f := newFirmware()
	dsdt := f.table("DSDT", sleepPackage(opByte, 5, opOne, opZero, opZero))
	old := f.table("DSDT", nil)
	m := read(t, f, f.root(f.table("FACP", fadt(
		field{fadtDSDT, uint32(old)}, field{fadtXDSDT, dsdt}, field{fadtSCI, uint16(9)},
		field{fadtSMICommand, uint32(0xB2)}, field{fadtACPIEnable, byte(2)},
		field{fadtPM1aControl, uint32(0x604)}, field{fadtXPM1aControl, gas(1, 0x704)},
		field{fadtPM1aEvent, uint32(0x600)}, field{fadtXPM1aEvent, gas(1, 0x700)}, field{fadtEventLength, byte(4)},
		field{fadtPM1bControl, uint32(0x808)},
		field{fadtPMTimer, uint32(0x608)}, field{fadtCentury, byte(0x32)},
		field{fadtFlags, uint32(timer32 | resetSupported)},
		field{fadtReset, gas(1, 0xCF9)}, field{fadtResetValue, byte(0x0F)},
	))))
	want := Machine{Hardware: true, SCI: 9, SMICommand: 0xB2, ACPIEnable: 2,
		PM1aEvent: Register{0x700, true}, EventLength: 4, PM1aControl: Register{0x704, true}, PM1bControl: Register{0x808, true},
		PMTimer: 0x608, PMTimer32: true, Century: 0x32,
		ResetControl: Register{0xCF9, true}, ResetValue: 0x0F,
		CanPowerOff: true, SleepA: 5, SleepB: 1,
		LocalAPIC: 0xFEE00000, LegacyPIC: true}
	if *m != want {
		t.Errorf("got  %+v\nwant %+v", *m, want)
	}
}

func TestReducedHardware(t *testing.T) {
	f := newFirmware()
	dsdt := f.table("DSDT", slices.Concat(
		virtioDevice("VR00", memory32(0xFEB00000, 0x200), extendedInterrupt(1, 24)),
		virtioDevice("VR01", extendedInterrupt(1|2|4, 25), memory32(0xFEB00200, 0x200)),
		// With a small descriptor, an IRQ, before the others, and a ROM's memory after them.
		virtioDevice("VR05", []byte{0x22, 0x20, 0}, memory32(0xFEB00C00, 0x200), extendedInterrupt(3, 30),
			memory32(0xFEC00000, 0x400), extendedInterrupt(1, 31)),
		virtioDevice("VR02", memory32(0xFEB00400, 0x200)),                          // no interrupt
		virtioDevice("VR03", memory32(0xFEB00600, 0x20), extendedInterrupt(1, 26)), // too small
		virtioDevice("VR04", memory32(0xFEB00800, 0x200)[:7]),                      // cut short
		amlDevice("OTHR", name("_HID", amlString("LNRO0006")...), // another
			name("_CRS", amlBuffer(memory32(0xFEB00A00, 0x200))...)),
		hostBridge(0xE0000000, 0, 63),
		sleepPackage(opByte, 5, opZero, opZero, opZero)))
	m := read(t, f, f.root(f.table("FACP", fadt(
		field{fadtXDSDT, dsdt},
		field{fadtFlags, uint32(hardwareReduced | resetSupported)},
		field{fadtReset, gas(0, 0xFEA00202)}, field{fadtResetValue, byte(0x42)},
		field{fadtSleepControl, gas(0, 0xFEA00200)},
		field{fadtPM1aControl, uint32(0x604)}, // must be ignored
	))))
	devices := []Device{
		{0xFEB00000, 0x200, 24, true, false},
		{0xFEB00200, 0x200, 25, false, true},
		{0xFEB00C00, 0x200, 30, false, false},
	}
	if got := m.Devices[:m.DeviceCount]; !slices.Equal(got, devices) {
		t.Errorf("devices %+v, want %+v", got, devices)
	}
	if got, want := m.ECAMs[:m.ECAMCount], []ECAM{{0xE0000000, 0, 0, 63}}; !slices.Equal(got, want) {
		t.Errorf("ECAM %v, want %v", got, want)
	}
	if !m.Reduced || m.SleepControl != (Register{Address: 0xFEA00200}) || m.SleepA != 5 ||
		m.ResetControl != (Register{Address: 0xFEA00202}) || m.PM1aControl.Address != 0 {
		t.Errorf("%+v", m)
	}
}

func TestMCFG(t *testing.T) {
	f := newFirmware()
	body := append(make([]byte, 8), 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0)
	body = append(body, 0, 0, 0, 0xA0, 0, 0, 0, 0, 1, 0, 9, 8, 0, 0, 0, 0) // buses 9 to 8
	dsdt := f.table("DSDT", hostBridge(0xB0000000, 0, 255))                // the same again
	m := read(t, f, f.root(f.table("MCFG", body), f.table("FACP", fadt(field{fadtXDSDT, dsdt}))))
	if got, want := m.ECAMs[:m.ECAMCount], []ECAM{{0xB0000000, 0, 0, 255}}; !slices.Equal(got, want) {
		t.Errorf("ECAM %v, want %v", got, want)
	}
}

func TestRoot(t *testing.T) {
	apic := table("APIC", madt())
	broken := slices.Clone(apic)
	broken[50]++
	for _, test := range []struct {
		name  string
		build func(f *firmware) (rsdp uint64)
		cores int // -1: no root
	}{
		{"XSDT", func(f *firmware) uint64 { return f.root(f.put(apic)) }, 4},
		{"RSDT", func(f *firmware) uint64 {
			return f.put(rootPointer(0, f.table("RSDT", le.AppendUint32(nil, uint32(f.put(apic)))), 0))
		}, 4},
		{"bad XSDT, good RSDT", func(f *firmware) uint64 {
			rsdt := f.table("RSDT", le.AppendUint32(nil, uint32(f.put(apic))))
			return f.put(rootPointer(2, rsdt, f.table("ABCD", nil)))
		}, 4},
		{"in the BIOS area", func(f *firmware) uint64 {
			f.putAt(0xE1230, []byte("RSD PTR but not really"))
			f.putAt(0xF1230, rootPointer(2, 0, f.table("XSDT", le.AppendUint64(nil, f.put(apic)))))
			return 0
		}, 4},
		{"in the extended BIOS data area", func(f *firmware) uint64 {
			f.putAt(0x40E, []byte{0xC0, 0x9F})
			f.putAt(0x9FC10, rootPointer(2, 0, f.table("XSDT", le.AppendUint64(nil, f.put(apic)))))
			return 0
		}, 4},
		{"told wrong, found all the same", func(f *firmware) uint64 {
			f.putAt(0xFFFD0, rootPointer(2, 0, f.table("XSDT", le.AppendUint64(nil, f.put(apic)))))
			return 0x1000
		}, 4},
		{"none", func(f *firmware) uint64 { return 0 }, -1},
		{"bad checksum", func(f *firmware) uint64 {
			rsdp := f.root(f.put(apic))
			f.memory[rsdp+9]++
			return rsdp
		}, -1},
		{"broken table", func(f *firmware) uint64 { return f.root(f.put(broken)) }, 0},
		{"table out of memory", func(f *firmware) uint64 { return f.root(0xFFFF0, 1<<63, ^uint64(0)) }, 0},
	} {
		f := newFirmware()
		var m Machine
		p := Read(&m, test.build(f), f.at)
		if (p != "") != (test.cores < 0) || p == "" && m.CoreCount != test.cores {
			t.Errorf("%s: %d cores, %q", test.name, m.CoreCount, p)
		}
	}
}

// TestEveryTable has each table of the root read, through both kinds of root.
func TestEveryTable(t *testing.T) {
	for _, size := range []int{4, 8} {
		f := newFirmware()
		mcfg := func(base byte) uint64 {
			return f.table("MCFG", append(make([]byte, 8), 0, 0, 0, base, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0))
		}
		var list []byte
		for _, table := range []uint64{f.table("APIC", madt()), mcfg(0xA0), f.table("JUNK", nil), mcfg(0xB0), mcfg(0xC0),
			f.table("SSDT", sleepPackage(opByte, 5, opByte, 6, opZero, opZero))} {
			list = le.AppendUint64(list, table)[:len(list)+size]
		}
		rsdp := rootPointer(2, 0, f.table("XSDT", list))
		if size == 4 {
			rsdp = rootPointer(0, f.table("RSDT", list), 0)
		}
		m := read(t, f, f.put(rsdp))
		if m.CoreCount != 4 || m.ECAMCount != 3 || m.ECAMs[2].Base != 0xC0000000 || m.SleepA != 5 || m.SleepB != 6 {
			t.Errorf("%d bytes: %d cores, %d ECAMs, sleep %d %d", size, m.CoreCount, m.ECAMCount, m.SleepA, m.SleepB)
		}
	}
}

// TestHighTables has a table whose address takes more than 32 bits.
func TestHighTables(t *testing.T) {
	const high = 5 << 32
	apic := table("APIC", madt())
	f := newFirmware()
	rsdp := f.root(high)
	var m Machine
	p := Read(&m, rsdp, func(physical, size uint64) []byte {
		if physical >= high && physical+size <= high+uint64(len(apic)) {
			return apic[physical-high:][:size]
		}
		return f.at(physical, size)
	})
	if p != "" || m.CoreCount != 4 {
		t.Errorf("%d cores, %q", m.CoreCount, p)
	}
}

// TestIOAPICs has more I/O APICs than there is room for, and one without an address.
func TestIOAPICs(t *testing.T) {
	body := make([]byte, 8)
	for i := range byte(MaxIOAPICs + 2) {
		body = append(body, 1, 12, i, 0, 0, i, 0, 0, i, 0, 0, 0)
	}
	for range MaxOverrides + 1 {
		body = append(body, 2, 10, 0, 1, 1, 0, 0, 0, 0, 0)
	}
	f := newFirmware()
	m := read(t, f, f.root(f.table("APIC", body)))
	if m.IOAPICCount != MaxIOAPICs || m.IOAPICs[0].ID != 1 || m.OverrideCount != MaxOverrides || m.LocalAPIC != 0xFEE00000 {
		t.Errorf("%d I/O APICs, %d overrides, local APIC at %#x", m.IOAPICCount, m.OverrideCount, m.LocalAPIC)
	}
}

func TestAMLInteger(t *testing.T) {
	for _, test := range []struct {
		aml   string
		value uint64
		ok    bool
	}{
		{"\x00", 0, true}, {"\x01", 1, true}, {"\xFF", ^uint64(0), true}, {"\x0A\x05", 5, true},
		{"\x0B\x34\x12", 0x1234, true}, {"\x0C\x78\x56\x34\x12", 0x12345678, true},
		{"\x0E\x08\x07\x06\x05\x04\x03\x02\x01", 0x0102030405060708, true},
		{"", 0, false}, {"\x0A", 0, false}, {"\x0C\x01\x02\x03", 0, false}, {"\x70", 0, false},
	} {
		if v, rest, ok := integer([]byte(test.aml)); v != test.value && ok || ok != test.ok || len(rest) != 0 {
			t.Errorf("%q: %#x %q %v", test.aml, v, rest, ok)
		}
	}
}

func TestPackageLength(t *testing.T) {
	long := make([]byte, 0x1234)
	long[0], long[1], long[2] = 0x80|0x4, 0x23, 0x01
	for _, test := range []struct {
		aml  []byte
		body int // -1: not sound
	}{
		{[]byte{1}, 0}, {[]byte{3, 9, 9, 9}, 2}, {[]byte{0}, -1}, {[]byte{4, 1, 2}, -1}, {nil, -1},
		{[]byte{0x41}, -1}, {[]byte{0x41, 0}, -1}, {[]byte{0x42, 0, 7}, 0}, {long, 0x1234 - 3},
	} {
		body, ok := packageBody(test.aml)
		if ok != (test.body >= 0) || ok && len(body) != test.body {
			t.Errorf("% x: %d %v", test.aml[:min(len(test.aml), 8)], len(body), ok)
		}
	}
}

// FuzzRead reads whatever the firmware left: it must come to an end, in memory, within its limits.
func FuzzRead(f *testing.F) {
	seed := newFirmware()
	seed.next = 0xE0040
	dsdt := seed.table("DSDT", slices.Concat(virtioDevice("VR00", memory32(0xFEB00000, 0x200), extendedInterrupt(1, 24)),
		sleepPackage(opByte, 5, opZero, opZero, opZero)))
	var list []byte
	for _, table := range []uint64{seed.table("FACP", fadt(field{fadtXDSDT, dsdt})), seed.table("APIC", madt()),
		seed.table("SRAT", srat()), seed.table("SLIT", slit(1, 10))} {
		list = le.AppendUint64(list, table)
	}
	xsdt := seed.table("XSDT", list)
	seed.putAt(0xE0000, rootPointer(2, 0, xsdt))
	f.Add(slices.Clone(seed.memory[0xE0000:seed.next]))
	f.Add([]byte("RSD PTR "))
	f.Fuzz(func(t *testing.T, b []byte) {
		memory := make([]byte, 0x8000)
		copy(memory, b)
		// Checksums are right: what is behind them is what is interesting.
		fixSum(memory[:20], 8)
		fixSum(memory[:36], 32)
		at := func(physical, size uint64) []byte {
			if physical < 0xE0000 || physical-0xE0000 > uint64(len(memory)) ||
				size > uint64(len(memory))-(physical-0xE0000) {
				return nil
			}
			return memory[physical-0xE0000:][:size]
		}
		var m Machine
		Read(&m, 0xE0000, at)
		check(t, &m)
	})
}

// FuzzTables feeds each table's reader without a checksum in the way.
func FuzzTables(f *testing.F) {
	f.Add(byte(0), table("APIC", madt()))
	f.Add(byte(1), table("FACP", fadt(field{fadtFlags, uint32(hardwareReduced)})))
	f.Add(byte(2), table("MCFG", make([]byte, 40)))
	f.Add(byte(3), table("DSDT", slices.Concat(hostBridge(0xE0000000, 0, 63), sleepPackage(opByte, 5, opZero, opZero, opZero),
		virtioDevice("VR00", memory32(0xFEB00000, 0x200), extendedInterrupt(1, 24)))))
	f.Add(byte(4), table("SRAT", srat()))
	f.Add(byte(5), table("SLIT", slit(3, 10, 15, 20, 15, 10, 25, 20, 25, 10)))
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		if len(b) < headerSize {
			return
		}
		var m Machine
		switch which % 6 {
		case 0:
			m.readMADT(b)
		case 1:
			m.readFADT(b)
		case 2:
			m.readMCFG(b)
		case 3:
			m.readAML(b)
		case 4:
			m.readMADT(table("APIC", madt()))
			m.readNodes(b, nil)
		case 5:
			m.readNodes(table("SRAT", srat()), b)
		}
		check(t, &m)
	})
}

func check(t *testing.T, m *Machine) {
	for _, d := range m.Devices[:m.DeviceCount] {
		if d.Address == 0 || d.Size < 0x100 {
			t.Errorf("device %+v", d)
		}
	}
	for i, c := range m.Cores[:m.CoreCount] {
		if slices.ContainsFunc(m.Cores[:i], func(o Core) bool { return o.APIC == c.APIC }) {
			t.Errorf("core %+v twice", c)
		}
	}
	checkNodes(t, m)
	if m.SleepA > 7 || m.SleepB > 7 || m.IOAPICCount > MaxIOAPICs || m.ECAMCount > MaxECAM {
		t.Errorf("%+v", m)
	}
}
