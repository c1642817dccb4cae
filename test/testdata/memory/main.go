// Memory uses the heap up to its end.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var modes = map[string]func(){
	"fill":     fill,
	"fragment": fragment,
	"stacks":   stacks,
	"release":  release,
	"reuse":    reuse,
	"exhaust":  exhaust,
	"touch":    touch,
	"variable": variable,
	"rights":   rights,
	"places":   places,
	"wait":     wait,
}

func main() {
	modes[os.Args[1]]()
	fmt.Println("ok")
}

const mib = 1 << 20

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
}

// meminfo is a line of /proc/meminfo, in bytes.
func meminfo(name string) int {
	b, err := os.ReadFile("/proc/meminfo")
	check(err == nil, "%v", err)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); f[0] == name+":" {
			n, _ := strconv.Atoi(f[1])
			return n << 10
		}
	}
	panic(name)
}

// settle gives back what is not used.
func settle() {
	runtime.GC()
	debug.FreeOSMemory()
}

// unaccounted is how much memory is neither free, nor a page table, nor mapped anywhere but in the direct
// map: what the kernel holds. A frame that gets lost makes it larger.
func unaccounted() int {
	for {
		free := meminfo("MemFree")
		n := meminfo("MemTotal") - free - meminfo("PageTables")
		b, err := os.ReadFile("/sys/kernel/debug/page_tables")
		check(err == nil, "%v", err)
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if owner := strings.Join(f[3:], " "); owner != "direct map" && owner != "devices" {
				var start, end int
				fmt.Sscanf(f[0], "%x-%x", &start, &end)
				n -= end - start
			}
		}
		if meminfo("MemFree") == free { // nothing moved meanwhile
			return n
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// settled gives back what is not used until as much is free as was before, but for what the runtime keeps: of
// the heap's metadata, stacks and threads. What a P has cached, and what the scavenger is just at, is not
// given back at once.
func settled(before int) {
	kept := max(512<<10, before/1024)
	free := 0
	for range 100 {
		settle()
		if free = meminfo("MemFree"); free+kept >= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	check(false, "%d KiB are free, %d were", free>>10, before>>10)
}

// accounted checks that unaccounted returns what it returned before.
func accounted(before int) {
	now := unaccounted()
	check(now == before, "%d KiB are nobody's, %d were", now>>10, before>>10)
}

var keep [][]byte

// fill allocates up to the limit, frees and allocates again, and counts what is free each time.
func fill() {
	rounds, _ := strconv.Atoi(os.Args[2])
	debug.SetMemoryLimit(-1)
	settle()
	usable := meminfo("MemFree") * 85 / 100
	piece := max(usable/64, 16<<10)
	keep = make([][]byte, 0, usable/piece)
	others, free := unaccounted(), meminfo("MemFree")
	for round := range rounds {
		for n := 0; n+piece <= usable; n += piece {
			b := make([]byte, piece)
			for i := 0; i < len(b); i += 4096 {
				check(b[i] == 0, "round %d: fresh memory is not zero", round)
				b[i] = byte(round) | 1
			}
			keep = append(keep, b)
		}
		keep = keep[:0]
		clear(keep[:cap(keep)])
		settled(free)
		if round%10 == 9 {
			accounted(others)
		}
	}
	accounted(others)
	fmt.Println(rounds, "rounds of", usable>>20, "MiB")
}

// fragment allocates pieces of all sizes and frees every other one, again and again.
func fragment() {
	settle()
	others, free := unaccounted(), meminfo("MemFree")
	usable := free / 2
	for round := range 6 {
		var all [][]byte
		for n, i := 0, round; n < usable; i++ {
			size := 1 << (6 + (i*7+round)%15)
			all = append(all, make([]byte, size))
			n += size
		}
		for i := range all {
			if i%2 == round%2 {
				all[i] = nil
			}
		}
		debug.FreeOSMemory()
		large := make([]byte, usable/4) // where the holes are too small
		for i := 0; i < len(large); i += 4096 {
			check(large[i] == 0, "not zero")
			large[i] = 1
		}
		for i, b := range all {
			for j := 0; j < len(b); j += 4096 {
				check(b[j] == 0, "piece %d is not what it was", i)
				b[j] = 1
			}
		}
		runtime.KeepAlive(large)
	}
	settled(free)
	accounted(others)
}

// stacks grows 10,000 stacks at the same time.
func stacks() {
	const count = 10_000
	var group sync.WaitGroup
	var sum atomic.Int64
	for i := range count {
		group.Go(func() {
			sum.Add(int64(deep(10+i%20, i)))
			time.Sleep(time.Millisecond)
			sum.Add(int64(deep(10+i%20, i)))
		})
	}
	group.Wait()
	want := int64(0)
	for i := range count {
		want += 2 * int64(i) * int64(11+i%20)
	}
	check(sum.Load() == want, "%d, not %d", sum.Load(), want)
}

//go:noinline
func deep(depth, value int) int {
	var pad [256]byte
	for i := range pad {
		pad[i] = byte(value)
	}
	sum := value
	if depth > 0 {
		sum += deep(depth-1, value)
	}
	check(pad[depth] == byte(value) && pad[255] == byte(value), "a stack has lost something")
	return sum
}

// release: what the runtime says it has released another can have.
func release() {
	size := meminfo("MemFree") / 2
	settle()
	var before, after runtime.MemStats
	block := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		block[i] = 1
	}
	free := meminfo("MemFree")
	runtime.ReadMemStats(&before)
	runtime.KeepAlive(block)
	block = nil
	settle()
	runtime.ReadMemStats(&after)
	gained := meminfo("MemFree") - free
	released := int(after.HeapReleased - before.HeapReleased)
	check(released > size*9/10, "%d KiB of %d were released", released>>10, size>>10)
	check(gained >= released-2*mib && gained <= released+2*mib, "%d KiB are said to be released; %d KiB more are free", released>>10, gained>>10)
}

// reuse gives memory that all cores have touched back and gets other memory in its place: no core may find
// what was there before, nor change what is somebody else's now. It is given back at once, or a part at a time
// as the allocator needs room below a limit.
func reuse() {
	const size, rounds = 8 * mib, 60
	cores := runtime.NumCPU()
	debug.SetGCPercent(-1)
	release := debug.FreeOSMemory
	if os.Args[2] == "limit" {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + size*3/2)
		release = func() {
			runtime.GC()
			runtime.KeepAlive(make([]byte, size*9/8))
			runtime.GC()
		}
	}
	each := func(do func(core int)) {
		var group sync.WaitGroup
		for core := range cores {
			group.Go(func() {
				runtime.LockOSThread()
				do(core)
			})
		}
		group.Wait()
	}
	again := 0
	var last uintptr
	var other []byte
	for round := range rounds {
		// Something else has what was given back, so that the same place has other frames now.
		var err error
		taken := other
		other, err = syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		check(err == nil, "%v", err)
		for i := 0; i < size; i += 4096 {
			other[i] = 0xEE
		}
		b := make([]byte, size)
		if at := uintptr(unsafe.Pointer(&b[0])); at == last {
			again++
		} else {
			last = at
		}
		each(func(core int) {
			for i := core * 4096; i < size; i += cores * 4096 {
				check(b[i] == 0, "round %d: byte %d is %d before it is written", round, i, b[i])
			}
		})
		if taken != nil {
			check(syscall.Munmap(taken) == nil, "munmap")
		}
		each(func(core int) {
			// Every core has a translation of every page now.
			for i := core; i < size; i += 4096 {
				b[i] = byte(round) | 1
			}
		})
		for i := 0; i < size; i += 4096 {
			for core := range cores {
				check(b[i+core] == byte(round)|1, "round %d: what core %d has written at %d is lost", round, core, i)
			}
		}
		b = nil
		release()
	}
	check(again > rounds/4, "only %d times in %d was the memory at the same place", again, rounds)
}

// exhaust needs more than there is.
func exhaust() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 62)
	fmt.Println("allocating")
	for {
		b := make([]byte, 64<<10)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		keep = append(keep, b)
	}
}

