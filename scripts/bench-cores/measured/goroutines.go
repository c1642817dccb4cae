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
// its own until the message has arrived.
func channelTwoCores() float64 {
	// Busy for about the time of a pause, without a look at the clock.
	spins := 1000
	busy := func() { spin(spins) }
	spins = int(float64(spins) * float64(pause) / measure.LeastPerOperation(func(n int) {
		for range n {
			busy()
		}
	}))
	work := measure.LeastPerOperation(func(n int) {
		for range n {
			busy()
		}
	})

	there, back := make(chan int64), make(chan int64)
	var arrived atomic.Int64
	receive := func(c chan int64) (message int64) {
		message = <-c
		arrived.Store(message)
		busy()
		return message
	}
	send := func(c chan int64, message int64) {
		c <- message
		for arrived.Load() < message {
		}
	}
	message := int64(0)
	return measure.PerOperation(func(n int) {
		together(func() {
			for range n / 2 {
				message++
				send(there, message)
				message = receive(back)
			}
		}, func() {
			for range n / 2 {
				send(back, receive(there)+1)
			}
		})
	}) - work
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
