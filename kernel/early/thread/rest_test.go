package thread

import (
	"sync/atomic"
	"testing"
)

// TestRest: a thread that is woken runs soon where there are more cores than threads, whatever its core
// was doing: polling, halting, or being taken by a thread whose deadline had come.
func TestRest(t *testing.T) {
	runs := uint64(3000)
	if testing.Short() {
		runs = 100
	}
	for seed := range runs {
		m := newModel(t, seed, 2+int(seed%4))
		m.run(func() { passOn(m) })
	}
}

// passOn runs two threads that wake each other, two that sleep for times as short as a core polls, and one
// that waits for a device.
func passOn(m *model) {
	var words [2]uint32
	var sent int64
	stop := false
	for i := range words {
		m.spawn(func() {
			for range 8 {
				for atomic.LoadUint32(&words[i]) == 0 {
					m.step()
					FutexSleep(&words[i], 0, 0)
				}
				if late := m.now - sent; late > 2*Slice {
					m.fail("a thread runs %d ns after it was woken", late)
				}
				atomic.StoreUint32(&words[i], 0)
				m.work()
				sent = m.now
				atomic.StoreUint32(&words[1-i], 1)
				FutexWake(&words[1-i], 1)
			}
			stop = true
		})
	}
	for range 2 {
		m.spawn(func() {
			for !stop {
				m.block(m.chance.Int64N(2 * pollTime))
				m.work()
			}
		})
	}
	var raised uint32
	m.device = func() {
		if atomic.SwapUint32(&raised, 1) == 0 {
			FutexWake(&raised, 1)
		}
	}
	m.spawn(func() {
		for !stop {
			FutexSleep(&raised, 0, m.now+Slice)
			m.work()
			atomic.StoreUint32(&raised, 0)
		}
	})
	sent = m.now
	atomic.StoreUint32(&words[0], 1)
	FutexWake(&words[0], 1)
}

// TestLead: the lead covers most of what the timer is late, and forgets what was an exception.
func TestLead(t *testing.T) {
	c := &Core{}
	for range 20 {
		c.learn(40_000)
		c.learn(10_000)
	}
	if c.lead < 30_000 || c.lead > 40_000 {
		t.Errorf("the lead is %d after 10 and 40 µs by turns", c.lead)
	}
	c.learn(5_000_000)
	if c.lead > maxLead {
		t.Errorf("the lead is %d", c.lead)
	}
	c.learn(-1_000_000)
	before := c.lead
	for range 100 {
		c.learn(2_000)
	}
	if before < 30_000 || c.lead > 3_000 {
		t.Errorf("the lead is %d after an early tick, then %d after many short delays", before, c.lead)
	}
}
