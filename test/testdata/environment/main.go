// Environment shows what the runtime has been told by its environment.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

var garbage atomic.Pointer[[64 << 10]byte]

var table = map[string]int{"something": 1, "to initialise": 2}

func main() {
	switch os.Args[1] {
	case "show":
		fmt.Println("procs", runtime.GOMAXPROCS(0), "of", runtime.NumCPU())
		fmt.Println("limit", debug.SetMemoryLimit(math.MaxInt64))
		fmt.Println("percent", debug.SetGCPercent(100))
	case "work":
		var wg sync.WaitGroup
		for range 2 * runtime.NumCPU() {
			wg.Go(func() {
				for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); {
					garbage.Store(new([64 << 10]byte))
				}
			})
		}
		wg.Wait()
		fmt.Println("ok", len(table))
	case "panic":
		go waiting(make(chan int))
		time.Sleep(10 * time.Millisecond)
		panic("on purpose")
	}
}

//go:noinline
func waiting(c chan int) { <-c }
