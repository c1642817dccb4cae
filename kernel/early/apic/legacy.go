package apic

// LegacyVectors is the first of the 16 vectors that MaskLegacy moves the 8259s' interrupts to.
const LegacyVectors = 0xE0

// MaskLegacy masks the two 8259 interrupt controllers (Intel 8259A data sheet), after moving their
// vectors out of the way of the exceptions: a spurious interrupt can come even when all is masked.
// It needs no EOI. Where there are none, nothing happens.
func MaskLegacy() {
	const (
		primary, secondary = 0x20, 0xA0
		initialise         = 0x11 // ICW1: edge-triggered, cascaded, ICW4 follows
		mode8086           = 0x01 // ICW4
		cascade            = 2    // the pin of the primary that the secondary is on
		all                = 0xFF
	)
	out8(primary, initialise)
	out8(secondary, initialise)
	out8(primary+1, LegacyVectors)
	out8(secondary+1, LegacyVectors+8)
	out8(primary+1, 1<<cascade)
	out8(secondary+1, cascade)
	out8(primary+1, mode8086)
	out8(secondary+1, mode8086)
	out8(primary+1, all)
	out8(secondary+1, all)
}
