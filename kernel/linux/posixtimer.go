package linux

import (
	"encoding/binary"
	"math"
	"slices"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/machine"
)

// How a timer tells that it has run out (sigevent(3type)). A thread of the C library's making is none of the kernel's
// business: it gets a signal like any other.
const (
	notifySignal   = 0
	notifyNone     = 1
	notifyThread   = 2
	notifyThreadID = 4
)

// A posixTimer is what timer_create makes: it sends a signal when its clock gets to a time, and perhaps again and
// again. While the signal is blocked it is sent only once, and tells in the end how often it would have been sent
// besides: the timer stands still until then. All but what it was made with is guarded by signals.mu.
type posixTimer struct {
	id     int32
	clock  uintptr
	notify int32
	signal syscall.Signal
	value  [8]byte
	thread int // that gets the signal; 0: the process

	source   *timeSource // what next is a time of
	next     int64       // 0: never
	interval int64       // 0: once
	arming   uint64      // how often it was set: signals of an earlier time are forgotten
	sent     bool        // its signal was sent, and is not delivered yet
	overrun  int32       // of the signal that was delivered last
	alarm    alarm
}

// sourceOf returns what a timer of clock goes by: the wall clock matters only to who has named a time of it.
func sourceOf(clock uintptr, absolute bool) *timeSource {
	switch {
	case clock == clockProcess:
		return &processTime
	case absolute && (clock == clockRealtime || clock == clockTAI):
		return &wallTime
	}
	return &realTime
}

// set lets t run out after value, or when its clock shows value, and then after each interval; 0 is never.
// signals.mu is held.
func (t *posixTimer) set(value, interval int64, absolute bool) {
	t.arming++
	signals.pending = slices.DeleteFunc(signals.pending, func(p pendingSignal) bool { return p.timer == t })
	t.source = sourceOf(t.clock, absolute)
	t.next, t.interval, t.sent, t.overrun = 0, 0, false, 0
	now := t.source.now()
	if value != 0 {
		if t.next, t.interval = value, interval; !absolute {
			t.next = stepped(now, 1, value)
		}
	}
	t.arm(now)
	wallTimers.change(t, t.next != 0 && t.source == &wallTime)
}

// left returns how long it is until t runs out, and the interval. signals.mu is held.
func (t *posixTimer) left() (value, interval int64) {
	if t.next == 0 {
		return 0, 0
	}
	now := t.source.now()
	switch {
	case now < t.next:
		return t.next - now, t.interval
	case t.interval != 0 && (t.sent || t.notify == notifyNone):
		return stepped(t.next, t.passed(now), t.interval) - now, t.interval
	case t.sent || t.notify == notifyNone:
		return 0, 0
	}
	return 1, t.interval // it is about to
}

// passed returns how often t has run out, which it has. It has an interval.
func (t *posixTimer) passed(now int64) int64 { return max(now-t.next, 0)/t.interval + 1 }

// arm makes t look at its clock when it may have run out. signals.mu is held.
func (t *posixTimer) arm(now int64) {
	if t.next == 0 || t.notify == notifyNone {
		t.alarm.stop()
		return
	}
	t.alarm.set(t.source.wait(now, t.next), t.look)
}

func (t *posixTimer) look() {
	signals.mu.Lock()
	now := t.source.now()
	if t.next == 0 || t.sent || now < t.next {
		if !t.sent {
			t.arm(min(now, t.next-t.source.rest))
		}
		signals.mu.Unlock()
		return
	}
	t.sent = true
	p := pendingSignal{signalInfo: t.info(), thread: t.thread, timer: t, arming: t.arming}
	signals.mu.Unlock()
	p.raise()
}

// clockSet lets t follow the wall clock, which has been set.
func (t *posixTimer) clockSet() {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	if !t.sent {
		t.arm(t.source.now())
	}
}

// fromTimer is the si_code of a timer's signal.
const fromTimer = -2

// info is what the signal tells.
func (t *posixTimer) info() (s signalInfo) {
	code := int32(fromTimer)
	binary.NativeEndian.PutUint32(s[0:], uint32(t.signal))
	binary.NativeEndian.PutUint32(s[8:], uint32(code))
	binary.NativeEndian.PutUint32(s[16:], uint32(t.id))
	copy(s[24:], t.value[:])
	return s
}

// delivered lets t go on, whose signal p is, and tells in p how often it has run out besides. It reports whether there is
// still somebody to get the signal.
func (t *posixTimer) delivered(p *pendingSignal) bool {
	signals.mu.Lock()
	defer signals.mu.Unlock()
	if p.arming != t.arming {
		return false
	}
	t.taken(&p.signalInfo)
	return p.thread == 0 || machine.HasThread(p.thread)
}

// leastBetween is how long a timer's signals are apart, at least. More often it only runs over, as it does on Linux, where
// the program takes its time to handle a signal.
const leastBetween = int64(50 * time.Microsecond)

// taken is delivered for a signal that waited. signals.mu is held.
func (t *posixTimer) taken(s *signalInfo) {
	now := t.source.now()
	t.sent, t.overrun = false, 0
	if t.interval == 0 {
		t.next = 0
	} else {
		n := t.passed(now)
		t.next = stepped(t.next, n, t.interval)
		t.overrun = int32(min(n-1, math.MaxInt32))
	}
	binary.NativeEndian.PutUint32(s[20:], uint32(t.overrun))
	t.arm(min(now, t.next-leastBetween))
}
