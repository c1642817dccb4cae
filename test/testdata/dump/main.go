// Dump waits to be asked what it does.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	for range 3 {
		go waiting(make(chan int))
	}
	for stacks := make([]byte, 64<<10); bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("[chan receive")) < 3; {
		time.Sleep(time.Millisecond)
	}
	switch os.Args[1] {
	case "busy":
		for range 2 * runtime.NumCPU() {
			go spinning()
		}
	case "notify":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGQUIT)
		fmt.Println("ready")
		fmt.Println("got", <-c)
		return
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	select {
	case <-time.After(time.Minute):
	}
}

//go:noinline
func waiting(c chan int) { <-c }

//go:noinline
func spinning() {
	for {
	}
}
