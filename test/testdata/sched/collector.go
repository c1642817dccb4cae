package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type tree struct {
	left, right *tree
	value       int
}

func grow(depth, value int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{grow(depth-1, value*2), grow(depth-1, value*2+1), value}
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return t.value + t.left.sum() + t.right.sum()
}

// collector keeps a live heap while garbage is made all around it.
func collector() {
	keep := grow(16, 1)
	want := keep.sum()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				check(grow(12, 1).sum() == 4095*4096/2, "a tree has changed")
			}
		})
	}
	wg.Wait()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	check(keep.sum() == want, "the tree that was kept has changed")
	check(stats.NumGC > 1, "the collector ran %d times", stats.NumGC)
}

func finalizers() {
	var finalized, cleaned atomic.Int64
	for range 1000 {
		a, b := new([100]byte), new([100]byte)
		runtime.SetFinalizer(a, func(*[100]byte) { finalized.Add(1) })
		runtime.AddCleanup(b, func(n int) { cleaned.Add(int64(n)) }, 1)
	}
	for deadline := time.Now().Add(20 * time.Second); finalized.Load() < 990 || cleaned.Load() < 990; {
		runtime.GC()
		time.Sleep(time.Millisecond)
		check(time.Now().Before(deadline), "%d finalized, %d cleaned up", finalized.Load(), cleaned.Load())
	}
}
