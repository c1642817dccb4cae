package space

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

// A Verdict is what a page fault comes to.
type Verdict uint8

// The verdicts.
const (
	Resolved   Verdict = iota // the access will succeed now, or must be tried again
	Unmapped                  // nothing is there (SEGV_MAPERR)
	Forbidden                 // the region does not allow it (SEGV_ACCERR)
	BehindEnd                 // the file ends before (BUS_ADRERR)
	NoMemory                  // there is no frame for it
	NotProgram                // the address is not in a region of the program's

	// awaits is Resolved, in a moment: the page is being copied to a large one.
	awaits
)

// around is how much is filled at a time where memory is plentiful.
const around = 16 * Page

// Fault handles a page fault at address: access is what was tried. It may be called at any time.
func (s *Space) Fault(address uint64, access Rights) Verdict {
	var stale paging.Stale
	flags := Lock()
	verdict := s.fault(address, access, &stale)
	Unlock(flags)
	s.finish(&stale)
	if verdict == awaits {
		s.await()
		return Resolved
	}
	return verdict
}

func (s *Space) fault(address uint64, access Rights, stale *paging.Stale) Verdict {
	r := s.region(address)
	switch {
	case r == nil:
		return Unmapped
	case r.Kind == Runtime:
		return NotProgram
	case r.leaving:
		return Resolved
	case !r.allows(access):
		return Forbidden
	}
	at := address &^ (Page - 1)
	_, _, have, there := s.tables.Lookup(at)
	if there && (access&Write == 0 || have&paging.Write != 0) && (access&Execute == 0 || have&paging.Execute != 0) {
		// Another core was faster, or this one has kept a translation from before.
		stale.Start, stale.End, stale.Pages = at, at+Page, 1
		return Resolved
	}
	if s.isCollapsing(at) {
		return awaits
	}
	if r.Object == nil {
		return s.fill(r, at)
	}
	offset := at - r.Start + r.Offset
	if offset >= r.Object.size {
		return BehindEnd
	}
	if r.Kind == Private && access&Write != 0 {
		return s.copyPage(r, at, offset, there, stale)
	}
	physical, ok := r.Object.page(offset, true)
	if !ok {
		return NoMemory
	}
	rights := r.flags()
	if r.Kind == Private {
		rights &^= paging.Write
	}
	if there {
		s.tables.Replace(at, physical, rights, stale)
		return Resolved
	}
	if s.tables.Map(at, physical, Page, rights) != "" {
		return NoMemory
	}
	return Resolved
}

// allows reports whether a region with such rights can be accessed so. What can be written or executed
// can be read.
func (r *Region) allows(access Rights) bool {
	return r.Rights != 0 && access&^(r.Rights|Read) == 0
}

// flags are how the pages of r are mapped.
func (r *Region) flags() paging.Flags {
	f := paging.Flags(0)
	if r.Rights == 0 {
		f |= paging.Hidden
	}
	if r.Rights&Write != 0 {
		f |= paging.Write
	}
	if r.Rights&Execute != 0 {
		f |= paging.Execute
	}
	return f
}

// fill gives r, which has no Object, zeroed memory at a page that is not there, and around it where memory
// is plentiful: a large page, or some small ones.
func (s *Space) fill(r *Region, at uint64) Verdict {
	rights := r.flags()
	if s.frames.Plenty() {
		large := at &^ (paging.Page2M - 1)
		if !r.Small && large >= r.Start && large+paging.Page2M <= r.End && s.fillLarge(large, rights) {
			return Resolved
		}
		start := max(r.Start, at&^(around-1))
		end := min(r.End, at&^(around-1)+around)
		if s.tables.Fill(start, end-start, rights) == "" {
			return Resolved
		}
	}
	if s.tables.Fill(at, Page, rights) != "" {
		return NoMemory
	}
	return Resolved
}

// fillLarge maps a large page if there is one and nothing is mapped in its place.
func (s *Space) fillLarge(at uint64, rights paging.Flags) bool {
	if m, ok := s.tables.Next(at); ok && m.Virtual < at+paging.Page2M {
		return false
	}
	physical, zeroed, ok := s.frames.AllocateLarge()
	if !ok {
		return false
	}
	if !zeroed {
		cpu.ZeroPages(s.frames.Pointer(physical), paging.Page2M/Page)
	}
	if s.tables.MapLarge(at, physical, paging.Page2M, rights|paging.Owned) != "" {
		s.frames.FreeRun(physical, paging.Page2M/Page)
		return false
	}
	return true
}

// copyPage gives r a copy of its own of the page of its Object at offset.
func (s *Space) copyPage(r *Region, at, offset uint64, there bool, stale *paging.Stale) Verdict {
	_, _, have, _ := s.tables.Lookup(at)
	if there && have&paging.Owned != 0 { // it has one, and got the right to write just now
		s.tables.Protect(at, Page, r.flags(), stale)
		return Resolved
	}
	physical, ok := s.frames.Allocate()
	if !ok {
		return NoMemory
	}
	if from, ok := r.Object.page(offset, false); ok {
		copy(s.bytes(physical), s.bytes(from))
	} else {
		r.Object.initial(offset, physical)
	}
	if there {
		s.tables.Replace(at, physical, r.flags()|paging.Owned, stale)
		return Resolved
	}
	if s.tables.Map(at, physical, Page, r.flags()|paging.Owned) != "" {
		s.frames.Free(physical)
		return NoMemory
	}
	return Resolved
}

// bytes is a frame's memory.
func (s *Space) bytes(physical uint64) []byte {
	return unsafe.Slice((*byte)(s.frames.Pointer(physical)), Page)
}

// Copy copies between buffer, n bytes of the kernel's, and the program's memory at address, as far as it
// can: it returns how many bytes. What the program could not access itself is not accessed. It may be
// called at any time.
func (s *Space) Copy(buffer unsafe.Pointer, address, n uint64, write bool) (done uint64) {
	access := Read
	if write {
		access = Write
	}
	for done < n {
		at := address + done
		length := min(n-done, Page-at%Page)
		flags := Lock()
		physical, _, have, ok := s.tables.Lookup(at)
		if r := s.region(at); r == nil || r.leaving || r.Kind != Runtime && !r.allows(access) {
			Unlock(flags)
			return done
		}
		if !ok || write && have&paging.Write == 0 {
			Unlock(flags)
			if s.Fault(at, access) != Resolved {
				return done
			}
			continue
		}
		memory := unsafe.Slice((*byte)(s.frames.Pointer(physical)), length)
		own := unsafe.Slice((*byte)(unsafe.Add(buffer, done)), length)
		if write {
			copy(memory, own)
		} else {
			copy(own, memory)
		}
		Unlock(flags)
		done += length
	}
	return done
}
