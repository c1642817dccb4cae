// Stuck keeps a machine busy until the kernel fails, which it is told to.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

func main() {
	switch os.Args[1] {
	case "loops": // on all cores
		for range runtime.NumCPU() {
			go spinning()
		}
		time.Sleep(time.Minute)
	case "now and then": // on one
		for range 600 {
			for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
			}
			time.Sleep(70 * time.Millisecond)
		}
	case "release": // gives memory back all the time
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			b := make([]byte, 1<<20)
			b[0] = 1
			debug.FreeOSMemory()
		}
	}
	fmt.Println("nothing has happened")
}

//go:noinline
func spinning() {
	for {
	}
}
