//go:build amd64

package nic

import "encoding/binary"

// Header precedes each frame in its buffers (5.1.6).
type Header struct {
	Flags          uint8
	Segmentation   uint8
	HeaderLength   uint16
	SegmentSize    uint16
	ChecksumStart  uint16
	ChecksumOffset uint16
	buffers        uint16
}

// Flags and ways to cut segments (5.1.6).
const (
	NeedsChecksum = 1 // the checksum is to be completed
	DataValid     = 2 // the device has checked the checksum

	SegmentNot  = 0
	SegmentTCP4 = 1
	SegmentTCP6 = 4
)

// Sizes of a header: legacy devices leave the number of buffers out unless they merge (5.1.6.1).
const (
	headerSize       = 12
	headerSizeLegacy = 10
)

func (h *Header) encode(p []byte) {
	_ = p[headerSizeLegacy-1]
	p[0] = h.Flags
	p[1] = h.Segmentation
	binary.LittleEndian.PutUint16(p[2:], h.HeaderLength)
	binary.LittleEndian.PutUint16(p[4:], h.SegmentSize)
	binary.LittleEndian.PutUint16(p[6:], h.ChecksumStart)
	binary.LittleEndian.PutUint16(p[8:], h.ChecksumOffset)
	if len(p) >= headerSize {
		p[10], p[11] = 0, 0
	}
}

func (h *Header) decode(p []byte) {
	_ = p[headerSizeLegacy-1]
	h.Flags = p[0]
	h.Segmentation = p[1]
	h.HeaderLength = binary.LittleEndian.Uint16(p[2:])
	h.SegmentSize = binary.LittleEndian.Uint16(p[4:])
	h.ChecksumStart = binary.LittleEndian.Uint16(p[6:])
	h.ChecksumOffset = binary.LittleEndian.Uint16(p[8:])
	h.buffers = 1
	if len(p) >= headerSize {
		h.buffers = binary.LittleEndian.Uint16(p[10:])
	}
}

// Valid reports whether the frame's checksum needs no look: the device has checked it, or it comes
// from this very host and was never computed.
func (h *Header) Valid() bool { return h.Flags&(NeedsChecksum|DataValid) != 0 }
