//go:build amd64

// Package virtiotest simulates the device side of virtio for host unit tests of drivers. It knows
// nothing of the driver but what the driver tells a transport, and the layout of a virtqueue
// (VIRTIO 1.2, 2.7). A queue is for one goroutine at a time, which need not be the driver's.
package virtiotest

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A Device is a simulated device and the transport to it.
type Device struct {
	Type     virtio.Kind
	Old      bool // legacy
	Offered  uint64
	Accepted uint64
	Config   [64]byte
	Limit    int // size of its queues
	Queues   map[int]*Queue

	status  uint8
	sources [4]machine.Source
}

// A Queue is a virtqueue as the device sees it.
type Queue struct {
	Kicks uint32 // written by the driver's doorbell

	size                   uint16
	table, available, used unsafe.Pointer
	next, given            uint16
}

// A Part is one descriptor of a chain.
type Part struct {
	Memory   []byte
	Writable bool
}

// Kind implements virtio.Transport, as do the methods below.
func (d *Device) Kind() virtio.Kind      { return d.Type }
func (d *Device) Legacy() bool           { return d.Old }
func (d *Device) Features() uint64       { return d.Offered }
func (d *Device) Accept(features uint64) { d.Accepted = features }
func (d *Device) Status() uint8          { return d.status }
func (d *Device) SetStatus(s uint8)      { d.status = s }
func (d *Device) Generation() uint32     { return 0 }
func (d *Device) String() string         { return "simulated" }
func (d *Device) Config8(i int) uint8    { return d.Config[i] }
func (d *Device) Config16(i int) uint16  { return uint16(d.Config[i]) | uint16(d.Config[i+1])<<8 }
func (d *Device) Config32(i int) uint32 {
	return uint32(d.Config16(i)) | uint32(d.Config16(i+2))<<16
}
func (d *Device) QueueLimit(index int) int { return d.Limit }

// Running reports whether the driver has started the device.
func (d *Device) Running() bool { return d.status&4 != 0 }

// Install implements virtio.Transport.
func (d *Device) Install(q *virtio.Queue, interrupt bool) error {
	table, available, used := q.Addresses()
	mine := &Queue{
		size:      uint16(q.Size()),
		table:     pointer(table),
		available: pointer(available),
		used:      pointer(used),
		Kicks:     ^uint32(0),
	}
	q.Attach(unsafe.Pointer(&mine.Kicks), true)
	if interrupt {
		q.Announce(&d.sources[q.Index()])
	}
	if d.Queues == nil {
		d.Queues = map[int]*Queue{}
	}
	d.Queues[q.Index()] = mine
	return nil
}

// pointer undoes what the host's twin of package machine does: there physical addresses are the
// process's own.
func pointer(physical uint64) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&physical))
}

// Take returns the next chain that the driver made available.
func (q *Queue) Take() (head uint16, parts []Part, ok bool) {
	if q.Free() == 0 {
		return 0, nil, false
	}
	head = *(*uint16)(unsafe.Add(q.available, 4+2*int(q.next%q.size)))
	q.next++
	for id := head; ; {
		if id >= q.size || len(parts) >= int(q.size) {
			panic(fmt.Sprintf("the driver's chain from %d leads to %d", head, id))
		}
		e := unsafe.Add(q.table, 16*int(id))
		length := *(*uint32)(unsafe.Add(e, 8))
		flags := *(*uint16)(unsafe.Add(e, 12))
		parts = append(parts, Part{
			Memory:   unsafe.Slice((*byte)(pointer(*(*uint64)(e))), length),
			Writable: flags&2 != 0,
		})
		if flags&1 == 0 {
			return head, parts, true
		}
		id = *(*uint16)(unsafe.Add(e, 14))
	}
}

// Give returns a chain to the driver, saying that length bytes were written.
func (q *Queue) Give(id, length uint32) {
	slot := unsafe.Add(q.used, 4+8*int(q.given%q.size))
	*(*uint32)(slot) = id
	*(*uint32)(unsafe.Add(slot, 4)) = length
	q.given++
	atomic.StoreUint32((*uint32)(q.used), uint32(q.given)<<16)
}

// Free is how many chains the driver has made available that were not taken.
func (q *Queue) Free() int {
	index := atomic.LoadUint32((*uint32)(q.available)) >> 16
	return int(uint16(index) - q.next)
}
