//go:build ringo

package runtime

// The system calls that are answered on the spot, as Linux's vDSO does for some of them: what they ask
// for is the runtime's own, and nothing of the kernel has to be looked at.

import "unsafe"

// pid is the number of the only process, as of every machine's first.
const pid = 1

// The clocks that tellTime knows (Linux, include/uapi/linux/time.h).
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// A timespec is what the caller of clock_gettime wants to have filled.
type timespec struct{ seconds, nanoseconds int64 }

// tellTime writes what the clock shows. Nanoseconds are not negative here, so their remainder is not.
//
//go:nosplit
func tellTime(t *timespec, clock uintptr) {
	wall, now := systemClock.Wall()
	if clock == clockRealtime {
		now = wall
	}
	seconds := uint64(now) / 1e9
	t.seconds, t.nanoseconds = int64(seconds), int64(uint64(now)-seconds*1e9)
}

// quickPointer returns the size bytes at address if they are in gp's stack or in a span of the heap, so
// that they can be written without a look at the page tables; else nil.
//
//go:nosplit
func quickPointer(gp *g, address, size uintptr) unsafe.Pointer {
	if address-gp.stack.lo <= gp.stack.hi-gp.stack.lo-size || inSpan(address, size) {
		return unsafe.Pointer(address)
	}
	return nil
}

// inSpan reports whether [address, address+size) lies in one span of the heap: all of that is there and
// can be written.
//
//go:nosplit
func inSpan(address, size uintptr) bool {
	s := spanOf(address)
	if s == nil || s.state.get() == mSpanDead {
		return false
	}
	all := s.limit - s.base()
	return size <= all && address-s.base() <= all-size
}

// isBadPointer reports whether the collector would take a pointer of this value for a mistake, and end the program
// (findObject): it points to a span that was freed, or to what is left at the end of one.
func isBadPointer(address uintptr) bool {
	s := spanOf(address)
	if s == nil {
		return false
	}
	state := s.state.get()
	return state != mSpanManual && (state == mSpanDead || address < s.base() || address >= s.limit)
}
