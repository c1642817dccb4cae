// Sched works Go's scheduler, collector and allocator, and checks that nothing gets lost.
package main

import (
	"fmt"
	"os"
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
	"cores":      cores,
	"crowd":      crowd,
	"timers":     timers,
	"litmus":     litmus,
	"fair":       fair,
	"yields":     yields,
	"threads":    threads,
	"clock":      clockInCalls,
	"dump":       dump,
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
