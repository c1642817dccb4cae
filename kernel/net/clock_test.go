package net

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// The clock counts nanoseconds, as the stack's own does.
func TestClock(t *testing.T) {
	c := clock{tcpip.NewStdClock()}
	began, mono := time.Now(), c.NowMonotonic()
	time.Sleep(20 * time.Millisecond)
	took := time.Since(began)
	if got := c.NowMonotonic().Sub(mono); got < 20*time.Millisecond || got-took > 10*time.Millisecond || took-got > 10*time.Millisecond {
		t.Errorf("%v have been %v", took, got)
	}
	if ms := c.NowMonotonic().Milliseconds() - time.Since(started).Milliseconds(); ms < -10 || ms > 10 {
		t.Errorf("it is %d ms off", ms)
	}
}
