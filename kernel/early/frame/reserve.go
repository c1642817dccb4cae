package frame

import "github.com/ringo-os/ringo/boot"

// maxKept is how many ranges can be kept: 32 for Reserve, and those of a boot.Info.
const maxKept = 32 + 1 + 1 + boot.MaxModules + 4 + 1

// Reserve keeps r from being handed out. Before Init it is remembered (up to 32 ranges); after it,
// the frames of r that are free are taken.
func (a *Allocator) Reserve(r boot.Range) boot.Problem {
	if a.ready {
		a.take(r)
		return ""
	}
	return a.keep(r, 32)
}

func (a *Allocator) keep(r boot.Range, limit int) boot.Problem {
	if r.Start >= r.End {
		return ""
	}
	if a.keptNext >= limit {
		return "Too many ranges of memory are reserved before the frame allocator is ready; this is a bug in the kernel."
	}
	a.kept[a.keptNext] = r
	a.keptNext++
	return ""
}

// keepBootRanges keeps what the boot protocol left, the image, and page 0: an address of 0 means
// "none" in too many places.
func (a *Allocator) keepBootRanges(info *boot.Info, image boot.Range) boot.Problem {
	problem := a.keep(boot.Range{Start: 0, End: Size}, maxKept)
	if problem == "" {
		problem = a.keep(image, maxKept)
	}
	for i := 0; i < info.ModuleCount && i < boot.MaxModules && problem == ""; i++ {
		problem = a.keep(info.Modules[i], maxKept)
	}
	for i := 0; i < len(info.StartInfo) && problem == ""; i++ {
		problem = a.keep(info.StartInfo[i], maxKept)
	}
	if problem == "" {
		problem = a.keep(info.CommandLine, maxKept)
	}
	return problem
}

// placeBitmaps finds size bytes in a zone, clear of everything kept, and makes them a.own.
func (a *Allocator) placeBitmaps(size uint64) bool {
	for n := range a.zoneCount {
		z := &a.zones[a.order[0][n]]
		start, end := z.first<<Shift, (z.first+z.count)<<Shift
		for start < end && size <= end-start {
			r := boot.Range{Start: start, End: start + size}
			blocker := a.firstKept(r)
			if blocker < 0 {
				a.own = r
				return true
			}
			// Each range kept moves start up at most once.
			kept := a.kept[blocker].End
			if kept > end {
				break
			}
			start = (kept + Size - 1) &^ (Size - 1)
		}
	}
	return false
}

// firstKept is the index of a kept range that overlaps r, -1 if none does.
func (a *Allocator) firstKept(r boot.Range) int {
	for i := range a.keptNext {
		if a.kept[i].Start < r.End && r.Start < a.kept[i].End {
			return i
		}
	}
	return -1
}

// take marks every frame that r touches as used.
func (a *Allocator) take(r boot.Range) {
	if r.Start >= r.End {
		return
	}
	first, end := r.Start>>Shift, (r.End-1)>>Shift+1
	for i := range a.zoneCount {
		z := &a.zones[i]
		from, to := max(first, z.first), min(end, z.first+z.count)
		if from < to {
			a.mark(z, from-z.first, to-from, false)
		}
	}
}

// Release gives usable memory that was kept back (modules, start info, reservations) to the
// allocator: the whole frames inside r that are not free yet, except page 0 and the allocator's
// own.
func (a *Allocator) Release(r boot.Range) {
	if r.Start >= r.End || !a.ready {
		return
	}
	end := r.End >> Shift
	for first := max(1, r.Start>>Shift+(r.Start%Size+Size-1)/Size); first < end; {
		z, next := a.zoneFrom(first)
		if z == nil {
			return
		}
		first = next
		to := min(end, z.first+z.count)
		if own := a.own.Start >> Shift; first < a.own.End>>Shift && own < to {
			if own <= first {
				first = a.own.End >> Shift
				continue
			}
			to = own
		}
		if first < to {
			a.mark(z, first-z.first, to-first, true)
		}
		first = to
	}
}

// zoneFrom is the zone that has frame number, or the next above it, and the first of its frames
// from number on.
func (a *Allocator) zoneFrom(number uint64) (z *zone, first uint64) {
	for i := range a.zoneCount {
		z := &a.zones[i]
		if number < z.first+z.count {
			return z, max(number, z.first)
		}
	}
	return nil, 0
}
