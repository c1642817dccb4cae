package linux

import (
	"math/bits"
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// What a program asks of a scheduler is kept for each thread, and told to who asks. It changes nothing: goroutines go
// where Go's scheduler puts them, every thread has its turn, and there is no other process to be nicer than.

// Scheduling policies, and the flag that may come with them (Linux, include/uapi/linux/sched.h).
const (
	policyNormal   = 0
	policyFIFO     = 1
	policyRR       = 2
	policyBatch    = 3
	policyIdle     = 5
	policyDeadline = 6

	policyResetOnFork = 0x40000000
)

// A turn is what was asked for a thread.
type turn struct {
	nice        int
	policy      uint32
	resetOnFork bool
	priority    int // of real-time policies: 1 to 99; else 0
	ioprio      int
	cores       []uint64 // nil for all
}

var turns struct {
	mu  sync.Mutex
	all map[int]turn // by thread
}

// turnOf returns what was asked for the thread that an argument names, 0 for the one that calls.
func turnOf(argument uintptr) (id int, t turn, errno syscall.Errno) {
	id, errno = threadOf(argument)
	turns.mu.Lock()
	defer turns.mu.Unlock()
	return id, turns.all[id], errno
}

func threadOf(argument uintptr) (id int, errno syscall.Errno) {
	if id = int(int32(argument)); id == 0 {
		return machine.ThreadID(), 0
	}
	if !machine.HasThread(id) {
		return 0, syscall.ESRCH
	}
	return id, 0
}

// changeTurn changes what was asked for a thread, and forgets about those that have ended.
func changeTurn(id int, change func(t *turn)) {
	turns.mu.Lock()
	defer turns.mu.Unlock()
	t, there := turns.all[id]
	change(&t)
	if !there {
		for other := range turns.all {
			if !machine.HasThread(other) {
				delete(turns.all, other)
			}
		}
		if turns.all == nil {
			turns.all = make(map[int]turn)
		}
	}
	turns.all[id] = t
}

// mostCores bounds the sets of cores that programs pass: the rest of a longer one is not looked at.
const mostCores = 1024

// sysSchedGetaffinity returns the set of cores, as many bytes of it as there are.
func sysSchedGetaffinity(a *call.Arguments) (uintptr, syscall.Errno) {
	const word = bits.UintSize / 8
	cores := statistics().Cores
	size := (cores + bits.UintSize - 1) / bits.UintSize * word
	if a.Value[1] < uintptr(size) || a.Value[1]%word != 0 {
		return 0, syscall.EINVAL
	}
	_, t, errno := turnOf(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	m, errno := Borrow(Argument(a, 2), uintptr(size), Out)
	if errno != 0 {
		return 0, errno
	}
	clear(m.Bytes)
	for i := range cores {
		if t.cores == nil || t.cores[i/bits.UintSize]>>(i%bits.UintSize)&1 != 0 {
			m.Bytes[i/8] |= 1 << (i % 8)
		}
	}
	return uintptr(size), m.Return(Argument(a, 2), size)
}

func sysSchedSetaffinity(a *call.Arguments) (uintptr, syscall.Errno) {
	size := min(a.Value[1]&0xffffffff, mostCores/8)
	m, errno := Borrow(Argument(a, 2), size, In)
	if errno != 0 {
		return 0, errno
	}
	set, some := make([]uint64, mostCores/bits.UintSize), false
	for i := range min(statistics().Cores, int(size)*8) {
		if m.Bytes[i/8]>>(i%8)&1 != 0 {
			set[i/bits.UintSize] |= 1 << (i % bits.UintSize)
			some = true
		}
	}
	m.Return(Argument(a, 2), 0)
	id, errno := threadOf(a.Value[0])
	switch {
	case errno != 0:
		return 0, errno
	case !some:
		return 0, syscall.EINVAL
	}
	changeTurn(id, func(t *turn) { t.cores = set })
	return 0, 0
}

// Whom a call of getpriority's kind is about.
const (
	aboutThread = iota
	aboutGroup
	aboutUser
)

// about returns the thread that which and who mean: of a group and of a user it is the first, as there is one process.
func about(which, who uintptr) (id int, errno syscall.Errno) {
	switch which {
	case aboutThread:
		return threadOf(who)
	case aboutGroup:
		if int32(who) != 0 && int32(who) != processID {
			return 0, syscall.ESRCH
		}
	case aboutUser:
		credentials.mu.Lock()
		defer credentials.mu.Unlock()
		if uint32(who) != 0 && uint32(who) != credentials.user.real {
			return 0, syscall.ESRCH
		}
	default:
		return 0, syscall.EINVAL
	}
	return processID, 0
}

func sysGetpriority(a *call.Arguments) (uintptr, syscall.Errno) {
	id, errno := about(a.Value[0], a.Value[1])
	if errno != 0 {
		return 0, errno
	}
	_, t, _ := turnOf(uintptr(id))
	return uintptr(20 - t.nice), 0
}

func sysSetpriority(a *call.Arguments) (uintptr, syscall.Errno) {
	id, errno := about(a.Value[0], a.Value[1])
	if errno != 0 {
		return 0, errno
	}
	_, t, _ := turnOf(uintptr(id))
	nice := min(max(int(int32(a.Value[2])), -20), 19)
	if nice < t.nice && !isPrivileged() {
		return 0, syscall.EACCES
	}
	changeTurn(id, func(t *turn) { t.nice = nice })
	return 0, 0
}

// isPrivileged is privileged for who does not hold credentials.mu.
func isPrivileged() bool {
	credentials.mu.Lock()
	defer credentials.mu.Unlock()
	return privileged()
}

// Classes of ioprio_set, which are in the bits from 13 on (Linux, include/uapi/linux/ioprio.h).
const (
	ioprioShift = 13

	ioprioNone     = 0
	ioprioRealtime = 1
	ioprioIdle     = 3
)

func sysIoprioSet(a *call.Arguments) (uintptr, syscall.Errno) {
	value := int(int32(a.Value[2]))
	switch class, level := value>>ioprioShift&7, value&7; {
	case class > ioprioIdle, class == ioprioNone && level != 0:
		return 0, syscall.EINVAL
	case class == ioprioRealtime && !isPrivileged():
		return 0, syscall.EPERM
	}
	id, errno := aboutIO(a)
	if errno != 0 {
		return 0, errno
	}
	changeTurn(id, func(t *turn) { t.ioprio = value & 0xffff })
	return 0, 0
}

func sysIoprioGet(a *call.Arguments) (uintptr, syscall.Errno) {
	id, errno := aboutIO(a)
	if errno != 0 {
		return 0, errno
	}
	_, t, _ := turnOf(uintptr(id))
	return uintptr(t.ioprio), 0
}

// aboutIO is about for the first two arguments of ioprio_set and ioprio_get, which count from 1.
func aboutIO(a *call.Arguments) (id int, errno syscall.Errno) {
	return about(a.Value[0]&0xffffffff-1, a.Value[1])
}
