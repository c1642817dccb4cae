package main

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	_ "unsafe" // for go:linkname
)

//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// timeInCall asks for the time where the stack must not grow: anything that could grow it there throws.
//
//go:nosplit
func timeInCall() (start, end int64) {
	entersyscall()
	start = nanotime()
	end = nanotime()
	exitsyscall()
	return start, end
}

func clockInCalls() {
	for range 1000 {
		start, end := timeInCall()
		check(start > 0 && start <= end, "%d ns, then %d", start, end)
	}
}

// dump: a heap dump goes to its file, and is whole.
func dump() {
	f, err := os.CreateTemp("", "dump")
	check(err == nil, "%v", err)
	defer os.Remove(f.Name())
	kept := make([]byte, 1<<20)
	copy(kept[500_000:], "what the dump shall hold")
	debug.WriteHeapDump(f.Fd())
	content, err := os.ReadFile(f.Name())
	check(err == nil, "%v", err)
	check(bytes.HasPrefix(content, []byte("go1.7 heap dump\n")), "it begins with %q", content[:min(len(content), 20)])
	check(bytes.HasSuffix(content, []byte{0}), "its end is missing") // tagEOF
	check(bytes.Contains(content, kept[499_990:500_100]), "%d bytes, and what is in the heap is not among them", len(content))
	runtime.KeepAlive(kept)
}
