//go:build amd64

package virtio

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/machine"
)

// Reap takes one chain that the device has finished with: its head and how many bytes the device
// says it wrote into it, which are no more than there was room for. The chain is the driver's again:
// it submits it once more or releases it.
//
// An error means that the device cannot be trusted with the queue any longer; it stays.
func (q *Queue) Reap() (head uint16, written uint32, ok bool, err error) {
	if q.broken != nil {
		return 0, 0, false, q.broken
	}
	if q.consumed == q.seen && !q.look() {
		return 0, 0, false, q.broken
	}
	slot := uintptr(q.consumed & (q.size - 1))
	element := unsafe.Add(q.used, usedRing+usedElement*slot)
	// Each field is read once: the device may change it meanwhile.
	id := atomic.LoadUint32((*uint32)(element))
	written = atomic.LoadUint32((*uint32)(unsafe.Add(element, 4)))
	if id >= uint32(q.size) || !q.links[id].owned {
		return 0, 0, false, q.fail("it returned descriptor %d, which it did not have", id)
	}
	l := &q.links[id]
	if written > l.writable {
		return 0, 0, false, q.fail("it wrote %d bytes into %d", written, l.writable)
	}
	l.owned = false
	q.owned--
	q.consumed++
	return uint16(id), written, true, nil
}

// look reads how far the device has come.
func (q *Queue) look() bool {
	// The used ring is 4-byte aligned: flags and index are one word. The load also keeps the
	// compiler from reading the ring's entries before it; the processor would not.
	word := atomic.LoadUint32((*uint32)(q.used))
	q.seen = uint16(word >> 16)
	if ahead := int(q.seen - q.consumed); ahead > q.owned {
		q.seen = q.consumed
		q.fail("it returned %d chains of the %d that it had", ahead, q.owned)
		return false
	}
	return q.seen != q.consumed
}

// Pending reports whether Reap has something to return.
func (q *Queue) Pending() bool {
	return q.broken == nil && (q.consumed != q.seen || q.look())
}

// Await looks for a chain that the device has finished with until there is one, releases it, and returns how
// many bytes the device wrote; ok is false if none comes within patience. It does not wait for an interrupt:
// a device that is quick has finished when it has been notified.
func (q *Queue) Await(patience time.Duration) (written uint32, ok bool, err error) {
	for start := machine.Uptime(); ; runtime.Gosched() {
		head, written, ok, err := q.Reap()
		switch {
		case err != nil:
			return 0, false, err
		case ok:
			q.Release(head)
			return written, true, nil
		case machine.Uptime()-start > int64(patience):
			return 0, false, nil
		}
	}
}

// Release makes the descriptors of a reaped or reserved chain free again.
func (q *Queue) Release(head uint16) {
	count := q.links[head].count
	last := head
	for range count - 1 {
		last = q.links[last].next
	}
	q.links[last].next = q.free
	q.free = head
	q.spare += int(count)
}

// Done tells the netpoller how far the queue has been emptied, so that it knows what is new.
func (q *Queue) Done() {
	if q.source != nil {
		atomic.StoreUint32(&q.source.Seen, uint32(q.consumed))
	}
}

// Err returns what was wrong with what the device did, nil as long as nothing was.
func (q *Queue) Err() error { return q.broken }

func (q *Queue) fail(format string, arguments ...any) error {
	q.broken = fmt.Errorf("%w: "+format, append([]any{ErrBroken}, arguments...)...)
	return q.broken
}
