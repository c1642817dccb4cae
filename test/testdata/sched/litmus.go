package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// litmus runs the classic tests of a memory model: what Go's atomics forbid, as they are sequentially
// consistent, never happens (go.dev/ref/mem). The variables of a round are new, so that nothing has to
// be set back; the threads meet before each.
func litmus() {
	rounds := 20_000
	if runtime.NumCPU() > 4 {
		rounds = 4000 // the host has fewer cores than the machine, and those that meet wait for each other
	}
	type round struct {
		x    atomic.Uint32
		_    [60]byte // another cache line
		y    atomic.Uint32
		data [2]int
		r    [4]uint32
	}
	run := func(name string, forbidden func(r *round) bool, threads ...func(r *round)) {
		all := make([]round, rounds)
		var met atomic.Int64
		var wg sync.WaitGroup
		for _, body := range threads {
			wg.Go(func() {
				for i := range all {
					met.Add(1)
					for spins := 0; met.Load() < int64((i+1)*len(threads)); spins++ {
						if spins > 100 {
							runtime.Gosched() // there may be fewer cores than threads
						}
					}
					body(&all[i])
				}
			})
		}
		wg.Wait()
		for i := range all {
			check(!forbidden(&all[i]), "%s: %v in round %d", name, all[i].r, i)
		}
	}

	// Store buffering: both threads miss the other's store.
	run("store buffering", func(r *round) bool { return r.r[0] == 0 && r.r[1] == 0 },
		func(r *round) { r.x.Store(1); r.r[0] = r.y.Load() },
		func(r *round) { r.y.Store(1); r.r[1] = r.x.Load() })
	run("store buffering, exchanged", func(r *round) bool { return r.r[0] == 0 && r.r[1] == 0 },
		func(r *round) { r.x.Swap(1); r.r[0] = r.y.Load() },
		func(r *round) { r.y.Add(1); r.r[1] = r.x.Load() })

	// Message passing: the flag is seen, what was written before it is not. The data is no atomic.
	run("message passing", func(r *round) bool { return r.r[0] == 1 && r.r[1] != 42*43 },
		func(r *round) { r.data[0], r.data[1] = 42, 43; r.x.Store(1) },
		func(r *round) {
			if r.r[0] = r.x.Load(); r.r[0] == 1 {
				r.r[1] = uint32(r.data[0] * r.data[1])
			}
		})

	// Load buffering: each load sees the store that follows the other one.
	run("load buffering", func(r *round) bool { return r.r[0] == 1 && r.r[1] == 1 },
		func(r *round) { r.r[0] = r.x.Load(); r.y.Store(1) },
		func(r *round) { r.r[1] = r.y.Load(); r.x.Store(1) })

	// Independent reads of independent writes: two readers disagree about the order of two writes.
	run("independent reads", func(r *round) bool {
		return r.r[0] == 1 && r.r[1] == 0 && r.r[2] == 1 && r.r[3] == 0
	},
		func(r *round) { r.x.Store(1) },
		func(r *round) { r.y.Store(1) },
		func(r *round) { r.r[0] = r.x.Load(); r.r[1] = r.y.Load() },
		func(r *round) { r.r[2] = r.y.Load(); r.r[3] = r.x.Load() })

	// Coherence: the values of one variable are seen in the order in which they were stored.
	run("coherence", func(r *round) bool { return r.r[0] == 2 && r.r[1] == 1 || r.r[0] != 0 && r.r[1] == 0 },
		func(r *round) { r.x.Store(1); r.x.Store(2) },
		func(r *round) { r.r[0] = r.x.Load(); r.r[1] = r.x.Load() })

	// Read-modify-write loses nothing, at all sizes.
	var small atomic.Int32
	var large atomic.Uint64
	var bits atomic.Uint32
	var wg sync.WaitGroup
	const adders, adds = 8, 20_000
	for i := range adders {
		wg.Go(func() {
			for range adds {
				small.Add(1)
				for {
					v := large.Load()
					if large.CompareAndSwap(v, v+1<<32+1) {
						break
					}
				}
				bits.Or(1 << i)
				check(bits.And(^uint32(1<<i))&(1<<i) != 0, "another has taken the bit %d", i)
			}
		})
	}
	wg.Wait()
	check(small.Load() == adders*adds && large.Load() == adders*adds*(1<<32+1) && bits.Load() == 0,
		"sums: %d, %#x, %#x", small.Load(), large.Load(), bits.Load())
}
