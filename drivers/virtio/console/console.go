//go:build amd64

// Package console drives virtio consoles (VIRTIO 1.2, 5.3) as far as the machine sends through them: the
// first port's transmit queue. What comes in stays where it is.
package console

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/kernel/machine"
)

// transmitQueue is the first port's, which is there whatever features the device has (5.3.2).
const transmitQueue = 1

// bufferSize is how many bytes are handed to the device at once.
const bufferSize = 64 << 10

// patience is how long the device may take for a buffer: the host writes it to where it belongs.
const patience = 10 * time.Second

// ErrSlow says that the device did not take what was sent in time.
var ErrSlow = errors.New("the virtio console takes nothing")

// A Device is a virtio console that works. It is for one goroutine at a time.
type Device struct {
	queue    *virtio.Queue
	buffer   []byte
	physical uint64
}

// Open starts the device.
func Open(t virtio.Transport) (*Device, error) {
	if t.Kind() != virtio.Console {
		return nil, fmt.Errorf("the device on %v is no virtio console", t)
	}
	features, err := virtio.Negotiate(t, func(uint64) uint64 { return 0 })
	if err != nil {
		return nil, err
	}
	d := &Device{}
	if d.queue, err = virtio.NewQueue(t, transmitQueue, 1, features); err != nil {
		return nil, err
	}
	if err := t.Install(d.queue, false); err != nil {
		return nil, err
	}
	memory, physical := machine.AllocateDMA(bufferSize)
	if memory == nil {
		return nil, errors.New("out of memory for the virtio console's buffer")
	}
	d.buffer, d.physical = unsafe.Slice((*byte)(memory), bufferSize), physical
	virtio.Start(t)
	return d, nil
}

// Write sends p, and returns when the device has taken all of it. It looks at the queue instead of waiting
// for an interrupt: the device takes a buffer while it is notified, as a rule. After an error the device
// takes nothing any more.
func (d *Device) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		piece := copy(d.buffer, p)
		if err := d.send(uint32(piece)); err != nil {
			return n, err
		}
		n, p = n+piece, p[piece:]
	}
	return n, nil
}

// send hands the buffer's first size bytes to the device.
func (d *Device) send(size uint32) error {
	id, free := d.queue.Reserve(1)
	if !free {
		return ErrSlow // it still has the last ones
	}
	d.queue.Describe(id, d.physical, size, false)
	d.queue.Submit(id)
	d.queue.Publish()
	if _, ok, err := d.queue.Await(patience); ok || err != nil {
		return err
	}
	return ErrSlow
}
