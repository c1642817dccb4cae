package space

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/offheap"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

// An Object is memory that several regions can show: a file, or what MAP_SHARED gives without one.
// Its pages are found as those of an address space are, in tables of its own, with the offset for
// the address. They are there since they were first touched, and until Remove.
type Object struct {
	_ offheap.Mark

	tables  paging.Tables
	frames  *frame.Allocator
	size    uint64 // in bytes; a page that begins at or above it cannot be touched
	pages   uint64
	regions uint64 // how many show it
	// base is what the first baseSize bytes are before something else is written to them.
	base     uintptr
	baseSize uint64
	idleNext *Object
	isIdle   bool
}

// maxObject is how large an Object can be.
const maxObject = 1 << 47

// NewObject returns an Object of size bytes that shows base, in a frame of its own; nil if there is
// no memory.
func (s *Space) NewObject(size uint64, base unsafe.Pointer, baseSize uint64) *Object {
	flags := Lock()
	o := s.newObject()
	if o != nil {
		o.size, o.base, o.baseSize = min(size, maxObject), uintptr(base), baseSize
	}
	Unlock(flags)
	return o
}

func (s *Space) newObject() *Object {
	physical, ok := s.frames.Allocate()
	if !ok {
		return nil
	}
	o := (*Object)(s.frames.Pointer(physical))
	*o = Object{frames: s.frames}
	if o.tables.Init(s.frames, paging.Features{}) != "" {
		s.frames.Free(physical)
		return nil
	}
	return o
}

// FreeObject gives an Object back that no region shows, and its pages.
func (s *Space) FreeObject(o *Object) {
	s.removePages(o, 0, maxObject, true)
	flags := Lock()
	root := o.tables.Root()
	s.frames.Free(root)
	s.frames.Free(uint64(uintptr(unsafe.Pointer(o)) - uintptr(s.frames.Pointer(0))))
	Unlock(flags)
}

// release notes that a region less shows o.
func (s *Space) release(o *Object) {
	if o.regions--; o.regions == 0 && !o.isIdle {
		o.isIdle = true
		o.idleNext = s.idle
		s.idle = o
	}
}

// Idle returns an Object that regions have shown and none does any more, nil if there is no other.
func (s *Space) Idle() *Object {
	flags := Lock()
	o := s.idle
	for o != nil {
		s.idle = o.idleNext
		o.isIdle, o.idleNext = false, nil
		if o.regions == 0 {
			break
		}
		o = s.idle
	}
	Unlock(flags)
	return o
}

// page returns the frame for the page at offset, which it makes if it is not there and make is set. The
// lock is held.
func (o *Object) page(offset uint64, make bool) (physical uint64, ok bool) {
	offset &^= Page - 1
	if physical, _, _, ok = o.tables.Lookup(offset); ok || !make {
		return physical, ok
	}
	if physical, ok = o.frames.Allocate(); !ok {
		return 0, false
	}
	o.initial(offset, physical)
	if o.tables.Map(offset, physical, Page, paging.Owned) != "" {
		o.frames.Free(physical)
		return 0, false
	}
	o.pages++
	return physical, true
}

// initial fills a frame with what the page at offset is before something is written to it.
func (o *Object) initial(offset, physical uint64) {
	cpu.ZeroPages(o.frames.Pointer(physical), 1)
	if offset < o.baseSize {
		n := min(Page, o.baseSize-offset)
		copy(unsafe.Slice((*byte)(o.frames.Pointer(physical)), n), unsafe.Slice((*byte)(unsafe.Pointer(o.base+uintptr(offset))), n))
	}
}

// ObjectPage returns the memory of the page at offset. If there is none, it makes it if make is set,
// and else, or if there is no memory, returns nil. It may be called at any time, like all that
// follows; the caller sees to it that nothing is removed that it still uses.
func (s *Space) ObjectPage(o *Object, offset uint64, make bool) unsafe.Pointer {
	flags := Lock()
	physical, ok := o.page(offset, make)
	Unlock(flags)
	if !ok {
		return nil
	}
	return s.frames.Pointer(physical)
}

