package thread

import "sync/atomic"

var nextID atomic.Uint64

// UseXSAVE says that vector state is saved with XSAVE; otherwise the processor has only FXSAVE.
var UseXSAVE bool

// A spin is a spin lock. Its holder has interrupts off, so that an interrupt handler on the same
// core cannot wait for it for ever.
type spin struct{ held uint32 }

func (s *spin) acquire() {
	step()
	for !atomic.CompareAndSwapUint32(&s.held, 0, 1) {
		var p Patience
		for atomic.LoadUint32(&s.held) != 0 {
			if p.Over(LockLimit) {
				Held(&s.held)
			}
			pause()
		}
	}
	step()
}

func (s *spin) release() { atomic.StoreUint32(&s.held, 0) }

// LockLimit is how long a spin lock may be held, in nanoseconds. Held is told of one that seems to be held
// longer, and returns if it turns out not to be. Interrupts are off.
const LockLimit = 1_000_000_000

var Held func(lock *uint32)

// Patience measures how long somebody waits for a spin lock. It begins anew when the lock is seen free.
type Patience struct {
	turns uint32
	since int64
}

// Over is called in each turn of the wait, and reports whether it has lasted longer than limit, in
// nanoseconds. Then the wait begins anew.
//
//go:nosplit
func (p *Patience) Over(limit int64) bool {
	if p.turns++; p.turns%4096 != 0 {
		return false
	}
	now := Clock()
	if p.since == 0 {
		p.since = now
	}
	if now-p.since <= limit {
		return false
	}
	p.since = now
	return true
}
