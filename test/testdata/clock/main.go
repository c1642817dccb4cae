// Clock measures the machine's clocks and timers from the inside.
package main

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var modes = map[string]func(){
	"overshoot": overshoot,
	"monotonic": monotonic,
	"wall":      func() { fmt.Println("wall", time.Now().UnixNano(), time.Now().Location(), "") },
	"fraction":  fraction,
	"rate":      rate,
	"step":      step,
	"timers":    timers,
}

func main() { modes[os.Args[1]]() }

// fraction tells the time, when the wall clock has had time to be set by the beginning of a second.
func fraction() {
	time.Sleep(1500 * time.Millisecond)
	for range 5 {
		fmt.Println(time.Now().UnixNano())
		time.Sleep(50 * time.Millisecond)
	}
}

// step tells by how many nanoseconds the wall clock is set forward in the first second and a half.
func step() {
	begin := time.Now()
	time.Sleep(1500 * time.Millisecond)
	end := time.Now()
	fmt.Println(int64(end.Round(0).Sub(begin.Round(0)) - end.Sub(begin)))
}

// overshoot prints by how many nanoseconds waits of several kinds end too late, by median.
func overshoot() {
	print := func(kind string, d time.Duration, late []time.Duration) {
		slices.Sort(late)
		fmt.Println(kind, d, late[len(late)/2].Nanoseconds(), late[0].Nanoseconds(), late[len(late)-1].Nanoseconds())
	}
	for _, d := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		var sleep, timer, after []time.Duration
		for range max(9, int(150*time.Millisecond/d)) {
			start := time.Now()
			time.Sleep(d)
			sleep = append(sleep, time.Since(start)-d)

			start = time.Now()
			t := time.NewTimer(d)
			<-t.C
			timer = append(timer, time.Since(start)-d)

			start = time.Now()
			ran := make(chan time.Time)
			time.AfterFunc(d, func() { ran <- time.Now() })
			after = append(after, (<-ran).Sub(start)-d)
		}
		print("sleep", d, sleep)
		print("timer", d, timer)
		print("afterfunc", d, after)

		var ticks []time.Duration
		start := time.Now()
		ticker := time.NewTicker(d)
		for range max(9, int(150*time.Millisecond/d)) {
			<-ticker.C
			ticks = append(ticks, time.Since(start)%d) // a tick that nobody had time for is left out
		}
		ticker.Stop()
		print("ticker", d, ticks)
	}
}

// monotonic reads the clock from several goroutines: no reading may be before one that was taken
// before it, whoever took it.
func monotonic() {
	start := time.Now()
	var latest atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100_000 {
				before := latest.Load()
				now := int64(time.Since(start))
				if now < before {
					fmt.Println("the clock went back from", before, "to", now)
					os.Exit(1)
				}
				for now > before && !latest.CompareAndSwap(before, now) {
					before = latest.Load()
				}
			}
		})
	}
	wg.Wait()
	same := 0
	for range 100_000 {
		if a, b := time.Now(), time.Now(); !b.After(a) {
			same++
		}
	}
	if same > 90_000 {
		fmt.Println("the clock stands still between", same, "of 100000 pairs of readings")
		os.Exit(1)
	}
	fmt.Println("ok")
}

// rate lets the host measure three seconds.
func rate() {
	for round := range 2 { // the first one warms up, and the wall clock is set meanwhile
		start, wall := time.Now(), time.Now().Round(0)
		fmt.Println("begin")
		for time.Since(start) < 3*time.Second {
			time.Sleep(3*time.Second - time.Since(start))
		}
		fmt.Println("end")
		if apart := time.Since(start) - time.Now().Round(0).Sub(wall); round == 1 && apart.Abs() > 20*time.Millisecond {
			fmt.Println("the wall clock and the monotonic clock differ by", apart)
			os.Exit(1)
		}
	}
	fmt.Println("ok")
}

// timers sets, stops and resets many timers.
func timers() {
	var fired, stopped atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for i := range 20_000 {
		wg.Add(1)
		d := time.Duration(i%100) * time.Millisecond
		t := time.AfterFunc(d, func() {
			if time.Since(start) < d {
				fmt.Println("a timer fired early")
				os.Exit(1)
			}
			fired.Add(1)
			wg.Done()
		})
		switch i % 10 {
		case 3:
			if t.Stop() {
				stopped.Add(1)
				wg.Done()
			}
		case 7:
			if t.Reset(200 * time.Millisecond) {
				break
			}
			wg.Add(1) // it had fired, and fires again
		}
	}
	wg.Wait()
	if fired.Load()+stopped.Load() < 20_000 {
		fmt.Println(fired.Load(), "fired,", stopped.Load(), "stopped")
		os.Exit(1)
	}
	for _, f := range []func(){
		func() { <-time.After(0) },
		func() { time.Sleep(-1); time.Sleep(0); time.Sleep(1) },
		func() { t := time.NewTimer(time.Hour); t.Reset(1); <-t.C },
		func() {
			select {
			case <-time.After(10 * time.Millisecond):
			case <-time.After(time.Hour):
			}
		},
	} {
		f()
	}
	fmt.Println("ok")
}
