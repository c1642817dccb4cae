package space

import "github.com/ringo-os/ringo/kernel/early/paging"

// Where says how a wish for an address is meant.
type Where uint8

// The ways.
const (
	Hint       Where = iota // there if nothing else is
	Replace                 // there, in place of what is there (MAP_FIXED)
	NotReplace              // there, or not at all (MAP_FIXED_NOREPLACE)
	Below2G                 // anywhere that an int32 can hold (MAP_32BIT)
)

// Map adds a region of size bytes, like r but for its ends. The address is in r.Start.
func (s *Space) Map(r Region, size uint64, where Where) (start uint64, e Errno) {
	if r.Kind == Runtime || size == 0 || size%Page != 0 || r.Offset%Page != 0 {
		return 0, EINVAL
	}
	if r.Rights&(Write|Execute) == Write|Execute || r.Rights&^r.May != 0 {
		return 0, EACCES // no page is both
	}
	if size > s.high || r.Object != nil && (r.Offset > maxObject || size > maxObject-r.Offset) {
		return 0, ENOMEM
	}
	start = r.Start
	if where == Hint {
		start &^= Page - 1
	}
	inside := start%Page == 0 && start >= s.low && start <= s.high-size
	switch where {
	case Replace:
		if start%Page != 0 {
			return 0, EINVAL
		}
		if !inside {
			return 0, ENOMEM
		}
		if e := s.vacate(start, start+size); e != 0 {
			return 0, e
		}
	case NotReplace:
		if start%Page != 0 {
			return 0, EINVAL
		}
		if !inside {
			return 0, ENOMEM
		}
	}
	flags := Lock()
	e = s.add(&r, &start, size, where, inside)
	Unlock(flags)
	return start, e
}

// add enters the new region. The lock is held.
func (s *Space) add(r *Region, start *uint64, size uint64, where Where, inside bool) Errno {
	if !s.reserve(1) {
		if where == Replace {
			s.retain(*start, *start+size)
		}
		return ENOMEM
	}
	switch {
	case where == Replace:
		i := s.find(*start)
		end := i
		for end < s.count && s.at(end).Start < *start+size {
			if !s.at(end).leaving { // the runtime was faster
				s.retain(*start, *start+size)
				return ENOMEM
			}
			end++
		}
		s.remove(i, end)
	case inside && *start != 0 && s.isFree(*start, *start+size):
	case where == NotReplace:
		return EEXIST
	default:
		align, limit := uint64(Page), uint64(0)
		if r.Object == nil && size >= paging.Page2M {
			align = paging.Page2M
		}
		if where == Below2G {
			limit = 1 << 31
		}
		var ok bool
		if *start, ok = s.place(size, align, limit); !ok {
			return ENOMEM
		}
		if limit == 0 {
			s.next = *start + size
		}
	}
	r.Start, r.End = *start, *start+size
	s.insert(s.find(*start), r)
	s.tidy(r.Start, r.End)
	return 0
}

// vacate makes regions in [start, end) that are leaving, without memory, and room for another.
func (s *Space) vacate(start, end uint64) Errno {
	flags := Lock()
	if s.foreign(start, end) || !s.reserve(3) {
		Unlock(flags)
		return ENOMEM
	}
	s.split(start)
	s.split(end)
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		s.at(i).leaving = true
	}
	Unlock(flags)
	e := s.clear(start, end)
	if e != 0 {
		flags = Lock()
		s.retain(start, end)
		Unlock(flags)
	}
	return e
}

// retain undoes vacate, but for the memory that is gone.
func (s *Space) retain(start, end uint64) {
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		s.at(i).leaving = false
	}
	s.tidy(start, end)
}

// clear takes all memory out of [start, end), a part at a time.
func (s *Space) clear(start, end uint64) (e Errno) {
	for start < end {
		flags := Lock()
		m, ok := s.tables.Next(start)
		if !ok || m.Virtual >= end {
			Unlock(flags)
			return 0
		}
		var stale paging.Stale
		start = max(start, m.Virtual)
		to := min(end, (start+chunk)&^(paging.Page2M-1))
		if s.tables.Unmap(start, to-start, &stale) != "" {
			e = ENOMEM
		}
		Unlock(flags)
		s.finish(&stale)
		if e != 0 {
			return e
		}
		start = to
	}
	return 0
}

