package main

import (
	"runtime"
	"sync/atomic"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

// stopTheWorld is to stop all goroutines and start them again while one does not call anything. To
// read the statistics stops the world, and is short in itself.
func stopTheWorld() float64 {
	var state atomic.Int32
	ended := make(chan bool)
	go func() {
		defer close(ended)
		state.Store(1)
		for state.Load() == 1 {
		}
	}()
	for state.Load() == 0 {
		runtime.Gosched()
	}
	var stats runtime.MemStats
	took := measure.Median(101, func() float64 {
		spin(20_000) // so that the loop is running again
		return measure.Time(func() { runtime.ReadMemStats(&stats) })
	})
	state.Store(2)
	<-ended
	return took
}

// A node is 32 bytes, half of them pointers.
type node struct {
	left, right *node
	payload     [2]int64
}

func tree(depth int) *node {
	n := &node{payload: [2]int64{int64(depth)}}
	if depth > 0 {
		n.left, n.right = tree(depth-1), tree(depth-1)
	}
	return n
}

// collect is a whole collection with 64 MiB of small objects alive.
func collect() float64 {
	roots := tree(20) // 2^21 - 1 of them
	took := measure.Median(5, func() float64 { return measure.Time(runtime.GC) })
	runtime.KeepAlive(roots)
	return took
}

// work is the time that a fixed amount of it takes when n goroutines share it.
func work(n int) float64 {
	const amount = 20_000_000
	return measure.Median(5, func() float64 {
		return measure.Time(func() {
			parts := make([]func(), n)
			for i := range parts {
				parts[i] = func() { spin(amount / n) }
			}
			together(parts...)
		})
	})
}

// speedUp is how much faster two goroutines are than one.
func speedUp() float64 { return work(1) / work(2) }
