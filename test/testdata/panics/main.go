// Panics ends in the way that its argument names. What it prints must be what it prints on Linux,
// so nothing here may depend on addresses, the number of cores or the time.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unsafe"
)

var modes = map[string]func(){
	"string":        func() { panic("a message") },
	"lines":         func() { panic("two\nlines") },
	"error":         func() { panic(fmt.Errorf("wrapped: %w", errors.New("inner"))) },
	"custom-error":  func() { panic(&customError{"disk", 7}) },
	"stringer":      func() { panic(stringer(3)) },
	"number":        func() { panic(42) },
	"float":         func() { panic(1.5) },
	"named":         func() { panic(named("x")) },
	"struct":        func() { panic(struct{ a, b int }{1, 2}) },
	"nil":           func() { panic(nil) },
	"error-panics":  func() { panic(brokenError{}) },
	"runtime-error": func() { panic(runtime.Error(runtimeError{})) },

	"goroutine":     inGoroutine,
	"nested-calls":  func() { deep(5) },
	"nil-map":       func() { nilMap["key"] = 1 },
	"closed-send":   func() { c := make(chan int); close(c); c <- 1 },
	"close-closed":  func() { c := make(chan int); close(c); close(c) },
	"close-nil":     func() { close(nilChannel) },
	"index":         func() { fmt.Println(numbers[len(numbers)+zero]) },
	"index-below":   func() { fmt.Println(numbers[zero-1]) },
	"slice":         func() { fmt.Println(numbers[3-zero : 1]) },
	"slice-end":     func() { fmt.Println(numbers[: len(numbers)+3 : 2+zero]) },
	"to-array":      func() { fmt.Println([4]int(numbers)) },
	"divide":        func() { fmt.Println(1 / zero) },
	"remainder":     func() { fmt.Println(int64(1) % int64(zero)) },
	"shift":         func() { fmt.Println(1 << (zero - 1)) },
	"make":          func() { fmt.Println(make([]int, zero-1)) },
	"assert":        func() { fmt.Println(something.(int)) },
	"assert-method": func() { fmt.Println(something.(fmt.Stringer)) },
	"assert-nil":    func() { fmt.Println(nothing.(int)) },
	"compare":       func() { fmt.Println(uncomparable == uncomparable) },
	"map-key":       func() { fmt.Println(map[any]int{uncomparable: 1}) },

	"nil-read":      func() { fmt.Println(nilPointer.next) },
	"nil-write":     func() { nilPointer.value = 1 },
	"nil-offset":    func() { nilPointer.far = 1 },
	"nil-large":     func() { nilLarge.end = 1 },
	"nil-function":  func() { nilFunction() },
	"nil-interface": func() { fmt.Println(nilStringer.String()) },
	"nil-method":    func() { nilPointer.method() },
	"nil-inlined":   func() { fmt.Println(nilPointer.inlined()) },
	"nil-goroutine": func() { go nilPointer.method(); select {} },
	"nil-go":        func() { go nilFunction(); select {} },
	"bad-address":   func() { *(*int)(badAddress) = 1 },
	"bad-read":      func() { fmt.Println(*(*int)(badAddress)) },
	"non-canonical": func() { fmt.Println(*(*int)(nonCanonical)) },
	"read-only":     func() { *unsafe.StringData(constant) = 'x' },
	"write-code":    func() { **(**byte)(unsafe.Pointer(&codePointer)) = 0xCC },

	"deferred":     func() { defer fmt.Println("deferred"); panic("first") },
	"nested":       func() { defer func() { panic("second") }(); panic("first") },
	"thrice":       thrice,
	"recovered":    func() { defer func() { recover(); panic("later") }(); panic("first") },
	"again":        func() { defer func() { panic(recover()) }(); panic("the same") },
	"wrapped":      func() { defer func() { panic(fmt.Errorf("wrapped: %v", recover())) }(); panic("the same") },
	"in-recovered": func() { defer func() { defer func() { recover() }(); panic("second") }(); panic("first") },
	"goexit-panic": func() { defer func() { panic("on the way out") }(); runtime.Goexit() },
	"once":         func() { var o sync.Once; o.Do(func() { panic("in once") }) },
	"iterator": func() {
		for range sequence {
			panic("in a loop over a function")
		}
	},
	"range-over": func() {
		for range badSequence {
			break
		}
	},
	"generic":      func() { generic[int]{}.method(1) },
	"closure":      func() { func() { func() { panic("inside") }() }() },
	"method-value": func() { f := (&customError{}).fail; f() },
	"timer":        func() { time.AfterFunc(1, func() { panic("in a timer") }); select {} },
	"finalizer":    inFinalizer,
	"cleanup":      inCleanup,
	"locked":       func() { runtime.LockOSThread(); panic("on a locked thread") },
	"locked-go":    func() { go func() { runtime.LockOSThread(); panic("on a locked thread") }(); select {} },
	"init":         nil, // see early.go

	"goexit": func() { runtime.Goexit() },
	"goexit-waits": func() {
		go func() { time.Sleep(10 * time.Millisecond); fmt.Println("last"); os.Exit(3) }()
		runtime.Goexit()
	},
	"deadlock":        func() { <-make(chan int) },
	"deadlock-select": func() { select {} },
	"deadlock-nil":    func() { nilChannel <- 1 },
	"deadlock-mutex":  func() { var m sync.Mutex; m.Lock(); m.Lock() },
	"deadlock-group":  deadlockGroup,
	"deadlock-cond":   func() { c := sync.NewCond(&sync.Mutex{}); c.L.Lock(); c.Wait() },
	"deadlock-sleep":  func() { time.Sleep(20 * time.Millisecond); select {} },
	"deadlock-locked": func() { runtime.LockOSThread(); select {} },
	"unlock":          func() { var m sync.Mutex; m.Unlock() },
	"runlock":         func() { var m sync.RWMutex; m.RUnlock() },
	"group-negative":  func() { var g sync.WaitGroup; g.Done() },
	"stack-overflow":  func() { debug.SetMaxStack(4 << 20); forever(0) },
	"stack-overflow-goroutine": func() {
		debug.SetMaxStack(4 << 20)
		go forever(0)
		select {}
	},
	"stack-default": func() { large64(0) },
	"memory-huge":   func() { hold = append(hold, make([]byte, 1<<46)) },
	"memory-large": func() {
		for {
			hold = append(hold, touched(5<<20))
		}
	},
	"memory-small": func() {
		for {
			hold = append(hold, touched(500))
		}
	},
	"memory-goroutines": func() {
		for {
			go func() { deepWait(200) }()
			runtime.Gosched()
		}
	},
	"memory-stack": func() { large64(0) },
	"map-writes":   func() { concurrent(func() { sharedMap[len(sharedMap)] = 1 }) },
	"log-fatal":    func() { log.SetFlags(log.Lshortfile); defer fmt.Println("not printed"); log.Fatal("fatal: ", 1) },
	"log-panic":    func() { log.SetFlags(log.Lshortfile); log.Panicf("panic: %d", 1) },
	"exit":         func() { defer fmt.Println("not printed"); os.Exit(5) },
	"exit-goroutine": func() {
		go os.Exit(6)
		select {}
	},
	"trace-all": func() {
		debug.SetTraceback("all")
		waiting := make(chan int)
		go func() { waiting <- 1; <-waiting }()
		<-waiting
		runtime.Gosched()
		panic("with all goroutines")
	},
	"trace-none":  func() { debug.SetTraceback("none"); panic("without a trace") },
	"long":        func() { panic(strings.Repeat("0123456789", 1000)) },
	"many-frames": func() { deep(150) },
}

