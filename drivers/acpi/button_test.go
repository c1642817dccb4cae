package acpi

import (
	"slices"
	"testing"
)

func TestArmButton(t *testing.T) {
	f := newFirmware()
	m := Machine{SMICommand: 0xB2, ACPIEnable: 0xF1, PM1aControl: Register{0x604, true}, PM1aEvent: Register{0x600, true}, EventLength: 4}
	log := fakePorts(t, func(port uint16) uint16 { return map[uint16]uint16{0x600: 0x0121}[port] })
	if port, want := m.ArmButton(f.at), []string{"b2=f1", "600=0121", "602=0100"}; port != 0x600 || !slices.Equal(*log, want) {
		t.Errorf("port %#x, %v, want %v", port, *log, want)
	}
	for _, none := range []Machine{{}, {PM1aEvent: Register{0x600, false}, EventLength: 4}, {PM1aEvent: Register{0x600, true}, EventLength: 2}} {
		log := fakePorts(t, func(uint16) uint16 { return 0 })
		if port := none.ArmButton(f.at); port != 0 || len(*log) != 0 {
			t.Errorf("%+v: port %#x, %v", none, port, *log)
		}
	}
}

func TestSCIRoute(t *testing.T) {
	m := Machine{SCI: 9}
	if gsi, level, low := m.SCIRoute(); gsi != 9 || !level || !low {
		t.Error(gsi, level, low)
	}
	m.Overrides[0], m.OverrideCount = Override{IRQ: 9, GSI: 20, Level: true}, 1
	if gsi, level, low := m.SCIRoute(); gsi != 20 || !level || low {
		t.Error(gsi, level, low)
	}
}

// TestEvents reads generic event devices: only one that is QEMU's is of use.
func TestEvents(t *testing.T) {
	region := func(kind byte, size ...byte) []byte {
		return slices.Concat([]byte("\x5B\x80EREG"), []byte{kind, opDword, 0x00, 0x00, 0xA0, 0xFE}, size)
	}
	resources := name("_CRS", amlBuffer(extendedInterrupt(1|2, 9))...)
	hid := name("_HID", amlString("ACPI0013")...)
	for text, test := range map[string]struct {
		device []byte
		want   Device
	}{
		"QEMU's":         {amlDevice("GED_", hid, resources, region(0, opByte, 4)), Device{0xFEA00000, 4, 9, false, false}},
		"of another one": {amlDevice("GED_", hid, resources), Device{}},
		"with a port":    {amlDevice("GED_", hid, resources, region(1, opByte, 4)), Device{}},
		"too large":      {amlDevice("GED_", hid, resources, region(0, opByte, 8)), Device{}},
		"not wired":      {amlDevice("GED_", hid, region(0, opByte, 4)), Device{}},
		"cut short":      {amlDevice("GED_", hid, resources, region(0)), Device{}},
		"no such device": {amlDevice("GED_", name("_HID", amlString("ACPI0012")...), resources, region(0, opByte, 4)), Device{}},
	} {
		f := newFirmware()
		m := read(t, f, f.root(f.table("FACP", fadt(field{fadtXDSDT, f.table("DSDT", test.device)}))))
		if m.Events != test.want {
			t.Errorf("%s: %+v", text, m.Events)
		}
	}
}
