//go:build ringo

package runtime

// Exceptions: demand-filled pages, Go panics, and the end.

import (
	"internal/abi"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// Exceptions (Intel SDM vol. 3, table 6-1).
const (
	exceptionDivide     = 0
	exceptionDebug      = 1
	exceptionNMI        = 2
	exceptionBreakpoint = 3
	exceptionOpcode     = 6
	exceptionDouble     = 8
	exceptionStack      = 12
	exceptionProtection = 13
	exceptionPage       = 14
	exceptionFloat      = 16
	exceptionAlignment  = 17
	exceptionMachine    = 18
	exceptionSIMD       = 19
)

// The stacks that the processor switches to, by IST number. Each vector class has one of its own,
// since entering a vector again on the same stack would overwrite what is there.
const (
	stackInterrupt = 1 + iota
	stackException
	stackNMI
	stackDoubleFault
	stackMachineCheck
	stackCount = stackMachineCheck

	// trapStackSize holds the registers, the vector state and the handler; the lowest page of each
	// is a guard page.
	trapStackSize = 16 << 10
	trapStackRoom = trapStackSize + 4096 // so that there is a whole page to unmap
)

type trapStack [trapStackRoom]byte

// A pseudoDescriptor is what LGDT and LIDT read (Intel SDM vol. 3, 3.5.1), at offset 6 so that the
// address is aligned.
type pseudoDescriptor struct {
	_     [3]uint16
	limit uint16
	base  uintptr
}

// A taskState is the 64-bit TSS (Intel SDM vol. 3, 8.7), in 32-bit words.
type taskState [26]uint32

var (
	idt    [vectorCount][2]uint64
	idtPtr pseudoDescriptor
)

func trapStubs()
func loadSegments(gdt, idt unsafe.Pointer, task uint16)

// startTraps makes the boot core's descriptor tables. From here on an exception is reported.
func startTraps() {
	for i := range idt {
		stack := uint64(stackInterrupt)
		switch {
		case i == exceptionNMI:
			stack = stackNMI
		case i == exceptionDouble:
			stack = stackDoubleFault
		case i == exceptionMachine:
			stack = stackMachineCheck
		case i < 32:
			stack = stackException
		case i == vectorStuck:
			stack = stackMachineCheck // both are about the end, and may come on any other
		}
		// An interrupt gate (Intel SDM vol. 3, 6.14.1): interrupts go off on entry.
		at := uint64(abi.FuncPCABI0(trapStubs)) + uint64(i)*16
		idt[i][0] = at&0xFFFF | 0x08<<16 | stack<<32 | 0x8E<<40 | at>>16&0xFFFF<<48
		idt[i][1] = at >> 32
	}
	idtPtr.limit = uint16(unsafe.Sizeof(idt) - 1)
	idtPtr.base = uintptr(unsafe.Pointer(&idt))
	bootCore.startTraps()
}

// startTraps loads the calling core's tables and makes it findable.
func (c *core) startTraps() {
	for i := range c.stacks {
		low := uintptr(unsafe.Pointer(&c.stacks[i]))
		top := (low + trapStackRoom) &^ 63
		// The top words: the handler's g, found by trapEntry.
		top -= 64
		h := &c.handlers[i]
		*(*uintptr)(unsafe.Pointer(top)) = uintptr(unsafe.Pointer(h))
		h.stack.lo = (low+4095)&^4095 + 4096
		h.stack.hi = top
		h.stackguard0 = h.stack.lo + stackGuard
		h.stackguard1 = h.stackguard0
		setMNoWB(&h.m, &c.idleM)
		c.setStack(uintptr(i+1), top)
	}
	c.scheduler.SetBase()
	c.task[25] = uint32(unsafe.Sizeof(c.task)) << 16 // no I/O permission map
	c.gdt[1] = 0x00AF9A000000FFFF
	c.gdt[2] = 0x00CF92000000FFFF
	at := uint64(uintptr(unsafe.Pointer(&c.task)))
	c.gdt[3] = uint64(unsafe.Sizeof(c.task)-1) | at&0xFFFFFF<<16 | 0x89<<40 | at>>24&0xFF<<56
	c.gdt[4] = at >> 32
	c.gdtPointer.limit = uint16(unsafe.Sizeof(c.gdt) - 1)
	c.gdtPointer.base = uintptr(unsafe.Pointer(&c.gdt))
	loadSegments(unsafe.Pointer(&c.gdtPointer.limit), unsafe.Pointer(&idtPtr.limit), 0x18)
}

// setStack says where an IST stack ends. IST1 is at byte 36 of the TSS.
func (c *core) setStack(number, top uintptr) {
	c.task[7+2*number] = uint32(top)
	c.task[8+2*number] = uint32(top >> 32)
}

// trap is called by trapEntry with interrupts off, on one of the core's own stacks, as that stack's
// handler g. It returns the thread to go on with, nil for the interrupted one.
//
//go:nowritebarrierrec
func trap(r *thread.Registers, vectors unsafe.Pointer, gp *g) *thread.Thread {
	// Locks and caches count per m, and the runtime knows handlers by gsignal.
	self := getg()
	mp := gp.m
	setMNoWB(&self.m, mp)
	gsignal := mp.gsignal
	setGNoWB(&mp.gsignal, self)
	interrupted := mp.interrupted
	setGNoWB(&mp.interrupted, gp)
	var next *thread.Thread
	switch {
	case r.Vector >= 32:
		next = interrupt(r, vectors, gp)
	case r.Vector == exceptionNMI:
		nonMaskable(r, gp)
	default:
		c := thisCore()
		c.nesting++
		if c.nesting > 1 {
			kernelPanic(r, gp)
		}
		exception(r, gp)
		c.nesting--
	}
	setGNoWB(&mp.interrupted, interrupted)
	setGNoWB(&mp.gsignal, gsignal)
	return next
}

// exception handles the processor's own. When it returns, r is where to go on.
//
//go:nowritebarrierrec
func exception(r *thread.Registers, gp *g) {
	var sig uint32
	var code, address uintptr
	switch r.Vector {
	case exceptionPage:
		address = uintptr(cpu.ReadCR2())
		if demanded, filled := fillPage(address, r.Error); demanded {
			if !filled {
				deliverOutOfMemory(r, gp)
			}
			return
		}
		sig, code = _SIGSEGV, _SEGV_MAPERR
		if r.Error&1 != 0 {
			code = _SEGV_ACCERR
		}
		if r.Flags&flagInterrupts != 0 && address < programEnd {
			var resolved bool
			if resolved, sig, code = programFault(address, r.Error); resolved {
				return
			}
		}
	case exceptionProtection, exceptionStack:
		// An address that is not canonical: Linux does not know which, either.
		sig, code = _SIGSEGV, _SI_KERNEL
	case exceptionDivide:
		sig, code, address = _SIGFPE, _FPE_INTDIV, uintptr(r.IP)
	case exceptionFloat, exceptionSIMD:
		sig, code, address = _SIGFPE, _FPE_FLTINV, uintptr(r.IP)
	case exceptionOpcode:
		sig, code, address = _SIGILL, _ILL_ILLOPN, uintptr(r.IP)
	case exceptionBreakpoint:
		sig, code = _SIGTRAP, _SI_KERNEL
	case exceptionAlignment:
		sig, code = _SIGBUS, _BUS_ADRALN
	default:
		kernelPanic(r, gp)
	}
	mp := gp.m
	if mp == nil || mp.curg == nil && gp == mp.g0 && !mainStarted || r.Flags&flagInterrupts == 0 {
		// Before there is a program, or in a part of the kernel that locks: the ordinary way out,
		// which prints goroutines, could wait for what is held.
		kernelPanic(r, gp)
	}
	pc := uintptr(r.IP)
	if sigtable[sig].flags&_SigPanic != 0 && !gp.throwsplit && gp == mp.curg && !isAbortPC(pc) {
		gp.sig = sig
		gp.sigcode0 = code
		gp.sigcode1 = address
		gp.sigpc = pc
		injectPanic(r, gp)
		return
	}
	deliverFatal(r, gp, sig, code, address)
}

// A fault is an exception that ends the program, as its m keeps it until the end.
type fault struct {
	registers     thread.Registers
	gp            *g
	sig           uint32
	code, address uintptr
}

func faultEntry()

// deliverFatal makes the interrupted thread go on in fatalTrap, on its m's signal stack, as Linux
// would: there it may wait for others, which the handler must not. Without an m that could, in a
// second fault, or where the kernel has locked something, it is the kernel's end.
func deliverFatal(r *thread.Registers, gp *g, sig uint32, code, address uintptr) {
	mp := gp.m
	if mp == nil || mp.ownSignal == nil || gp == mp.ownSignal || r.Flags&flagInterrupts == 0 {
		kernelPanic(r, gp)
	}
	divert(r, gp, sig, code, address)
}

// divert makes the interrupted thread go on in faulted, on its m's signal stack.
func divert(r *thread.Registers, gp *g, sig uint32, code, address uintptr) {
	f := &gp.m.fault
	f.registers = *r
	setGNoWB(&f.gp, gp)
	f.sig, f.code, f.address = sig, code, address
	r.IP = uint64(abi.FuncPCABI0(faultEntry))
	r.SP = uint64(gp.m.ownSignal.stack.hi)
}

// noMemory takes the place of a signal's number in a fault: there is no memory for a page that was touched.
const noMemory = 0

// deliverOutOfMemory ends the program for want of memory where it has touched a page that is filled on demand.
func deliverOutOfMemory(r *thread.Registers, gp *g) {
	mp := gp.m
	if mp == nil || mp.ownSignal == nil || gp == mp.ownSignal || r.Flags&flagInterrupts == 0 {
		outOfMemory(pageSize4K)
	}
	divert(r, gp, noMemory, 0, 0)
}

// faulted is called by faultEntry, on the signal stack.
func faulted() {
	f := &getg().m.fault
	if f.sig == noMemory {
		// The dump of all goroutines shows this one where it was interrupted.
		f.gp.sched.pc, f.gp.sched.sp, f.gp.sched.bp = uintptr(f.registers.IP), uintptr(f.registers.SP), uintptr(f.registers.BP)
		outOfMemory(pageSize4K)
	}
	fatalTrap(&f.registers, f.gp, f.sig, f.code, f.address)
}

// flagInterrupts is IF. Go code that is not the kernel's runs with it set.
const flagInterrupts = 1 << 9

// injectPanic makes it look as if the instruction that raised the exception had called sigpanic.
func injectPanic(r *thread.Registers, gp *g) {
	pc := uintptr(r.IP)
	sp := uintptr(r.SP)
	target := abi.FuncPCABI0(sigpanic0)
	if shouldPushSigpanic(gp, pc, *(*uintptr)(unsafe.Pointer(sp))) {
		injectCall(r, target, pc)
	} else {
		// A call of a bad function pointer: the return address is on the stack already.
		r.IP = uint64(target)
	}
}

// injectCall makes it look as if target had been called at resume.
func injectCall(r *thread.Registers, target, resume uintptr) {
	r.SP -= 8
	*(*uintptr)(unsafe.Pointer(uintptr(r.SP))) = resume
	r.IP = uint64(target)
}

// fatalTrap prints what the Go runtime prints for a signal that cannot become a panic, and exits.
func fatalTrap(r *thread.Registers, gp *g, sig uint32, code, address uintptr) {
	mp := gp.m
	pc, sp := uintptr(r.IP), uintptr(r.SP)
	mp.throwing = throwTypeRuntime
	mp.caughtsig.set(gp)
	if crashing.Load() == 0 {
		startpanic_m()
	}
	print(sigtable[sig].name, "\nPC=", hex(pc), " m=", mp.id, " sigcode=", code)
	if sig == _SIGSEGV || sig == _SIGBUS {
		print(" addr=", hex(address))
	}
	print("\n")
	if sig == _SIGILL || sig == _SIGFPE {
		n := min(16, physPageSize-pc%physPageSize)
		print("instruction bytes:")
		for i := uintptr(0); i < n; i++ {
			print(" ", hex(*(*byte)(unsafe.Pointer(pc + i))))
		}
		println()
	}
	print("\n")
	if level, _, _ := gotraceback(); level > 0 {
		goroutineheader(gp)
		tracebacktrap(pc, sp, 0, gp)
		tracebackothers(gp)
		print("\n")
		dumpRegisters(r)
	}
	printDebugLog()
	exit(2)
}

// kernelPanic ends the machine over an exception that no program can have caused.
func kernelPanic(r *thread.Registers, gp *g) {
	c := thisCore()
	c.nesting++
	stopOthers()
	if c.nesting > 3 {
		// Printing fails as well.
		powerOff(exitKernelPanic)
	}
	print("\nringo: the kernel failed: ", exceptionNames[r.Vector&31], " (error ", hex(r.Error), ", address ",
		hex(cpu.ReadCR2()), "). This is a bug in Ringo; please report it with what follows.\n")
	dumpRegisters(r)
	print("core ", c.scheduler.ID)
	if gp != nil && gp.m != nil {
		print(", goroutine ", gp.goid, ", m ", gp.m.id)
	}
	print("\n")
	if c.nesting <= 2 {
		printStack(r)
	}
	powerOff(exitKernelPanic)
}

// printStack prints the functions that the words on the interrupted stack point into: the real
// callers and, where the stack was used before, some that have returned.
func printStack(r *thread.Registers) {
	print("at:\n")
	printLocation(uintptr(r.IP))
	print("called from (some may have returned):\n")
	sp := uintptr(r.SP) &^ 7
	for i, found := 0, 0; i < 512 && found < 24; i++ {
		at := sp + uintptr(i)*8
		if _, _, _, ok := kernelTables.Lookup(uint64(at)); !ok {
			return
		}
		pc := *(*uintptr)(unsafe.Pointer(at))
		if findfunc(pc).valid() {
			printLocation(pc - 1)
			found++
		}
	}
}

func printLocation(pc uintptr) {
	f := findfunc(pc)
	if !f.valid() {
		print("\t", hex(pc), "\n")
		return
	}
	file, line := funcline1(f, pc, false) // what looks like an address of code may be none
	print("\t", funcname(f), "\n\t\t", file, ":", line, " +", hex(pc-f.entry()), "\n")
}

func dumpRegisters(r *thread.Registers) {
	print("rax    ", hex(r.AX), "\nrbx    ", hex(r.BX), "\nrcx    ", hex(r.CX), "\nrdx    ", hex(r.DX),
		"\nrdi    ", hex(r.DI), "\nrsi    ", hex(r.SI), "\nrbp    ", hex(r.BP), "\nrsp    ", hex(r.SP),
		"\nr8     ", hex(r.R8), "\nr9     ", hex(r.R9), "\nr10    ", hex(r.R10), "\nr11    ", hex(r.R11),
		"\nr12    ", hex(r.R12), "\nr13    ", hex(r.R13), "\nr14    ", hex(r.R14), "\nr15    ", hex(r.R15),
		"\nrip    ", hex(r.IP), "\nrflags ", hex(r.Flags), "\ncs     ", hex(r.CS), "\n")
}

var exceptionNames = [32]string{
	"division error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow",
	"bound range", "invalid opcode", "no x87 unit", "double fault", "coprocessor overrun",
	"invalid TSS", "segment not present", "stack fault", "general protection", "page fault",
	"reserved exception", "x87 error", "alignment check", "machine check", "SIMD error",
	"virtualisation exception", "control protection", "reserved exception", "reserved exception",
	"reserved exception", "reserved exception", "reserved exception", "reserved exception",
	"hypervisor injection", "VMM communication", "security exception", "reserved exception",
}
