//go:build amd64

// Package rng drives virtio entropy devices (VIRTIO 1.2, 5.4): one queue, in which the device fills
// buffers with random bytes.
package rng

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/kernel/machine"
)

// requestQueue is the device's one queue (5.4.2).
const requestQueue = 0

// bufferSize is how many bytes one request asks for.
const bufferSize = 64

// ErrSlow says that the device did not answer in time.
var ErrSlow = errors.New("the entropy device does not answer")

// patience is how long a request may take.
const patience = 100 * time.Millisecond

// A Device is an entropy device that works.
type Device struct {
	mu       sync.Mutex
	queue    *virtio.Queue
	buffer   []byte
	physical uint64
	waiting  bool // a request is with the device
	failed   atomic.Bool
}

// Open starts the device.
func Open(t virtio.Transport) (*Device, error) {
	if t.Kind() != virtio.Entropy {
		return nil, fmt.Errorf("the device on %v is no entropy device", t)
	}
	features, err := virtio.Negotiate(t, func(uint64) uint64 { return 0 })
	if err != nil {
		return nil, err
	}
	d := &Device{}
	if d.queue, err = virtio.NewQueue(t, requestQueue, 1, features); err != nil {
		return nil, err
	}
	if err := t.Install(d.queue, false); err != nil {
		return nil, err
	}
	memory, physical := machine.AllocateDMA(bufferSize)
	if memory == nil {
		return nil, errors.New("out of memory for an entropy buffer")
	}
	d.buffer, d.physical = unsafe.Slice((*byte)(memory), bufferSize), physical
	virtio.Start(t)
	return d, nil
}

// Read fills p with random bytes from the device, or fails. It looks at the queue instead of
// waiting for an interrupt, as it is for the few bytes of a seed.
func (d *Device) Read(p []byte) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n < len(p) {
		got, err := d.request()
		if err != nil {
			return n, err
		}
		n += copy(p[n:], d.buffer[:got])
		clear(d.buffer)
	}
	return n, nil
}

// request has the device fill the buffer and returns how many bytes it wrote.
func (d *Device) request() (int, error) {
	if err := d.ask(); err != nil {
		return 0, err
	}
	written, ok, err := d.queue.Await(patience)
	if !ok {
		if err == nil {
			err = ErrSlow
		}
		return 0, err
	}
	d.waiting = false
	if written == 0 {
		return 0, ErrSlow // it must write at least one byte (5.4.6.1)
	}
	return int(written), nil
}

// ask gives the device the buffer, if it does not have it already.
func (d *Device) ask() error {
	if d.waiting || d.queue.Err() != nil {
		return d.queue.Err()
	}
	id, _ := d.queue.Reserve(1) // the one descriptor is free: nothing else uses it
	d.queue.Describe(id, d.physical, bufferSize, true)
	d.queue.Submit(id)
	d.queue.Publish()
	d.waiting = true
	return nil
}

// Sources returns the machine's entropy devices as functions that fill p and say how much they
// filled. A device that has failed once gives nothing any more.
func Sources() (sources []func(p []byte) int) {
	transports, _ := virtio.Machine()
	for _, t := range transports {
		if t.Kind() != virtio.Entropy {
			continue
		}
		if d, err := Open(t); err == nil {
			sources = append(sources, d.fill)
		}
	}
	return sources
}

// fill is Read for a party that can do without.
func (d *Device) fill(p []byte) int {
	if d.failed.Load() {
		return 0
	}
	n, err := d.Read(p)
	if err != nil {
		d.failed.Store(true)
	}
	return n
}
