package thread

import (
	"sync/atomic"

	"github.com/ringo-os/ringo/kernel/early/cpu"
)

var nextID atomic.Uint64

// UseXSAVE says that vector state is saved with XSAVE; otherwise the processor has only FXSAVE.
var UseXSAVE bool

// A spin is a spin lock. Its holder has interrupts off, so that an interrupt handler on the same
// core cannot wait for it for ever.
type spin struct{ held uint32 }

func (s *spin) acquire() {
	for !atomic.CompareAndSwapUint32(&s.held, 0, 1) {
		for atomic.LoadUint32(&s.held) != 0 {
			cpu.Pause()
		}
	}
}

func (s *spin) release() { atomic.StoreUint32(&s.held, 0) }
