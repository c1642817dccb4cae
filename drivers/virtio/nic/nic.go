//go:build amd64

// Package nic drives virtio network devices (VIRTIO 1.2, 5.1): one receive queue and one transmit
// queue, with the device computing checksums and cutting segments where it can.
//
// Frames are copied between Go's memory and buffers that belong to the queues: each descriptor has
// one of its own for ever. So the device never sees the heap.
package nic

import (
	"crypto/rand"
	"fmt"

	"github.com/ringo-os/ringo/drivers/virtio"
)

// Features of network devices (5.1.3).
const (
	featureChecksum      = 1 << 0
	featureGuestChecksum = 1 << 1
	featureMTU           = 1 << 3
	featureMAC           = 1 << 5
	featureGuestTSO4     = 1 << 7
	featureGuestTSO6     = 1 << 8
	featureHostTSO4      = 1 << 11
	featureHostTSO6      = 1 << 12
	featureMergeable     = 1 << 15
	featureStatus        = 1 << 16
)

// The configuration (5.1.4).
const (
	configMAC    = 0
	configStatus = 6
	configMTU    = 10
	linkUp       = 1
)

// The queues of a device without multiqueue (5.1.2).
const (
	receiveQueue  = 0
	transmitQueue = 1
)

// What an Ethernet frame may carry: the least that IPv4 asks for (RFC 791), what everybody uses,
// and what fits into one IP packet.
const (
	leastMTU  = 68
	commonMTU = 1500
	mostMTU   = 65535 - 14

	ethernetHeader = 14
	vlanTag        = 4
)

// A Device is a virtio network device that works.
type Device struct {
	transport virtio.Transport
	features  uint64
	headerLen int
	mac       [6]byte
	mtu       int
	receive   receiver
	transmit  Transmitter
}

// Open starts the device. memory, the size of the machine's, decides how much the queues take.
func Open(t virtio.Transport, memory uint64) (*Device, error) {
	if t.Kind() != virtio.Network {
		return nil, fmt.Errorf("the device on %v is no network device", t)
	}
	features, err := virtio.Negotiate(t, choose)
	if err != nil {
		return nil, err
	}
	d := &Device{transport: t, features: features, headerLen: headerSize}
	if t.Legacy() && features&featureMergeable == 0 {
		d.headerLen = headerSizeLegacy
	}
	d.readMTU()
	d.readMAC()
	sizes := sizesFor(memory)
	if err := d.receive.open(d, sizes); err != nil {
		return nil, err
	}
	if err := d.transmit.open(d, sizes); err != nil {
		return nil, err
	}
	virtio.Start(t)
	d.receive.queue.Publish()
	return d, nil
}

// choose takes what the device offers and we can do, with what that depends on (5.1.3.1): who cuts
// segments computes checksums; and what was one segment of 64 KiB arrives only in merged buffers.
func choose(offered uint64) uint64 {
	wanted := uint64(featureMAC | featureMTU | featureStatus | featureMergeable | featureChecksum | featureGuestChecksum)
	if offered&featureChecksum != 0 {
		wanted |= featureHostTSO4 | featureHostTSO6
	}
	if offered&featureGuestChecksum != 0 && offered&featureMergeable != 0 {
		wanted |= featureGuestTSO4 | featureGuestTSO6
	}
	return wanted
}

func (d *Device) readMTU() {
	d.mtu = commonMTU
	if d.features&featureMTU != 0 {
		if mtu := int(d.transport.Config16(configMTU)); mtu >= leastMTU && mtu <= mostMTU {
			d.mtu = mtu
		}
	}
}

func (d *Device) readMAC() {
	if d.features&featureMAC != 0 {
		for i := range d.mac {
			d.mac[i] = d.transport.Config8(configMAC + i)
		}
	}
	if d.mac == [6]byte{} || d.mac[0]&1 != 0 {
		rand.Read(d.mac[:])
		d.mac[0] = d.mac[0]&^1 | 2 // one station, locally administered
	}
}

// MAC is the device's address.
func (d *Device) MAC() [6]byte { return d.mac }

// MTU is the largest payload of a frame.
func (d *Device) MTU() int { return d.mtu }

// LinkUp reports whether the device is connected.
func (d *Device) LinkUp() bool {
	return d.features&featureStatus == 0 || d.transport.Config16(configStatus)&linkUp != 0
}

// Checksums reports whether the device completes the checksums of what is sent, Segments whether
// it also cuts TCP segments, for IPv4 and IPv6.
func (d *Device) Checksums() bool { return d.features&featureChecksum != 0 }

// Segments is explained at Checksums.
func (d *Device) Segments() bool {
	const both = featureHostTSO4 | featureHostTSO6
	return d.features&both == both
}

// Merges reports whether the device delivers TCP segments that belong together as one frame.
func (d *Device) Merges() bool { return d.features&(featureGuestTSO4|featureGuestTSO6) != 0 }

// String names the device, for messages.
func (d *Device) String() string { return d.transport.String() }

// A sizes says how large queues and buffers are.
type sizes struct {
	descriptors int
	buffer      int
}

// sizesFor lets the two queues of a device take about a hundredth of memory.
func sizesFor(memory uint64) sizes {
	switch {
	case memory < 64<<20:
		return sizes{64, 2048}
	case memory < 256<<20:
		return sizes{128, 4096}
	default:
		return sizes{256, 4096}
	}
}
