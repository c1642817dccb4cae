//go:build amd64

package pci

import (
	"iter"

	"github.com/ringo-os/ringo/drivers/pci/survey"
)

// The capabilities that drivers here look for (appendix H).
const (
	CapabilityVendor = 0x09
	CapabilityMSIX   = 0x11
)

// Capabilities yields id and offset of each entry in the list of capabilities (6.7). A list that
// loops ends after as many entries as configuration space can hold.
func (d *Device) Capabilities() iter.Seq2[uint8, uint8] {
	return func(yield func(id, offset uint8) bool) {
		if d.Read32(survey.RegisterCommand)&statusCapabilities == 0 {
			return
		}
		offset := d.Read8(registerCapacity) &^ 3
		for range maximumCapabilities {
			if offset < firstCapability {
				return
			}
			head := d.Read16(offset)
			if !yield(uint8(head), offset) {
				return
			}
			offset = uint8(head>>8) &^ 3
		}
	}
}

// Capability returns the offset of the first capability with that id.
func (d *Device) Capability(id uint8) (offset uint8, ok bool) {
	for found, offset := range d.Capabilities() {
		if found == id {
			return offset, true
		}
	}
	return 0, false
}
