package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// goroutines makes a tree of goroutines, some of which panic.
func goroutines() {
	var grow func(depth int) int
	grow = func(depth int) int {
		if depth == 0 {
			return 1
		}
		results := make(chan int)
		for i := range 3 {
			go func() {
				n := 0
				defer func() {
					recover()
					results <- n
				}()
				n = grow(depth - 1)
				if i == 1 {
					panic("on purpose")
				}
			}()
		}
		return <-results + <-results + <-results
	}
	n := grow(6)
	check(n == 729, "a tree of goroutines has %d leaves", n)
}

// channels sends numbers through a long pipeline.
func channels() {
	const stages, numbers = 50, 100
	first := make(chan int, rand.N(3))
	in := first
	for range stages {
		from, out := in, make(chan int, rand.N(3))
		go func() {
			for v := range from {
				out <- v + 1
			}
			close(out)
		}()
		in = out
	}
	go func() {
		for i := range numbers {
			first <- i
		}
		close(first)
	}()
	want := stages
	for v := range in {
		check(v == want, "%d instead of %d came out of the pipeline", v, want)
		want++
	}
	check(want == stages+numbers, "%d numbers came out of the pipeline", want-stages)
}

// selects has producers and consumers meet in select, with deadlines.
func selects() {
	a, b := make(chan int), make(chan int, 4)
	ctx, cancel := context.WithCancel(context.Background())
	var sent, got atomic.Int64
	var producers, consumers sync.WaitGroup
	for range 4 {
		producers.Go(func() {
			for i := range 50 {
				select {
				case a <- i:
					sent.Add(int64(i))
				case b <- i:
					sent.Add(int64(i))
				case <-time.After(rand.N(2 * time.Millisecond)):
				}
			}
		})
		consumers.Go(func() {
			for {
				select {
				case v := <-a:
					got.Add(int64(v))
				case v := <-b:
					got.Add(int64(v))
				case <-ctx.Done():
					return
				}
			}
		})
	}
	producers.Wait()
	for len(b) > 0 {
		runtime.Gosched()
	}
	cancel()
	consumers.Wait()
	check(sent.Load() == got.Load(), "%d sent, %d received", sent.Load(), got.Load())
}

// locks uses everything in package sync.
func locks() {
	var (
		m       sync.Mutex
		rw      sync.RWMutex
		cond    = sync.NewCond(&m)
		table   sync.Map
		wg      sync.WaitGroup
		counter int
		shared  [2]int
		waiting int
	)
	for i := range 16 {
		wg.Go(func() {
			for j := range 100 {
				m.Lock()
				counter++
				m.Unlock()
				if j%8 == 0 {
					rw.Lock()
					shared[0]++
					shared[1]++
					rw.Unlock()
				} else {
					rw.RLock()
					check(shared[0] == shared[1], "a reader sees half of a writer's work")
					rw.RUnlock()
				}
				table.Store(i*100+j, i)
			}
			m.Lock()
			if waiting++; waiting == 16 {
				cond.Broadcast()
			}
			for waiting < 16 {
				cond.Wait()
			}
			m.Unlock()
		})
	}
	wg.Wait()
	entries := 0
	table.Range(func(_, _ any) bool { entries++; return true })
	check(counter == 1600 && entries == 1600 && shared[0] == 16*13, "%d, %d, %d", counter, entries, shared[0])
}

// latest is how much too late a timer has come, at most.
var latest atomic.Int64

// timers sets, stops and resets timers, and sleeps.
func timers() {
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			d := rand.N(20 * time.Millisecond)
			due := time.Now().Add(d)
			switch rand.N(3) {
			case 0:
				time.Sleep(d)
			case 1:
				<-time.After(d)
			case 2:
				t := time.NewTimer(time.Hour)
				check(t.Reset(d), "a timer an hour away has come")
				<-t.C
			}
			late := time.Since(due)
			check(late >= 0, "a timer came %v early", -late)
			for old := latest.Load(); int64(late) > old && !latest.CompareAndSwap(old, int64(late)); {
				old = latest.Load()
			}
		})
	}
	for range 200 {
		t := time.AfterFunc(time.Hour, func() { fail("a timer that was stopped has come") })
		defer func() { check(t.Stop(), "a timer an hour away has come") }()
	}
	wg.Wait()
}

