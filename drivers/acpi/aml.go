package acpi

// AML is a program in byte code; to know for certain what it defines, one must run it. The few
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
	opMethod   = 0x14
	opExtended = 0x5B
	opDevice   = 0x82 // after opExtended
	opReturn   = 0xA4
	opOnes     = 0xFF

	// A virtio-mmio device takes some 60 bytes; maxDevice bounds the search for its start and end,
	// and for the resources of a host bridge.
	maxDevice = 1024
)

// readAML looks through a DSDT or SSDT. Each byte is looked at once, and from there at most maxDevice
// bytes: a hostile table cannot take long.
func (m *Machine) readAML(table []byte) {
	aml := table[headerSize:]
	for i := 0; i+4 < len(aml); i++ {
		if aml[i] == opMethod {
			m.readBridgeMethod(aml[i+1:])
			continue
		}
		if aml[i] != opName {
			continue
		}
		rest := aml[i+1:]
		switch {
		case hasPrefix(rest, "_CBA"):
			m.readBridge(rest[4:])
		case hasPrefix(rest, "_S5_"):
			m.readSleep(rest[4:])
		case hasPrefix(rest, "\\_S5_"):
			m.readSleep(rest[5:])
		case hasPrefix(rest, "_HID\x0DLNRO0005\x00"):
			if body := deviceAround(aml, i); m.DeviceCount < MaxDevices {
				m.addDevice(findResources(body))
			}
		case hasPrefix(rest, "_HID\x0DACPI0013\x00"):
			m.readEvents(deviceAround(aml, i))
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

// deviceAround is the body of the device that aml[hid:], its _HID, is in: the innermost Device whose body
// holds it; nil if there is none.
func deviceAround(aml []byte, hid int) []byte {
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
		return body
	}
	return nil
}

// addDevice adds the virtio-mmio device that has the resources b: its memory and its interrupt.
func (m *Machine) addDevice(b []byte) {
	d, wired := device(b)
	if d.Address != 0 && d.Size >= 0x100 && wired {
		m.Devices[m.DeviceCount] = d
		m.DeviceCount++
	}
}

// device reads the resources of a device: its memory and its interrupt.
func device(b []byte) (d Device, wired bool) {
	for {
		r, rest := nextResource(b)
		if r == nil {
			break
		}
		b = rest
		switch {
		case r[0] == resourceMemory32 && len(r) >= 12 && d.Size == 0:
			d.Address, d.Size = uint64(u32(r, 4)), uint64(u32(r, 8))
		case r[0] == resourceInterrupt && len(r) >= 9 && r[4] >= 1 && !wired:
			d.Level = r[3]&(1<<1) == 0
			d.ActiveLow = r[3]&(1<<2) != 0
			d.GSI = u32(r, 5)
			wired = true
		}
	}
	return d, wired
}

// readBridge reads what follows the name _CBA: the address of the configuration space below a PCI
// Express host bridge (PCI Firmware 3.3, 4.1.3), whose buses are in the _CRS that comes next. QEMU's
// microvm has this and no MCFG.
func (m *Machine) readBridge(aml []byte) {
	const buses = 2
	base, rest, ok := integer(aml)
	if !ok {
		return
	}
	b := findResources(rest[:min(len(rest), maxDevice)])
	for {
		r, rest := nextResource(b)
		if r == nil {
			return
		}
		b = rest
		if r[0] == resourceWord && len(r) >= 12 && r[3] == buses && r[9] == 0 && r[11] == 0 {
			m.addECAM(ECAM{Base: base, FirstBus: r[8], LastBus: r[10]})
			return
		}
	}
}

// readBridgeMethod is readBridge for a method that only returns a constant.
func (m *Machine) readBridgeMethod(aml []byte) {
	if len(aml) == 0 {
		return
	}
	aml = aml[min(len(aml), packageLengthBytes(aml[0])):]
	if hasPrefix(aml, "_CBA\x00") && len(aml) > 6 && aml[5] == opReturn {
		m.readBridge(aml[6:])
	}
}

// Resource descriptors (6.4).
const (
	resourceEnd       = 0x79 // 6.4.2.9
	resourceMemory32  = 0x86 // 6.4.3.4, of fixed address
	resourceWord      = 0x88 // 6.4.3.5.3
	resourceInterrupt = 0x89 // 6.4.3.6
)

// findResources is the resource template in the first _CRS in aml, nil if there is none.
func findResources(aml []byte) []byte {
	for i := range aml {
		if aml[i] != opName || !hasPrefix(aml[i+1:], "_CRS\x11") {
			continue
		}
		body, ok := packageBody(aml[i+6:])
		if !ok {
			return nil
		}
		size, b, ok := integer(body)
		if !ok {
			return nil
		}
		return b[:min(size, uint64(len(b)))]
	}
	return nil
}

// nextResource is the first descriptor of b, nil at the end.
func nextResource(b []byte) (resource, rest []byte) {
	if len(b) == 0 || b[0] == resourceEnd {
		return nil, nil
	}
	length := 1 + int(b[0]&7)
	if b[0]&0x80 != 0 {
		length = 3 + int(u16(b, 1))
	}
	if length > len(b) {
		return nil, nil
	}
	return b[:length], b[length:]
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
