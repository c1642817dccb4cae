package boot

// rank orders the kinds of memory by who wins where the firmware's map contradicts itself: the one
// that forbids more.
func (k Kind) rank() int {
	switch k {
	case Usable:
		return 0
	case ACPIReclaimable:
		return 1
	case ACPINonVolatile:
		return 2
	case Unusable:
		return 4
	}
	return 3 // Reserved
}

// AddRegion puts r into the memory map, which stays sorted, without overlaps, and with touching
// regions of one kind made one. Where r overlaps a region that is there already, the kind that
// forbids more wins. An unknown kind is taken for Reserved, an empty r is ignored. It reports false
// if the map is full.
func (info *Info) AddRegion(r Range, kind Kind) bool {
	if kind < Usable || kind > Unusable {
		kind = Reserved
	}
	for i := 0; r.Start < r.End; {
		// Regions[:i] end at or below r.Start.
		if i == info.RegionCount || info.Regions[i].Start >= r.End {
			if !info.insert(i, Region{r, kind}) {
				return false
			}
			break
		}
		old := info.Regions[i]
		switch {
		case old.End <= r.Start:
			i++
		case old.Start > r.Start:
			// The part of r before old.
			if !info.insert(i, Region{Range{r.Start, old.Start}, kind}) {
				return false
			}
			i++
			r.Start = old.Start
		case kind.rank() <= old.Kind.rank():
			r.Start = min(old.End, r.End)
			i++
		case old.Start < r.Start:
			// Cut old in two, so that the second half starts with r.
			info.Regions[i].End = r.Start
			i++
			if !info.insert(i, Region{Range{r.Start, old.End}, old.Kind}) {
				return false
			}
		case old.End > r.End:
			info.Regions[i].Start = r.End
			if !info.insert(i, Region{r, kind}) {
				return false
			}
			r.Start = r.End
		default: // r covers old
			info.Regions[i].Kind = kind
			r.Start = old.End
			i++
		}
	}
	info.merge()
	return true
}

// insert makes region the i-th.
func (info *Info) insert(i int, region Region) bool {
	if info.RegionCount >= MaxRegions {
		return false
	}
	copy(info.Regions[i+1:info.RegionCount+1], info.Regions[i:info.RegionCount])
	info.Regions[i] = region
	info.RegionCount++
	return true
}

// merge joins touching regions of one kind.
func (info *Info) merge() {
	n := 0
	for i := 0; i < info.RegionCount; i++ {
		r := info.Regions[i]
		if n > 0 && info.Regions[n-1].Kind == r.Kind && info.Regions[n-1].End == r.Start {
			info.Regions[n-1].End = r.End
			continue
		}
		info.Regions[n] = r
		n++
	}
	info.RegionCount = n
}

// UsableBytes is how much usable memory there is.
func (info *Info) UsableBytes() uint64 {
	n := uint64(0)
	for i := 0; i < info.RegionCount; i++ {
		if r := info.Regions[i]; r.Kind == Usable {
			n += r.End - r.Start
		}
	}
	return n
}

// UsableEnd is where the highest usable memory ends.
func (info *Info) UsableEnd() uint64 {
	for i := info.RegionCount - 1; i >= 0; i-- {
		if info.Regions[i].Kind == Usable {
			return info.Regions[i].End
		}
	}
	return 0
}

// LimitUsable makes usable memory from end on reserved (the word memory=).
func (info *Info) LimitUsable(end uint64) bool {
	for i := 0; i < info.RegionCount; i++ {
		r := info.Regions[i]
		if r.Kind == Usable && r.End > end {
			if !info.AddRegion(Range{max(r.Start, end), r.End}, Reserved) {
				return false
			}
			i = -1 // the regions have moved; each turn leaves one usable region less above end
		}
	}
	return true
}
