package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
)

// apart maps memory where neither the system nor the runtime puts anything by itself: who uses it after it is
// unmapped cannot meet what has been mapped there in the meantime, such as the runtime's own tables.
func apart(size int) []byte {
	if place == 0 {
		b := mapped(size, readWrite, anyone, -1, 0)
		place = at(b) - 1<<40
		unmap(b)
	}
	const notInPlaceOfOthers = 0x100000 // MAP_FIXED_NOREPLACE
	b, errno := mmap(place, size, readWrite, anyone|notInPlaceOfOthers, -1, 0)
	check(errno == 0 && at(b) == place, "mmap apart: %#x, %v", place, errno)
	return b
}

var place uintptr

// race: one goroutine unmaps what another has given to a system call. That gives EFAULT at the worst.
func race() {
	stop := make(chan bool)
	var b atomic.Pointer[[]byte]
	fresh := func() {
		m := apart(64 * page)
		b.Store(&m)
	}
	fresh()
	var group sync.WaitGroup
	f := must(os.CreateTemp("", "race"))
	defer os.Remove(f.Name())
	must(f.Write(make([]byte, 64*page)))
	var good, bad atomic.Int32
	for range max(2, runtime.GOMAXPROCS(0)-1) {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				m := *b.Load()
				for _, number := range []uintptr{syscall.SYS_PREAD64, syscall.SYS_PWRITE64} {
					n, errno := call(number, f.Fd(), at(m), uintptr(len(m)))
					check(errno == 0 || errno == syscall.EFAULT, "%d, %v", n, errno)
					if errno == 0 {
						good.Add(1)
					} else {
						bad.Add(1)
					}
				}
				runtime.Gosched()
			}
		})
	}
	for i := 0; i < 300 || good.Load() == 0 || bad.Load() == 0; i++ {
		m := *b.Load()
		unmap(m)
		runtime.Gosched()
		fresh()
		for range 20 {
			runtime.Gosched()
		}
	}
	close(stop)
	group.Wait()
}

// stale: when munmap or mprotect has returned, no core can do any more what it could before.
func stale() {
	// A core for each, and one for this goroutine.
	cores := runtime.GOMAXPROCS(0)
	readers := int32(max(1, cores-1))
	var b atomic.Pointer[[]byte]
	var round, ready, seen atomic.Int32
	var group sync.WaitGroup
	stop := false
	for range readers {
		group.Go(func() {
			debug.SetPanicOnFault(true)
			for last := int32(0); ; last++ {
				for round.Load() == last {
					runtime.Gosched()
				}
				if stop {
					return
				}
				m := *b.Load()
				m[page] = 1 // now this core has the translation
				ready.Add(1)
				for round.Load() == last+1 {
					if cores == 1 {
						runtime.Gosched()
					}
				}
				// It is gone now: whoever can write still uses an old translation.
				if fault(func() { m[page] = 2 }) == 0 {
					seen.Add(1)
				}
				ready.Add(1)
				last++
			}
		})
	}
	wait := func() {
		for ready.Load() != readers {
			runtime.Gosched()
		}
		ready.Store(0)
	}
	for i := range 60 {
		m := apart(3 * page)
		b.Store(&m)
		round.Add(1)
		wait()
		switch i % 3 {
		case 0:
			unmap(m)
		case 1:
			check(protect(m, read) == 0, "mprotect")
		case 2:
			check(protect(m, none) == 0, "mprotect")
		}
		round.Add(1)
		wait()
		if i%3 != 0 {
			unmap(m)
		}
	}
	stop = true
	round.Add(1)
	group.Wait()
	check(seen.Load() == 0, "%d writes went to memory that was unmapped or protected", seen.Load())
}

// churn: all cores map, use, protect, move and unmap memory, and find in it what they left.
func churn() {
	f := must(os.CreateTemp("", "churn"))
	defer os.Remove(f.Name())
	done(f.Truncate(16 * page))
	shared := mapped(16*page, readWrite, syscall.MAP_SHARED, int(f.Fd()), 0)
	var group sync.WaitGroup
	for worker := range 2 * runtime.GOMAXPROCS(0) {
		group.Go(func() {
			debug.SetPanicOnFault(true)
			mark := byte(worker + 1)
			for i := range 60 {
				size := (1 + i%40) * page
				b := mapped(size, readWrite, anyone, -1, 0)
				fill(b, mark)
				runtime.Gosched()
				check(protect(b, read) == 0 && faultsAt(b, true), "mprotect")
				r, errno := call(syscall.SYS_MREMAP, at(b), uintptr(size), uintptr(2*size), 1)
				check(errno == 0, "mremap: %v", errno)
				b = memory(r, 2*size)
				check(filled(b[:size], mark) && filled(b[size:], 0), "worker %d has lost its memory", worker)
				unmap(b[size/page/2*page:])
				if head := size / page / 2 * page; head > 0 {
					check(filled(b[:head], mark), "worker %d has lost the beginning", worker)
					unmap(b[:head])
				}
				p := mapped(16*page, readWrite, syscall.MAP_PRIVATE, int(f.Fd()), 0)
				fill(p[worker%16*page:][:page], mark)
				shared[worker%16*page+worker/16] = mark
				check(p[worker%16*page] == mark, "worker %d has lost its copy", worker)
				unmap(p)
			}
		})
	}
	group.Wait()
	unmap(shared)
}
