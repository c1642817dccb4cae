package paging

// The recursive walks. Each takes a table, its level, and the part [from, to) of the 48-bit
// address space to work on, which lies inside what the table covers.

// A mapper is one call of Map or MapLarge.
type mapper struct {
	*Tables
	delta uint64 // physical minus virtual address
	bits  uint64
	top   int // the highest level at which pages may be
}

// fits reports whether [from, to), the part of the mapping below one entry of level, can be one
// page.
func (m *mapper) fits(level int, from, to uint64) bool {
	page := pageOf(level)
	return level <= m.top && to-from == page && (from|(from+m.delta))&(page-1) == 0
}

// plan counts the tables that the mapping needs and that are not there; free is false if any part
// is mapped already. table is 0 if it does not exist yet itself.
func (m *mapper) plan(table uint64, level int, from, to uint64) (need uint64, free bool) {
	for from < to {
		end := min(to, (from|(pageOf(level)-1))+1)
		e := uint64(0)
		if table != 0 {
			e = *m.entry(table, level, from)
		}
		switch {
		case e != 0 && isLeaf(e, level):
			return 0, false
		case e == 0 && m.fits(level, from, end):
		default:
			if e == 0 {
				need++
			}
			if level > 2 || e != 0 {
				n, free := m.plan(e&addressMask, level-1, from, end)
				if !free {
					return 0, false
				}
				need += n
			}
		}
		from = end
	}
	return need, true
}

// fill enters the mapping.
func (m *mapper) fill(table uint64, level int, from, to uint64) bool {
	for from < to {
		end := min(to, (from|(pageOf(level)-1))+1)
		e := m.entry(table, level, from)
		if *e == 0 && m.fits(level, from, end) {
			bits := m.bits
			if level > 1 {
				bits |= largePage
			}
			*e = (from + m.delta) | bits
			from = end
			continue
		}
		if *e == 0 {
			child, ok := m.newTable()
			if !ok {
				return false
			}
			*e = child | tableBits
		}
		if !m.fill(*e&addressMask, level-1, from, end) {
			return false
		}
		from = end
	}
	return true
}

// remove clears the entries of pages, which lie in [from, to) as a whole, and of tables left empty.
func (t *Tables) remove(table uint64, level int, from, to uint64, stale *Stale) {
	for from < to {
		page := pageOf(level)
		end := min(to, (from|(page-1))+1)
		e := t.entry(table, level, from)
		old := *e
		switch {
		case old == 0:
		case isLeaf(old, level):
			*e = 0
			stale.add(from, page, old)
			if Flags(old)&Owned != 0 {
				t.push(old&addressMask, level, stale)
			}
		default:
			child := old & addressMask
			t.remove(child, level-1, from, end, stale)
			if t.isEmpty(child) {
				*e = 0
				t.tables--
				t.push(child, 1, stale)
			}
		}
		from = end
	}
}

// push puts the frames of a page into stale's list.
func (t *Tables) push(physical uint64, level int, stale *Stale) {
	if stale.head == 0 {
		stale.tail = physical
	}
	*(*uint64)(t.frames.Pointer(physical)) = stale.head
	stale.head = physical | uint64(level)<<levelShift
	stale.Frames += pageOf(level) / Page4K
}

// change sets the protection bits of pages.
func (t *Tables) change(table uint64, level int, from, to uint64, bits uint64, stale *Stale) {
	for from < to {
		page := pageOf(level)
		end := min(to, (from|(page-1))+1)
		e := t.entry(table, level, from)
		switch old := *e; {
		case old == 0:
		case isLeaf(old, level):
			if changed := old&^protection | bits; changed != old {
				*e = changed
				stale.add(from, page, old)
			}
		default:
			t.change(old&addressMask, level-1, from, end, bits, stale)
		}
		from = end
	}
}

// split makes sure that no page reaches over from or to. It reports false, and has changed nothing,
// if there are too few frames for that.
func (t *Tables) split(from, to uint64) bool {
	if !t.frames.Has(t.splits(from) + t.splits(to)) {
		return false
	}
	return t.splitAt(from) && t.splitAt(to)
}

// splits is how many tables splitAt takes.
func (t *Tables) splits(address uint64) uint64 {
	e, level := t.over(address)
	if e == nil {
		return 0
	}
	n := uint64(1)
	if level == 3 && address%Page2M != 0 {
		n++
	}
	return n
}

// over is the entry, and its level, of the page that reaches over address: that begins below it
// and ends above; nil if there is none.
func (t *Tables) over(address uint64) (e *uint64, level int) {
	table := t.root
	for level = 4; address%pageOf(level) != 0; level-- {
		e = t.entry(table, level, address)
		if *e == 0 {
			return nil, 0
		}
		if isLeaf(*e, level) {
			return e, level
		}
		table = *e & addressMask
	}
	return nil, 0
}

// splitAt divides pages in 512 until none reaches over address. The new, smaller pages translate as
// the old one did, so nothing becomes stale by that.
func (t *Tables) splitAt(address uint64) bool {
	for {
		e, level := t.over(address)
		if e == nil {
			return true
		}
		child, ok := t.newTable()
		if !ok {
			return false
		}
		physical, bits, size := *e&addressMask, *e&^addressMask, pageOf(level-1)
		if level == 2 {
			bits &^= largePage
		}
		table := (*[entries]uint64)(t.frames.Pointer(child))
		for i := range table {
			table[i] = physical | bits
			physical += size
		}
		*e = child | tableBits
	}
}

// next is the first page that ends above address.
func (t *Tables) next(table uint64, level int, address uint64) (m Mapping, ok bool) {
	page := pageOf(level)
	for index := address / page % entries; index < entries; index++ {
		e := *t.entry(table, level, address)
		switch {
		case e == 0:
		case isLeaf(e, level):
			start := address &^ (page - 1)
			return Mapping{canonical(start), e & addressMask, page, t.decode(e)}, true
		default:
			if m, ok = t.next(e&addressMask, level-1, address); ok {
				return m, true
			}
		}
		address = (address | (page - 1)) + 1
	}
	return Mapping{}, false
}
