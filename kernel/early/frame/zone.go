package frame

import (
	"math/bits"
	"unsafe"
)

// A zone is one usable region, or the part of it that is in one node. Frames and words are counted from its start.
type zone struct {
	first, count  uint64 // frame numbers [first, first+count)
	bits, summary uint64 // physical addresses
	told          uint64 // the same
	free          uint64
	hint          uint64 // words below this one have no free frame
	node          uint8
}

func (z *zone) isLow() bool { return (z.first+z.count)<<Shift <= lowEnd }

func (z *zone) words() uint64        { return (z.count + 63) / 64 }
func (z *zone) summaryWords() uint64 { return (z.words() + 63) / 64 }

// word is word w of the bitmap, summaryWord the word of the summary that has w's bit.
func (a *Allocator) word(z *zone, w uint64) *uint64 {
	return (*uint64)(unsafe.Add(a.base, z.bits+w*8))
}

func (a *Allocator) summaryWord(z *zone, w uint64) *uint64 {
	return (*uint64)(unsafe.Add(a.base, z.summary+w/64*8))
}

// zoneOf is the zone that has a frame number, or nil.
func (a *Allocator) zoneOf(number uint64) *zone {
	low, high := 0, a.zoneCount
	for low < high {
		middle := (low + high) / 2
		z := &a.zones[middle]
		switch {
		case number < z.first:
			high = middle
		case number-z.first < z.count:
			return z
		default:
			low = middle + 1
		}
	}
	return nil
}

// nextWord is the first word from w on that has a free frame.
func (a *Allocator) nextWord(z *zone, w uint64) (found uint64, ok bool) {
	if z.free == 0 {
		return 0, false
	}
	words := z.words()
	for w < words {
		if s := *a.summaryWord(z, w) >> (w % 64); s != 0 {
			return w + uint64(bits.TrailingZeros64(s)), true
		}
		w = (w | 63) + 1
	}
	return 0, false
}

// nextFree is the first free frame from frame on, z.count if there is none.
func (a *Allocator) nextFree(z *zone, frame uint64) uint64 {
	if frame >= z.count {
		return z.count
	}
	w := frame / 64
	if word := *a.word(z, w) >> (frame % 64); word != 0 {
		return frame + uint64(bits.TrailingZeros64(word))
	}
	w, ok := a.nextWord(z, w+1)
	if !ok {
		return z.count
	}
	return w*64 + uint64(bits.TrailingZeros64(*a.word(z, w)))
}

// nextUsed is the first frame in use in [frame, end), end if there is none.
func (a *Allocator) nextUsed(z *zone, frame, end uint64) uint64 {
	for frame < end {
		if word := ^*a.word(z, frame/64) >> (frame % 64); word != 0 {
			return min(end, frame+uint64(bits.TrailingZeros64(word)))
		}
		frame = (frame | 63) + 1
	}
	return end
}

// findRun is the number of the first frame of the lowest free run of count frames, aligned to
// align, that ends at or below frame number limit.
func (a *Allocator) findRun(z *zone, count, align, limit uint64) (first uint64, ok bool) {
	return a.findRunFrom(z, z.hint*64, count, align, limit)
}

// findRunFrom is findRun among the frames from one on.
func (a *Allocator) findRunFrom(z *zone, frame, count, align, limit uint64) (first uint64, ok bool) {
	if limit <= z.first {
		return 0, false
	}
	end := min(z.count, limit-z.first)
	for {
		frame = a.nextFree(z, frame)
		frame = (z.first+frame+align-1)&^(align-1) - z.first
		if frame >= end || count > end-frame {
			return 0, false
		}
		used := a.nextUsed(z, frame, frame+count)
		if used == frame+count {
			return z.first + frame, true
		}
		frame = used + 1
	}
}

// freeOne makes a frame free, or reports false if it is.
func (a *Allocator) freeOne(z *zone, frame uint64) bool {
	w, bit := frame/64, uint64(1)<<(frame%64)
	word := a.word(z, w)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	*a.summaryWord(z, w) |= 1 << (w % 64)
	z.hint = min(z.hint, w)
	z.free++
	a.free++
	a.freed++
	return true
}

// mark makes those frames of [from, from+count) free, or used, that are not so yet.
func (a *Allocator) mark(z *zone, from, count uint64, free bool) {
	changed := uint64(0)
	if !free {
		a.use(z, from, count)
	}
	for end := from + count; from < end; {
		w := from / 64
		mask := ^uint64(0) << (from % 64)
		if end-w*64 < 64 {
			mask &= 1<<(end-w*64) - 1
		}
		word := a.word(z, w)
		if free {
			mask &^= *word
			*word |= mask
		} else {
			mask &= *word
			*word &^= mask
		}
		changed += uint64(bits.OnesCount64(mask))
		if *word != 0 {
			*a.summaryWord(z, w) |= 1 << (w % 64)
		} else {
			*a.summaryWord(z, w) &^= 1 << (w % 64)
		}
		if free {
			z.hint = min(z.hint, w)
		}
		from = (w + 1) * 64
	}
	if free {
		z.free += changed
		a.free += changed
	} else {
		z.free -= changed
		a.free -= changed
	}
}
