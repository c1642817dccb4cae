package acpi

// AML is a program in byte code; to know for certain what it defines, one must run it. The two
// things wanted here are constants in every table seen, so they are found by their encoding
// (ch. 20) instead. Everything is checked: what looks like them and is not must do no harm.
const (
	opZero     = 0x00
	opOne      = 0x01
	opName     = 0x08
	opByte     = 0x0A
	opWord     = 0x0B
	opDword    = 0x0C
	opString   = 0x0D
	opQword    = 0x0E
	opBuffer   = 0x11
	opPackage  = 0x12
	opExtended = 0x5B
	opDevice   = 0x82 // after opExtended
	opOnes     = 0xFF

	// A virtio-mmio device takes some 60 bytes; maxDevice bounds the search for its start and end.
	maxDevice = 1024
)

// readAML looks through a DSDT or SSDT.
func (m *Machine) readAML(table []byte) {
	aml := table[headerSize:]
	for i := 0; i+4 < len(aml); i++ {
		if aml[i] != opName {
			continue
		}
		rest := aml[i+1:]
		switch {
		case hasPrefix(rest, "_S5_"):
			m.readSleep(rest[4:])
		case hasPrefix(rest, "\\_S5_"):
			m.readSleep(rest[5:])
		case hasPrefix(rest, "_HID\x0DLNRO0005\x00"):
			m.readDevice(aml, i)
		}
	}
}

// readSleep reads the package that \_S5 is: the values for the sleep type fields of PM1a and PM1b
// (7.4.2).
func (m *Machine) readSleep(aml []byte) {
	if m.CanPowerOff || len(aml) == 0 || aml[0] != opPackage {
		return
	}
	body, ok := packageBody(aml[1:])
	if !ok || len(body) < 2 || body[0] == 0 {
		return
	}
	count := body[0]
	a, body, ok := integer(body[1:])
	if !ok || a > 7 {
		return
	}
	b := a
	if count > 1 {
		if v, _, ok := integer(body); ok && v <= 7 {
			b = v
		}
	}
	m.CanPowerOff, m.SleepA, m.SleepB = true, uint8(a), uint8(b)
}

// readDevice reads the device that aml[hid:], its _HID, is in: the innermost Device whose body
// holds it.
func (m *Machine) readDevice(aml []byte, hid int) {
	if m.DeviceCount == MaxDevices {
		return
	}
	for start := hid - 2; start >= 0 && start > hid-maxDevice; start-- {
		if aml[start] != opExtended || aml[start+1] != opDevice {
			continue
		}
		body, ok := packageBody(aml[start+2:])
		if !ok || len(body) > maxDevice {
			continue
		}
		from := start + 2 + packageLengthBytes(aml[start+2])
		if hid < from || hid >= from+len(body) {
			continue
		}
		for i := 0; i+6 < len(body); i++ {
			if body[i] == opName && hasPrefix(body[i+1:], "_CRS\x11") {
				m.readResources(body[i+6:])
				return
			}
		}
		return
	}
}

// readResources reads the resource template of a virtio-mmio device (6.4): its memory and its
// interrupt.
func (m *Machine) readResources(aml []byte) {
	const (
		endTag        = 0x79
		memory32Fixed = 0x86 // 6.4.3.4
		interrupt     = 0x89 // 6.4.3.6
	)
	body, ok := packageBody(aml)
	if !ok {
		return
	}
	size, b, ok := integer(body)
	if !ok {
		return
	}
	if size < uint64(len(b)) {
		b = b[:size]
	}
	var d Device
	wired := false
	for len(b) > 0 && b[0] != endTag {
		length := 1 + int(b[0]&7)
		if b[0]&0x80 != 0 {
			length = 3 + int(u16(b, 1))
		}
		if length > len(b) {
			return
		}
		switch {
		case b[0] == memory32Fixed && length >= 12 && d.Size == 0:
			d.Address, d.Size = uint64(u32(b, 4)), uint64(u32(b, 8))
		case b[0] == interrupt && length >= 9 && b[4] >= 1 && !wired:
			d.Level = b[3]&(1<<1) == 0
			d.ActiveLow = b[3]&(1<<2) != 0
			d.GSI = u32(b, 5)
			wired = true
		}
		b = b[length:]
	}
	if d.Address != 0 && d.Size >= 0x100 && wired {
		m.Devices[m.DeviceCount] = d
		m.DeviceCount++
	}
}

// packageLengthBytes is how many bytes a PkgLength takes that begins with lead (20.2.4).
func packageLengthBytes(lead byte) int { return 1 + int(lead>>6) }

// packageBody is what follows a PkgLength at the start of aml, up to the length it says.
func packageBody(aml []byte) (body []byte, ok bool) {
	if len(aml) == 0 {
		return nil, false
	}
	n := packageLengthBytes(aml[0])
	if n > len(aml) {
		return nil, false
	}
	length := int(aml[0] & 0x3F)
	if n > 1 {
		length = int(aml[0] & 0x0F)
		for i := 1; i < n; i++ {
			length |= int(aml[i]) << (4 + 8*(i-1))
		}
	}
	if length < n || length > len(aml) {
		return nil, false
	}
	return aml[n:length], true
}

// integer reads a constant (20.2.3).
func integer(aml []byte) (value uint64, rest []byte, ok bool) {
	if len(aml) == 0 {
		return 0, nil, false
	}
	size := 0
	switch aml[0] {
	case opZero, opOne:
		return uint64(aml[0]), aml[1:], true
	case opOnes:
		return ^uint64(0), aml[1:], true
	case opByte:
		size = 1
	case opWord:
		size = 2
	case opDword:
		size = 4
	case opQword:
		size = 8
	default:
		return 0, nil, false
	}
	aml = aml[1:]
	if size > len(aml) {
		return 0, nil, false
	}
	for i := size - 1; i >= 0; i-- {
		value = value<<8 | uint64(aml[i])
	}
	return value, aml[size:], true
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}
