// Sched works Go's scheduler, collector and allocator, and checks that nothing gets lost.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var modes = map[string]func(){
	"loop":       loop,
	"pingpong":   pingPong,
	"locked":     locked,
	"exits":      exits,
	"sync":       synchronize,
	"select":     selects,
	"count":      count,
	"finalizers": finalizers,
	"memory":     memory,
	"collector":  collector,
	"stack":      stack,
	"vectors":    vectors,
	"preempt":    preempt,
	"procs":      procs,
}

func main() {
	modes[os.Args[1]]()
	fmt.Println("ok")
}

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

// spin is a loop without a call in it, which only an interrupt can stop.
func spin(counter *int) {
	for i := 0; ; i++ {
		*counter = i
	}
}

// loop: goroutines that never call anything stop neither timers nor the collector nor others.
func loop() {
	var counters [4]int
	for i := range counters {
		go spin(&counters[i])
	}
	start := time.Now()
	for range 5 {
		time.Sleep(10 * time.Millisecond)
		runtime.GC()
	}
	done := make(chan bool)
	go func() { done <- true }()
	<-done
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	took := time.Since(start)
	check(took < 10*time.Second, "it took %v", took)
	var m sync.Mutex
	for range 10 { // the mutex changes hands among the spinning
		m.Lock()
		go func() { m.Unlock() }()
	}
	m.Lock()
}

// preempt: every one of many spinning goroutines gets its turn.
func preempt() {
	var counts [20]int
	var stop bool // read without synchronisation would be hoisted: so through a pointer the compiler cannot see through
	p := &stop
	var wg sync.WaitGroup
	for i := range counts {
		wg.Go(func() {
			for j := 0; !*(*bool)(opaque(p)); j++ {
				counts[i]++
			}
		})
	}
	time.Sleep(2 * time.Second)
	*p = true
	wg.Wait()
	least, most := slices.Min(counts[:]), slices.Max(counts[:])
	check(least > 0 && most < 100*least, "turns are unfair: %v", counts)
}

//go:noinline
func opaque(p *bool) *bool { return p }

func pingPong() {
	const n = 10_000
	first := make(chan int)
	in := first
	for range n {
		from, out := in, make(chan int)
		go func() {
			for v := range from {
				out <- v + 1
			}
			close(out)
		}()
		in = out
	}
	for round := range 5 {
		first <- round
		v := <-in
		check(v == round+n, "%d instead of %d", v, round+n)
	}
	close(first)
	_, open := <-in
	check(!open, "the chain is not closed")

	// And pairs.
	var wg sync.WaitGroup
	var total atomic.Int64
	for range n / 2 {
		a, b := make(chan int), make(chan int)
		wg.Go(func() {
			for i := range 10 {
				a <- i
				total.Add(int64(<-b))
			}
			close(a)
		})
		wg.Go(func() {
			for v := range a {
				b <- v
			}
		})
	}
	wg.Wait()
	check(total.Load() == n/2*45, "total %d", total.Load())
}

// locked: goroutines that own their threads, with others that do not, more of each than cores.
func locked() {
	runtime.GOMAXPROCS(4)
	check(runtime.GOMAXPROCS(0) == 4, "GOMAXPROCS is %d", runtime.GOMAXPROCS(0))
	a, b := make(chan int), make(chan int)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			runtime.LockOSThread()
			runtime.LockOSThread()
			runtime.UnlockOSThread() // still locked
			for v := range a {
				b <- v
			}
		})
	}
	wg.Go(func() {
		for i := range 500 {
			a <- i
		}
		close(a)
	})
	var counter int
	go func() {
		runtime.LockOSThread()
		spin(&counter)
	}()
	sum := 0
	for range 500 {
		sum += <-b
	}
	wg.Wait()
	check(sum == 500*499/2, "sum %d", sum)
	for range 3 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// exits: goroutines that end while locked to their threads take the threads with them.
func exits() {
	for range 200 {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			if rand.N(2) == 0 {
				runtime.Goexit()
			}
		}()
		<-done
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			runtime.LockOSThread()
			time.Sleep(5 * time.Millisecond)
		})
	}
	wg.Wait()
	runtime.GC()
}

