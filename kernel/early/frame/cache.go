package frame

import (
	"math/bits"
	"sync/atomic"

	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// Each core has a cache of frames: those that it freed last are those that it gets first, as they may still be in
// its processor's caches. When it is empty, some are taken from the bitmap at a time. What is in a cache counts as
// free, and is given up when there is nothing else; but in the bitmap it is in use.
//
// A core frees frames to its cache without the allocator's lock, others give its cache up with it. Only the core
// itself adds to its list, with interrupts off, and only who holds the lock takes from it; so of two that change it
// at the same time, one adds. It does so by comparing and swapping the head, and who gives the list up by swapping
// it: what one of them has, the other has not.

// A Core is what the allocator knows of a processor core.
type Core struct {
	_      offheap.Mark
	Node   uint8
	caches bool // it is one of Allocator.cores: others find what is in its list
	// head is the physical address of the first frame of the list, and how many there are in its low bits. The
	// first word of each frame is the address of the next, in the form in which it came.
	head uint64
	// zeroing is a large page that the core has begun to zero when it was idle, 0 for none, see ResumeZeroing.
	zeroing uint64
}

const (
	// MaxCached is how many frames a core keeps at most. A word of the bitmap must fit, and a large page must not.
	MaxCached = 256
	// maxCores is how many cores can have a cache.
	maxCores = 64

	countMask = Size - 1
)

const _ = uint(LargeFrames - MaxCached - 1)

func (c *Core) cached() uint64 { return atomic.LoadUint64(&c.head) & countMask }

// AddCore gives a core a cache, which here finds. The lock is held.
func (a *Allocator) AddCore(c *Core) {
	if a.here != nil && a.coreCount < maxCores {
		a.cores[a.coreCount] = c
		a.coreCount++
		c.caches = true
	}
}

// takeFrom returns a frame from c, whose core asks; there must be one. The lock is held.
func (a *Allocator) takeFrom(c *Core) (physical uint64) {
	head := c.head
	physical = head &^ countMask
	count := head&countMask - 1
	next := *(*uint64)(a.Pointer(physical)) &^ countMask
	if count == 0 {
		next = 0
	}
	c.head = next | count
	return physical
}

// refill puts frames into c, whose core asks, and which is empty; false if there are few left.
func (a *Allocator) refill(c *Core) bool {
	if a.free < a.emergency+MaxCached {
		return false
	}
	order := a.nearest()
	for n := range a.zoneCount {
		z := &a.zones[order[n]]
		if a.nodes > 1 && z.node != c.Node {
			return false
		}
		w, found := a.nextWord(z, z.hint)
		if !found {
			continue
		}
		z.hint = w
		word := a.word(z, w)
		set := *word
		*word = 0
		*a.summaryWord(z, w) &^= 1 << (w % 64)
		count := uint64(bits.OnesCount64(set))
		z.free -= count
		a.free -= count
		a.use(z, w*64, min(64, z.count-w*64))
		first := (z.first + w*64) << Shift
		next := uint64(0)
		for set != 0 { // the lowest comes last, and is handed out first
			bit := 63 - uint64(bits.LeadingZeros64(set))
			set &^= 1 << bit
			at := first + bit<<Shift
			*(*uint64)(a.Pointer(at)) = next
			next = at
		}
		c.head = next | count
		return true
	}
	return false
}

// Cache frees count frames to the cache of the calling core, which has interrupts off; the lock need not be held.
// They are a list: the first word of each is the address of the next, of which the low bits do not count, and
// the last one's is not looked at. It reports false, and does nothing, if they do not belong there: then they are
// to be freed one by one.
func (a *Allocator) Cache(first, last, count uint64) bool {
	return a.here != nil && a.cacheOf(a.here(), first, last, count)
}

// cacheOf is Cache on the core c.
func (a *Allocator) cacheOf(c *Core, first, last, count uint64) bool {
	if !c.caches || count == 0 || count > MaxCached || c.cached()+count > MaxCached {
		return false
	}
	if a.nodes > 1 {
		for at, n := first, count; n > 0; n-- {
			if a.NodeOf(at) != c.Node {
				return false
			}
			at = *(*uint64)(a.Pointer(at)) &^ countMask
		}
	}
	for {
		head := atomic.LoadUint64(&c.head)
		*(*uint64)(a.Pointer(last)) = head &^ countMask
		step()
		if atomic.CompareAndSwapUint64(&c.head, head, first|(head&countMask+count)) {
			return true
		}
	}
}

// giveUpCaches frees what is in the caches of all cores; false if there is nothing.
func (a *Allocator) giveUpCaches() (gave bool) {
	for _, c := range a.cores[:a.coreCount] {
		head := atomic.SwapUint64(&c.head, 0)
		at := head &^ countMask
		for range head & countMask {
			next := *(*uint64)(a.Pointer(at)) &^ countMask
			if !a.FreeRun(at, 1) {
				a.twice = true
			}
			at, gave = next, true
		}
	}
	return gave
}

// cached is how many frames are in caches.
func (a *Allocator) cached() (n uint64) {
	for _, c := range a.cores[:a.coreCount] {
		n += c.cached()
	}
	return n
}

// Sound reports whether no frame was freed to a cache that was free: a bug of the caller's, which does not show
// before the cache is given up.
func (a *Allocator) Sound() bool { return !a.twice }
