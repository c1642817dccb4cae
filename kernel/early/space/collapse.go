package space

import (
	"sync/atomic"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/paging"
)

// large is the size of a large page.
const large = paging.Page2M

// Collapse makes large pages of the small ones in [start, end), wherever there is at least one, as Linux does
// for MADV_COLLAPSE: what is not mapped is passed over, with ENOMEM in the end; EINVAL is for what cannot become a
// large page, such as memory that cannot be written (up to Linux 6.17), that is a file's or shared, or of which
// nothing is there. So are the runtime's own small pages: interrupt handlers write to them, and cannot wait.
func (s *Space) Collapse(start, end uint64) (e Errno) {
	if start%Page != 0 || end%Page != 0 || start > end {
		return EINVAL
	}
	for start < end {
		r, ok := s.Next(start)
		if !ok || r.Start > start {
			e = ENOMEM
			if !ok || r.Start >= end {
				break
			}
		}
		if e := s.collapseRegion(&r, max(start, r.Start), min(end, r.End)); e != 0 {
			return e
		}
		start = r.End
	}
	return e
}

// collapseRegion is Collapse for a part of a region.
func (s *Space) collapseRegion(r *Region, from, to uint64) Errno {
	up := func(address uint64) uint64 { return (address + large - 1) &^ (large - 1) }
	if r.Object != nil || r.Kind == Shared || r.Small || up(r.Start)+large > r.End {
		return EINVAL
	}
	failed := Errno(0)
	for at := up(from); at+large <= to; at += large {
		switch e := s.collapse(r, at); e {
		case 0:
		case ENOMEM:
			return e
		default:
			failed = e // the others may still become large pages
		}
	}
	return failed
}

// collapse makes a large page of the small ones at an address in r.
func (s *Space) collapse(r *Region, at uint64) Errno {
	var stale paging.Stale
	flags := Lock()
	physical, table, rights, e := s.suspend(r, at, &stale)
	Unlock(flags)
	if table == 0 {
		return e
	}
	s.finish(&stale)
	// Now nobody can write there any more.
	s.tables.CopySuspended(table, physical)
	flags = Lock()
	s.tables.Collapse(at, physical, rights, &stale)
	atomic.StoreUint64(&s.collapsing.End, 0)
	Unlock(flags)
	s.finish(&stale)
	return 0
}

// suspend makes who touches the large page at an address wait, and takes a frame for it. There is a table if there
// is something to do then. The lock is held.
func (s *Space) suspend(r *Region, at uint64, stale *paging.Stale) (physical, table uint64, rights paging.Flags, e Errno) {
	if m, ok := s.tables.Next(at); ok && m.Virtual == at && m.Size >= large {
		return 0, 0, 0, 0
	}
	if r.Kind != Private || r.Rights&Write == 0 || s.tables.IsEmpty(at, large) {
		return 0, 0, 0, EINVAL
	}
	physical, ok := s.frames.AllocateRun(large/Page, large/Page)
	if !ok {
		return 0, 0, 0, ENOMEM
	}
	if table, rights, ok = s.tables.Suspend(at, stale); !ok {
		s.frames.FreeRun(physical, large/Page)
		return 0, 0, 0, EINVAL
	}
	s.collapsing.Start = at
	atomic.StoreUint64(&s.collapsing.End, at+large)
	return physical, table, rights, 0
}

// isCollapsing reports whether a page is about to become a part of a large one. The lock is held.
func (s *Space) isCollapsing(at uint64) bool {
	return at < s.collapsing.End && at >= s.collapsing.Start
}

// await lets some time go by, so that those who try again and again do not keep the lock from who copies. It is
// short: interrupts may be off, and other cores wait for this one to drop its translations.
func (s *Space) await() {
	for range 50 {
		if atomic.LoadUint64(&s.collapsing.End) == 0 {
			return
		}
		cpu.Pause()
	}
}
