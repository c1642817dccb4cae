//go:build amd64

package virtio

import (
	"errors"
	"strings"
	"testing"
	"unsafe"
)

func address(p []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) }

// send submits a chain of the given buffers.
func send(t testing.TB, q *Queue, write bool, buffers ...[]byte) uint16 {
	t.Helper()
	head, ok := q.Reserve(len(buffers))
	if !ok {
		t.Fatalf("no %d of %d descriptors free", len(buffers), q.Spare())
	}
	id := head
	for _, b := range buffers {
		q.Describe(id, address(b), uint32(len(b)), write)
		id = q.Next(id)
	}
	q.Submit(head)
	return head
}

func TestChainGoesThereAndBack(t *testing.T) {
	q, d, f := newPair(t, 8, 0)
	for round := range 100 { // more than once around the ring
		a, b, c := []byte("one "), []byte("two "), make([]byte, 10)
		head, ok := q.Reserve(3)
		if !ok {
			t.Fatalf("round %d: no descriptors", round)
		}
		second := q.Next(head)
		q.Describe(head, address(a), 4, false)
		q.Describe(second, address(b), 4, false)
		q.Describe(q.Next(second), address(c), 10, true)
		q.Submit(head)
		if _, _, ok := d.take(t); ok {
			t.Fatal("the device saw a chain before Publish")
		}
		f.kicks = 0xFFFF
		q.Publish()
		if f.kicks != 0 {
			t.Fatal("the doorbell was not rung")
		}
		got, parts, ok := d.take(t)
		if !ok || got != head || len(parts) != 3 {
			t.Fatalf("the device got %d %v %v", got, parts, ok)
		}
		if string(parts[0].memory)+string(parts[1].memory) != "one two " || parts[0].write || !parts[2].write {
			t.Fatalf("the device got %v", parts)
		}
		copy(parts[2].memory, "answer")
		d.give(uint32(head), 6)
		back, n, ok, err := q.Reap()
		if !ok || err != nil || back != head || n != 6 || string(c[:n]) != "answer" {
			t.Fatalf("reaped %d %d %v %v %q", back, n, ok, err, c)
		}
		q.Release(back)
		if q.Spare() != 8 {
			t.Fatalf("%d of 8 descriptors free", q.Spare())
		}
	}
}

func TestDescriptorsAreNotReusedInFlight(t *testing.T) {
	q, d, _ := newPair(t, 4, 0)
	b := make([]byte, 4)
	heads := map[uint16]bool{}
	for range 4 {
		heads[send(t, q, true, b)] = true
	}
	if len(heads) != 4 {
		t.Fatalf("heads %v", heads)
	}
	if _, ok := q.Reserve(1); ok {
		t.Fatal("a fifth of four descriptors")
	}
	q.Publish()
	d.take(t)
	third, _, _ := d.take(t) // out of order
	d.give(uint32(third), 0)
	head, _, ok, _ := q.Reap()
	if !ok || head != third {
		t.Fatalf("reaped %d, want %d", head, third)
	}
	if _, ok := q.Reserve(1); ok {
		t.Fatal("reaped is not yet released")
	}
	q.Release(head)
	if got, ok := q.Reserve(1); !ok || got != third {
		t.Fatalf("reserved %d %v", got, ok)
	}
	if _, ok := q.Reserve(0); ok {
		t.Fatal("an empty chain")
	}
}

func TestResubmit(t *testing.T) {
	q, d, _ := newPair(t, 2, 0)
	b := make([]byte, 4)
	head := send(t, q, true, b)
	for range 10 {
		q.Publish()
		got, parts, ok := d.take(t)
		if !ok || got != head || !parts[0].write {
			t.Fatal("not available again")
		}
		d.give(uint32(got), 4)
		if back, n, ok, err := q.Reap(); !ok || back != head || n != 4 || err != nil {
			t.Fatal(back, n, ok, err)
		}
		q.Submit(head)
	}
}

func TestNotificationSuppression(t *testing.T) {
	b := make([]byte, 4)
	t.Run("flag", func(t *testing.T) {
		q, d, f := newPair(t, 8, 0)
		*d.word(q.used, 0) = 1 // VIRTQ_USED_F_NO_NOTIFY
		send(t, q, true, b)
		q.Publish()
		if f.kicks == 0 {
			t.Error("notified")
		}
		*d.word(q.used, 0) = 0
		q.Publish()
		if f.kicks == 0 {
			t.Error("notified of nothing")
		}
		send(t, q, true, b)
		q.Publish()
		if f.kicks != 0 {
			t.Error("not notified")
		}
	})
	t.Run("event", func(t *testing.T) {
		q, d, f := newPair(t, 8, FeatureEventIndex)
		event := d.word(q.used, 4+8*8)
		*event = 2 // after the third entry
		for i := range 5 {
			f.kicks = 0xFFFF
			send(t, q, true, b)
			q.Publish()
			if rung := f.kicks == 0; rung != (i == 2) {
				t.Errorf("entry %d: notified %v", i, rung)
			}
		}
		*event = 6 // within a batch
		f.kicks = 0xFFFF
		send(t, q, true, b)
		send(t, q, true, b)
		send(t, q, true, b)
		q.Publish()
		if f.kicks != 0 {
			t.Error("a batch over the event did not notify")
		}
	})
}

func TestInterruptsStartOff(t *testing.T) {
	q, d, _ := newPair(t, 8, 0)
	if *d.word(q.available, 0) != 1 {
		t.Error("a fresh queue wants interrupts")
	}
}

