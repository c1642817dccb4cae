//go:build amd64

package nic

import (
	"sync/atomic"

	"github.com/ringo-os/ringo/drivers/virtio"
)

// largestFrame is more than any frame that a device may deliver: 64 KiB and headers.
const largestFrame = 65536 + ethernetHeader + vlanTag + headerSize

// receiveBatch is after how many buffers the device gets the empty ones back.
const receiveBatch = 16

// A receiver is the receive queue, which one goroutine empties.
type receiver struct {
	queue     *virtio.Queue
	buffers   buffers
	headerLen int
	mergeable bool
	heads     []uint16 // buffers of the frame that is being delivered
	parts     [][]byte
	empty     int // buffers that went back since the last Publish
	dropped   atomic.Uint64
}

func (r *receiver) open(d *Device, s sizes) (err error) {
	r.headerLen = d.headerLen
	r.mergeable = d.features&featureMergeable != 0
	size := s.buffer
	if whole := d.headerLen + ethernetHeader + vlanTag + d.mtu; !r.mergeable {
		size = max(size, (whole+63)&^63) // a frame has one buffer to arrive in
	}
	if r.queue, err = virtio.NewQueue(d.transport, receiveQueue, s.descriptors, d.features); err != nil {
		return err
	}
	if err = d.transport.Install(r.queue, true); err != nil {
		return err
	}
	if r.buffers, err = newBuffers(r.queue.Size(), size); err != nil {
		return err
	}
	for range r.queue.Size() {
		id, _ := r.queue.Reserve(1)
		r.queue.Describe(id, r.buffers.at(id), uint32(size), true)
		r.queue.Submit(id)
	}
	return nil
}

// Wait parks the calling goroutine until something may have been received.
func (d *Device) Wait() { d.receive.queue.Source().Wait() }

// Dropped is how many received frames were malformed.
func (d *Device) Dropped() uint64 { return d.receive.dropped.Load() }

// Receive hands every frame that has arrived to deliver, in parts that are valid until it returns.
// An error means that the device can no longer be used.
func (d *Device) Receive(deliver func(h Header, parts [][]byte, size int)) error {
	r := &d.receive
	for {
		h, size, ok, err := r.next()
		if err != nil {
			virtio.Reset(d.transport)
			return err
		}
		if !ok {
			break
		}
		if size > 0 {
			deliver(h, r.parts, size)
		}
		r.giveBack(receiveBatch)
	}
	r.giveBack(0)
	return nil
}

// next takes one frame from the queue: r.parts, of size bytes together. A frame of size 0 was
// malformed.
func (r *receiver) next() (h Header, size int, ok bool, err error) {
	r.parts = r.parts[:0]
	head, written, ok, err := r.queue.Reap()
	if !ok {
		return h, 0, false, err
	}
	r.heads = append(r.heads, head)
	if int(written) < r.headerLen+ethernetHeader {
		r.dropped.Add(1)
		return h, 0, true, nil
	}
	first := r.buffers.of(head)[:written]
	h.decode(first[:r.headerLen])
	if !r.mergeable {
		h.buffers = 1
	}
	size = int(written) - r.headerLen
	r.parts = append(r.parts, first[r.headerLen:])
	if h.buffers == 1 {
		return h, size, true, nil
	}
	return r.merge(h, size)
}

// merge takes the further buffers of a frame (5.1.6.4). The device says how many there are; all of
// them must have been used by now.
func (r *receiver) merge(h Header, size int) (Header, int, bool, error) {
	valid := h.buffers != 0 && int(h.buffers) <= r.queue.Size()
	for n := 1; valid && n < int(h.buffers); n++ {
		head, written, ok, err := r.queue.Reap()
		if err != nil {
			return h, 0, false, err
		}
		if !ok {
			valid = false
			break
		}
		r.heads = append(r.heads, head)
		r.parts = append(r.parts, r.buffers.of(head)[:written])
		size += int(written)
	}
	if !valid || size > largestFrame {
		r.dropped.Add(1)
		return h, 0, true, nil
	}
	return h, size, true, nil
}

// giveBack returns the delivered buffers to the device, and shows it them when there are more than
// batch.
func (r *receiver) giveBack(batch int) {
	for _, head := range r.heads {
		r.queue.Submit(head)
	}
	r.empty += len(r.heads)
	r.heads = r.heads[:0]
	if r.empty > batch {
		r.empty = 0
		r.queue.Publish()
		r.queue.Done()
	}
	if batch == 0 {
		r.queue.Done()
	}
}
