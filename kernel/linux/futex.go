package linux

import (
	"math"
	"slices"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Operations of futex(2), with the flags that come with them. Those that lend a priority, and FUTEX_WAKE_OP, are not there.
const (
	futexWait       = 0
	futexWake       = 1
	futexRequeue    = 3
	futexCmpRequeue = 4
	futexWaitBits   = 9
	futexWakeBits   = 10

	futexPrivate  = 128
	futexRealtime = 256

	allBits = math.MaxUint32
)

// A futexKey is a word that is waited for. Memory that is mapped more than once is known by what it shows, unless the caller
// says that nobody else sees it.
type futexKey struct {
	object *space.Object
	at     uint64
	shared bool
}

// A futexWaiter is a goroutine that waits for a word to change.
type futexWaiter struct {
	bell
	key  futexKey
	bits uint32
	over bool // it was woken
}

// futexes are those that wait, in the order in which they came.
var futexes struct {
	mu      sync.Mutex
	waiting []*futexWaiter
}

// futexKeyOf returns what the word at p is known by.
func futexKeyOf(p Pointer, shared bool) (key futexKey, errno syscall.Errno) {
	switch {
	case p.address%4 != 0:
		return key, syscall.EINVAL
	case p.address > taskSize-4:
		return key, syscall.EFAULT
	}
	key = futexKey{at: uint64(p.address), shared: shared}
	if !shared {
		return key, 0
	}
	var word uint32
	if errno := CopyIn(p, &word); errno != 0 {
		return key, errno
	}
	if r, ok := machine.NextRegion(key.at); ok && r.Start <= key.at && r.Kind == space.Shared {
		key.object, key.at = r.Object, r.Offset+key.at-r.Start
	}
	return key, 0
}

func sysFutex(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := uint32(a.Value[1])
	operation, value := flags&^(futexPrivate|futexRealtime), uint32(a.Value[2])
	waits := operation == futexWait || operation == futexWaitBits
	end, errno := int64(Never), syscall.Errno(0)
	if waits {
		if end, errno = futexDeadline(Argument(a, 3), operation, flags); errno != 0 {
			return 0, errno
		}
	}
	if flags&futexRealtime != 0 && operation != futexWaitBits {
		return 0, syscall.ENOSYS
	}
	bits := uint32(allBits)
	if operation == futexWaitBits || operation == futexWakeBits {
		if bits = uint32(a.Value[5]); bits == 0 {
			return 0, syscall.EINVAL
		}
	}
	shared := flags&futexPrivate == 0
	switch operation {
	case futexWait, futexWaitBits:
		return 0, waitFutex(Argument(a, 0), shared, value, bits, end)
	case futexWake, futexWakeBits:
		key, errno := futexKeyOf(Argument(a, 0), shared)
		if errno != 0 {
			return 0, errno
		}
		futexes.mu.Lock()
		defer futexes.mu.Unlock()
		return uintptr(wakeFutex(key, max(int(int32(value)), 1), bits)), 0
	case futexRequeue, futexCmpRequeue:
		return requeueFutex(a, shared, operation == futexCmpRequeue)
	}
	return 0, syscall.ENOSYS
}

// futexDeadline returns the end of a wait: after a time, or for that with bits, at one.
func futexDeadline(p Pointer, operation, flags uint32) (end int64, errno syscall.Errno) {
	if p.IsNil() {
		return Never, 0
	}
	var t syscall.Timespec
	if errno := CopyIn(p, &t); errno != 0 {
		return 0, errno
	}
	n, ok := nanoseconds(t)
	switch {
	case !ok:
		return 0, syscall.EINVAL
	case operation == futexWait:
		return stepped(machine.Uptime(), n, 1), 0
	case flags&futexRealtime != 0:
		return byUptime(n), 0
	}
	return n, 0
}

// waitFutex waits until somebody wakes those who wait for the word at p, if that has a value.
func waitFutex(p Pointer, shared bool, value, bits uint32, end int64) syscall.Errno {
	key, errno := futexKeyOf(p, shared)
	if errno != 0 {
		return errno
	}
	w := &futexWaiter{bell: newBell(), key: key, bits: bits}
	var word uint32
	futexes.mu.Lock()
	if errno = CopyIn(p, &word); errno == 0 && word != value {
		errno = syscall.EAGAIN
	}
	if errno == 0 {
		futexes.waiting = append(futexes.waiting, w)
	}
	futexes.mu.Unlock()
	if errno != 0 {
		return errno
	}
	for {
		rang := w.park(end)
		futexes.mu.Lock()
		over := w.over
		if !over && !rang {
			futexes.waiting = slices.DeleteFunc(futexes.waiting, func(other *futexWaiter) bool { return other == w })
		}
		futexes.mu.Unlock()
		switch {
		case over:
			return 0
		case !rang:
			return syscall.ETIMEDOUT
		}
	}
}

// wakeFutex wakes at most n of those who wait for key with one of bits, and returns how many. futexes.mu is held.
func wakeFutex(key futexKey, n int, bits uint32) (woken int) {
	futexes.waiting = slices.DeleteFunc(futexes.waiting, func(w *futexWaiter) bool {
		if woken == n || w.key != key || w.bits&bits == 0 {
			return false
		}
		w.over = true
		w.ring()
		woken++
		return true
	})
	return woken
}

// requeueFutex wakes some of those who wait for a word, and lets some others wait for another one. It returns how many.
func requeueFutex(a *call.Arguments, shared, compare bool) (uintptr, syscall.Errno) {
	wake, move := int(int32(a.Value[2])), int(int32(a.Value[3]))
	if wake < 0 || move < 0 {
		return 0, syscall.EINVAL
	}
	from, errno := futexKeyOf(Argument(a, 0), shared)
	if errno != 0 {
		return 0, errno
	}
	to, errno := futexKeyOf(Argument(a, 4), shared)
	if errno != 0 {
		return 0, errno
	}
	futexes.mu.Lock()
	defer futexes.mu.Unlock()
	if compare {
		var word uint32
		if errno := CopyIn(Argument(a, 0), &word); errno != 0 {
			return 0, errno
		}
		if word != uint32(a.Value[5]) {
			return 0, syscall.EAGAIN
		}
	}
	n := wakeFutex(from, wake, allBits)
	for _, w := range futexes.waiting {
		if move == 0 {
			break
		}
		if w.key == from {
			w.key = to
			move--
			n++
		}
	}
	return uintptr(n), 0
}
