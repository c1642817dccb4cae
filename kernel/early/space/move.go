package space

import "github.com/ringo-os/ringo/kernel/early/paging"

// Move is mremap(2): what is in [start, start+old), one region, becomes size bytes large, where it is or,
// if may is set, elsewhere; at target if that is not 0.
func (s *Space) Move(start, old, size uint64, may bool, target uint64) (uint64, Errno) {
	end := start + old
	if start%Page != 0 || old%Page != 0 || size%Page != 0 || size == 0 || target%Page != 0 || end < start || size > s.high {
		return 0, EINVAL
	}
	if target != 0 {
		if target < s.low || target > s.high-size || start < target+size && target < max(end, start+Page) {
			return 0, EINVAL
		}
		if e := s.isOne(start, old); e != 0 {
			return 0, e
		}
		if e := s.Unmap(target, target+size); e != 0 {
			return 0, e
		}
	}
	if size < old {
		if e := s.isOne(start, old); e != 0 {
			return 0, e
		}
		if e := s.Unmap(start+size, end); e != 0 {
			return 0, e
		}
		old = size
	}
	var stale paging.Stale
	flags := Lock()
	at, e := s.move(start, old, size, may, target, &stale)
	Unlock(flags)
	s.finish(&stale)
	return at, e
}

func (s *Space) isOne(start, size uint64) (e Errno) {
	flags := Lock()
	if r := s.region(start); r == nil || r.Kind == Runtime || r.End-start < size {
		e = EFAULT
	}
	Unlock(flags)
	return e
}

func (s *Space) move(start, old, size uint64, may bool, target uint64, stale *paging.Stale) (uint64, Errno) {
	end := start + old
	r := s.region(start)
	switch {
	case r == nil || r.Kind == Runtime || end > r.End:
		return 0, EFAULT
	case old == 0 && r.Kind != Shared:
		return 0, EINVAL
	case size == old && target == 0:
		return start, 0
	case r.Object != nil && size > maxObject-(r.Offset+start-r.Start):
		return 0, EINVAL
	case !s.reserve(4):
		return 0, ENOMEM
	}
	r = s.region(start) // the list may be elsewhere
	if target == 0 && old > 0 && end == r.End && size > old && start+size <= s.high && s.isFree(end, start+size) {
		s.mapped += start + size - r.End
		r.End = start + size
		s.tidy(start, start+size)
		return start, 0
	}
	if target == 0 && !may {
		return 0, ENOMEM
	}
	moved := *r
	moved.Offset += start - r.Start
	if target == 0 {
		// Large pages stay such at the same distance from a boundary.
		at, ok := s.place(size+paging.Page2M, paging.Page2M, 0)
		if !ok {
			return 0, ENOMEM
		}
		target = at + start%paging.Page2M
		s.next = target + size
	} else if !s.isFree(target, target+size) {
		return 0, ENOMEM
	}
	if old > 0 && s.tables.Move(start, target, old, stale) != "" {
		return 0, ENOMEM
	}
	moved.Start, moved.End = target, target+size
	s.insert(s.find(target), &moved)
	if old > 0 {
		s.split(start)
		s.split(end)
		i := s.find(start)
		s.remove(i, i+1)
	}
	s.tidy(target, target+size)
	return target, 0
}