// touch maps more than there is, and touches it.
func touch() {
	size := 2 * meminfo("MemTotal")
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	check(err == nil, "%v", err)
	fmt.Println("touching")
	for i := 0; i < size; i += 4096 {
		b[i] = 1
	}
}

// large is larger than the machine's memory. Of a variable that is zero at first, only what is touched takes any.
var large [1100 * mib]byte

// variable touches a variable until there is nothing left.
func variable() {
	fmt.Println("touching")
	for i := 0; i < len(large); i += 4096 {
		large[i] = 1
	}
}

// rights: in the live page tables no page can be both written and executed, nor is one nobody's, after
// the program has used memory in all ways.
func rights() {
	code, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	check(err == nil, "%v", err)
	copy(code, []byte{0xC3})
	check(syscall.Mprotect(code, syscall.PROT_READ|syscall.PROT_EXEC) == nil, "mprotect")
	check(syscall.Mprotect(code, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC) == syscall.EACCES, "memory can be written and executed")
	_, err = syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	check(err == syscall.EACCES, "mmap of memory that can be written and executed: %v", err)
	stacks()
	settle()
	b, err := os.ReadFile("/sys/kernel/debug/page_tables")
	check(err == nil, "%v", err)
	seen := map[string]bool{}
	guarded := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		owner := strings.Join(f[3:], " ")
		seen[owner+" "+f[2]] = true
		check(f[2] != "rwx" && owner != "nobody", "%s", line)
		var start, end uintptr
		fmt.Sscanf(f[0], "%x-%x", &start, &end)
		check(start >= 64<<10, "the null page is there: %s", line)
		if owner == "runtime's tables" && f[2] == "rw-" {
			// A thread and its stack, between pages where nothing is.
			if end-start == 20<<10 {
				guarded++
			}
		}
		check(f[2] != "r-x" || owner == "image" || owner == "program", "%s", line)
	}
	status, err := os.ReadFile("/proc/self/status")
	check(err == nil, "%v", err)
	_, threads, _ := strings.Cut(string(status), "\nThreads:\t")
	threads, _, _ = strings.Cut(threads, "\n")
	count, err := strconv.Atoi(threads)
	kilobytes := func(name string) (n int) {
		_, rest, _ := strings.Cut(string(status), "\n"+name+":")
		fmt.Sscan(rest, &n)
		return n
	}
	anonymous, all := kilobytes("RssAnon"), kilobytes("RssAnon")+kilobytes("RssFile")+kilobytes("RssShmem")
	check(anonymous > 0 && all == kilobytes("VmRSS"), "%s", status)
	check(err == nil && guarded >= count, "%d threads have a guarded stack of %q", guarded, threads)
	for _, want := range []string{"image r-x", "image r--", "image rw-", "heap rw-", "program r-x", "direct map rw-", "direct map r--", "runtime rw-"} {
		check(seen[want], "there is no %q among %v", want, seen)
	}
}

// places prints where things are.
func places() {
	b, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	check(err == nil, "%v", err)
	fmt.Printf("%p %p\n", new(int), &b[0])
}

// wait uses some memory and gives it back, and waits each time for a line of input.
func wait() {
	line := make([]byte, 10)
	block := make([]byte, 256*mib)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	fmt.Println("used")
	os.Stdin.Read(line)
	runtime.KeepAlive(block)
	block = nil
	settle()
	fmt.Println("released")
	os.Stdin.Read(line)
}
