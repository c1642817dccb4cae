package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func pingPong() {
	const n = 10_000
	first := make(chan int)
	in := first
	for range n {
		from, out := in, make(chan int)
		go func() {
			for v := range from {
				out <- v + 1
			}
			close(out)
		}()
		in = out
	}
	for round := range 5 {
		first <- round
		v := <-in
		check(v == round+n, "%d instead of %d", v, round+n)
	}
	close(first)
	_, open := <-in
	check(!open, "the chain is not closed")

	// And pairs.
	var wg sync.WaitGroup
	var total atomic.Int64
	for range n / 2 {
		a, b := make(chan int), make(chan int)
		wg.Go(func() {
			for i := range 10 {
				a <- i
				total.Add(int64(<-b))
			}
			close(a)
		})
		wg.Go(func() {
			for v := range a {
				b <- v
			}
		})
	}
	wg.Wait()
	check(total.Load() == n/2*45, "total %d", total.Load())
}

// crowd is 100,000 goroutines that pass something back and forth over channels, some of them locked
// to threads of their own, on more Ps than there are cores.
func crowd() {
	const (
		pairs  = 50_000
		locked = 40 // pairs of which one side is; in another 40 both are
		rounds = 4
	)
	runtime.GOMAXPROCS(runtime.NumCPU() + 2)
	var wg sync.WaitGroup
	var total atomic.Int64
	start := make(chan bool)
	for i := range pairs {
		there, back := make(chan int), make(chan int)
		wg.Go(func() {
			if i < 2*locked {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			<-start
			for v := range there {
				back <- v + 1
			}
			close(back)
		})
		wg.Go(func() {
			if i < locked {
				runtime.LockOSThread()
				if i%2 == 0 {
					defer runtime.UnlockOSThread()
				} // else the thread ends with the goroutine
			}
			for v := range rounds {
				there <- v
				total.Add(int64(<-back))
			}
			close(there)
			_, open := <-back
			check(!open, "a channel is not closed")
		})
	}
	check(runtime.NumGoroutine() == 2*pairs+1, "%d goroutines", runtime.NumGoroutine())
	close(start)
	wg.Wait()
	want := int64(pairs * rounds * (rounds + 1) / 2)
	check(total.Load() == want, "total %d, not %d", total.Load(), want)
}
