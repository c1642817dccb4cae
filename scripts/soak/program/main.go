// The program of the soak: it churns goroutines, channels, locks, timers, threads, memory, files and
// connections for as long as its argument says, and checks everything that it gets back. Every few
// seconds it says how far it is. It knows nothing of Ringo, and runs on Linux as well.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A worker is one kind of churn. Several goroutines call it again and again.
type worker struct {
	name     string
	run      func()
	parallel int
	rounds   atomic.Int64
}

var workers = []*worker{
	{name: "goroutines", run: goroutines, parallel: 2},
	{name: "channels", run: channels, parallel: 2},
	{name: "selects", run: selects, parallel: 2},
	{name: "locks", run: locks, parallel: 1},
	{name: "timers", run: timers, parallel: 2},
	{name: "threads", run: threads, parallel: 1},
	{name: "trees", run: trees, parallel: 2},
	{name: "memory", run: memory, parallel: 1},
	{name: "stacks", run: stacks, parallel: 1},
	{name: "loops", run: loops, parallel: 1},
	{name: "files", run: files, parallel: 1},
	{name: "streams", run: streams, parallel: 2},
	{name: "datagrams", run: datagrams, parallel: 1},
}

// standstill is how long a worker may take for one round: one that takes longer hangs.
const standstill = 60 * time.Second

func main() {
	duration, err := time.ParseDuration(os.Args[1])
	if err != nil {
		fail("%v", err)
	}
	start := time.Now()
	listen()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, w := range workers {
		for range w.parallel {
			wg.Go(func() {
				for !stop.Load() {
					w.run()
					w.rounds.Add(1)
					time.Sleep(rand.N(time.Millisecond))
				}
			})
		}
	}
	fmt.Printf("soak: ready after %v, %d cores\n", time.Since(start).Round(time.Millisecond), runtime.NumCPU())
	watch(start, start.Add(duration))
	fmt.Println("soak: over") // whoever is outside goes now
	stop.Store(true)
	over := time.AfterFunc(standstill, func() { fail("the workers do not stop") })
	wg.Wait()
	over.Stop()
	report(start)
	fmt.Println("ok")
}

// watch reports until the end, and fails if a worker stands still.
func watch(start, end time.Time) {
	type progress struct {
		rounds int64
		since  time.Time
	}
	last := map[*worker]progress{}
	for reported := start; ; {
		now := time.Now()
		if !now.Before(end) {
			return
		}
		for _, w := range workers {
			p := last[w]
			if n := w.rounds.Load(); n != p.rounds || p.since.IsZero() {
				last[w] = progress{n, now}
			} else if now.Sub(p.since) > standstill {
				fail("%s have stood still at %d for %v", w.name, n, now.Sub(p.since))
			}
		}
		if now.Sub(reported) >= 10*time.Second {
			reported = now
			report(start)
		}
		time.Sleep(min(time.Second, end.Sub(now)))
	}
}

func report(start time.Time) {
	var b strings.Builder
	fmt.Fprintf(&b, "soak: %v:", time.Since(start).Round(time.Second))
	for _, w := range workers {
		fmt.Fprintf(&b, " %s %d,", w.name, w.rounds.Load())
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Fprintf(&b, " requests %d; %d collections, %d MiB in use, %d goroutines, at most %v late", served.Load(),
		stats.NumGC, stats.HeapInuse>>20, runtime.NumGoroutine(), time.Duration(latest.Load()).Round(time.Millisecond))
	fmt.Println(b.String())
}

// fail ends the program with what all goroutines do.
func fail(format string, arguments ...any) {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	fmt.Printf("soak: "+format+"\n%s\n", append(arguments, all)...)
	os.Exit(1)
}

func check(ok bool, format string, arguments ...any) {
	if !ok {
		fail(format, arguments...)
	}
}
