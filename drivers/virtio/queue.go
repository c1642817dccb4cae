//go:build amd64

package virtio

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/machine"
)

// The parts of a split virtqueue (2.7): the descriptor table, the available ring and the used ring.
const (
	descriptorSize = 16
	flagNext       = 1
	flagWrite      = 2

	availableFlags = 0
	availableIndex = 2
	availableRing  = 4
	noInterrupt    = 1

	usedFlags   = 0
	usedIndex   = 2
	usedRing    = 4
	usedElement = 8
	noNotify    = 1

	// usedAlign is what legacy devices want between the two rings (2.7.2); for others any page
	// boundary will do as well.
	usedAlign  = 4096
	legacyPage = 4096
	maxQueue   = 1024
)

// ErrBroken says that a device wrote something into a used ring that cannot be.
var ErrBroken = errors.New("the device broke the rules of the virtqueue")

// A descriptor is an entry of the descriptor table, which the device can write to as well as we:
// it is only ever written here, never read.
type descriptor struct {
	address uint64
	length  uint32
	flags   uint16
	next    uint16
}

// A link is what the driver remembers of a descriptor, out of the device's reach.
type link struct {
	next     uint16 // the following descriptor of the chain, or the next free one
	count    uint16 // at the head of a chain: how many descriptors it has
	owned    bool   // at the head of a chain: the device has it
	length   uint32
	writable uint32 // bytes that the device may write; at the head, of the whole chain once owned
}

// A Queue is a split virtqueue as the driver sees it. It is for one goroutine at a time.
type Queue struct {
	index int
	size  uint16

	physical  uint64
	table     []descriptor
	available unsafe.Pointer
	used      unsafe.Pointer

	links []link
	free  uint16 // head of the list of free descriptors
	spare int    // how many there are
	owned int    // chains that the device has

	produced  uint16 // available index: what has been put into the ring,
	published uint16 // and what of that the device has been told
	consumed  uint16 // used index: what has been taken from the ring,
	seen      uint16 // and what of that the device had written at the last look

	eventIndex bool
	broken     error
	source     *machine.Source

	doorbell     unsafe.Pointer
	doorbellWide bool
	fence        atomic.Uint32
}

// NewQueue makes queue index of the device, with at most limit descriptors.
func NewQueue(t Transport, index, limit int, features uint64) (*Queue, error) {
	most := min(t.QueueLimit(index), limit, maxQueue)
	if most < 1 {
		return nil, fmt.Errorf("the device on %v has no queue %d", t, index)
	}
	size := 1 << (bits.Len(uint(most)) - 1) // a power of two (2.7)
	q := &Queue{
		index:      index,
		size:       uint16(size),
		links:      make([]link, size),
		spare:      size,
		eventIndex: features&FeatureEventIndex != 0,
	}
	ringEnd := descriptorSize*size + availableRing + 2*size + 2
	usedStart := (ringEnd + usedAlign - 1) &^ (usedAlign - 1)
	memory, physical := machine.AllocateDMA(uintptr(usedStart + usedRing + usedElement*size + 2))
	if memory == nil {
		return nil, errors.New("out of memory for a virtqueue")
	}
	q.physical = physical
	q.table = unsafe.Slice((*descriptor)(memory), size)
	q.available = unsafe.Add(memory, descriptorSize*size)
	q.used = unsafe.Add(memory, usedStart)
	for i := range q.links {
		q.links[i].next = uint16(i + 1)
	}
	cpu.Store16(unsafe.Add(q.available, availableFlags), noInterrupt)
	return q, nil
}

// Size is how many descriptors the queue has.
func (q *Queue) Size() int { return int(q.size) }

// Spare is how many descriptors are free.
func (q *Queue) Spare() int { return q.spare }

// Source announces that the device has used something; nil for a queue without interrupts.
func (q *Queue) Source() *machine.Source { return q.source }

