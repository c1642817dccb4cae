package thread

import (
	"sync/atomic"
	"unsafe"
)

// A bucket is a list of threads that sleep on futex words with the same hash, longest first.
type bucket struct {
	lock       spin
	head, tail *Thread
}

// futexes has a lock for every bucket and none for all. Lock order: bucket, then core.
var futexes [256]bucket

func bucketOf(address uintptr) *bucket {
	// Fibonacci hashing: the words are 4-byte aligned and often in neighbouring cache lines.
	return &futexes[uint32(address>>2)*0x9E3779B1>>24]
}

func (b *bucket) remove(t *Thread) {
	var before *Thread
	for at := b.head; at != nil; before, at = at, at.waitNext {
		if at != t {
			continue
		}
		if before == nil {
			b.head = t.waitNext
		} else {
			before.waitNext = t.waitNext
		}
		if b.tail == t {
			b.tail = before
		}
		break
	}
	t.waitNext = nil
	t.waitKey = 0
}

// FutexSleep blocks while *address is value, until FutexWake or deadline (0 for none). It may
// return without either, as futex(2) may.
func FutexSleep(address *uint32, value uint32, deadline int64) {
	flags := saveAndDisable()
	key := uintptr(unsafe.Pointer(address))
	b := bucketOf(key)
	b.lock.acquire()
	if atomic.LoadUint32(address) != value {
		b.lock.release()
		restore(flags)
		return
	}
	t := This().current
	t.waitKey = key
	t.waitNext = nil
	if b.tail == nil {
		b.head = t
	} else {
		b.tail.waitNext = t
	}
	b.tail = t
	Block(deadline, &b.lock)
	// Still there after the deadline; or after a Wake that was meant for an earlier sleep of this
	// thread, which had timed out by itself when it came.
	if atomic.LoadUintptr(&t.waitKey) != 0 {
		b.lock.acquire()
		if t.waitKey != 0 {
			b.remove(t)
		}
		b.lock.release()
	}
	restore(flags)
}

// FutexWake wakes up to count threads that sleep on address. Interrupt handlers may call it.
func FutexWake(address *uint32, count uint32) {
	flags := saveAndDisable()
	key := uintptr(unsafe.Pointer(address))
	b := bucketOf(key)
	for ; count > 0; count-- {
		b.lock.acquire()
		t := b.head
		for t != nil && t.waitKey != key {
			t = t.waitNext
		}
		if t != nil {
			b.remove(t)
		}
		b.lock.release()
		if t == nil {
			break
		}
		Wake(t)
	}
	restore(flags)
}
