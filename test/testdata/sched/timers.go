package main

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// timers sets as many timers as the second argument says, from many goroutines: a third is stopped, a
// third set anew, and each of the others comes once, and none before its time.
func timers() {
	n := 1_000_000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	type timer struct {
		*time.Timer
		due     time.Time
		stopped bool
	}
	all := make([]timer, n)
	const setters = 8
	var wg sync.WaitGroup
	for s := range setters {
		wg.Go(func() {
			for i := s; i < n; i += setters {
				// A stopped one is far away, so that it is stopped in time.
				t := &all[i]
				d := rand.N(2 * time.Second)
				switch i / setters % 3 {
				case 0:
					d += time.Hour
				case 1:
					t.Timer = time.NewTimer(time.Hour)
				}
				t.due = time.Now().Add(d)
				if t.Timer == nil {
					t.Timer = time.NewTimer(d)
				} else {
					check(t.Reset(d), "a timer an hour away has come")
				}
				if t.stopped = i/setters%3 == 0; t.stopped {
					check(t.Stop(), "a timer an hour away has come")
				}
			}
		})
	}
	wg.Wait()
	var latest atomic.Int64
	for s := range setters {
		wg.Go(func() {
			for i := s; i < n; i += setters {
				t := &all[i]
				if t.stopped {
					continue
				}
				at := <-t.C
				check(!at.Before(t.due), "timer %d came %v before its time", i, t.due.Sub(at))
				if late := int64(at.Sub(t.due)); late > latest.Load() {
					latest.Store(late)
				}
			}
		})
	}
	wg.Wait()
	for i := range all {
		select {
		case <-all[i].C:
			check(false, "timer %d came twice, or though it was stopped", i)
		default:
		}
	}

	// And functions, on goroutines of their own.
	var called atomic.Int64
	functions := n / 20
	for range functions {
		time.AfterFunc(rand.N(500*time.Millisecond), func() { called.Add(1) })
	}
	for start := time.Now(); called.Load() < int64(functions); runtime.Gosched() {
		check(time.Since(start) < 30*time.Second, "%d of %d functions were called", called.Load(), functions)
	}
	time.Sleep(10 * time.Millisecond)
	check(called.Load() == int64(functions), "%d functions were called, not %d", called.Load(), functions)

	// Tickers, and sleepers by the thousand.
	tick := time.NewTicker(2 * time.Millisecond)
	for range 50 {
		<-tick.C
	}
	tick.Stop()
	for range 2000 {
		wg.Go(func() {
			d := rand.N(200 * time.Millisecond)
			start := time.Now()
			time.Sleep(d)
			check(time.Since(start) >= d, "a sleep of %v took %v", d, time.Since(start))
		})
	}
	wg.Wait()
}
