// Measured is what bench-memory boots: an ordinary Go program that measures memory.
package main

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/ringo-os/ringo/scripts/benchmark/measure"
)

const (
	page = 4096
	mib  = 1 << 20

	readWrite = syscall.PROT_READ | syscall.PROT_WRITE
	private   = syscall.MAP_ANON | syscall.MAP_PRIVATE
)

func main() {
	debug.SetGCPercent(-1) // collections come when they are measured
	measure.Main([]measure.Result{
		{Name: "touch-heap", Measure: touchHeap},
		{Name: "touch-mapped", Measure: func() float64 { return touchMapped(syscall.MADV_NORMAL) }},
		{Name: "touch-mapped-small", Measure: func() float64 { return touchMapped(syscall.MADV_NOHUGEPAGE) }},
		{Name: "allocate-512MiB", Measure: allocate},
		{Name: "clear-512MiB", Measure: clearAll},
		{Name: "grow-512MiB", Measure: grow},
		{Name: "collect-512MiB", Measure: collect},
		{Name: "release-256MiB", Measure: release},
		{Name: "map-unmap", Measure: mapUnmap},
		{Name: "protect", Measure: protect},
	})
}

func nanoseconds(do func()) float64 {
	start := time.Now()
	do()
	return float64(time.Since(start).Nanoseconds())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// touch writes to each page of b.
func touch(b []byte) {
	for i := 0; i < len(b); i += page {
		b[i] = 1
	}
}

// pieces allocates size bytes in pieces as a program does.
func pieces(size int) [][]byte {
	const piece = 32 << 10
	all := make([][]byte, size/piece)
	for i := range all {
		all[i] = make([]byte, piece)
	}
	return all
}

var keep [][]byte

// touchHeap allocates memory that the heap did not have, and writes to it: what that takes for a page.
func touchHeap() float64 {
	const size = 128 * mib
	debug.FreeOSMemory()
	took := nanoseconds(func() {
		keep = pieces(size)
		for _, b := range keep {
			touch(b)
		}
	})
	keep = nil
	return took / (size / page)
}

func touchMapped(advice int) float64 {
	const size = 128 * mib
	debug.FreeOSMemory()
	b := must(syscall.Mmap(-1, 0, size, readWrite, private))
	if advice != syscall.MADV_NORMAL {
		must(0, syscall.Madvise(b, advice))
	}
	took := nanoseconds(func() { touch(b) })
	must(0, syscall.Munmap(b))
	return took / (size / page)
}

// allocate leaves what it has allocated for the next.
func allocate() float64 {
	debug.FreeOSMemory()
	return nanoseconds(func() { keep = pieces(512 * mib) })
}

func clearAll() float64 {
	if keep == nil {
		allocate()
	}
	return measure.Median(3, func() float64 {
		return nanoseconds(func() {
			for _, b := range keep {
				clear(b)
			}
		})
	})
}

// A node is something for the collector to look at.
type node struct {
	next *node
	_    [14]uintptr // as much again as a small object holds
}

var list *node

// grow leaves a heap of small objects with pointers for the next.
func grow() float64 {
	keep = nil
	debug.FreeOSMemory()
	return nanoseconds(func() {
		for range 512 * mib / 128 {
			list = &node{next: list}
		}
	})
}

func collect() float64 {
	if list == nil {
		grow()
	}
	took := measure.Median(3, func() float64 { return nanoseconds(runtime.GC) })
	list = nil
	return took
}

func release() float64 {
	keep, list = nil, nil
	debug.FreeOSMemory()
	b := make([]byte, 256*mib)
	touch(b)
	runtime.KeepAlive(b)
	b = nil
	runtime.GC()
	return nanoseconds(debug.FreeOSMemory)
}

func mapUnmap() float64 {
	return measure.PerOperation(func(n int) {
		for range n {
			b := must(syscall.Mmap(-1, 0, 16*page, readWrite, private))
			touch(b)
			must(0, syscall.Munmap(b))
		}
	})
}

func protect() float64 {
	b := must(syscall.Mmap(-1, 0, 16*page, readWrite, private))
	touch(b)
	took := measure.PerOperation(func(n int) {
		for range n {
			must(0, syscall.Mprotect(b, syscall.PROT_READ))
			must(0, syscall.Mprotect(b, readWrite))
		}
	})
	must(0, syscall.Munmap(b))
	return took
}