// procs changes the number of Ps while all are busy.
func procs() {
	var stop atomic.Bool
	var turns atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				turns.Add(1)
			}
		})
	}
	for i := range 20 {
		runtime.GOMAXPROCS(1 + i%8)
		before := turns.Load()
		for turns.Load() == before {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	wg.Wait()
}

func synchronize() {
	var (
		m     sync.Mutex
		rw    sync.RWMutex
		cond  = sync.NewCond(&m)
		once  sync.Once
		pool  = sync.Pool{New: func() any { return new([64]byte) }}
		table sync.Map
		wg    sync.WaitGroup

		counter, shared, opened, waiting int
	)
	for i := range 50 {
		wg.Go(func() {
			for j := range 200 {
				m.Lock()
				counter++
				m.Unlock()
				if j%10 == 0 {
					rw.Lock()
					shared++
					rw.Unlock()
				} else {
					rw.RLock()
					_ = shared
					rw.RUnlock()
				}
				once.Do(func() { opened++ })
				b := pool.Get().(*[64]byte)
				b[0]++
				pool.Put(b)
				table.Store(i*1000+j, j)
			}
		})
	}
	wg.Wait()
	entries := 0
	table.Range(func(k, v any) bool { entries++; return true })
	check(counter == 10_000 && shared == 1000 && opened == 1 && entries == 10_000,
		"counter %d, shared %d, opened %d, entries %d", counter, shared, opened, entries)

	for range 100 {
		wg.Go(func() {
			m.Lock()
			waiting++
			cond.Wait()
			waiting--
			m.Unlock()
		})
	}
	for {
		m.Lock()
		all := waiting == 100
		m.Unlock()
		if all {
			break
		}
		runtime.Gosched()
	}
	cond.Signal()
	cond.Broadcast()
	wg.Wait()
	check(waiting == 0, "%d still wait", waiting)

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	check(ctx.Err() == context.DeadlineExceeded, "%v", ctx.Err())
}

func selects() {
	a, b, quit := make(chan int), make(chan int), make(chan bool)
	var fromA, fromB, idle, late int
	go func() {
		for i := range 10_000 {
			select {
			case a <- i:
			case b <- i:
			}
		}
		close(quit)
	}()
	for running := true; running; {
		select {
		case <-a:
			fromA++
		case <-b:
			fromB++
		case <-time.After(time.Second):
			late++
		case <-quit:
			running = false
		}
	}
	check(fromA+fromB == 10_000 && late == 0, "%d + %d, %d late", fromA, fromB, late)
	check(fromA > 4000 && fromB > 4000, "select is unfair: %d and %d", fromA, fromB)
	for range 1000 {
		select {
		case <-a:
		default:
			idle++
		}
	}
	check(idle == 1000, "a closed shop served %d", 1000-idle)
}

// count: the kernel's own goroutines are not the program's.
func count() {
	check(runtime.NumGoroutine() == 1, "%d goroutines", runtime.NumGoroutine())
	stop := make(chan bool)
	for range 10 {
		go func() { <-stop }()
	}
	check(runtime.NumGoroutine() == 11, "%d goroutines, not 11", runtime.NumGoroutine())
	close(stop)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	buffer := make([]byte, 100_000)
	trace := string(buffer[:runtime.Stack(buffer, true)])
	check(len(trace) < 1000, "runtime.Stack shows more than one goroutine:\n%s", trace)
	check(runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && runtime.NumCPU() >= 1, "%s/%s, %d",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
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

//go:noinline
func deep(n int) int {
	var local [1000]byte
	local[n%1000] = byte(n)
	if n == 0 {
		return 0
	}
	return deep(n-1) + int(local[n%1000]) - int(byte(n)) + 1
}

// stack grows stacks to 64 MB and lets them shrink.
func stack() {
	const depth = 60_000 // of a little more than 1 KB
	check(deep(depth) == depth, "deep recursion has miscounted")
	runtime.GC()
	results := make(chan int)
	for range 20 {
		go func() { results <- deep(1000) }()
	}
	for range 20 {
		check(<-results == 1000, "recursion in a goroutine has miscounted")
	}
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	check(stats.StackInuse < 40<<20, "%d bytes of stack are still in use", stats.StackInuse)
}

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
