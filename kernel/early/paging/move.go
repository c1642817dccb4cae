package paging

import "github.com/ringo-os/ringo/boot"

// Replace maps the 4 KiB page at virtual, which is mapped, to another frame. The frame that was
// there goes into stale if it was Owned.
func (t *Tables) Replace(virtual, physical uint64, flags Flags, stale *Stale) boot.Problem {
	at, to, ok := span(virtual, Page4K)
	if !ok || physical%Page4K != 0 || physical >= maxPhysical {
		return badRange
	}
	if !t.split(at, to) {
		return outOfMemory
	}
	e, level := t.leaf(at)
	if level != 1 || *e == 0 {
		return badRange
	}
	old := *e
	*e = physical | t.encode(flags)
	stale.add(at, Page4K, old)
	if Flags(old)&Owned != 0 {
		t.push(old&addressMask, 1, stale)
	}
	return ""
}

// Move moves every mapping in [from, from+size) by to-from, with its flags; nothing may be mapped in
// [to, to+size), which does not overlap. Holes stay holes. If it reports a Problem, nothing is moved.
// There may be no pages of 1 GiB in it.
func (t *Tables) Move(from, to, size uint64, stale *Stale) boot.Problem {
	start, end, ok := span(from, size)
	target, targetEnd, ok2 := span(to, size)
	if !ok || !ok2 || start < targetEnd && target < end {
		return badRange
	}
	// Enough for tables at the target, whatever is moved there, for large pages that do not fit any
	// more, and for those at the ends.
	need := t.splits(start) + t.splits(end) + tablesFor(size)
	large := (from^to)%Page2M == 0
	if !large {
		need += size/Page2M + 1
	}
	if !t.frames.Has(need) {
		return outOfMemory
	}
	if !t.splitAt(start) || !t.splitAt(end) {
		return outOfMemory
	}
	for at := start; at < end; {
		e, level := t.leaf(at)
		page := pageOf(level)
		if *e == 0 {
			at = (at | (page - 1)) + 1
			continue
		}
		if level == 2 && !large {
			if !t.splitAt(at + Page4K) {
				return outOfMemory
			}
			continue
		}
		old := *e
		*e &^= uint64(Owned) // the frame stays in use
		t.remove(t.root, 4, at, at+page, stale)
		if !t.put(at-start+target, old&^addressMask, old&addressMask, level) {
			return outOfMemory
		}
		at += page
	}
	return ""
}

// leaf is the entry for an address, and its level, that is either a page or empty.
func (t *Tables) leaf(address uint64) (e *uint64, level int) {
	table := t.root
	for level = 4; ; level-- {
		e = t.entry(table, level, address)
		if *e == 0 || isLeaf(*e, level) {
			return e, level
		}
		table = *e & addressMask
	}
}

// put enters a page where there is none.
func (t *Tables) put(address, bits, physical uint64, level int) bool {
	table := t.root
	for at := 4; at > level; at-- {
		var ok bool
		if table, ok = t.descend(table, at, address); !ok {
			return false
		}
	}
	*t.entry(table, level, address) = physical | bits
	return true
}

// tablesFor is how many tables a range of a size can need at most.
func tablesFor(size uint64) uint64 { return size/Page2M + 2 + size/Page1G + 2 + 2 }
