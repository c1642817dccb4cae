package main

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// spin is a loop without a call in it, which only an interrupt can stop.
func spin(counter *int) {
	for i := 0; ; i++ {
		*counter = i
	}
}

// loop: goroutines that never call anything stop neither timers nor the collector nor others.
func loop() {
	var counters [4]int
	for i := range counters {
		go spin(&counters[i])
	}
	start := time.Now()
	for range 5 {
		time.Sleep(10 * time.Millisecond)
		runtime.GC()
	}
	done := make(chan bool)
	go func() { done <- true }()
	<-done
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	took := time.Since(start)
	check(took < 10*time.Second, "it took %v", took)
	var m sync.Mutex
	for range 10 { // the mutex changes hands among the spinning
		m.Lock()
		go func() { m.Unlock() }()
	}
	m.Lock()
}

// preempt: every one of many spinning goroutines gets its turn.
func preempt() {
	var counts [20]int
	var stop bool // read without synchronisation would be hoisted: so through a pointer the compiler cannot see through
	p := &stop
	var wg sync.WaitGroup
	for i := range counts {
		wg.Go(func() {
			for j := 0; !*(*bool)(opaque(p)); j++ {
				counts[i]++
			}
		})
	}
	time.Sleep(2 * time.Second)
	*p = true
	wg.Wait()
	least, most := slices.Min(counts[:]), slices.Max(counts[:])
	check(least > 0 && most < 100*least, "turns are unfair: %v", counts)
}

//go:noinline
func opaque(p *bool) *bool { return p }

// procs changes the number of Ps while all are busy.
func procs() {
	var stop atomic.Bool
	var turns atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				turns.Add(1)
			}
		})
	}
	for i := range 20 {
		runtime.GOMAXPROCS(1 + i%8)
		before := turns.Load()
		for turns.Load() == before {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	wg.Wait()
}

// cores keeps every core in a loop without calls while the collector runs and the world is stopped,
// over and over, and others allocate.
func cores() {
	var counters [64]int
	for i := range runtime.NumCPU() {
		go spin(&counters[i])
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 5 {
				check(grow(10, 1).sum() == 1023*1024/2, "a tree has changed")
			}
		})
	}
	var longest time.Duration
	for range 20 {
		start := time.Now()
		runtime.GC()
		longest = max(longest, time.Since(start))
	}
	wg.Wait()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	check(longest < 10*time.Second, "a collection took %v", longest)
	for i := range runtime.NumCPU() {
		check(*opaquePointer(&counters[i]) > 0, "loop %d has not run", i)
	}
}

//go:noinline
func opaquePointer(p *int) *int { return p }