// threads has goroutines with threads of their own talk to others, and ends with some of them.
func threads() {
	var wg sync.WaitGroup
	there, back := make(chan int), make(chan int)
	for range 6 {
		wg.Go(func() {
			runtime.LockOSThread()
			if rand.N(2) == 0 {
				defer runtime.UnlockOSThread()
			}
			for v := range there {
				back <- v * 2
			}
		})
	}
	var talkers sync.WaitGroup
	for range 2 {
		talkers.Go(func() {
			for i := range 50 {
				there <- i
				check(<-back%2 == 0, "a thread has miscounted")
			}
		})
	}
	if rand.N(4) == 0 {
		// Not for longer: one P for all that runs here makes everything seconds late.
		runtime.GOMAXPROCS(1 + rand.N(2*runtime.NumCPU()))
		defer runtime.GOMAXPROCS(runtime.NumCPU())
	}
	talkers.Wait()
	close(there)
	wg.Wait()
}

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

// live is a tree that stays, and changes bit by bit.
var live [64]atomic.Pointer[tree]

// trees makes garbage, and puts some of it where it lives on for a while.
func trees() {
	const depth = 11
	const want = (1<<depth - 1) << depth / 2
	t := grow(depth, 1)
	if old := live[rand.N(len(live))].Swap(t); old != nil {
		check(old.sum() == want, "a tree has changed")
	}
	check(grow(depth, 1).sum() == want, "a new tree is wrong")
	table := map[string]int{}
	for i := range 1000 {
		table[strconv.Itoa(i)] = i
	}
	for k, v := range table {
		check(strconv.Itoa(v) == k, "a map has changed: %q, %d", k, v)
	}
}

// memory takes large pieces and gives them back to the machine.
func memory() {
	b := make([]byte, 1+rand.N(12<<20))
	for i := 0; i < len(b); i += 1024 {
		check(b[i] == 0, "new memory is not zero")
		b[i] = byte(i >> 10)
	}
	runtime.Gosched()
	for i := 0; i < len(b); i += 1024 {
		check(b[i] == byte(i>>10), "memory has changed")
	}
	if rand.N(4) == 0 {
		b = nil
		debug.FreeOSMemory()
	}
	runtime.SetFinalizer(new([100]byte), func(*[100]byte) {})
	time.Sleep(rand.N(20 * time.Millisecond))
}

// stacks grows stacks, which shrink again at the next collection.
func stacks() {
	var deep func(n int) int
	deep = func(n int) int {
		var local [256]byte
		local[n%256] = byte(n)
		if n == 0 {
			return 0
		}
		return deep(n-1) + int(local[n%256]) - int(byte(n)) + 1
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n := rand.N(5000)
			check(deep(n) == n, "deep recursion has miscounted")
		})
	}
	wg.Wait()
	time.Sleep(rand.N(20 * time.Millisecond))
}

// loops has every core in a loop without calls for a moment.
func loops() {
	var stop bool
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for p := opaque(&stop); !*p; {
			}
		})
	}
	time.Sleep(time.Millisecond)
	runtime.GC()
	*opaque(&stop) = true
	wg.Wait()
	time.Sleep(rand.N(200 * time.Millisecond))
}

//go:noinline
func opaque(p *bool) *bool { return p }

// files writes and reads files.
func files() {
	dir, err := os.MkdirTemp("", "soak")
	check(err == nil, "%v", err)
	data := bytes.Repeat([]byte("soak"), 1+rand.N(20_000))
	for i := range 5 {
		name := filepath.Join(dir, strconv.Itoa(i))
		check(os.WriteFile(name, data, 0o600) == nil, "cannot write %s", name)
		got, err := os.ReadFile(name)
		check(err == nil && bytes.Equal(got, data), "%s: %v, %d bytes of %d", name, err, len(got), len(data))
	}
	check(os.RemoveAll(dir) == nil, "cannot remove %s", dir)
	time.Sleep(rand.N(20 * time.Millisecond))
}
