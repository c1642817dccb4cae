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
		for atomic.LoadUint32(&s.held) != 0 {
			pause()
		}
	}
	step()
}

func (s *spin) release() { atomic.StoreUint32(&s.held, 0) }
