package frame

// LargeFrames is how many frames make a 2 MiB page.
const LargeFrames = 512

// maxStored is how many large pages are kept in store, zeroed.
const maxStored = 8

// A store has large pages that are zero already, so that who needs one need not wait for that. Idle
// cores fill it, as far as there was demand. What is in it counts as free, and is given up when there
// is nothing else.
type store struct {
	pages  [maxStored]uint64
	count  uint64
	out    uint64 // taken by idle cores to be zeroed
	wanted uint64
}

// Plenty reports whether memory is not scarce: then a large page can be spent on what needs less.
func (a *Allocator) Plenty() bool { return a.Available() > a.total/4 }

// AllocateLarge returns the frames of a large page where memory is plentiful. zeroed says that they
// are zero; otherwise they hold what their last user left.
func (a *Allocator) AllocateLarge() (physical uint64, zeroed, ok bool) {
	s := &a.store
	if !a.Plenty() {
		return 0, false, false
	}
	if s.count > 0 {
		s.count--
		return s.pages[s.count], true, true
	}
	s.wanted = min(s.wanted+1, maxStored)
	physical, ok = a.AllocateRun(LargeFrames, LargeFrames)
	return physical, false, ok
}

// BeginZeroing returns a large page for an idle core to zero; it is given back with EndZeroing. There
// is none if there was no demand, or memory is scarce.
func (a *Allocator) BeginZeroing() (physical uint64, ok bool) {
	s := &a.store
	if s.count+s.out >= s.wanted || !a.Plenty() {
		return 0, false
	}
	if physical, ok = a.AllocateRun(LargeFrames, LargeFrames); ok {
		s.out++
	} else {
		s.wanted = s.count + s.out // there are no more: ask again when somebody asks for one
	}
	return physical, ok
}

// EndZeroing puts a large page into store that is zero now.
func (a *Allocator) EndZeroing(physical uint64) {
	s := &a.store
	s.out--
	s.pages[s.count] = physical
	s.count++
}

// StoreZeroed gives the frames of a large page back that are zero.
func (a *Allocator) StoreZeroed(physical uint64) bool {
	s := &a.store
	if s.count+s.out == maxStored {
		return a.FreeRun(physical, LargeFrames)
	}
	s.pages[s.count] = physical
	s.count++
	return true
}

// giveUp frees what is in store; false if there is nothing.
func (a *Allocator) giveUp() bool {
	s := &a.store
	if s.count == 0 {
		return false
	}
	for s.count > 0 {
		s.count--
		a.FreeRun(s.pages[s.count], LargeFrames)
	}
	s.wanted = 0
	return true
}
