package main

import (
	"crypto/sha256"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"
)

// vectors: code that lives in the vector registers is interrupted everywhere, and never notices.
func vectors() {
	data := make([]byte, 256<<10)
	for i := range data {
		data[i] = byte(i * 7)
	}
	sum, crc := sha256.Sum256(data), crc32.ChecksumIEEE(data)
	var stop atomic.Bool
	var wg sync.WaitGroup
	var rounds atomic.Int64
	worker := func(f func()) {
		wg.Go(func() {
			for !stop.Load() {
				f()
				rounds.Add(1)
			}
		})
	}
	for range 2 {
		worker(func() { check(sha256.Sum256(data) == sum, "SHA-256 has changed") })
		worker(func() { check(crc32.ChecksumIEEE(data) == crc, "CRC-32 has changed") })
		to := make([]byte, len(data))
		worker(func() {
			clear(to)
			copy(to, data)
			check(string(to) == string(data), "a copy differs")
		})
		floats := [8]float64{1, 2, 3, 4, 5, 6, 7, 8}
		worker(func() { // floating point in registers, in a loop without calls
			a, b, c, d := floats[0], floats[1], floats[2], floats[3]
			for range 100_000 {
				a, b, c, d = a+b, b+1, c*1.0, d+0.5
				b, d = b-1, d-0.5
			}
			check(a == 200_001 && b == 2 && c == 3 && d == 4, "floating point has changed: %v %v %v %v", a, b, c, d)
		})
		var counter int
		go spin(&counter)
	}
	worker(func() { ymm() })
	time.Sleep(4 * time.Second)
	stop.Store(true)
	wg.Wait()
	check(rounds.Load() > 10, "only %d rounds", rounds.Load())
}
