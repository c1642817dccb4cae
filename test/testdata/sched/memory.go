package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// memory takes much of the machine's memory and gives it back, again and again.
func memory() {
	size := 40 << 20
	for round := range 8 {
		b := make([]byte, size)
		for i := 0; i < size; i += 512 {
			check(b[i] == 0, "new memory is not zero")
			b[i] = byte(round + 1)
		}
		b = nil
		if round%2 == 0 {
			debug.FreeOSMemory()
		}
	}
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	check(stats.HeapReleased > uint64(size)/2, "only %d bytes released", stats.HeapReleased)
	// All sizes.
	var hold [][]byte
	total := 0
	for n := 1; total < 30<<20; n = n*5/4 + 1 {
		if n > 8<<20 {
			n = 1
		}
		b := make([]byte, n)
		b[0], b[n-1] = 1, 2
		hold = append(hold, b)
		total += n
	}
	for _, b := range hold {
		check(b[len(b)-1] == 2 || len(b) == 1, "lost")
	}
	runtime.KeepAlive(hold)
}

//go:noinline
func deep(n int) int {
	var local [1000]byte
	local[n%1000] = byte(n)
	if n == 0 {
		return 0
	}
	return deep(n-1) + int(local[n%1000]) - int(byte(n)) + 1
}

// stack grows stacks and lets them shrink: to 64 MB, or to as many MB as the second argument says.
func stack() {
	size := 64
	if len(os.Args) > 2 {
		size, _ = strconv.Atoi(os.Args[2])
	}
	depth := size * 950 // of a little more than 1 KB
	check(deep(depth) == depth, "deep recursion has miscounted")
	runtime.GC()
	results := make(chan int)
	for range 20 {
		go func() { results <- deep(1000) }()
	}
	for range 20 {
		check(<-results == 1000, "recursion in a goroutine has miscounted")
	}
	var stats runtime.MemStats
	for range 12 { // each halves main's
		runtime.GC()
		runtime.ReadMemStats(&stats)
	}
	check(stats.StackInuse < 4<<20, "%d bytes of stack are still in use", stats.StackInuse)
}
