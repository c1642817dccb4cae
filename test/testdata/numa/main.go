// Numa looks where memory is that a core touches first. It runs on Linux too.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

var modes = map[string]func(){
	"files": files,
	"near":  near,
	"full":  full,
}

func main() {
	debug.SetGCPercent(-1)
	modes[os.Args[1]]()
	fmt.Println("ok")
}

const (
	page = 4096
	mib  = 1 << 20

	folder = "/sys/devices/system/node/"
)

func check(ok bool, format string, args ...any) {
	if !ok {
		_, _, line, _ := runtime.Caller(1)
		fmt.Printf("line %d: "+format+"\n", append([]any{line}, args...)...)
		os.Exit(1)
	}
}

func read(path string) string {
	b, err := os.ReadFile(path)
	check(err == nil, "%v", err)
	return strings.TrimSuffix(string(b), "\n")
}

// files prints what there is to know about the nodes.
func files() {
	for _, name := range []string{"online", "possible", "has_cpu", "has_memory"} {
		fmt.Println(name, read(folder+name))
	}
	nodes, err := filepath.Glob(folder + "node*")
	check(err == nil, "%v", err)
	all := 0
	for _, node := range nodes {
		total, free := meminfo(node, "MemTotal"), meminfo(node, "MemFree")
		check(free > 0 && free <= total && meminfo(node, "MemUsed") < total, "%d of %d KiB are free", free>>10, total>>10)
		cores := 0
		for part := range strings.SplitSeq(read(node+"/cpulist"), ",") {
			first, last, ok := strings.Cut(part, "-")
			a, _ := strconv.Atoi(first)
			b := a
			if ok {
				b, _ = strconv.Atoi(last)
			}
			cores += b - a + 1
		}
		all += cores
		fmt.Println(filepath.Base(node), cores, "cores,", (total+mib)>>20, "MiB, distances", read(node+"/distance"))
	}
	check(all == runtime.NumCPU(), "%d cores of %d", all, runtime.NumCPU())
}

// meminfo is a line of a node's meminfo, in bytes.
func meminfo(node, name string) int {
	for line := range strings.Lines(read(node + "/meminfo")) {
		if f := strings.Fields(line); f[2] == name+":" {
			n, _ := strconv.Atoi(f[3])
			return n << 10
		}
	}
	panic(name)
}

func free(node int) int { return meminfo(folder+"node"+strconv.Itoa(node), "MemFree") }

const getcpu = 309

// here is the core and node of the caller, whose thread is its own.
func here() (core, node uint32) {
	_, _, errno := syscall.RawSyscall(getcpu, uintptr(unsafe.Pointer(&core)), uintptr(unsafe.Pointer(&node)), 0)
	check(errno == 0, "getcpu: %v", errno)
	return core, node
}

// each has a thread on each core do something, one after the other.
func each(do func()) {
	cores := int32(runtime.NumCPU())
	var arrived, turn atomic.Int32
	var group sync.WaitGroup
	for range cores {
		group.Go(func() {
			runtime.LockOSThread()
			number := arrived.Add(1) - 1
			for arrived.Load() < cores || turn.Load() != number {
			}
			do()
			turn.Add(1)
			for turn.Load() < cores {
			}
		})
	}
	group.Wait()
}

func mapped(size int) []byte {
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	check(err == nil, "%v", err)
	return b
}

func touch(b []byte) {
	for i := 0; i < len(b); i += page {
		b[i] = 1
	}
}

// touchFrom touches all of b, and reports whether the thread was on that core all the while: which thread gets
// which core is not ours to say.
func touchFrom(core uint32, b []byte) (stayed bool) {
	const piece = 8 * page
	stayed = true
	for i := 0; i < len(b); i += piece {
		touch(b[i:min(i+piece, len(b))])
		if now, _ := here(); now != core {
			stayed = false
		}
	}
	return stayed
}

// pages is how many pages of memory that was mapped are in each node.
func pages(b []byte) (count [16]int) {
	start := fmt.Sprintf("%08x ", unsafe.Pointer(unsafe.SliceData(b)))
	for line := range strings.Lines(read("/proc/self/numa_maps")) {
		if !strings.HasPrefix(line, strings.TrimPrefix(start, "0x")) {
			continue
		}
		for _, f := range strings.Fields(line) {
			var node, n int
			if _, err := fmt.Sscanf(f, "N%d=%d", &node, &n); err == nil {
				count[node] = n
			}
		}
	}
	return count
}

// near: memory that a core touches first is in its node, in small pages and large ones.
func near() {
	nodes := strings.Count(read(folder+"node0/distance"), " ") + 1
	var seen [16]int
	everywhere := func() bool {
		for node := range nodes {
			if seen[node] < 10 {
				return false
			}
		}
		return true
	}
	for range 100 {
		if everywhere() {
			fmt.Println("seen in each of", nodes, "nodes")
			return
		}
		each(func() {
			for _, size := range []int{37 * page, 4 * mib} {
				b := mapped(size)
				core, node := here()
				if touchFrom(core, b) {
					count := pages(b)
					check(count[node] == size/page, "core %d of node %d: %d pages are %v", core, node, size/page, count)
					seen[node]++
				}
				check(syscall.Munmap(b) == nil, "munmap")
			}
		})
	}
	check(false, "not enough in each of %d nodes: %v", nodes, seen)
}

// full: when a node is full there is memory in others, and nothing gets lost.
func full() {
	const room = 8 * mib // small pages may be left where there are no large ones any more
	var seen [2]bool
	for range 20 {
		if seen[0] && seen[1] {
			fmt.Println("both were full")
			return
		}
		each(func() {
			core, node := here()
			other := 1 - int(node)
			debug.FreeOSMemory()
			before := [2]int{free(0), free(1)}
			size := (before[node] + 24*mib) &^ (page - 1)
			b := mapped(size)
			stayed := touchFrom(core, b)
			left := [2]int{free(0), free(1)}
			count := pages(b)
			check(count[0]+count[1] == size/page, "%d pages are %v", size/page, count)
			if stayed {
				seen[node] = true
				check(left[node] < room, "%d KiB of node %d are free, of %d", left[node]>>10, node, before[node]>>10)
				check(count[node] > (before[node]-room)/page, "%d pages of node %d, %d bytes were free", count[node], node, before[node])
				check(left[other] < before[other]-16*mib, "%d KiB of node %d are free, %d were", left[other]>>10, other, before[other]>>10)
			}
			check(bytes.Count(b, []byte{1}) == size/page, "something was lost")
			check(syscall.Munmap(b) == nil, "munmap")
			for i := range before {
				after := free(i)
				check(after > before[i]-mib/2, "%d KiB of node %d are free, %d were", after>>10, i, before[i]>>10)
			}
		})
	}
	check(false, "not both nodes: %v", seen)
}
