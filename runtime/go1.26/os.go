//go:build ringo

package runtime

// The rest of what the runtime asks of an operating system.

import (
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

func osinit() {
	numCPUStartup = getCPUCount()
	physPageSize = pageSize4K
	physHugePageSize = 0
	startAuxv()
	if disableMemoryProfiling {
		// schedinit says so too, but after the first allocations: with another rate than these had, the
		// next one would be taken for a sample, and its stack be walked.
		MemProfileRate = 0
	}
	// Not before: rt0_go tries out the storage where an interrupt handler looks for g.
	cpu.EnableInterrupts()
}

func getCPUCount() int32 { return int32(thread.Count()) }

func sysargs(argc int32, argv **byte) {}

func goenvs() { goenvs_unix() }

// readRandom fills r from the processor's generator, RDSEED where it has it, else RDRAND, and
// returns how much it filled: 0 without either.
//
//go:nosplit
func readRandom(r []byte) int {
	const tries = 64 // Intel SDM vol. 1, 7.3.17 asks for 10; seeds take longer
	_, b7, _, _ := cpu.ID(7, 0)
	_, _, c1, _ := cpu.ID(1, 0)
	seeds, numbers := b7&(1<<18) != 0, c1&(1<<30) != 0
	n := 0
	for n < len(r) {
		var v uint64
		ok := false
		for i := 0; i < tries && !ok && seeds; i++ {
			v, ok = cpu.Seed()
		}
		for i := 0; i < tries && !ok && numbers; i++ {
			v, ok = cpu.Random()
		}
		if !ok {
			return n
		}
		for i := 0; i < 8 && n < len(r); i++ {
			r[n] = byte(v)
			v >>= 8
			n++
		}
	}
	return n
}

func checkfds() {}

func secure() {}

//go:linkname isSecureMode
func isSecureMode() bool { return false }

//go:nosplit
func inVDSOPage(pc uintptr) bool { return false }

//go:linkname vgetrandom
func vgetrandom(p []byte, flags uint32) (ret int, supported bool) { return -1, false }

func vgetrandomDestroy(mp *m) {}
func vgetrandomInit()         {}

func defaultGOMAXPROCSInit()          {}
func defaultGOMAXPROCSUpdateGODEBUG() {}

// defaultGOMAXPROCS is the cores there are: no other process shares them, so there is no limit to
// look for.
func defaultGOMAXPROCS(ncpu int32) int32 {
	if ncpu > 0 {
		return ncpu
	}
	return getCPUCount()
}

//go:linkname syscall_runtimeClearenv syscall.runtimeClearenv
func syscall_runtimeClearenv(env map[string]int) {
	if _, ok := env["GODEBUG"]; ok {
		godebugEnv.Store(nil)
		godebugNotify(true)
	}
}

// The runtime's own use of files, through the same door as the program's.

const canCreateFile = true

func open(name *byte, mode, perm int32) int32 {
	const callOpen = 2
	r, _, errno := systemCall(callOpen, uintptr(unsafe.Pointer(name)), uintptr(mode), uintptr(perm), 0, 0, 0)
	if errno != 0 {
		return -1
	}
	return int32(r)
}

func create(name *byte, perm int32) int32 {
	const createWriteTruncate = 0x241
	return open(name, createWriteTruncate, perm)
}

func read(fd int32, p unsafe.Pointer, n int32) int32 {
	r, _, errno := systemCall(callRead, uintptr(fd), uintptr(p), uintptr(n), 0, 0, 0)
	if errno != 0 {
		return -int32(errno)
	}
	return int32(r)
}

func closefd(fd int32) int32 {
	const callClose = 3
	_, _, errno := systemCall(callClose, uintptr(fd), 0, 0, 0, 0, 0)
	return -int32(errno)
}

//go:linkname fcntl
func fcntl(fd, cmd, arg int32) (ret int32, errno int32) {
	r, _, e := systemCall(callFcntl, uintptr(fd), uintptr(cmd), uintptr(arg), 0, 0, 0)
	if e != 0 {
		return -1, int32(e)
	}
	return int32(r), 0
}

func pipe2(flags int32) (r, w int32, errno int32) {
	const callPipe2 = 293
	var fds [2]int32
	_, _, e := systemCall(callPipe2, uintptr(unsafe.Pointer(&fds)), uintptr(flags), 0, 0, 0, 0)
	return fds[0], fds[1], int32(e)
}

// isKernelGoroutine reports whether gp is one of the kernel's, which tracebacks show only with
// GOTRACEBACK=crash.
func isKernelGoroutine(gp *g) bool {
	_, _, crash := gotraceback()
	return !crash && startedByKernel(gp)
}

// dumpOnRequest answers QEMU's nmi, which interrupts all cores: every goroutine is printed, and the program
// ends as after SIGQUIT. The first core that runs something does it, or the boot core if none does.
func dumpOnRequest(r *thread.Registers, gp *g) {
	c := thread.This()
	if !c.Idle() {
		if dumping.CompareAndSwap(0, 1) {
			deliverFatal(r, gp, _SIGQUIT, 0, 0)
		}
		return
	}
	for id := range thread.Count() {
		if other := thread.Get(id); !other.Idle() || c.ID != 0 {
			return
		}
	}
	if !dumping.CompareAndSwap(0, 1) {
		return
	}
	print(signame(_SIGQUIT), "\n\n")
	tracebackothers(gp)
	print("\n")
	exit(2)
}

// dumping is 1 once a core has begun to follow dumpOnRequest.
var dumping atomic.Uint32