// NextObjectPage is the offset of the first page of o at offset or behind it.
func (s *Space) NextObjectPage(o *Object, offset uint64) (next uint64, ok bool) {
	flags := Lock()
	m, ok := o.tables.Next(min(offset, maxObject))
	Unlock(flags)
	return m.Virtual, ok
}

// ObjectPages is how many pages of o are there.
func (s *Space) ObjectPages(o *Object) uint64 {
	flags := Lock()
	n := o.pages
	Unlock(flags)
	return n
}

// Resize makes o size bytes long, and that of its base that shows at most base. What lies behind is
// gone, for every region.
func (s *Space) Resize(o *Object, size, base uint64) {
	size = min(size, maxObject)
	flags := Lock()
	was := o.size
	o.size = size
	o.baseSize = min(o.baseSize, base)
	Unlock(flags)
	if size < was {
		s.removePages(o, (size+Page-1)&^(Page-1), maxObject, true)
	}
}

// Remove takes the pages [from, to) out of o: they are zero, or what the base has, when they are touched
// again. Copies in Private regions stay.
func (s *Space) Remove(o *Object, from, to uint64) {
	s.removePages(o, from, min(to, maxObject), false)
}

// chunk is how much is done at a time, with the lock held.
const chunk = 64 << 20

// removePages takes pages out of o and of the regions that show them, and the regions' own copies if
// that is asked for: then o ends at from, so that none comes back.
func (s *Space) removePages(o *Object, from, to uint64, copies bool) {
	if copies {
		var shown paging.Stale
		flags := Lock()
		s.hide(o, from, to, true, &shown)
		Unlock(flags)
		s.finish(&shown)
	}
	for {
		var shown, pages paging.Stale
		flags := Lock()
		m, ok := o.tables.Next(from)
		if !ok || m.Virtual >= to {
			Unlock(flags)
			return
		}
		from = m.Virtual
		end := min(to, from+chunk)
		if !copies {
			s.hide(o, from, end, false, &shown)
		}
		o.tables.Unmap(from, end-from, &pages)
		o.pages -= pages.Pages
		Unlock(flags)
		s.finish(&shown)
		flags = Lock()
		o.tables.Release(&pages)
		Unlock(flags)
		from = end
		if from >= to {
			return
		}
	}
}

// hide takes what regions show of [from, to) of o out of the page tables. The lock is held.
func (s *Space) hide(o *Object, from, to uint64, copies bool, stale *paging.Stale) {
	if o.regions == 0 {
		return
	}
	for i := uint64(0); i < s.count; i++ {
		r := s.at(i)
		first, last := max(from, r.Offset), min(to, r.Offset+r.End-r.Start)
		if r.Object != o || first >= last {
			continue
		}
		start, end := first-r.Offset+r.Start, last-r.Offset+r.Start
		if copies || r.Kind == Shared {
			s.tables.Unmap(start, end-start, stale)
			continue
		}
		for m, ok := s.tables.Next(start); ok && m.Virtual < end; m, ok = s.tables.Next(m.Virtual + m.Size) {
			if m.Flags&paging.Owned == 0 {
				s.tables.Unmap(m.Virtual, m.Size, stale)
			}
		}
	}
}

// finish makes the cores forget what stale names, and frees its frames. The lock is not held.
func (s *Space) finish(stale *paging.Stale) {
	if stale.Pages > 0 {
		Invalidate(stale.Start, stale.End, stale.Pages)
	}
	if stale.Empty() {
		return
	}
	flags := Disable()
	here := s.tables.ReleaseHere(stale)
	Enable(flags)
	if !here {
		flags := Lock()
		s.tables.Release(stale)
		Unlock(flags)
	}
}
