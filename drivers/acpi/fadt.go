package acpi

// The fields of the FADT (5.2.9, table 5.9). A table of an older revision is shorter: what lies
// behind its end reads as 0.
const (
	fadtDSDT         = 40
	fadtSCI          = 46
	fadtSMICommand   = 48
	fadtACPIEnable   = 52
	fadtPM1aEvent    = 56
	fadtPM1aControl  = 64
	fadtPM1bControl  = 68
	fadtPMTimer      = 76
	fadtEventLength  = 88
	fadtCentury      = 108
	fadtBootFlags    = 109
	fadtFlags        = 112
	fadtReset        = 116
	fadtResetValue   = 128
	fadtXDSDT        = 140
	fadtXPM1aEvent   = 148
	fadtXPM1aControl = 172
	fadtXPM1bControl = 184
	fadtXPMTimer     = 208
	fadtSleepControl = 244

	bootNoRTC       = 1 << 5 // in fadtBootFlags (table 5.11)
	controlButton   = 1 << 4 // in fadtFlags (table 5.10): the power button is no fixed one
	timer32         = 1 << 8
	resetSupported  = 1 << 10
	hardwareReduced = 1 << 20
)

// readFADT reads the fixed ACPI description table.
func (m *Machine) readFADT(table []byte) {
	flags := u32(table, fadtFlags)
	m.Hardware = true
	m.Reduced = flags&hardwareReduced != 0
	m.Century = u8(table, fadtCentury)
	m.NoRTC = u16(table, fadtBootFlags)&bootNoRTC != 0
	if flags&resetSupported != 0 {
		m.ResetControl = register(table, fadtReset)
		m.ResetValue = u8(table, fadtResetValue)
	}
	if m.Reduced {
		m.SleepControl = register(table, fadtSleepControl)
		return // the rest is not there
	}
	m.SCI = u16(table, fadtSCI)
	if port := u32(table, fadtSMICommand); port <= 0xFFFF {
		m.SMICommand, m.ACPIEnable = uint16(port), u8(table, fadtACPIEnable)
	}
	if flags&controlButton == 0 {
		m.PM1aEvent, m.EventLength = either(table, fadtXPM1aEvent, fadtPM1aEvent), u8(table, fadtEventLength)
	}
	m.PM1aControl = either(table, fadtXPM1aControl, fadtPM1aControl)
	m.PM1bControl = either(table, fadtXPM1bControl, fadtPM1bControl)
	if timer := either(table, fadtXPMTimer, fadtPMTimer); timer.IO {
		m.PMTimer = uint16(timer.Address)
		m.PMTimer32 = flags&timer32 != 0
	}
}

// register reads a generic address structure (5.2.3.2), if it is of a kind that can be accessed.
func register(table []byte, i int) Register {
	const memory, port = 0, 1
	address := u64(table, i+4)
	switch u8(table, i) {
	case memory:
		return Register{Address: address}
	case port:
		if address <= 0xFFFC {
			return Register{Address: address, IO: address != 0}
		}
	}
	return Register{}
}

// either is the register of a generic address or, where that is 0, of the older 32-bit field.
func either(table []byte, generic, port int) Register {
	if r := register(table, generic); r.Address != 0 {
		return r
	}
	if p := u32(table, port); p != 0 && p <= 0xFFFC {
		return Register{Address: uint64(p), IO: true}
	}
	return Register{}
}
