package main

import (
	"runtime"
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

// lockedPingPong is a message between goroutines that are locked to a thread each.
func lockedPingPong() float64 {
	there, back := make(chan int), make(chan int)
	locked := func(f func()) func() {
		return func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f()
		}
	}
	return measure.PerOperation(func(n int) {
		together(locked(func() {
			for range n / 2 {
				there <- 1
				<-back
			}
		}), locked(func() {
			for range n / 2 {
				<-there
				back <- 1
			}
		}))
	})
}

// timeNow is a look at the clock.
func timeNow() float64 {
	var now time.Time
	took := measure.LeastPerOperation(func(n int) {
		for range n {
			now = time.Now()
		}
	})
	runtime.KeepAlive(now)
	return took
}

// sleepOvershoot is by how much a sleep of 1 ms takes longer.
func sleepOvershoot() float64 {
	return measure.Median(101, func() float64 {
		return measure.Time(func() { time.Sleep(time.Millisecond) }) - float64(time.Millisecond)
	})
}
