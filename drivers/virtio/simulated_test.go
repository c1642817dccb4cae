//go:build amd64

package virtio

import (
	"testing"
	"unsafe"
)

// fake is a transport without a device behind it.
type fake struct {
	legacy   bool
	offered  uint64
	accepted uint64
	status   []uint8
	refuse   bool
	stuck    bool
	limit    int
	kicks    uint16
}

func (f *fake) Kind() Kind             { return Network }
func (f *fake) Legacy() bool           { return f.legacy }
func (f *fake) Features() uint64       { return f.offered }
func (f *fake) Accept(features uint64) { f.accepted = features }
func (f *fake) SetStatus(s uint8)      { f.status = append(f.status, s) }
func (f *fake) Status() uint8 {
	if f.stuck {
		return 1
	}
	s := f.status[len(f.status)-1]
	if f.refuse {
		s &^= statusFeaturesOK
	}
	return s
}
func (f *fake) QueueLimit(index int) int { return f.limit }
func (f *fake) Install(q *Queue, interrupt bool) error {
	q.doorbell = unsafe.Pointer(&f.kicks)
	if interrupt {
		q.source = &sources[0]
	}
	return nil
}
func (f *fake) Config8(offset int) uint8   { return 0 }
func (f *fake) Config16(offset int) uint16 { return 0 }
func (f *fake) Config32(offset int) uint32 { return 0 }
func (f *fake) Generation() uint32         { return 0 }
func (f *fake) String() string             { return "nowhere" }

// device is the other side of a queue: it sees the same memory, by the layout of 2.7 alone.
type device struct {
	q    *Queue
	next uint16
	used uint16
}

// part is a descriptor as the device reads it.
type part struct {
	memory []byte
	write  bool
}

func (d *device) word(p unsafe.Pointer, offset int) *uint16 {
	return (*uint16)(unsafe.Add(p, offset))
}

// take returns the next available chain.
func (d *device) take(t *testing.T) (head uint16, parts []part, ok bool) {
	t.Helper()
	if *d.word(d.q.available, 2) == d.next {
		return 0, nil, false
	}
	head = *d.word(d.q.available, 4+2*int(d.next%d.q.size))
	d.next++
	for id := head; ; {
		if id >= d.q.size || len(parts) > int(d.q.size) {
			t.Fatalf("the chain from %d leads to %d", head, id)
		}
		e := d.q.table[id]
		parts = append(parts, part{
			memory: unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&e.address))), e.length),
			write:  e.flags&2 != 0,
		})
		if e.flags&1 == 0 {
			return head, parts, true
		}
		id = e.next
	}
}

// give puts an element into the used ring.
func (d *device) give(id, length uint32) {
	slot := unsafe.Add(d.q.used, 4+8*int(d.used%d.q.size))
	*(*uint32)(slot) = id
	*(*uint32)(unsafe.Add(slot, 4)) = length
	d.used++
	*d.word(d.q.used, 2) = d.used
}

// newPair makes a queue of the given size and the device for it.
func newPair(t testing.TB, size int, features uint64) (*Queue, *device, *fake) {
	t.Helper()
	f := &fake{limit: size}
	q, err := NewQueue(f, 0, size, features)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Install(q, false); err != nil {
		t.Fatal(err)
	}
	f.kicks = 0xFFFF // the doorbell is rung by writing the queue's index, 0
	return q, &device{q: q}, f
}
