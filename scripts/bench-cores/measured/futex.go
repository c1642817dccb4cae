//go:build futex

package main

// The runtime's own futexes have no other name that is the same everywhere, and the linker lets nobody
// use them but with -checklinkname=0: hence the build tag.

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

func init() {
	results = append(results, measure.Result{Name: "futex-wake", Measure: futexWake},
		measure.Result{Name: "futex-wake-rested", Measure: futexWakeRested})
}

//go:linkname futexsleep runtime.futexsleep
//go:noescape
func futexsleep(address *uint32, value uint32, nanoseconds int64)

//go:linkname futexwakeup runtime.futexwakeup
//go:noescape
func futexwakeup(address *uint32, count uint32)

// A signal is what one thread tells another by a futex.
type signal struct{ word uint32 }

func (s *signal) wait() {
	for atomic.SwapUint32(&s.word, 0) == 0 {
		futexsleep(&s.word, 0, -1)
	}
}

func (s *signal) send() {
	atomic.StoreUint32(&s.word, 1)
	futexwakeup(&s.word, 1)
}

// onThreads runs f and g on two threads that keep their Ps even when they sleep: nothing else runs
// meanwhile, the collector least of all.
func onThreads(f, g func()) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4)) // two for the rest
	for _, h := range []*func(){&f, &g} {
		do := *h
		*h = func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			do()
		}
	}
	together(f, g)
}

// futexWake is from waking a thread until it runs, half a round trip.
func futexWake() float64 {
	var there, back signal
	return measure.PerOperation(func(n int) {
		onThreads(func() {
			for range n / 2 {
				there.send()
				back.wait()
			}
		}, func() {
			for range n / 2 {
				there.wait()
				back.send()
			}
		})
	})
}

// futexWakeRested is the same for a thread that has slept for a millisecond.
func futexWakeRested() float64 {
	const rest = time.Millisecond
	var there signal
	var slept atomic.Int64
	var woke time.Time
	return measure.Median(101, func() (took float64) {
		slept.Store(0)
		onThreads(func() {
			for slept.Load() == 0 {
			}
			for until := time.Now().Add(rest); time.Now().Before(until); {
			}
			start := time.Now()
			there.send()
			for slept.Load() == 1 {
			}
			took = float64(woke.Sub(start))
		}, func() {
			slept.Store(1)
			there.wait()
			woke = time.Now()
			slept.Store(2)
		})
		return took
	})
}
