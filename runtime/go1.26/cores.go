//go:build ringo

package runtime

// Cores: what each has of its own, and how those beside the boot core are started.

import (
	"internal/abi"
	"internal/runtime/atomic"
	"unsafe"

	"github.com/ringo-os/ringo/kernel/early/cpu"
	"github.com/ringo-os/ringo/kernel/early/frame"
	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/thread"
)

// A core is what one processor core needs. It is never freed. Its GS base points to it.
type core struct {
	scheduler thread.Core // first: package thread finds it by GS

	gdt        [5]uint64
	gdtPointer pseudoDescriptor
	task       taskState
	stacks     [stackCount]trapStack
	handlers   [stackCount]g // whom handlers run as, a stack each
	// nesting counts the exceptions being handled: an exception in the handler of one is the end.
	nesting uint32

	// See stuck.go. probes counts the non-maskable interrupts that were wanted by setting probed; stopped
	// is 1 once the core has stopped for good, at stoppedAt. confirming is 1 while it looks whether its
	// suspicion holds; stoppedAt is where it was before that.
	suspicion      suspicion
	probed, probes uint32
	confirming     uint32
	stopped        uint32
	stoppedAt      thread.Registers
	stoppedG       *g
	// dumpWanted is 1 after a non-maskable interrupt from outside, until it is followed.
	dumpWanted uint32
	// memory is what the frame allocator knows of the core.
	memory frame.Core
	// zeroed is how many frames are zero of the large page that the core prepares when it is idle.
	zeroed uintptr

	// The idle thread, its g, and an m for handlers to count locks in while it is interrupted.
	idleThread   *thread.Thread
	idleStackTop uintptr
	idleTLS      [2]uintptr
	idleG        g
	idleM        m
}

var (
	bootCore core

	// Cores that start take their number from coresArrived, and their core from startingCores; one
	// that comes when coresExpected have is too late and stops. coresOnline counts those that are
	// ready.
	startingCores [thread.MaxCores]*core
	coresArrived  uint32
	coresExpected uint32
	coresOnline   uint32

	// tscEarliest is a reading of the boot core's time-stamp counter from before the others
	// started; tscBehind and tscLatest are what they saw.
	tscEarliest uint64
	tscLatest   uint64
	tscBehind   uint32
)

// thisCore returns the calling core. The caller has interrupts off.
func thisCore() *core { return (*core)(unsafe.Pointer(thread.This())) }

// coreOf returns the core whose scheduler c is.
func coreOf(c *thread.Core) *core { return (*core)(unsafe.Pointer(c)) }

// newCore returns the core with a number, in pages of its own with guard pages below its stacks.
func newCore(id uint32) *core {
	size := (unsafe.Sizeof(core{}) + 4095) &^ 4095
	at := reservedNext.Add(size+pageSize4K) - size // above a guard page, for what lies below
	flags := memoryLock.lock()
	ok := commit(at, size)
	c := (*core)(unsafe.Pointer(at))
	var stale paging.Stale
	for i := range c.stacks {
		guard := (uint64(uintptr(unsafe.Pointer(&c.stacks[i]))) + 4095) &^ 4095
		ok = ok && kernelTables.Unmap(guard, pageSize4K, &stale) == ""
	}
	cpu.WriteCR3(cpu.ReadCR3())
	kernelTables.Release(&stale)
	memoryLock.unlock(flags)
	if !ok {
		return nil
	}
	c.scheduler.ID = id
	c.prepareIdle()
	return c
}

// prepareIdle makes the core's idle thread.
func (c *core) prepareIdle() {
	c.idleThread = newThread()
	gp := &c.idleG
	gp.stack = threadStack(c.idleThread)
	gp.stackguard0 = gp.stack.lo + stackGuard
	gp.stackguard1 = gp.stackguard0
	gp.m = &c.idleM
	c.idleM.g0 = gp
	c.idleTLS[0] = uintptr(unsafe.Pointer(gp))
	c.idleStackTop = gp.stack.hi
	c.idleThread.Prepare(&c.scheduler, abi.FuncPCABI0(idleEntry), gp.stack.hi, uintptr(unsafe.Pointer(&c.idleTLS[1])))
}

