package clock

import (
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

const year = 365 * 24 * 3600 * second

// TestScale compares with arithmetic of unlimited precision, over centuries.
func TestScale(t *testing.T) {
	for _, frequency := range []uint64{50_000_000, 999_999_999, 1_000_000_000, 1_000_000_001, 2_592_000_000, 3_600_000_123, 50_000_000_000} {
		var c Clock
		c.Init(frequency, 1000)
		for _, seconds := range []uint64{0, 1, 60, 86400, 365 * 86400, 100 * 365 * 86400, 290 * 365 * 86400} {
			for _, more := range []uint64{0, 1, 2, 3, 1234567, frequency - 1} {
				high := new(big.Int).Mul(big.NewInt(int64(seconds)), new(big.Int).SetUint64(frequency))
				ticks := high.Add(high, new(big.Int).SetUint64(more))
				if ticks.BitLen() > 63 {
					continue
				}
				want := new(big.Int).Mul(ticks, big.NewInt(second))
				want.Div(want, new(big.Int).SetUint64(frequency))
				if got := c.At(1000 + ticks.Uint64()); want.Int64()-got < 0 || want.Int64()-got > 3 {
					t.Errorf("%d Hz, %d s and %d ticks: %d, want %d", frequency, seconds, more, got, want)
				}
			}
		}
	}
}

// TestDeadline checks that a deadline is the first tick at which the clock has reached a time.
func TestDeadline(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		frequency := minFrequency + r.Uint64N(maxFrequency-minFrequency)>>r.UintN(10)
		start := r.Uint64N(1 << 50)
		var c Clock
		c.Init(max(frequency, minFrequency), start)
		if r.IntN(2) == 0 {
			c.Refine(max(frequency+frequency/1000, minFrequency), start+r.Uint64N(1<<50))
		}
		at := r.Int64N(100 * year >> r.UintN(60))
		tsc := c.Deadline(at)
		if tsc == ^uint64(0) {
			continue // the TSC does not get there
		}
		if c.At(tsc) < at {
			t.Fatalf("%d Hz: at %d, %d ns, it is only %d", frequency, tsc, at, c.At(tsc))
		}
		if tsc > start && c.At(tsc-1) >= at {
			t.Fatalf("%d Hz: %d ns have come a tick before %d", frequency, at, tsc)
		}
	}
}

func TestDeadlineEnds(t *testing.T) {
	var c Clock
	if c.Deadline(1) != ^uint64(0) || c.At(1<<60) != 0 || c.Frequency() != 0 {
		t.Error("a clock that stands still")
	}
	c.Init(50_000_000_000, 1<<63)
	if got := c.Deadline(1<<63 - 1); got != ^uint64(0) {
		t.Errorf("%#x", got)
	}
	if got := c.Deadline(-5); got != 1<<63 {
		t.Errorf("%#x", got)
	}
	if got := c.At(5); got != 0 {
		t.Errorf("before the start it is %d", got)
	}
}

// TestRefine checks that a new frequency makes no jump, is not in force before its time, and counts
// from then on.
func TestRefine(t *testing.T) {
	var c Clock
	c.Init(1_600_000_000, 5000)
	const at = 1_600_005_000 // after a second
	c.Refine(3_200_000_000, at)
	const change = second + second/16
	for _, test := range []struct {
		tsc  uint64
		want int64
	}{{0, 0}, {5000, 0}, {5016, 10}, {at, second}, {at + 100_000_000 - 16, change - 10}, {at + 100_000_000, change},
		{at + 100_000_032, change + 10}, {at + 3_300_000_000, change + second}} {
		if got := c.At(test.tsc); got != test.want {
			t.Errorf("%d: %d, want %d", test.tsc, got, test.want)
		}
		if got := c.Deadline(test.want); got > max(test.tsc, 5000) || c.At(got) != test.want {
			t.Errorf("%d ns: at %d", test.want, got)
		}
	}
	if c.Frequency() != 3_200_000_000 {
		t.Error(c.Frequency())
	}
	c.Refine(1_000_000_000, at+99_999_999) // too soon
	c.Refine(0, at+200_000_000)
	if c.Frequency() != 3_200_000_000 {
		t.Error(c.Frequency())
	}
}

// TestMonotonic refines often, by a lot, and looks at each place where that could show.
func TestMonotonic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var c Clock
	c.Init(2_000_000_000, 1000)
	now, last := uint64(1000), int64(0)
	for range 2000 {
		c.Refine(1_000_000_000+r.Uint64N(2_000_000_000), now)
		change := c.epochs[c.current.Load()%4].start.Load()
		for _, tsc := range []uint64{now, now + 1, change - 1, change, change + 1, change + 1000 + r.Uint64N(1<<33)} {
			got := c.At(tsc)
			if got < last || tsc == change+1 && got > last+2 {
				t.Fatalf("%d: %d after %d", tsc, got, last)
			}
			now, last = tsc, got
		}
	}
}

// TestReaders has readers, while a writer refines, check that what they read belongs together.
func TestReaders(t *testing.T) {
	var tsc atomic.Uint64
	var c Clock
	c.Init(1_000_000_000, 0)
	quit := make(chan struct{})
	var readers, writer sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		f := uint64(1_000_000_000)
		for {
			select {
			case <-quit:
				return
			default:
			}
			f ^= 1
			c.Refine(f, tsc.Add(second))
		}
	}()
	for range 2 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for range 200_000 {
				at := tsc.Load()
				now, deadline := c.At(at), c.Deadline(int64(at))
				if tsc.Load() != at {
					continue // what is long gone by is not kept
				}
				if uint64(now) > at+at/1000 || uint64(now) < at-at/1000 {
					t.Errorf("%d at %d", now, at)
					return
				}
				if deadline > at+at/1000 || deadline < at-at/1000 {
					t.Errorf("%d ns: at %d", at, deadline)
					return
				}
			}
		}()
	}
	readers.Wait()
	close(quit)
	writer.Wait()
}

func TestWall(t *testing.T) {
	old := readTSC
	defer func() { readTSC = old }()
	tsc := uint64(0)
	readTSC = func() uint64 { return tsc }
	var c Clock
	c.Init(1_000_000_000, 0)
	tsc = 5 * second
	c.SetWall(1_800_000_000 * second)
	tsc = 7 * second
	if unix, now := c.Wall(); unix != 1_800_000_002*second || now != 7*second {
		t.Error(unix, now)
	}
	c.SetWall(0)
	if unix, now := c.Wall(); unix != 0 || now != 7*second || c.Now() != now {
		t.Error(unix, now)
	}
}

func BenchmarkNow(b *testing.B) {
	var c Clock
	c.Init(2_000_000_000, readTSC())
	for b.Loop() {
		c.Now()
	}
}