func TestDoneTellsTheSource(t *testing.T) {
	q, d, f := newPair(t, 8, 0)
	f.Install(q, true)
	q.Source().Seen = 0
	id := send(t, q, true, make([]byte, 4))
	q.Publish()
	d.take(t)
	d.give(uint32(id), 0)
	if !q.Pending() {
		t.Error("nothing pending")
	}
	q.Reap()
	q.Done()
	if q.Source().Seen != 1 || q.Pending() {
		t.Errorf("seen %d", q.Source().Seen)
	}
}

func TestMaliciousDevice(t *testing.T) {
	for name, attack := range map[string]func(d *device, id uint32){
		"identifier beyond the table": func(d *device, id uint32) { d.give(8, 0) },
		"huge identifier":             func(d *device, id uint32) { d.give(id|1<<16, 0) },
		"chain that was not sent":     func(d *device, id uint32) { d.give(id+1, 0) },
		"middle of a chain":           func(d *device, id uint32) { d.give(uint32(d.q.Next(uint16(id))), 0) },
		"same chain twice":            func(d *device, id uint32) { d.give(id, 0); d.give(id, 0) },
		"more than there is room for": func(d *device, id uint32) { d.give(id, 9) },
		"index far ahead":             func(d *device, id uint32) { *d.word(d.q.used, 2) = 3 },
		"index backwards":             func(d *device, id uint32) { *d.word(d.q.used, 2) = 0xFFFF },
	} {
		t.Run(name, func(t *testing.T) {
			q, d, _ := newPair(t, 8, 0)
			head := send(t, q, true, make([]byte, 4), make([]byte, 4))
			send(t, q, false, make([]byte, 64)) // an honest one, which may not hide it
			q.Publish()
			attack(d, uint32(head))
			var err error
			for range 4 {
				_, _, _, err = q.Reap()
			}
			if strings.HasPrefix(name, "index") && q.consumed != 0 {
				t.Error("something was taken from a ring whose index cannot be")
			}
			if !errors.Is(err, ErrBroken) || q.Err() == nil {
				t.Errorf("error %v", err)
			}
			if q.Pending() {
				t.Error("a broken queue has something pending")
			}
		})
	}
}

func TestDeviceScribblesOverDescriptors(t *testing.T) {
	q, d, _ := newPair(t, 4, 0)
	b := make([]byte, 4)
	head := send(t, q, true, b, b)
	q.Publish()
	for i := range q.table {
		q.table[i] = descriptor{^uint64(0), ^uint32(0), 0xFFFF, 0xFFFF}
	}
	d.give(uint32(head), 8)
	got, n, ok, err := q.Reap()
	if !ok || err != nil || got != head || n != 8 {
		t.Fatal(got, n, ok, err)
	}
	q.Release(got)
	if _, ok := q.Reserve(4); !ok || q.Spare() != 0 {
		t.Error("descriptors were lost")
	}
}

func TestQueueSizes(t *testing.T) {
	for _, c := range []struct{ limit, want, size int }{
		{256, 64, 64}, {256, 1000, 256}, {100, 256, 64}, {1, 8, 1}, {32768, 40000, maxQueue},
	} {
		q, err := NewQueue(&fake{limit: c.limit}, 0, c.want, 0)
		if err != nil || q.Size() != c.size {
			t.Errorf("limit %d, wanted %d: size %d, %v", c.limit, c.want, q.Size(), err)
		}
		if q.physical%4096 != 0 || uintptr(q.used)%4096 != 0 {
			t.Error("not aligned")
		}
	}
	if _, err := NewQueue(&fake{}, 3, 8, 0); err == nil {
		t.Error("a queue that is not there")
	}
}

// FuzzQueue plays any sequence of the driver's steps against a device that writes anything.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte{0x10, 0, 1, 2, 0x21, 3, 4, 0x35, 3, 3})
	f.Fuzz(func(t *testing.T, script []byte) {
		q, d, _ := newPair(t, 8, FeatureEventIndex)
		memory := make([]byte, 64)
		reaped := map[uint16]bool{}
		out := map[uint16]bool{} // what the device has
		for i, step := range script {
			argument := uint32(step >> 3)
			switch step & 7 {
			case 0:
				n := int(argument%4) + 1
				if n <= q.Spare() {
					parts := make([][]byte, n)
					for i := range parts {
						parts[i] = memory[:4]
					}
					head := send(t, q, argument&4 != 0, parts...)
					if out[head] || reaped[head] {
						t.Fatalf("descriptor %d given out twice", head)
					}
					out[head] = true
				}
			case 1:
				q.Publish()
			case 2:
				d.give(argument, uint32(i))
			case 3:
				head, n, ok, err := q.Reap()
				if ok != (err == nil) && ok {
					t.Fatal("both a chain and an error")
				}
				if ok {
					if !out[head] || n > 16 {
						t.Fatalf("reaped %d with %d bytes", head, n)
					}
					delete(out, head)
					reaped[head] = true
				}
			case 4:
				for head := range reaped {
					q.Release(head)
					delete(reaped, head)
					break
				}
			case 5:
				*d.word(q.used, 2) += uint16(argument)
				d.used = *d.word(q.used, 2)
			case 6:
				*d.word(q.used, 4+8*int(q.size)) = uint16(argument)
			case 7:
				q.table[argument%8] = descriptor{uint64(argument), argument, uint16(argument), uint16(argument)}
			}
			if q.owned != len(out) || q.Spare() < 0 || q.Spare() > 8 {
				t.Fatalf("%d chains out, %d counted, %d spare", len(out), q.owned, q.Spare())
			}
		}
	})
}