// Reserve takes a chain of count descriptors and returns the first. The others follow by Next.
func (q *Queue) Reserve(count int) (head uint16, ok bool) {
	if count < 1 || count > q.spare {
		return 0, false
	}
	head = q.free
	last := head
	for range count - 1 {
		last = q.links[last].next
	}
	q.free = q.links[last].next
	q.spare -= count
	q.links[head].count = uint16(count)
	return head, true
}

// Next returns the descriptor that follows id in its chain.
func (q *Queue) Next(id uint16) uint16 { return q.links[id].next }

// Describe says which memory descriptor id of a reserved chain stands for, and whether the device
// is to write it or to read it.
func (q *Queue) Describe(id uint16, physical uint64, length uint32, write bool) {
	l := &q.links[id]
	l.length, l.writable = length, 0
	flags := uint16(0)
	if write {
		l.writable = length
		flags = flagWrite
	}
	d := &q.table[id]
	d.address, d.length, d.flags = physical, length, flags
}

// Submit puts a described chain into the available ring (2.7.13). The device learns of it with the
// next Publish.
func (q *Queue) Submit(head uint16) {
	h := &q.links[head]
	writable := uint32(0)
	id := head
	for n := h.count; ; n-- {
		l := &q.links[id]
		flags := uint16(0)
		if l.writable != 0 {
			flags = flagWrite
			writable += l.length
		}
		d := &q.table[id]
		if n <= 1 {
			d.flags = flags
			break
		}
		d.flags, d.next = flags|flagNext, l.next
		id = l.next
	}
	h.owned = true
	h.writable = writable
	q.owned++
	slot := q.produced & (q.size - 1)
	*(*uint16)(unsafe.Add(q.available, availableRing+2*uintptr(slot))) = head
	q.produced++
}

// Publish shows the device what has been submitted and rings its doorbell if it wants that.
func (q *Queue) Publish() {
	if q.produced == q.published {
		return
	}
	before := q.published
	q.published = q.produced
	// x86 keeps stores in order, so the ring's entries are visible before the index is (2.7.13.3).
	storeIndex(q.available, q.produced)
	// But a load may overtake a store: without a full barrier, we and the device could each miss
	// what the other one just wrote (2.7.13.4).
	q.fence.Add(1)
	if q.wantsNotice(before) {
		q.notify()
	}
}

// wantsNotice reports whether the device asked for a notification of one of the entries from before
// on (2.7.10).
func (q *Queue) wantsNotice(before uint16) bool {
	if !q.eventIndex {
		return cpu.Load16(unsafe.Add(q.used, usedFlags))&noNotify == 0
	}
	event := cpu.Load16(unsafe.Add(q.used, usedRing+usedElement*uintptr(q.size)))
	return q.published-event-1 < q.published-before
}

func (q *Queue) notify() {
	switch {
	case q.doorbell == nil:
	case q.doorbellWide:
		cpu.Store32(q.doorbell, uint32(q.index))
	default:
		cpu.Store16(q.doorbell, uint16(q.index))
	}
}

// Index is which queue of the device this is.
func (q *Queue) Index() int { return q.index }

// Addresses returns where the parts of the queue are in physical memory.
func (q *Queue) Addresses() (table, available, used uint64) {
	start := uintptr(unsafe.Pointer(&q.table[0]))
	return q.physical, q.physical + uint64(uintptr(q.available)-start), q.physical + uint64(uintptr(q.used)-start)
}

// Attach says where the device is notified, and whether by a word of 32 bits or of 16; for
// transports.
func (q *Queue) Attach(doorbell unsafe.Pointer, wide bool) {
	q.doorbell, q.doorbellWide = doorbell, wide
}

// usedEvent is where the driver says at which used index it wants an interrupt (2.7.7.1).
func (q *Queue) usedEvent() unsafe.Pointer {
	return unsafe.Add(q.available, availableRing+2*uintptr(q.size))
}
