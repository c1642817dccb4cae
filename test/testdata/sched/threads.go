package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// locked: goroutines that own their threads, with others that do not, more of each than cores.
func locked() {
	runtime.GOMAXPROCS(4)
	check(runtime.GOMAXPROCS(0) == 4, "GOMAXPROCS is %d", runtime.GOMAXPROCS(0))
	a, b := make(chan int), make(chan int)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			runtime.LockOSThread()
			runtime.LockOSThread()
			runtime.UnlockOSThread() // still locked
			for v := range a {
				b <- v
			}
		})
	}
	wg.Go(func() {
		for i := range 500 {
			a <- i
		}
		close(a)
	})
	var counter int
	go func() {
		runtime.LockOSThread()
		spin(&counter)
	}()
	sum := 0
	for range 500 {
		sum += <-b
	}
	wg.Wait()
	check(sum == 500*499/2, "sum %d", sum)
	for range 3 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// exits: goroutines that end while locked to their threads take the threads with them.
func exits() {
	for range 200 {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			if rand.N(2) == 0 {
				runtime.Goexit()
			}
		}()
		<-done
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			runtime.LockOSThread()
			time.Sleep(5 * time.Millisecond)
		})
	}
	wg.Wait()
	runtime.GC()
}

// threads: LockOSThread's promises. A locked goroutine stays on its thread, and nobody else comes to
// it; nested locks count; a goroutine that ends locked takes the thread along; what a locked goroutine
// starts runs elsewhere, on a thread that is not made from its own (the template thread's work).
func threads() {
	runtime.GOMAXPROCS(2 * runtime.NumCPU())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			runtime.LockOSThread()
			own := thread()
			started := make(chan uintptr)
			for i := range 20 {
				check(thread() == own, "a locked goroutine has moved")
				go func() {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					started <- thread()
				}()
				check(<-started != own, "another goroutine is on the thread of a locked one")
				switch i % 4 {
				case 0:
					time.Sleep(time.Millisecond)
				case 1:
					runtime.Gosched()
				case 2:
					runtime.LockOSThread()
					runtime.LockOSThread()
					runtime.UnlockOSThread()
					runtime.UnlockOSThread()
				}
			}
			check(thread() == own, "a locked goroutine has moved")
		})
	}
	wg.Wait()

	// Threads that have ended are used again, and there are not ever more of them.
	var count atomic.Int64
	for range 300 {
		wg.Go(func() {
			runtime.LockOSThread()
			count.Add(1)
		})
		if count.Load()%10 == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
	check(count.Load() == 300, "%d ran", count.Load())

	// main's own.
	runtime.LockOSThread()
	own := thread()
	time.Sleep(5 * time.Millisecond)
	check(thread() == own, "main has moved")
	runtime.UnlockOSThread()
}

// thread tells threads apart.
func thread() uintptr { return uintptr(syscall.Gettid()) }
