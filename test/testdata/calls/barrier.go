package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Commands of membarrier.
const (
	barrierQuery                = 0
	barrierGlobal               = 1
	barrierGlobalExpedited      = 2
	barrierRegisterGlobal       = 4
	barrierPrivate              = 8
	barrierRegisterPrivate      = 16
	barrierPrivateSyncCore      = 32
	barrierRegisterSyncCore     = 64
	barrierPrivateRseq          = 128
	barrierRegisterPrivateRseq  = 256
	barrierGetRegistrations     = 512
	barrierFlagCPU              = 1
	barrierRestartableSequences = barrierPrivateRseq | barrierRegisterPrivateRseq
)

func membarrier(command, flags int) (int, error) {
	return raw(unix.SYS_MEMBARRIER, uintptr(command), uintptr(flags), none, none)
}

// membarriers asks for all that there are.
func membarriers() {
	fmt.Printf("%#x\n", must(membarrier(barrierQuery, 0))&^barrierRestartableSequences)
	for _, command := range []int{barrierQuery, barrierGlobal, barrierGlobalExpedited, barrierPrivate, barrierPrivateSyncCore, barrierGetRegistrations,
		barrierRegisterSyncCore, barrierGetRegistrations, barrierPrivate, barrierPrivateSyncCore, barrierRegisterPrivate, barrierRegisterGlobal, barrierPrivate,
		barrierGlobalExpedited, barrierGetRegistrations, 3, 1 << 10, -1} {
		if command == barrierQuery {
			_, err := membarrier(command, 1)
			fmt.Println(err)
			continue
		}
		fmt.Print(command, " ")
		fmt.Println(membarrier(command, 0))
		_, err := membarrier(command, barrierFlagCPU)
		fmt.Println(err)
	}
}

// A cell is a variable in a cache line of its own.
type cell struct {
	v uint32
	_ [60]byte
}

// storeLoad stores and loads without a barrier between the two: the processor may load first.
//
//go:noinline
func storeLoad(x, y *uint32) uint32 {
	*x = 1
	return *y
}

//go:noinline
func load(x *uint32) uint32 { return *x }

//go:noinline
func store(x *uint32) { *x = 1 }

// barrier: one side of a meeting goes without a barrier, if the other makes everybody go through one: then they do not miss
// each other.
func barrier() {
	must(membarrier(barrierRegisterPrivate, 0))
	rounds := 3000
	if runtime.NumCPU() > 2 {
		rounds = 200 // the host may have to give each core its turn, for an answer
	}
	type round struct {
		x, y        cell
		left, right uint32
	}
	all := make([]round, rounds)
	var turn atomic.Int64
	var wg sync.WaitGroup
	wait := func(i int) {
		for spins := 0; turn.Load() < int64(2*i+2); spins++ {
			if spins > 1000 {
				runtime.Gosched()
			}
		}
	}
	before := interrupts()
	for k := range runtime.NumCPU() - 2 { // the other cores have something to do, too
		go func() {
			for n := k; ; n++ {
				runtime.KeepAlive(n)
			}
		}()
	}
	wg.Go(func() {
		for i := range all {
			turn.Add(1)
			wait(i)
			all[i].left = storeLoad(&all[i].x.v, &all[i].y.v)
		}
	})
	wg.Go(func() {
		for i := range all {
			turn.Add(1)
			wait(i)
			store(&all[i].y.v)
			must(membarrier(barrierPrivate, 0))
			all[i].right = load(&all[i].x.v)
		}
	})
	wg.Wait()
	for i := range all {
		if all[i].left == 0 && all[i].right == 0 {
			fmt.Println("missed each other in round", i)
			os.Exit(1)
		}
	}
	// Those that do not rest are interrupted each time, and they hardly rest.
	if least, n := rounds*(runtime.NumCPU()-1)/2, interrupts()-before; n < least {
		fmt.Println(n, "interrupts; there must be", least)
		os.Exit(1)
	}
}

// interrupts is how many there have been.
func interrupts() int {
	_, rest, _ := strings.Cut(string(must(os.ReadFile("/proc/stat"))), "\nintr ")
	return must(strconv.Atoi(strings.Fields(rest)[0]))
}
