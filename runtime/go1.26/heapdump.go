//go:build ringo

package runtime

// A heap dump (debug.WriteHeapDump) is made while the world is stopped, when no file can be written: the
// kernel's goroutines are stopped, too. It is kept in frames of its own until the world goes on.

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// A dumpPage is a part of a dump, in a frame.
type dumpPage struct {
	_    offheap.Mark
	next *dumpPage
	used uintptr
	data [pageSize4K - 2*8]byte
}

// dumpFirst and dumpLast are the dump that is being made; whoever has stopped the world owns them.
// dumpShort is set when there was no memory for all of it.
var (
	dumpFirst, dumpLast *dumpPage
	dumpShort           bool
)

// keepDump appends to the dump.
func keepDump(p []byte) {
	for len(p) > 0 && !dumpShort {
		if dumpLast == nil || dumpLast.used == uintptr(len(dumpLast.data)) {
			page := (*dumpPage)(framePointer())
			if page == nil {
				dumpShort = true
				return
			}
			if dumpLast == nil {
				dumpFirst = page
			} else {
				dumpLast.next = page
			}
			dumpLast = page
		}
		at := uintptr(unsafe.Pointer(&p[0]))
		room := dumpLast.data[dumpLast.used:]
		n := min(len(p), len(room), int(pageSize4K-at%pageSize4K))
		if accessible(at, at+uintptr(n), false) {
			copy(room, p[:n])
		} // else it is a guard page among the program's variables, and stays zero
		dumpLast.used += uintptr(n)
		p = p[n:]
	}
}

// framePointer returns a zeroed frame, nil if there is none.
func framePointer() unsafe.Pointer {
	p, _ := allocateRun(pageSize4K)
	return p
}

// takeDump returns what was dumped. The world is still stopped.
func takeDump() (first *dumpPage, short bool) {
	first, short = dumpFirst, dumpShort
	dumpFirst, dumpLast, dumpShort = nil, nil, false
	return first, short
}

// writeDump writes a dump to a file and gives its memory back.
func writeDump(fd uintptr, page *dumpPage, short bool) {
	good := true
	var piece [1024]byte // the program's memory: a system call takes no other
	for page != nil {
		for p := page.data[:page.used]; len(p) > 0 && good; {
			n, _, errno := systemCall(callWrite, fd, uintptr(unsafe.Pointer(&piece)), uintptr(copy(piece[:], p)), 0, 0, 0)
			if good = errno == 0; good {
				p = p[n:]
			}
		}
		next := page.next
		systemstack(func() {
			flags := memoryLock.lock()
			frames.Free(uint64(uintptr(unsafe.Pointer(page))) - directBase)
			memoryLock.unlock(flags)
		})
		page = next
	}
	if short {
		print("ringo: there was no memory for a whole heap dump: the file holds its beginning; give the machine more (-m)\n")
	}
}
