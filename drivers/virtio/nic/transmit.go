//go:build amd64

package nic

import (
	"runtime"
	"sync"
	"time"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/kernel/machine"
)

// How long a sender waits for room in a full queue: first it lets others run, then it sleeps. A
// device that has not taken anything after that is not worth waiting for; the frame is lost.
const (
	fullYields = 64
	fullSleeps = 100
	fullSleep  = 100 * time.Microsecond
)

// A Transmitter is the transmit queue, locked for one sender between Open and Close.
type Transmitter struct {
	mu        sync.Mutex
	queue     *virtio.Queue
	buffers   buffers
	headerLen int
	stuck     bool   // the last wait was in vain
	lost      uint64 // frames that found no room

	head, id uint16 // the frame that is being written, and its current descriptor
	fill     int    // bytes in that descriptor's buffer
	left     int    // bytes that the frame still lacks
}

func (t *Transmitter) open(d *Device, s sizes) (err error) {
	t.headerLen = d.headerLen
	if t.queue, err = virtio.NewQueue(d.transport, transmitQueue, s.descriptors, d.features); err != nil {
		return err
	}
	if err = d.transport.Install(t.queue, false); err != nil {
		return err
	}
	t.buffers, err = newBuffers(t.queue.Size(), s.buffer)
	return err
}

// LargestSend is the largest frame that Begin accepts.
func (d *Device) LargestSend() int {
	return d.transmit.queue.Size()*d.transmit.buffers.size - d.headerLen
}

// Transmit gives the calling goroutine the transmit queue. Each frame is Begin, Write until it is
// complete, End; the device hears of all of them at Close.
func (d *Device) Transmit() *Transmitter {
	d.transmit.mu.Lock()
	return &d.transmit
}

// Transmitter returns the transmit queue for who takes it with TryOpen.
func (d *Device) Transmitter() *Transmitter { return &d.transmit }

// TryOpen is Transmit for who cannot wait, and need not be a goroutine: false if somebody has the queue.
func (t *Transmitter) TryOpen() bool { return t.mu.TryLock() }

// Drain sends what was written, and looks again and again until the device has taken all of it: false if it has not within
// patience. It neither parks nor allocates.
func (t *Transmitter) Drain(patience time.Duration) bool {
	t.queue.Publish()
	for begin := machine.Uptime(); ; {
		t.reap()
		switch {
		case t.queue.Spare() == t.queue.Size():
			return true
		case t.queue.Err() != nil, machine.Uptime()-begin > int64(patience):
			return false
		}
	}
}

// Close sends what was written and lets others have the queue.
func (t *Transmitter) Close() {
	t.queue.Publish()
	t.mu.Unlock()
}

// Begin starts a frame of size bytes. It returns false when there is no room for it and none comes
// free in time.
func (t *Transmitter) Begin(h *Header, size int) bool {
	count := (t.headerLen + size + t.buffers.size - 1) / t.buffers.size
	if count > t.queue.Size() {
		t.lost++
		return false
	}
	t.reap()
	if t.queue.Spare() < count && !t.wait(count) {
		t.lost++
		return false
	}
	t.stuck = false
	t.head, _ = t.queue.Reserve(count)
	t.id = t.head
	t.fill = t.headerLen
	t.left = size
	h.encode(t.buffers.of(t.id)[:t.headerLen])
	return true
}

// Write appends to the frame that was begun. What exceeds its size is ignored.
func (t *Transmitter) Write(p []byte) {
	p = p[:min(len(p), t.left)]
	t.left -= len(p)
	for len(p) > 0 {
		if t.fill == t.buffers.size {
			t.queue.Describe(t.id, t.buffers.at(t.id), uint32(t.fill), false)
			t.id = t.queue.Next(t.id)
			t.fill = 0
		}
		n := copy(t.buffers.of(t.id)[t.fill:], p)
		t.fill += n
		p = p[n:]
	}
}

// End completes the frame; one that lacks bytes is given up.
func (t *Transmitter) End() {
	if t.left != 0 {
		t.queue.Release(t.head)
		return
	}
	t.queue.Describe(t.id, t.buffers.at(t.id), uint32(t.fill), false)
	t.queue.Submit(t.head)
}

// reap frees the descriptors of frames that the device has sent.
func (t *Transmitter) reap() {
	for {
		head, _, ok, _ := t.queue.Reap()
		if !ok {
			return
		}
		t.queue.Release(head)
	}
}

// wait waits for count descriptors.
func (t *Transmitter) wait(count int) bool {
	t.queue.Publish()
	for i := range fullYields + fullSleeps {
		t.reap()
		if t.queue.Spare() >= count {
			return true
		}
		if t.stuck || t.queue.Err() != nil {
			break // the frames after a lost one do not wait again
		}
		if i < fullYields {
			runtime.Gosched()
		} else {
			time.Sleep(fullSleep)
		}
	}
	t.stuck = true
	return false
}
