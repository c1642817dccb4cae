//go:build ringo

package runtime

import (
	"internal/runtime/atomic"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// A spinLock is held with interrupts off, for a bounded number of instructions, by code that takes
// no page fault. Whoever waits longer than that should take raises the alarm (stuck.go).
type spinLock struct{ held uint32 }

//go:nosplit
func (l *spinLock) lock() (flags uint64) {
	flags = cpu.SaveAndDisable()
	for !atomic.Cas(&l.held, 0, 1) {
		limit := int64(thread.LockLimit)
		if l == &consoleLock {
			limit = consoleLimit
		}
		var p thread.Patience
		for atomic.Load(&l.held) != 0 {
			if p.Over(limit) {
				lockStuck(&l.held)
			}
			cpu.Pause()
		}
	}
	return flags
}

//go:nosplit
func (l *spinLock) unlock(flags uint64) {
	atomic.Store(&l.held, 0)
	cpu.Restore(flags)
}

// unlockOnly leaves interrupts off.
//
//go:nosplit
func (l *spinLock) unlockOnly() { atomic.Store(&l.held, 0) }
