// Package space is the address space that a program sees: which regions of it are in use, for what,
// and what a page fault there means. It is mmap(2) and its kin, on page tables.
//
// Early code. Page faults are handled here, so a Space keeps its regions in frames of its own.
// Every exported method takes the lock itself (Lock and Unlock) and runs on a system stack. Those
// that change regions may let go of it in between, and are called by one thread at a time; faults,
// and the methods that say so, come at any time.
package space

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/offheap"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

// What the machine has to offer, set before there is a Space.
var (
	// Lock and Unlock guard the page tables and the frames of a Space. The holder has interrupts off.
	Lock   func() (flags uint64)
	Unlock func(flags uint64)
	// Disable turns interrupts off, and Enable on again if they were.
	Disable func() (flags uint64)
	Enable  func(flags uint64)
	// Invalidate makes every core drop its translations of [start, end), in which pages mappings have
	// changed. The lock is not held.
	Invalidate func(start, end, pages uint64)
)

// Page is the size of a page.
const Page = paging.Page4K

// An Errno is one of Linux's error numbers, 0 for success.
type Errno uintptr

// The errors of this package.
const (
	ENOMEM Errno = 12
	EACCES Errno = 13
	EFAULT Errno = 14
	EEXIST Errno = 17
	EINVAL Errno = 22
)

// Rights are what a program may do with a region, the PROT_ bits of mmap(2).
type Rights uint8

// The rights.
const (
	Read Rights = 1 << iota
	Write
	Execute
)

// A Kind says what a region is for.
type Kind uint8

// The kinds.
const (
	// Runtime is what Go's runtime has reserved, and what it was loaded to. Nothing here touches it.
	Runtime Kind = iota
	// Private memory is zero, or begins as what its Object holds.
	Private
	// Shared memory is its Object's.
	Shared
)

// A Region is [Start, End) of the address space. Its one pointer leads to what is not in the heap, so
// it can be written without a P.
type Region struct {
	Start, End uint64
	// Object is what the memory shows, from Offset on; nil for Private memory without a file.
	Object *Object
	Offset uint64
	Rights Rights
	May    Rights // the most that Protect can give
	Kind   Kind
	Small  bool // no large pages (MADV_NOHUGEPAGE)
	Owner  Owner

	leaving bool // it is being unmapped: who touches it waits
}

// maxRegions is Linux's default for vm.max_map_count, and what fits in a run of 8 MiB.
const maxRegions = 65530

const regionSize = uint64(unsafe.Sizeof(Region{}))

// A Space is an address space. Its regions are in order, do not overlap, and neighbours differ.
type Space struct {
	_ offheap.Mark

	tables *paging.Tables
	frames *frame.Allocator

	low, high uint64 // where regions may be
	anywhere  uint64 // where there is no wish, they are put from here on
	next      uint64 // where the last one of these ended

	list  uint64 // where the first of room is, in physical memory: no pointer, which the collector would be told of
	room  uint64
	count uint64
	run   uint64 // frames of the list

	mapped uint64 // bytes of regions that are the program's
	idle   *Object

	// collapsing is the large page whose memory is being copied (Collapse): who touches it waits. It is empty
	// if there is none, for which its End says 0. No region in it changes meanwhile, as there is one call at a
	// time that does so.
	collapsing boot.Range
}

// Init makes an empty Space of [low, high).
func (s *Space) Init(tables *paging.Tables, low, anywhere, high uint64) {
	*s = Space{tables: tables, frames: tables.Frames(), low: low, high: high, anywhere: anywhere, next: anywhere}
}

// SetAnywhere says from where on regions are put without a wish, before there are any.
func (s *Space) SetAnywhere(anywhere uint64) { s.anywhere, s.next = anywhere, anywhere }

// at is region i.
func (s *Space) at(i uint64) *Region {
	return (*Region)(unsafe.Add(s.frames.Pointer(s.list), i*regionSize))
}

