package frame

import "sync/atomic"

// LargeFrames is how many frames make a 2 MiB page.
const LargeFrames = 512

// maxStored is how many large pages of a node are kept in store, zeroed.
const maxStored = 8

// A store has large pages that are zero already, so that who needs one need not wait for that. Idle
// cores fill it, as far as there was demand. What is in it counts as free, and is given up when there
// is nothing else.
type store struct {
	pages  [maxStored]uint64
	count  uint64 // no more than maxStored with out
	out    uint64 // taken by idle cores to be zeroed
	wanted uint64
}

// Plenty reports whether memory is not scarce: then a large page can be spent on what needs less.
func (a *Allocator) Plenty() bool { return a.free+a.stored*LargeFrames > a.emergency+a.total/4 }

// AllocateLarge returns the frames of a large page where memory is plentiful. zeroed says that they
// are zero; otherwise they hold what their last user left.
func (a *Allocator) AllocateLarge() (physical uint64, zeroed, ok bool) {
	if !a.Plenty() {
		return 0, false, false
	}
	node := a.node()
	if physical, ok = a.fromStore(node); ok {
		return physical, true, true
	}
	s := &a.stores[node]
	s.wanted = min(s.wanted+1, maxStored)
	if a.nodes > 1 {
		// A page that is near is worth more than one that is zero.
		if physical, ok = a.lowestRun(LargeFrames, LargeFrames, maxPhysical, node, false); ok {
			return physical, false, true
		}
		for n := range a.zoneCount {
			if physical, ok = a.fromStore(a.zones[a.order[node][n]].node); ok {
				return physical, true, true
			}
		}
	}
	physical, ok = a.AllocateRun(LargeFrames, LargeFrames)
	return physical, false, ok
}

func (a *Allocator) fromStore(node uint8) (physical uint64, ok bool) {
	s := &a.stores[node]
	if s.count == 0 {
		return 0, false
	}
	s.count--
	a.stored--
	return s.pages[s.count], true
}

// storeOf is the store that a large page belongs into.
func (a *Allocator) storeOf(physical uint64) *store { return &a.stores[a.NodeOf(physical)] }

func (a *Allocator) toStore(s *store, physical uint64) {
	s.pages[s.count] = physical
	s.count++
	a.stored++
}

// BeginZeroing returns a large page for an idle core to zero; it is given back with EndZeroing. There
// is none if there was no demand, or memory is scarce. What cores of its own node want comes first.
func (a *Allocator) BeginZeroing() (physical uint64, ok bool) {
	if !a.Plenty() {
		return 0, false
	}
	order := a.nearest()
	for n := range a.zoneCount {
		node := a.zones[order[n]].node
		s := &a.stores[node]
		if s.count+s.out >= s.wanted {
			continue
		}
		if physical, ok = a.lowestRun(LargeFrames, LargeFrames, maxPhysical, node, false); ok {
			s.out++
			a.out++
			return physical, true
		}
		s.wanted = s.count + s.out // there are no more: ask again when somebody asks for one
	}
	return 0, false
}

// EndZeroing puts a large page into store that is zero now.
func (a *Allocator) EndZeroing(physical uint64) {
	s := a.storeOf(physical)
	s.out--
	a.out--
	a.toStore(s, physical)
}

// SuspendZeroing keeps a page from BeginZeroing with its core, until that has time for it again: then ResumeZeroing returns
// it, 0 if there is none, or it was given up meanwhile. The lock need not be held: who exchanges the page for 0 has it.
func (c *Core) SuspendZeroing(physical uint64) { atomic.StoreUint64(&c.zeroing, physical) }

// ResumeZeroing: see SuspendZeroing.
func (c *Core) ResumeZeroing() (physical uint64) { return atomic.SwapUint64(&c.zeroing, 0) }

// giveUpZeroing frees the pages that cores have begun to zero and have no time for; false if there is none.
func (a *Allocator) giveUpZeroing() (gave bool) {
	for _, c := range a.cores[:a.coreCount] {
		if physical := c.ResumeZeroing(); physical != 0 {
			a.storeOf(physical).out--
			a.out--
			a.FreeRun(physical, LargeFrames)
			gave = true
		}
	}
	return gave
}

// StoreZeroed gives the frames of a large page back that are zero.
func (a *Allocator) StoreZeroed(physical uint64) bool {
	s := a.storeOf(physical)
	if s.count+s.out == maxStored {
		return a.FreeRun(physical, LargeFrames)
	}
	a.toStore(s, physical)
	return true
}

// giveUp frees what is in store, on its way there and in caches; false if there is nothing.
func (a *Allocator) giveUp() bool {
	gave := a.giveUpCaches()
	gave = a.giveUpZeroing() || gave
	if a.stored == 0 {
		return gave
	}
	for i := range a.stores {
		s := &a.stores[i]
		for s.count > 0 {
			physical, _ := a.fromStore(uint8(i))
			a.FreeRun(physical, LargeFrames)
		}
		s.wanted = 0
	}
	return true
}
