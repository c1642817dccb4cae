//go:build ringo

package runtime

// The end of a machine that cannot go on: a core takes no interrupts any more, or a lock of the
// kernel's is not released. Nothing but a non-maskable interrupt reaches such a core.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// A suspicion is why a core believes that the machine is stuck.
type suspicion struct {
	core *thread.Core // does not answer, or
	lock uintptr      // the word of a lock that is not released
	// flushing says that the core was asked to drop translations, deaf that it was sent a second
	// non-maskable interrupt from outside before it had taken another one to follow the first.
	flushing, deaf bool
}

const (
	// consoleLimit takes thread.LockLimit's place for the console: who holds its lock waits for a device
	// that is slow, or for whoever reads at its other end.
	consoleLimit = 30_000_000_000

	// A suspicion is confirmed when every core has been reached rounds times, roundLength
	// apart, and still nothing has changed: a hypervisor may leave a core without a processor for
	// seconds, and then it is not the core's fault. One that cannot be reached for unreachable is lost.
	rounds      = 4
	roundLength = 100_000_000
	unreachable = 10_000_000_000
)

// stuckEntry raises vectorStuck on this core, which has a stack of its own for what follows; it
// returns if all is well after all.
func stuckEntry()

// stuck ends the machine if s is confirmed. Interrupts are off.
//
//go:nosplit
func stuck(s suspicion) {
	thisCore().suspicion = s
	stuckEntry()
}

//go:nosplit
func lockStuck(held *uint32) { stuck(suspicion{lock: uintptr(unsafe.Pointer(held))}) }

func flushStuck(c *thread.Core) { stuck(suspicion{core: c, flushing: true}) }

func coreSilent(c *thread.Core) { stuck(suspicion{core: c}) }

// confirm is the handler of vectorStuck, which a core raises itself.
func confirm(r *thread.Registers, gp *g) {
	c := thisCore()
	s := c.suspicion
	c.noteState(r, gp)
	atomic.Store(&c.confirming, 1)
	if c.holds(&s) {
		atomic.Store(&c.stopped, 1)
		reportStuck(s, gp)
	}
	atomic.Store(&c.confirming, 0)
}

// holds reports whether s is still so after all rounds.
func (c *core) holds(s *suspicion) bool {
	for range rounds {
		for id := range thread.Count() {
			o := coreOf(thread.Get(id))
			if o == c {
				continue // all others: the suspect may wait for one that the host has left without a processor
			}
			seen := atomic.Load(&o.probes)
			if atomic.Cas(&o.probed, 0, 1) { // else another core's probe is on its way: one for each mark
				localAPIC.SendNMI(o.scheduler.APIC)
			}
			for end := nanotime1() + unreachable; atomic.Load(&o.probes) == seen && nanotime1() < end; {
				c.scheduler.Flush() // others may wait for this core meanwhile
				cpu.Pause()
			}
			if s.core != nil {
				s.core.Ask(nanotime1()) // should the first one have been lost
			}
		}
		for end := nanotime1() + roundLength; nanotime1() < end; {
			if s.unfounded() {
				return false
			}
			c.scheduler.Flush()
			cpu.Pause()
		}
	}
	return true
}

// unfounded reports whether what was suspected has come to pass after all.
func (s *suspicion) unfounded() bool {
	switch {
	case s.lock != 0:
		return atomic.Load((*uint32)(unsafe.Pointer(s.lock))) == 0
	case atomic.Load(&consoleLock.held) != 0:
		return true // the core may wait for the console; who holds that is watched, too
	case s.flushing:
		return s.core.Flushed()
	}
	// A core that confirms a suspicion of its own takes no interrupts meanwhile. Where a hypervisor has let all
	// stand still, each may suspect the next.
	return !s.core.Asked() || atomic.Load(&coreOf(s.core).confirming) != 0
}

// reportStuck tells what there is to know, and ends the machine.
func reportStuck(s suspicion, gp *g) {
	stopOthers()
	print("\nringo: the kernel failed: ")
	switch {
	case s.lock == uintptr(unsafe.Pointer(&consoleLock.held)):
		print("the console's lock has been held for ", consoleLimit/1_000_000_000, " seconds")
	case s.lock != 0:
		print("a lock of the kernel's (", hex(s.lock), ") has been held for a second")
	case s.deaf:
		print("core ", s.core.ID, " takes no interrupts")
	case s.flushing:
		print("core ", s.core.ID, " has not dropped its translations for ", flushLimit/1_000_000_000, " seconds")
	default:
		print("core ", s.core.ID, " has taken no interrupts for ", thread.Silence/1_000_000_000, " seconds")
	}
	print(". This is a bug in Ringo; please report it with what follows.\n")
	for id := range thread.Count() {
		coreOf(thread.Get(id)).printState()
	}
	if curg := getg().m.curg; curg != nil {
		gp = curg // it has been shown
	}
	tracebackothers(gp)
	powerOff(exitStuck)
}

