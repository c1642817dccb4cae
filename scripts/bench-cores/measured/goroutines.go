package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

// goroutineSwitch is from one goroutine to the next by way of the scheduler.
func goroutineSwitch() float64 {
	return measure.LeastPerOperation(func(n int) {
		together(func() {
			for range n / 2 {
				runtime.Gosched()
			}
		}, func() {
			for range n / 2 {
				runtime.Gosched()
			}
		})
	})
}

// together runs functions as goroutines and waits for them.
func together(functions ...func()) {
	var all sync.WaitGroup
	for _, f := range functions {
		all.Go(f)
	}
	all.Wait()
}

// channelOneCore is a message to a goroutine that waits for it on the same core, which then runs.
func channelOneCore() float64 {
	there, back := make(chan int), make(chan int)
	return measure.LeastPerOperation(func(n int) { pingPong(n, there, back) })
}

func pingPong(n int, there, back chan int) {
	together(func() {
		for range n / 2 {
			there <- 1
			<-back
		}
	}, func() {
		for range n / 2 {
			<-there
			back <- 1
		}
	})
}

// pause is how long a goroutine works between receiving a message and answering it, so that the
// other one has parked and its core has run out of work.
const pause = 20 * time.Microsecond

// channelTwoCores is a message to a goroutine that waits for it, on an idle core: the sender keeps
// its own until the message has arrived. The message is the time when it was sent.
func channelTwoCores() float64 {
	const rounds = 2000
	there, back := make(chan time.Duration), make(chan time.Duration)
	var arrived atomic.Int64
	return measure.Median(5, func() float64 {
		var took [2]time.Duration // of the messages to each
		began := time.Now()
		receive := func(i int, c chan time.Duration) {
			sent := <-c
			took[i] += time.Since(began) - sent
			arrived.Add(1)
			for from := time.Now(); time.Since(from) < pause; {
			}
		}
		send := func(c chan time.Duration) {
			before := arrived.Load()
			c <- time.Since(began)
			for arrived.Load() == before {
			}
		}
		together(func() {
			for range rounds {
				send(there)
				receive(0, back)
			}
		}, func() {
			for range rounds {
				receive(1, there)
				send(back)
			}
		})
		return float64(took[0]+took[1]) / (2 * rounds)
	})
}

var sink uint64

// spin works without touching memory.
func spin(n int) {
	x := uint64(1)
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
	}
	atomic.StoreUint64(&sink, x)
}

// goroutineSpawn is to start a goroutine, let it run and end.
func goroutineSpawn() float64 {
	return measure.LeastPerOperation(func(n int) {
		var all sync.WaitGroup
		all.Add(n)
		for range n {
			go all.Done()
			runtime.Gosched()
		}
		all.Wait()
	})
}

// mutexUncontended is to lock and unlock.
func mutexUncontended() float64 {
	var mu sync.Mutex
	return measure.LeastPerOperation(func(n int) {
		for range n {
			mu.Lock()
			//lint:ignore SA2001 nothing is what it guards
			mu.Unlock()
		}
	})
}

// mutexContended is the same while another core does it, too, with a little to do in between.
func mutexContended() float64 {
	var mu sync.Mutex
	counter := 0
	return measure.PerOperation(func(n int) {
		increment := func() {
			for range n / 2 {
				mu.Lock()
				counter++
				mu.Unlock()
			}
		}
		together(increment, increment)
	})
}
