package frame

// A hypervisor can take memory back that its guest does not use, if it is told. Memory is told about by
// large pages that are free. At the start none needs to be: nobody has touched them yet.

// blocks is how many large pages z has a part of; block is the one that frame of z is in.
func (z *zone) blocks() uint64            { return z.block(z.count-1) + 1 }
func (z *zone) block(frame uint64) uint64 { return (z.first+frame)/LargeFrames - z.first/LargeFrames }
func (z *zone) toldWords() uint64         { return (z.blocks() + 63) / 64 }

// toldWord is the word of z's record with a block's bit: set while the hypervisor knows that nothing in
// the block is used.
func (a *Allocator) toldWord(z *zone, block uint64) *uint64 {
	return (*uint64)(a.Pointer(z.told + block/64*8))
}

// use notes that count frames are not free any more.
func (a *Allocator) use(z *zone, from, count uint64) {
	for block := z.block(from); block <= z.block(from+count-1); block++ {
		*a.toldWord(z, block) &^= 1 << (block % 64)
	}
}

// useOne is use for one frame.
func (a *Allocator) useOne(z *zone, frame uint64) {
	block := z.block(frame)
	*a.toldWord(z, block) &^= 1 << (block % 64)
}

// Freed returns how many frames have been freed since the last call of TakeUntold that found none.
func (a *Allocator) Freed() uint64 { return a.freed }

// TakeUntold returns the frames of a large page that is free, and was used before the hypervisor was
// last told about it. It is given back with GiveTold. Some memory is left for others.
func (a *Allocator) TakeUntold() (physical uint64, ok bool) {
	a.giveUpCaches()
	for i := 0; i < a.zoneCount && a.Available() > 4*LargeFrames; i++ {
		z := &a.zones[i]
		for block := range z.blocks() {
			if block%64 == 0 && *a.toldWord(z, block) == ^uint64(0) || *a.toldWord(z, block)&(1<<(block%64)) != 0 {
				continue
			}
			first := (z.first/LargeFrames + block) * LargeFrames
			if first < z.first || first+LargeFrames > z.first+z.count {
				continue
			}
			from := first - z.first
			if a.nextUsed(z, from, from+LargeFrames) == from+LargeFrames {
				a.mark(z, from, LargeFrames, false)
				return first << Shift, true
			}
		}
	}
	a.freed = 0
	return 0, false
}

// GiveTold gives the frames of a large page back that the hypervisor has been told about.
func (a *Allocator) GiveTold(physical uint64) {
	freed := a.freed
	if a.FreeRun(physical, LargeFrames) {
		z := a.zoneOf(physical >> Shift)
		block := z.block(physical>>Shift - z.first)
		*a.toldWord(z, block) |= 1 << (block % 64)
	}
	a.freed = freed
}