// printState tells where the core is.
func (c *core) printState() {
	t := c.scheduler.Current()
	print("\ncore ", c.scheduler.ID, ": ")
	if c.scheduler.Idle() {
		print("idle")
	} else {
		print("thread ", t.ID)
	}
	if atomic.Load(&c.stopped) == 0 {
		print(", does not even answer a non-maskable interrupt\n")
		return
	}
	r, gp := &c.stoppedAt, c.stoppedG
	if gp.m != nil && gp.m != &c.idleM {
		print(", m ", gp.m.id, ", goroutine ", gp.goid)
	}
	if r.Flags&flagInterrupts == 0 {
		print(", interrupts off")
	}
	print("\n")
	dumpRegisters(r)
	mp := gp.m
	if mp == nil {
		return
	}
	if gp != mp.curg {
		printStack(r)
	}
	if mp.curg == nil {
		return
	}
	print("\n")
	goroutineheader(mp.curg)
	if handler := &c.handlers[stackInterrupt-1]; gp == handler {
		// What it interrupted is where trapEntry has put it, at the top of the stack.
		r = (*thread.Registers)(unsafe.Pointer(handler.stack.hi - unsafe.Sizeof(thread.Registers{})))
		gp = mp.curg
	}
	switch sp := uintptr(r.SP); {
	case gp == mp.curg && sp >= gp.stack.lo && sp < gp.stack.hi:
		tracebacktrap(uintptr(r.IP), sp, 0, gp)
	case gp == mp.g0:
		traceback(^uintptr(0), ^uintptr(0), 0, mp.curg)
	}
}

// noteState keeps what printState tells.
func (c *core) noteState(r *thread.Registers, gp *g) {
	c.stoppedAt = *r
	setGNoWB(&c.stoppedG, gp)
}

// ending is the number of the core that ends the machine, plus one; 0 while it goes on. Any other core
// that gets a non-maskable interrupt then notes where it is, and stops.
var ending atomic.Uint32

// stopOthers stops all other cores, so that they do not print between the lines of what the kernel has to
// say last, and takes away from them what is needed for that. If another core has been faster, this one
// is what stops.
func stopOthers() {
	self := thread.This()
	if !ending.CompareAndSwap(0, self.ID+1) {
		if ending.Load() != self.ID+1 {
			cpu.Stop()
		}
		return
	}
	for id := range thread.Count() {
		if o := thread.Get(id); o != self {
			localAPIC.SendNMI(o.APIC)
		}
	}
	for end := nanotime1() + stopLimit; !othersStopped() && nanotime1() < end; {
		cpu.Pause()
	}
	atomic.Store(&consoleLock.held, 0)
	debuglock = mutex{}
}

// stopLimit is how long the last words wait for the other cores to stop.
const stopLimit = 1_000_000_000

func othersStopped() bool {
	for id := range thread.Count() {
		if o := coreOf(thread.Get(id)); o != thisCore() && atomic.Load(&o.stopped) == 0 {
			return false
		}
	}
	return true
}

// nonMaskable is the handler of non-maskable interrupts, whatever they interrupt.
//
//go:nowritebarrierrec
func nonMaskable(r *thread.Registers, gp *g) {
	c := thisCore()
	switch last := ending.Load(); {
	case last != 0 && last != c.scheduler.ID+1:
		if atomic.Load(&c.confirming) == 0 {
			c.noteState(r, gp) // else what it was doing before it became suspicious itself is noted
		}
		atomic.Store(&c.stopped, 1)
		cpu.Stop()
	case atomic.Cas(&c.probed, 1, 0):
		atomic.Xadd(&c.probes, 1)
	case last == 0 && atomic.Load(&c.dumpWanted) != 0 && r.Flags&flagInterrupts == 0 && dumping.Load() == 0 && panicking.Load() == 0:
		// A second one, and the first has not been followed. A machine with one core has nobody else to notice.
		c.noteState(r, gp)
		atomic.Store(&c.stopped, 1)
		reportStuck(suspicion{core: &c.scheduler, deaf: true}, gp)
	case last == 0:
		// QEMU's nmi. What it interrupts may hold anything, so the answer comes with the next interrupt.
		atomic.Store(&c.dumpWanted, 1)
		localAPIC.SendSelf(vectorKick)
	}
}
