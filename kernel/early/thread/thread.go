// Package thread runs threads on cores: each of the Go runtime's Ms is one. A core runs one thread
// at a time; a thread leaves it when it blocks, yields or exits, and when a timer interrupt finds
// that another one is due.
//
// Early code: nothing here allocates, needs a P or writes a pointer through a write barrier.
//
// Locking: every function that changes a Core or a Thread runs with interrupts off and holds the
// Core's lock; a Thread's is that of the core it belongs to. Only its holder makes a Thread belong to
// another core, whose lock it is from then on. A Running thread is its core's current one. The lock is
// held across a switch; the code that has just left the old thread's stack releases it, so that no
// other core can run a thread whose registers are not saved yet.
package thread

import (
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/offheap"
)

// State says what a thread is doing.
type State uint32

// A thread's life.
const (
	Running  State = iota // on a core
	Runnable              // in a core's run queue
	Blocked               // until Wake or its deadline
	Exited
)

// Registers is the state of an interrupted core as the trap entry saves it, lowest address first;
// the last five words are what the processor itself pushes (Intel SDM vol. 3, 6.14.2).
type Registers struct {
	R15, R14, R13, R12, R11, R10, R9, R8 uint64
	DI, SI, BP, BX, DX, CX, AX           uint64
	Vector, Error                        uint64
	IP, CS, Flags, SP, SS                uint64
}

// The layout that the assembly relies on; checked below.
const (
	offsetStackPointer = 8
	offsetThreadBase   = 16
	offsetPreempted    = 24
	offsetRegisters    = 32
	offsetVectorState  = 1024

	// VectorSpace is the room for XSAVE's area: x87, SSE, AVX and AVX-512 need 2,688 bytes.
	VectorSpace = 4096 - offsetVectorState
)

// A Thread fills one page: XSAVE wants its area aligned to 64 bytes.
type Thread struct {
	_ offheap.Mark
	_ uint64

	stackPointer uintptr   // of a thread that left its core by itself; BP and the return address are there
	threadBase   uintptr   // FS: where this thread's g is
	preempted    uint64    // 1: an interrupt saved registers and vectorState, and they count
	registers    Registers // of a preempted thread

	state    State
	timedOut bool
	// preemptWanted is 1 when RequestPreempt has not been answered yet.
	preemptWanted uint32
	core          *Core   // changed under the lock of the core that it was
	next          *Thread // in the run queue
	deadline      int64   // nanoseconds of Clock, 0 for none
	later         *Thread // in the core's list of sleepers

	waitKey  uintptr // the futex word that the thread sleeps on
	waitNext *Thread // in the futex bucket

	// Owner is the runtime's m. It is not followed here.
	Owner uintptr
	// ID is unique for the machine's life.
	ID uint64
	// NextFree links exited threads; it belongs to whoever owns their pages.
	NextFree *Thread
	// onExit is the address of a word that becomes 0 once an exited thread has left its stack. No
	// pointer: that would be written with a write barrier, and the thread has no P.
	onExit uintptr

	_           [offsetVectorState - 304]byte
	vectorState [VectorSpace]byte
}

// Compile-time checks of the layout: a wrong offset makes a negative constant.
const (
	_ = uint(offsetStackPointer-unsafe.Offsetof(Thread{}.stackPointer)) + uint(unsafe.Offsetof(Thread{}.stackPointer)-offsetStackPointer)
	_ = uint(offsetThreadBase-unsafe.Offsetof(Thread{}.threadBase)) + uint(unsafe.Offsetof(Thread{}.threadBase)-offsetThreadBase)
	_ = uint(offsetPreempted-unsafe.Offsetof(Thread{}.preempted)) + uint(unsafe.Offsetof(Thread{}.preempted)-offsetPreempted)
	_ = uint(offsetRegisters-unsafe.Offsetof(Thread{}.registers)) + uint(unsafe.Offsetof(Thread{}.registers)-offsetRegisters)
	_ = uint(offsetVectorState-unsafe.Offsetof(Thread{}.vectorState)) + uint(unsafe.Offsetof(Thread{}.vectorState)-offsetVectorState)
	_ = uint(4096-unsafe.Sizeof(Thread{})) + uint(unsafe.Sizeof(Thread{})-4096)
)

// Registers returns where a thread that is off its core will go on, or nil when it left the core by
// a call of its own (then its Go code is at a call, not at an arbitrary instruction). The caller
// holds off interrupts.
func (t *Thread) Registers() *Registers {
	if t.preempted == 0 {
		return nil
	}
	return &t.registers
}

// State returns what t is doing.
func (t *Thread) State() State { return t.state }

// ThreadBase returns t's FS base.
func (t *Thread) ThreadBase() uintptr { return t.threadBase }

// SetThreadBase records the FS base of the thread that the core already runs.
func (t *Thread) SetThreadBase(base uintptr) { t.threadBase = base }

// Prepare makes t, in a zeroed page, a thread that starts at entry on the stack that ends at
// stackTop, with threadBase as its FS base and interrupts off.
func (t *Thread) Prepare(c *Core, entry, stackTop, threadBase uintptr) {
	sp := stackTop&^15 - 8 // as after a call
	sp -= 8
	*(*uintptr)(unsafe.Pointer(sp)) = entry
	sp -= 8
	*(*uintptr)(unsafe.Pointer(sp)) = 0 // BP: the end of the chain of frames
	t.stackPointer = sp
	t.threadBase = threadBase
	t.core = c
	t.state = Blocked
}
