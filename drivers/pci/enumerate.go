//go:build amd64

package pci

// Enumerate returns every function on bus 0 and on the buses behind bridges. A bus is looked at
// once, whatever the bridges claim.
func Enumerate(space Space) []*Device {
	var found []*Device
	var seen [256]bool
	buses := []uint8{0}
	seen[0] = true
	for len(buses) > 0 {
		bus := buses[0]
		buses = buses[1:]
		for slot := range uint8(32) {
			for _, d := range slotFunctions(space, bus, slot) {
				found = append(found, d)
				if behind, ok := d.secondaryBus(); ok && !seen[behind] {
					seen[behind] = true
					buses = append(buses, behind)
				}
			}
		}
	}
	return found
}

// slotFunctions returns the functions of one slot. Functions other than 0 exist only where function
// 0 says that there are several (6.2.1).
func slotFunctions(space Space, bus, slot uint8) []*Device {
	first := probe(space, Address{Bus: bus, Device: slot})
	if first == nil {
		return nil
	}
	functions := []*Device{first}
	if first.Header&multipleFunctions != 0 {
		for f := uint8(1); f < 8; f++ {
			if d := probe(space, Address{Bus: bus, Device: slot, Function: f}); d != nil {
				functions = append(functions, d)
			}
		}
	}
	return functions
}

func probe(space Space, a Address) *Device {
	id := space.Read(a, registerID)
	if uint16(id) == noDevice {
		return nil
	}
	return &Device{
		Address: a,
		Vendor:  uint16(id),
		ID:      uint16(id >> 16),
		Class:   space.Read(a, registerClass) >> 8,
		Header:  uint8(space.Read(a, registerHeader) >> 16),
		space:   space,
	}
}

func (d *Device) secondaryBus() (uint8, bool) {
	if d.Header&^multipleFunctions != headerTypeBridge || d.Class>>8 != classBridgePCI {
		return 0, false
	}
	bus := uint8(d.Read32(registerBuses) >> 8)
	return bus, bus != 0
}
