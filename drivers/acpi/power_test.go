package acpi

import (
	"fmt"
	"slices"
	"testing"
)

// fakePorts replaces the I/O ports and returns a log of what is written. status is what reading a
// port gives.
func fakePorts(t *testing.T, status func(port uint16) uint16) (log *[]string) {
	log = new([]string)
	oldIn8, oldIn16, oldOut8, oldOut16 := in8, in16, out8, out16
	t.Cleanup(func() { in8, in16, out8, out16 = oldIn8, oldIn16, oldOut8, oldOut16 })
	in8 = func(port uint16) uint8 { return uint8(status(port)) }
	in16 = status
	out8 = func(port uint16, v uint8) { *log = append(*log, fmt.Sprintf("%x=%x", port, v)) }
	out16 = func(port uint16, v uint16) { *log = append(*log, fmt.Sprintf("%x=%04x", port, v)) }
	return log
}

func TestPowerOff(t *testing.T) {
	f := newFirmware()
	acpiMode := func(port uint16) uint16 { return sciEnabled }
	legacy := func(port uint16) uint16 { return 0 }
	full := Machine{CanPowerOff: true, SleepA: 5, SleepB: 3, SMICommand: 0xB2, ACPIEnable: 0xF1,
		PM1aControl: Register{0x604, true}, PM1bControl: Register{0x704, true}}
	none := full
	none.CanPowerOff = false
	for _, test := range []struct {
		name   string
		m      Machine
		status func(uint16) uint16
		want   []string
	}{
		{"ACPI mode", full, acpiMode, []string{"604=1401", "604=3401", "704=0c01", "704=2c01"}},
		{"legacy mode", full, legacy, []string{"b2=f1", "604=1400", "604=3400", "704=0c00", "704=2c00"}},
		{"no _S5_", none, acpiMode, nil},
		{"no PM1", Machine{CanPowerOff: true}, acpiMode, nil},
	} {
		log := fakePorts(t, test.status)
		test.m.PowerOff(f.at)
		if !slices.Equal(*log, test.want) {
			t.Errorf("%s: %v, want %v", test.name, *log, test.want)
		}
	}

	fakePorts(t, legacy)
	reduced := Machine{CanPowerOff: true, Reduced: true, SleepA: 5, SleepControl: Register{Address: 0x1000}}
	reduced.PowerOff(f.at)
	if f.memory[0x1000] != 0x34 {
		t.Errorf("sleep control is %#x", f.memory[0x1000])
	}
	inMemory := Machine{CanPowerOff: true, SleepA: 5, PM1aControl: Register{Address: 0x3000}}
	f.memory[0x3000] = sciEnabled
	inMemory.PowerOff(f.at)
	if f.memory[0x3000] != sciEnabled || f.memory[0x3001] != 0x34 {
		t.Errorf("PM1 control is %x", f.memory[0x3000:0x3002])
	}
	reduced.SleepControl.Address = 1 << 60
	reduced.PowerOff(f.at) // must not do anything
}

func TestReset(t *testing.T) {
	f := newFirmware()
	log := fakePorts(t, func(port uint16) uint16 { return 0 })
	m := Machine{ResetControl: Register{0xCF9, true}, ResetValue: 6}
	m.Reset(f.at)
	if want := []string{"cf9=6", "64=fe"}; !slices.Equal(*log, want) {
		t.Errorf("%v, want %v", *log, want)
	}
	// A keyboard controller that is always busy is no reason to hang.
	log = fakePorts(t, func(port uint16) uint16 { return 0xFF })
	m = Machine{ResetControl: Register{Address: 0x2000}, ResetValue: 0x42}
	m.Reset(f.at)
	if want := []string{"64=fe"}; !slices.Equal(*log, want) || f.memory[0x2000] != 0x42 {
		t.Errorf("%v, %#x", *log, f.memory[0x2000])
	}
}