// find is the number of the first region that ends above address.
func (s *Space) find(address uint64) uint64 {
	low, high := uint64(0), s.count
	for low < high {
		middle := (low + high) / 2
		if s.at(middle).End > address {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// region is the region that address is in, nil if there is none.
func (s *Space) region(address uint64) *Region {
	if i := s.find(address); i < s.count && s.at(i).Start <= address {
		return s.at(i)
	}
	return nil
}

// reserve makes sure that there is room for more regions: no change of the list fails after that.
func (s *Space) reserve(more uint64) bool {
	if s.count+more <= s.room {
		return true
	}
	if s.count+more > maxRegions {
		return false
	}
	run := max(1, 2*s.run)
	physical, ok := s.frames.AllocateRun(run, 1)
	if !ok {
		return false
	}
	if s.count > 0 {
		shift(s.frames.Pointer(physical), s.frames.Pointer(s.list), s.count)
	}
	s.drop()
	s.list, s.run, s.room = physical, run, run*Page/regionSize
	return true
}

// drop gives the frames of the list back.
func (s *Space) drop() {
	if s.run > 0 {
		s.frames.FreeRun(s.list, s.run)
	}
}

// insert puts a region in front of region i. There is room.
func (s *Space) insert(i uint64, r *Region) {
	if r.Object != nil {
		r.Object.regions++
	}
	if r.Kind != Runtime {
		s.mapped += r.End - r.Start
	}
	shift(unsafe.Pointer(s.at(i+1)), unsafe.Pointer(s.at(i)), s.count-i)
	*s.at(i) = *r
	s.count++
}

// shift copies n regions, as bytes: there are no slices of what is not in the heap.
func shift(to, from unsafe.Pointer, n uint64) {
	copy(unsafe.Slice((*byte)(to), n*regionSize), unsafe.Slice((*byte)(from), n*regionSize))
}

// remove takes the regions [i, end) out.
func (s *Space) remove(i, end uint64) {
	for n := i; n < end; n++ {
		r := s.at(n)
		if r.Kind != Runtime {
			s.mapped -= r.End - r.Start
		}
		if r.Object != nil {
			s.release(r.Object)
		}
	}
	shift(unsafe.Pointer(s.at(i)), unsafe.Pointer(s.at(end)), s.count-end)
	s.count -= end - i
}

// split makes address a boundary between regions. There is room.
func (s *Space) split(address uint64) {
	i := s.find(address)
	if i == s.count || s.at(i).Start >= address {
		return
	}
	second := *s.at(i)
	second.Offset += address - second.Start
	second.Start = address
	s.shorten(i, address)
	s.insert(i+1, &second)
}

// shorten makes region i end at end.
func (s *Space) shorten(i, end uint64) {
	r := s.at(i)
	if r.Kind != Runtime {
		s.mapped -= r.End - end
	}
	r.End = end
}

// join makes one region of neighbours among [i, end] that do not differ.
func (s *Space) join(i, end uint64) {
	for n := min(end, s.count-1); n > i && s.count > 0; n-- {
		a, b := s.at(n-1), s.at(n)
		if a.End != b.Start || a.Object != b.Object || a.Object != nil && a.Offset+a.End-a.Start != b.Offset ||
			a.Rights != b.Rights || a.May != b.May || a.Kind != b.Kind || a.Small != b.Small || a.Owner != b.Owner ||
			a.leaving != b.leaving {
			continue
		}
		long := b.End
		s.remove(n, n+1)
		if a.Kind != Runtime {
			s.mapped += long - a.End
		}
		a.End = long
	}
}

// tidy joins what can be joined around [start, end).
func (s *Space) tidy(start, end uint64) {
	if s.count == 0 {
		return
	}
	i := s.find(start)
	s.join(max(i, 1)-1, s.find(end-1)+1)
}

// isFree reports whether no region is in [start, end).
func (s *Space) isFree(start, end uint64) bool {
	i := s.find(start)
	return i == s.count || s.at(i).Start >= end
}

// covered reports whether regions of the program's cover all of [start, end).
func (s *Space) covered(start, end uint64) bool {
	for i := s.find(start); start < end; i++ {
		if i == s.count || s.at(i).Start > start || s.at(i).Kind == Runtime {
			return false
		}
		start = s.at(i).End
	}
	return true
}

// foreign reports whether something in [start, end) is not the program's to unmap.
func (s *Space) foreign(start, end uint64) bool {
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		if s.at(i).Kind == Runtime {
			return true
		}
	}
	return false
}

// place finds room for size bytes: after the last that were placed, or where the first gap is.
func (s *Space) place(size, align, limit uint64) (start uint64, ok bool) {
	if limit == 0 {
		limit = s.high
		if start, ok = s.gap(s.next, limit, size, align); ok {
			return start, true
		}
		if start, ok = s.gap(s.anywhere, limit, size, align); ok {
			return start, true
		}
	}
	return s.gap(s.low, limit, size, align)
}

// gap is the first gap of size bytes in [from, to).
func (s *Space) gap(from, to, size, align uint64) (start uint64, ok bool) {
	for i := s.find(from); ; i++ {
		from = (from + align - 1) &^ (align - 1)
		if from >= to || size > to-from {
			return 0, false
		}
		if i == s.count || s.at(i).Start >= from+size {
			return from, true
		}
		from = max(from, s.at(i).End)
	}
}

// Reserve makes [start, end) a region of the runtime's, if nothing else is there.
func (s *Space) Reserve(start, end uint64, owner Owner, rights Rights) bool {
	flags := Lock()
	ok := start >= s.low && end <= s.high && start < end && s.isFree(start, end) && s.reserve(1)
	if ok {
		s.insert(s.find(start), &Region{Start: start, End: end, Kind: Runtime, Owner: owner, Rights: rights})
		s.tidy(start, end)
	}
	Unlock(flags)
	return ok
}

// Return gives up what the runtime has reserved of [start, end); no memory is there any more. It
// fails if there is no memory to remember what is left.
func (s *Space) Return(start, end uint64) bool {
	flags := Lock()
	ok := s.reserve(2)
	if ok {
		s.split(start)
		s.split(end)
		for i := s.find(start); i < s.count && s.at(i).Start < end; {
			if s.at(i).Kind == Runtime {
				s.remove(i, i+1)
			} else {
				i++
			}
		}
	}
	Unlock(flags)
	return ok
}

// Next returns the first region that ends above address. It may be called at any time.
func (s *Space) Next(address uint64) (r Region, ok bool) {
	flags := Lock()
	if i := s.find(address); i < s.count {
		r, ok = *s.at(i), true
	}
	Unlock(flags)
	return r, ok
}

// Has reports whether the byte at address is in a region of the program's. It may be called at any
// time.
func (s *Space) Has(address uint64) bool {
	flags := Lock()
	r := s.region(address)
	ok := r != nil && r.Kind != Runtime
	Unlock(flags)
	return ok
}

// Overlaps reports whether any byte of [start, end) is in a region of the program's. The caller holds the lock.
func (s *Space) Overlaps(start, end uint64) bool {
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		if s.at(i).Kind != Runtime {
			return true
		}
	}
	return false
}

// Mapped is how many bytes of regions are the program's. It may be called at any time, without the
// lock.
func (s *Space) Mapped() uint64 { return s.mapped }
