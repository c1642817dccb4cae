// Traps does what a processor refuses, and recovers.
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"unsafe"
)

var (
	zero     int
	nilNode  *struct{ pad, value int }
	nilMap   map[int]int
	nilFunc  func()
	constant = "read-only"
	sink     int
	failed   bool
)

// data is machine code: RET.
var data = []byte{0xC3}

func fail(format string, args ...any) {
	failed = true
	fmt.Printf(format+"\n", args...)
}

// try recovers from f, whose panic must be a runtime.Error that contains the words.
func try(name, words string, f func()) (address uintptr) {
	defer func() {
		r := recover()
		err, ok := r.(runtime.Error)
		if !ok || !strings.Contains(err.Error(), words) {
			fail("%s: %T %v, want %q", name, r, r, words)
			return
		}
		var addressed interface{ Addr() uintptr }
		if errors.As(err, &addressed) {
			address = addressed.Addr()
		}
	}()
	f()
	fail("%s: went through", name)
	return 0
}

// fault is try under SetPanicOnFault; the error must name the address.
func fault(name string, address uintptr, f func()) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if got := try(name, "invalid memory address", f); got != address {
		fail("%s: the error names address %#x, not %#x", name, got, address)
	}
}

//go:noinline
func at(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

func main() {
	heap := make([]byte, 100)
	for range 3 {
		try("nil read", "nil pointer dereference", func() { sink = nilNode.value })
		try("nil write", "nil pointer dereference", func() { nilNode.value = 1 })
		try("nil map", "assignment to entry in nil map", func() { nilMap[1] = 1 })
		try("nil function", "nil pointer dereference", func() { nilFunc() })
		try("divide", "integer divide by zero", func() { sink = 1 / zero })
		try("remainder", "integer divide by zero", func() { sink = int(uint8(7) % uint8(zero)) })
		try("index", "index out of range [100] with length 100", func() { sink = int(heap[100+zero]) })
	}
	// What Go defines and the processor would trap.
	least := math.MinInt + zero
	if least/(zero-1) != math.MinInt || least%(zero-1) != 0 {
		fail("the least integer divided by -1")
	}
	if f := 1 / float64(zero); !math.IsInf(f, 1) || !math.IsNaN(f*float64(zero)) {
		fail("1/0.0 = %v", f)
	}

	fault("unmapped read", 0x123456789000, func() { sink = *(*int)(at(0x123456789000)) })
	fault("unmapped write", 0x123456789abc, func() { *(*int)(at(0x123456789abc)) = 1 })
	fault("non-canonical", 0, func() { sink = *(*int)(at(0x8000000000000000)) })
	fault("non-canonical write", 0, func() { *(*int)(at(0x1234567800000000)) = 1 })
	text := uintptr(unsafe.Pointer(unsafe.StringData(constant)))
	fault("write to read-only data", text, func() { *(*byte)(at(text)) = 'R' })
	code := **(**uintptr)(unsafe.Pointer(&[]func(){main}[0]))
	fault("write to code", code, func() { *(*byte)(at(code)) = 0xCC })
	page := uintptr(unsafe.Pointer(&page0[4096])) &^ 4095
	*(*byte)(at(page)) = 1 // it can be written
	if constant != "read-only" {
		fail("the string has become %q", constant)
	}
	var local [16]byte
	local[0] = 0xC3
	for name, address := range map[string]uintptr{
		"data": uintptr(unsafe.Pointer(&data[0])), "the heap": uintptr(unsafe.Pointer(&heap[0])),
		"read-only data": text, "the stack": uintptr(unsafe.Pointer(&local[0])),
	} {
		heap[0] = 0xC3
		entry := &address
		fault("execute "+name, address, func() { (*(*func())(unsafe.Pointer(&entry)))() })
	}

	// In many goroutines, and with a deferred call that goes on.
	done := make(chan int)
	for i := range 100 {
		go func() {
			defer func() { recover(); done <- i }()
			nilNode.value = i
		}()
	}
	sum := 0
	for range 100 {
		sum += <-done
	}
	if sum != 4950 {
		fail("goroutines: %d", sum)
	}
	if failed {
		os.Exit(1)
	}
	fmt.Println("ok")
}

var page0 [8192]byte
