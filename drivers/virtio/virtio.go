//go:build amd64

// Package virtio is what all virtio devices have in common: the transports that carry them (PCI
// and memory-mapped I/O), the negotiation of features, and the split virtqueue.
//
// Section numbers are those of the Virtual I/O Device specification, version 1.2. The device is
// not trusted: what it writes is read once and checked before it is used.
package virtio

import (
	"fmt"
	"runtime"
)

// A Kind is a type of device (5).
type Kind uint32

// The kinds of devices that drivers here exist or are planned for.
const (
	Network Kind = 1
	Block   Kind = 2
	Console Kind = 3
	Entropy Kind = 4
	Balloon Kind = 5
)

// Features that concern every kind of device (6).
const (
	FeatureEventIndex     = 1 << 29
	FeatureVersion1       = 1 << 32
	FeatureAccessPlatform = 1 << 33
)

// Bits of the device status field (2.1).
const (
	statusAcknowledge = 1
	statusDriver      = 2
	statusDriverOK    = 4
	statusFeaturesOK  = 8
	statusNeedsReset  = 64
	statusFailed      = 128
)

// A Transport is the way to one device.
type Transport interface {
	// Kind is the type of the device.
	Kind() Kind
	// Legacy reports a device from before version 1 of the specification (4.2.4).
	Legacy() bool
	// Features returns what the device offers, Accept tells it what the driver takes of that.
	Features() uint64
	Accept(features uint64)
	// Status and SetStatus access the device status field.
	Status() uint8
	SetStatus(status uint8)
	// QueueLimit returns the largest size of queue index, 0 when there is no such queue.
	QueueLimit(index int) int
	// Install hands a queue to the device; with interrupt, q gets a Source.
	Install(q *Queue, interrupt bool) error
	// Config8, Config16 and Config32 read the configuration of the kind of device at offset.
	// Beyond its end they return 0.
	Config8(offset int) uint8
	Config16(offset int) uint16
	Config32(offset int) uint32
	// Generation changes when the configuration has changed (2.5).
	Generation() uint32
	// String names the place of the device, for messages.
	String() string
}

// A device that does not come back from a reset within this many looks never will.
const resetLooks = 100_000

// Negotiate resets the device and agrees with it on features: what choose takes of those that the
// device offers, and those of the transport and the queues (3.1.1, steps 1 to 6).
func Negotiate(t Transport, choose func(offered uint64) uint64) (features uint64, err error) {
	if err := Reset(t); err != nil {
		return 0, err
	}
	t.SetStatus(statusAcknowledge)
	t.SetStatus(statusAcknowledge | statusDriver)
	offered := t.Features()
	features = offered & (choose(offered) | FeatureVersion1 | FeatureAccessPlatform | FeatureEventIndex)
	if t.Legacy() {
		features &= 1<<32 - 1
		t.Accept(features)
		return features, nil
	}
	if offered&FeatureVersion1 == 0 {
		t.SetStatus(statusFailed)
		return 0, fmt.Errorf("the device on %v does not offer VIRTIO_F_VERSION_1", t)
	}
	t.Accept(features)
	t.SetStatus(statusAcknowledge | statusDriver | statusFeaturesOK)
	if t.Status()&statusFeaturesOK == 0 {
		t.SetStatus(statusFailed)
		return 0, fmt.Errorf("the device on %v refused the features %#x of %#x", t, features, offered)
	}
	return features, nil
}

// Start lets the device work (3.1.1, step 8).
func Start(t Transport) {
	status := uint8(statusAcknowledge | statusDriver | statusDriverOK)
	if !t.Legacy() {
		status |= statusFeaturesOK
	}
	t.SetStatus(status)
}

// Reset stops the device: afterwards it touches no memory (2.4).
func Reset(t Transport) error {
	t.SetStatus(0)
	for range resetLooks {
		if t.Status() == 0 {
			return nil
		}
		runtime.Gosched()
	}
	return fmt.Errorf("the device on %v does not reset", t)
}