// startCores starts every core that ACPI lists, all at once, and waits until they are ready. It runs
// on the boot core with interrupts off.
func startCores() {
	want := uint32(0)
	for i := range firmware.Cores[:firmware.CoreCount] {
		if f := &firmware.Cores[i]; f.Enabled && f.APIC != bootAPIC && want < thread.MaxCores-1 {
			startingCores[want] = newCore(want + 1)
			if startingCores[want] == nil {
				print("ringo: there is no memory for more than ", want+1, " cores; start the machine with more (-m)\n")
				break
			}
			want++
		}
	}
	if want == 0 {
		return
	}
	page, ok := frames.AllocateRunBelow(1, 1, 1<<20)
	if !ok || kernelTables.Map(page, page, pageSize4K, paging.Execute) != "" {
		print("ringo: there is no memory below 1 MiB to start other cores with; one core is used\n")
		return
	}
	writeTrampoline((*[pageSize4K]byte)(directMap(page)), page)
	atomic.Store(&coresExpected, want)
	tscEarliest = cpu.TSC()
	// Intel SDM vol. 3, 9.4.4.1 waits 10 ms after INIT, which only processors of the nineties need;
	// the second start, for those that missed the first, comes when that much has gone by.
	sendToStarting := func(send func(apic uint32)) {
		for i := range firmware.Cores[:firmware.CoreCount] {
			if f := &firmware.Cores[i]; f.Enabled && f.APIC != bootAPIC {
				send(f.APIC)
			}
		}
	}
	sendToStarting(func(apic uint32) { localAPIC.SendInit(apic) })
	waitOnline(0, 200_000)
	sendToStarting(func(apic uint32) { localAPIC.SendStart(apic, uint8(page>>12)) })
	if !waitOnline(want, 10_000_000) {
		sendToStarting(func(apic uint32) { localAPIC.SendStart(apic, uint8(page>>12)) })
		if !waitOnline(want, 2_000_000_000) {
			// Who comes now is too late. Who has a number already will be ready.
			if arrived := atomic.Xchg(&coresArrived, thread.MaxCores); arrived > 0 {
				waitOnline(arrived, 2_000_000_000)
			}
			if missing := want - atomic.Load(&coresOnline); missing > 0 {
				print("ringo: ", missing, " of ", want+1, " cores did not start\n")
			}
		}
	}
	if now := cpu.TSC(); tscBehind != 0 || tscLatest > now {
		print("ringo: the time-stamp counters of the cores differ; times measured across cores are wrong\n")
	}
	online := atomic.Load(&coresOnline)
	thread.SetCount(online + 1)
	if online > 0 {
		thread.StartWatch()
	}
	if online < want {
		return // who comes late needs the page to stop in an orderly way
	}
	var stale paging.Stale
	kernelTables.Unmap(page, pageSize4K, &stale)
	cpu.InvalidatePage(uintptr(page))
	kernelTables.Release(&stale)
	frames.Free(page)
}

// waitOnline waits until count other cores are ready, or for limit nanoseconds.
func waitOnline(count uint32, limit int64) bool {
	for end := nanotime1() + limit; ; {
		if count > 0 && atomic.Load(&coresOnline) >= count {
			return true
		}
		if nanotime1() >= end {
			return false
		}
		cpu.Pause()
	}
}

