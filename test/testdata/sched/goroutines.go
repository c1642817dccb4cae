package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// count: the kernel's own goroutines are not the program's.
func count() {
	check(runtime.NumGoroutine() == 1, "%d goroutines", runtime.NumGoroutine())
	stop := make(chan bool)
	for range 10 {
		go func() { <-stop }()
	}
	check(runtime.NumGoroutine() == 11, "%d goroutines, not 11", runtime.NumGoroutine())
	close(stop)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	buffer := make([]byte, 100_000)
	trace := string(buffer[:runtime.Stack(buffer, true)])
	check(len(trace) < 1000, "runtime.Stack shows more than one goroutine:\n%s", trace)
	check(runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && runtime.NumCPU() >= 1, "%s/%s, %d",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// yields: Gosched lets the others go first, and Goexit runs what was deferred and nothing else.
func yields() {
	old := runtime.GOMAXPROCS(1)
	var order []int
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for range 100 {
				order = append(order, i)
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	// With one P those that yield take turns; the collector's or sysmon's doings may shift a few.
	turns := 0
	for i := 3; i < len(order); i++ {
		if order[i] == order[i-3] && order[i] != order[i-1] {
			turns++
		}
	}
	check(len(order) == 300 && turns > 250, "%d turns of %d: %v", turns, len(order), order)
	runtime.GOMAXPROCS(old)

	var deferred, after atomic.Int64
	for i := range 1000 {
		wg.Go(func() {
			defer deferred.Add(1)
			defer func() {
				check(recover() == nil, "Goexit looks like a panic")
				deferred.Add(1)
			}()
			if i%10 == 0 {
				runtime.LockOSThread()
			}
			func() {
				defer runtime.Gosched()
				runtime.Goexit()
			}()
			after.Add(1)
		})
	}
	wg.Wait()
	check(deferred.Load() == 2000 && after.Load() == 0, "%d deferred calls, %d went on", deferred.Load(), after.Load())

	// A goroutine that ends while it panics and recovers.
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		defer func() {
			defer func() { recover() }()
			panic("inner")
		}()
		runtime.Goexit()
	}()
	check(<-done == nil, "Goexit was recovered from")
}