// Unmap removes what is in [start, end).
func (s *Space) Unmap(start, end uint64) Errno {
	if start%Page != 0 || end%Page != 0 || start >= end || end > s.high {
		return EINVAL
	}
	if e := s.vacate(start, end); e != 0 {
		return e
	}
	flags := Lock()
	for i := s.find(start); i < s.count && s.at(i).Start < end; {
		last := i
		for last < s.count && s.at(last).Start < end && s.at(last).leaving {
			last++
		}
		s.remove(i, last)
		if last == i { // the runtime's, since a moment ago
			i++
		}
	}
	Unlock(flags)
	return 0
}

// Protect changes the rights in [start, end), all of which must be mapped.
func (s *Space) Protect(start, end uint64, rights Rights) Errno {
	if start%Page != 0 || end%Page != 0 || start >= end {
		return EINVAL
	}
	var stale paging.Stale
	flags := Lock()
	e := s.protect(start, end, rights, &stale)
	Unlock(flags)
	s.finish(&stale)
	return e
}

func (s *Space) protect(start, end uint64, rights Rights, stale *paging.Stale) Errno {
	if !s.covered(start, end) || !s.reserve(2) {
		return ENOMEM
	}
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		if rights&^s.at(i).May != 0 || rights&(Write|Execute) == Write|Execute {
			return EACCES
		}
	}
	s.split(start)
	s.split(end)
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		r := s.at(i)
		was := r.Rights
		r.Rights = rights
		now := r.flags()
		if r.Kind == Private && r.Object != nil {
			now &^= paging.Write // who writes gets a copy first
		}
		if s.tables.Protect(r.Start, r.End-r.Start, now, stale) != "" {
			r.Rights = was
			s.tidy(start, end)
			return ENOMEM
		}
	}
	s.tidy(start, end)
	return 0
}

// Drop takes the memory out of [start, end): what is touched there again is zero, or what the Object
// has (MADV_DONTNEED).
func (s *Space) Drop(start, end uint64) Errno {
	if e := s.check(start, end); e != 0 {
		return e
	}
	return s.clear(start, end)
}

// SetSmall says whether there may be large pages in [start, end) (MADV_HUGEPAGE, MADV_NOHUGEPAGE).
func (s *Space) SetSmall(start, end uint64, small bool) Errno {
	if e := s.check(start, end); e != 0 {
		return e
	}
	flags := Lock()
	if !s.reserve(2) {
		Unlock(flags)
		return ENOMEM
	}
	s.split(start)
	s.split(end)
	for i := s.find(start); i < s.count && s.at(i).Start < end; i++ {
		s.at(i).Small = small
	}
	s.tidy(start, end)
	Unlock(flags)
	return 0
}

// Touch makes the memory in [start, end) be there. It ends at what cannot be accessed, with EFAULT.
func (s *Space) Touch(start, end uint64, access Rights) Errno {
	if e := s.check(start, end); e != 0 {
		return e
	}
	for at := start; at < end; at += Page {
		switch s.Fault(at, access) {
		case Resolved:
		case NoMemory:
			return ENOMEM
		default:
			return EFAULT
		}
	}
	return 0
}

// Resident reports whether there is memory at a page (mincore).
func (s *Space) Resident(at uint64) (resident bool, e Errno) {
	flags := Lock()
	r := s.region(at)
	switch {
	case r == nil:
		e = ENOMEM
	case r.Object != nil && r.Kind != Runtime:
		_, resident = r.Object.page(at-r.Start+r.Offset, false)
	}
	if _, _, _, ok := s.tables.Lookup(at); ok || s.isCollapsing(at) {
		resident = true
	}
	Unlock(flags)
	return resident, e
}

// Check reports whether all of [start, end) is mapped, by the program.
func (s *Space) Check(start, end uint64) Errno { return s.check(start, end) }

func (s *Space) check(start, end uint64) (e Errno) {
	if start%Page != 0 || end%Page != 0 || start > end {
		return EINVAL
	}
	flags := Lock()
	if !s.covered(start, end) {
		e = ENOMEM
	}
	Unlock(flags)
	return e
}