var (
	zero         int
	numbers      = []int{1, 2, 3}
	nilMap       map[string]int
	nilChannel   chan int
	nilFunction  func()
	nilStringer  fmt.Stringer
	nilPointer   *node
	nilLarge     *large
	something    any = "a string"
	nothing      any
	uncomparable any = []int{1}
	badAddress       = unsafe.Pointer(uintptr(0x123456789000))
	nonCanonical     = unsafe.Pointer(uintptr(0x8000000000000000))
	codePointer      = forever
	constant         = "read-only"
	hold         [][]byte
	sharedMap    = map[int]int{}
)

type node struct {
	value int
	next  *node
	pad   [1000]byte
	far   int
}

//go:noinline
func (n *node) method() { n.value = 2 }

func (n *node) inlined() int { return n.value }

type large struct {
	pad [1 << 20]byte
	end int
}

type customError struct {
	device string
	number int
}

func (e *customError) Error() string { return fmt.Sprintf("%s %d", e.device, e.number) }

//go:noinline
func (e *customError) fail() { panic(e) }

type stringer int

func (s stringer) String() string { return fmt.Sprint("stringer ", int(s)) }

type named string

type brokenError struct{}

func (brokenError) Error() string { panic("in Error") }

type runtimeError struct{}

func (runtimeError) Error() string { return "not one of the runtime's" }
func (runtimeError) RuntimeError() {}

type generic[T any] struct{}

//go:noinline
func (generic[T]) method(v T) { panic(v) }

func sequence(yield func() bool) { yield() }

func badSequence(yield func() bool) { yield(); yield() }

//go:noinline
func deep(n int) int {
	if n == 0 {
		panic("at the bottom")
	}
	return deep(n-1) + 1
}

//go:noinline
func forever(n int) int { return forever(n+1) + 1 }

// large64 uses 64 KiB of stack per call.
//
//go:noinline
func large64(n int) int {
	var local [64 << 10]byte
	local[n%len(local)] = byte(n)
	return large64(n+1) + int(local[(n+1)%len(local)])
}

// touched allocates and writes to every page.
func touched(size int) []byte {
	b := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		b[i] = 1
	}
	return b
}

//go:noinline
func deepWait(n int) int {
	var local [1000]byte
	if n == 0 {
		select {}
	}
	return deepWait(n-1) + int(local[n])
}

func inGoroutine() {
	started := make(chan bool)
	go func() {
		close(started)
		worker(3)
	}()
	<-started
	select {}
}

//go:noinline
func worker(n int) { panic(fmt.Sprint("worker ", n)) }

func thrice() {
	defer func() {
		defer func() { panic(fmt.Sprint("third after ", recover())) }()
		panic("second")
	}()
	panic("first")
}

func inFinalizer() {
	runtime.SetFinalizer(&node{}, func(*node) { panic("in a finalizer") })
	for {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func inCleanup() {
	runtime.AddCleanup(&node{}, func(int) { panic("in a cleanup") }, 1)
	for {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func deadlockGroup() {
	var g sync.WaitGroup
	c := make(chan int)
	g.Add(2)
	go func() { defer g.Done(); <-c }()
	go func() { defer g.Done(); select {} }()
	g.Wait()
}

// concurrent lets two goroutines meet in f, sooner or later.
func concurrent(f func()) {
	for range 2 {
		go func() {
			for {
				f()
			}
		}()
	}
	select {}
}

//go:noinline
func spin() {
	for {
	}
}

func main() {
	if len(os.Args) > 2 && os.Args[2] == "busy" {
		for range runtime.NumCPU() {
			go spin()
		}
		time.Sleep(50 * time.Millisecond) // they run
	}
	mode, ok := modes[os.Args[1]]
	if !ok {
		fmt.Println("no such mode")
		os.Exit(99)
	}
	mode()
	fmt.Println("it goes on")
}
