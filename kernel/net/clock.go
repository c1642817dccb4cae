package net

import (
	"time"
	"unsafe"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A clock is what the stack tells time by: twenty-odd times for each segment. Its own, tcpip.NewStdClock, makes two
// time.Time for that and subtracts one from the other, which takes a tenth of a segment's time.
type clock struct {
	tcpip.Clock // for what it is asked less often
}

// started is what monotonic times count from.
var started = time.Now()

// NowMonotonic implements tcpip.Clock.
func (clock) NowMonotonic() tcpip.MonotonicTime {
	t := monotonic{int64(time.Since(started))}
	return *(*tcpip.MonotonicTime)(unsafe.Pointer(&t))
}

// monotonic is laid out as tcpip.MonotonicTime, which has no other way to be made than to add to it, slowly.
type monotonic struct{ nanoseconds int64 }

// Compile-time check: another layout would have another size.
const _ = -(unsafe.Sizeof(monotonic{}) ^ unsafe.Sizeof(tcpip.MonotonicTime{}))