// startCore is where a core arrives from secondaryEntry, on its idle thread's stack.
func startCore(c *core) {
	if useXSAVE {
		cpu.SetXCR0(vectorMask)
	}
	c.startTraps()
	localAPIC.Enable()
	startSystemCalls()
	c.scheduler.APIC = localAPIC.ID()
	c.memory.Node = firmware.NodeOf(c.scheduler.APIC)
	flags := memoryLock.lock()
	frames.AddCore(&c.memory)
	memoryLock.unlock(flags)
	tsc := cpu.TSC()
	if tsc < tscEarliest {
		atomic.Store(&tscBehind, 1)
	}
	for {
		latest := atomic.Load64(&tscLatest)
		if tsc <= latest || atomic.Cas64(&tscLatest, latest, tsc) {
			break
		}
	}
	c.scheduler.Start(c.idleThread, c.idleThread, fastBase())
	atomic.Xadd(&coresOnline, 1)
	thread.IdleLoop()
}

func secondaryEntry()

// writeTrampoline fills the page at a physical address below 1 MiB with the code that a core starts
// with: in real mode at its first byte, with CS:IP = page>>4:0 (Intel SDM vol. 3, 9.4.4), from there
// to 32-bit protected mode and on to long mode, with the boot core's control registers, and to
// secondaryEntry. Go's assembler has neither mode, hence bytes.
func writeTrampoline(p *[pageSize4K]byte, page uint64) {
	const (
		at32, at64, atGDT, atPointer = 0x40, 0x90, 0xC0, 0xE0

		longModeActive = 1 << 10 // of EFER; read-only
	)
	at := 0
	emit := func(code ...byte) {
		at += copy(p[at:], code)
	}
	emit32 := func(v uint64) { emit(byte(v), byte(v>>8), byte(v>>16), byte(v>>24)) }

	emit(0xFA)                              // cli
	emit(0x8C, 0xC8, 0x8E, 0xD8)            // mov ax, cs; mov ds, ax
	emit(0x66, 0x0F, 0x01, 0x16, atPointer) // lgdt [atPointer]
	emit(0)
	emit(0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0) // mov eax, cr0; or al, 1; mov cr0, eax
	emit(0x66, 0xEA)                                     // ljmp 0x18:at32
	emit32(page + at32)
	emit(0x18, 0)

	at = at32
	emit(0x66, 0xB8, 0x10, 0)                // mov ax, 0x10
	emit(0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0) // mov ds, ax; mov es, ax; mov ss, ax
	emit(0xB8)                               // mov eax, CR4
	emit32(cpu.ReadCR4())
	emit(0x0F, 0x22, 0xE0) // mov cr4, eax
	emit(0xB8)             // mov eax, CR3
	emit32(kernelTables.Root())
	emit(0x0F, 0x22, 0xD8) // mov cr3, eax
	emit(0xB9)             // mov ecx, EFER
	emit32(msrEFER)
	emit(0xB8) // mov eax, ...
	emit32(cpu.ReadMSR(msrEFER) &^ longModeActive)
	emit(0x31, 0xD2, 0x0F, 0x30) // xor edx, edx; wrmsr
	emit(0xB8)                   // mov eax, CR0
	emit32(cpu.ReadCR0())
	emit(0x0F, 0x22, 0xC0) // mov cr0, eax
	emit(0xEA)             // ljmp 0x08:at64
	emit32(page + at64)
	emit(0x08, 0)

	at = at64
	entry := uint64(abi.FuncPCABI0(secondaryEntry))
	emit(0x48, 0xB8) // mov rax, secondaryEntry
	emit32(entry)
	emit32(entry >> 32)
	emit(0xFF, 0xE0) // jmp rax

	// Null, 64-bit code and data as in the kernel's own table, 32-bit code.
	for i, d := range [...]uint64{0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF, 0x00CF9A000000FFFF} {
		at = atGDT + i*8
		emit32(d)
		emit32(d >> 32)
	}
	at = atPointer
	emit(31, 0)
	emit32(page + atGDT)
}

const msrEFER = 0xC0000080

// kick interrupts another core. Interrupts are off.
func kick(c *thread.Core) { localAPIC.Send(c.APIC, vectorKick) }
