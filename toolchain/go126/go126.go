// Package go126 is the list of what Ringo changes in Go 1.26's standard library.
//
// What is added lies in runtime/go1.26: name.go there becomes runtime/ringo_name.go, and
// std/PATH/name.go becomes PATH/ringo_name.go.
package go126

import "github.com/ringo-os/ringo/toolchain/release"

// Release describes go1.26.x.
var Release = release.Release{
	Go:      "go1.26",
	Files:   "runtime/go1.26",
	Removed: removed,
	Edits:   edits,
	LeftOut: leftOut,
	Vet:     vet,
}

// vet is what cmd/go/internal/test has as defaultVetFlags.
var vet = []string{"atomic", "bool", "buildtags", "directive", "errorsas", "ifaceassert", "nilfunc", "printf", "slog", "stringintconv", "tests"}

// removed are the stock files that talk to Linux; ours take their place.
var removed = []string{
	"internal/runtime/syscall/linux/asm_linux_amd64.s",
	"runtime/badlinkname_linux.go",
	"runtime/cgo_mmap.go",
	"runtime/cgo_sigaction.go",
	"runtime/cgroup_linux.go",
	"runtime/create_file_unix.go",
	"runtime/defs_linux_amd64.go",
	"runtime/fds_unix.go",
	"runtime/linkname_unix.go",
	"runtime/mem_linux.go",
	"runtime/netpoll_epoll.go",
	"runtime/os_linux.go",
	"runtime/os_linux64.go",
	"runtime/os_linux_generic.go",
	"runtime/os_linux_noauxv.go",
	"runtime/os_nonopenbsd.go",
	"runtime/os_unix.go",
	"runtime/rt0_linux_amd64.s",
	"runtime/runtime_clearenv.go",
	"runtime/security_linux.go",
	"runtime/security_unix.go",
	"runtime/set_vma_name_linux.go",
	"runtime/signal_amd64.go",
	"runtime/signal_linux_amd64.go",
	"runtime/signal_unix.go",
	"runtime/stubs2.go",
	"runtime/stubs3.go",
	"runtime/stubs_linux.go",
	"runtime/sys_linux_amd64.s",
	"runtime/time_linux_amd64.s",
	"runtime/timeasm.go",
	"runtime/vdso_elf64.go",
	"runtime/vdso_linux.go",
	"runtime/vdso_linux_amd64.go",
	"runtime/vgetrandom_linux.go",
}

// edits are the stock files that need a small change.
var edits = []release.Edit{
	// A system call is a call of the kernel (runtime/go1.26/syscalls.go).
	{
		File:   "internal/runtime/syscall/linux/syscall_linux.go",
		Anchor: "// Syscall6 calls system call number 'num' with arguments a1-6.\n",
		With:   "//go:linkname Syscall6\n",
	},
	// Also one that cannot fail, for which the stock assembly uses the instruction.
	{
		File:   "syscall/syscall_linux.go",
		Anchor: "\nfunc rawSyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr)\n",
		With: "\n//go:uintptrkeepalive\n//go:nosplit\nfunc rawSyscallNoError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) " +
			"{ r1, r2, _ = linux.Syscall6(trap, a1, a2, a3, 0, 0, 0); return }\n",
	},
	{
		File:   "syscall/asm_linux_amd64.s",
		Anchor: "TEXT ·rawSyscallNoError(SB),",
		With:   "TEXT ·rawSyscallNoErrorByInstruction(SB),",
	},
	// It parks its goroutine where it must wait, and so does not give up its P.
	{File: "syscall/syscall_linux.go", Anchor: "\n\truntime_entersyscall()\n", With: "\n\n", Count: 2},
	{File: "syscall/syscall_linux.go", Anchor: "\n\truntime_exitsyscall()\n", With: "\n\n", Count: 2},
	// So sysmon need not look for such Ps (runtime/go1.26/preempt.go).
	{File: "runtime/proc.go", Anchor: "\t\tusleep(delay)\n", With: "\t\tusleep(max(delay, sysmonRest))\n"},
	// The kernel is initialised before the program.
	{
		File:   "runtime/proc.go",
		Anchor: "\tlast := lastmoduledatap // grab before loop starts.",
		With:   "\tkernelInit(firstmoduledata.inittasks); last := lastmoduledatap // grab before loop starts.",
	},
	// A thread brings its stack along, with a guard page below it (runtime/go1.26/threads.go).
	{
		File:   "runtime/proc.go",
		Anchor: "\tif iscgo || mStackIsSystemAllocated() {\n\t\tmp.g0 = malg(-1)\n",
		With:   "\tif true {\n\t\tmp.g0 = malg(-1)\n",
	},
	{File: "runtime/proc.go", Anchor: "stackfree(freem.g0.stack)\n", With: "\n"},
	// The word norandmaps makes addresses the same in every run.
	{
		File:   "runtime/malloc.go",
		Anchor: "heapRandSeed, heapRandSeedBitsRemaining = uintptr(bootstrapRand()), 64\n",
		With:   "heapRandSeed, heapRandSeedBitsRemaining = heapSeed(), 64\n",
	},
	// Without GOMEMLIMIT the machine's memory is the limit.
	{
		File:   "runtime/mgcpacer.go",
		Anchor: "\tp := gogetenv(\"GOMEMLIMIT\")\n",
		With:   "\tp := gogetenv(\"GOMEMLIMIT\"); if p == \"\" { return defaultMemoryLimit() }\n",
	},
	// What the runtime has never used of a chunk goes back with what it gives back (runtime/go1.26/release.go).
	{
		File:   "runtime/mheap.go",
		Anchor: "\treleased := h.pages.scavenge(^uintptr(0), nil, true)\n",
		With:   "\treleased := h.pages.scavenge(^uintptr(0), nil, true); trimHeap()\n",
	},
	// A heap dump is written once the world goes on (runtime/go1.26/heapdump.go).
	{
		File:   "runtime/heapdump.go",
		Anchor: "\tstartTheWorld(stw)\n",
		With:   "\tdump, short := takeDump(); startTheWorld(stw); writeDump(fd, dump, short)\n",
	},
	// A panic ends the program after the kernel has had its say (runtime/go1.26/exit.go).
	{File: "runtime/panic.go", Anchor: "\tfatalpanic(&p)   // should not return\n", With: "\tbeforePanicExit(&p); fatalpanic(&p)\n"},
	// The kernel's goroutines are no more the program's than the runtime's own are.
	{
		File:   "runtime/traceback.go",
		Anchor: "\treturn stringslite.HasPrefix(funcname(f), \"runtime.\")\n}",
		With: "\treturn stringslite.HasPrefix(funcname(f), \"runtime.\") || " +
			"stringslite.HasPrefix(funcname(f), \"ringo_os/\")\n}",
	},
	// Nor do its timers keep a program alive (runtime/go1.26/deadlock.go).
	{
		File:   "runtime/proc.go",
		Anchor: "\tvar run0 int32\n\tif !iscgo && cgoHasExtraM",
		With:   "\trun0 := kernelPollers()\n\tif !iscgo && cgoHasExtraM",
	},
	{
		File:   "runtime/proc.go",
		Anchor: "\t\tif len(pp.timers.heap) > 0 {\n\t\t\treturn\n",
		With:   "\t\tif pp.timers.ofProgram() {\n\t\t\treturn\n",
	},
	// A dump of all goroutines, the runtime's included, leaves them out, to be what it is on Linux.
	{
		File:   "runtime/traceback.go",
		Anchor: "isSystemGoroutine(gp, false) && level < 2",
		With:   "isSystemGoroutine(gp, false) && (level < 2 || isKernelGoroutine(gp))",
	},
	// Tests of std that start processes are skipped, by their own MustHaveExec.
	{
		File:   "internal/testenv/exec.go",
		Anchor: "\t\t// Assume that exec always works on non-mobile platforms and Android.\n\t\treturn nil\n",
		With:   "\n\t\treturn errors.New(\"a machine of Ringo's runs a single program\")\n",
	},
}

// leftOut are the files of stock tests that name what only Linux's side of the runtime has. What of them
// applies to a machine is in runtime/go1.26's own test files.
var leftOut = []release.LeftOut{
	{File: "runtime/crash_unix_test.go", Reason: "starts processes, but in TestSignalM, which sends a signal to a thread: no thread gets signals here"},
	{File: "runtime/debug_test.go", Reason: "injects calls from a SIGTRAP handler, as a debugger does: no thread gets signals here"},
	{File: "runtime/export_debug_amd64_test.go", Reason: "for debug_test.go"},
	{File: "runtime/export_debug_test.go", Reason: "for debug_test.go"},
	{File: "runtime/export_linux_test.go", Reason: "in runtime/go1.26/export_test.go as far as it applies"},
	{File: "runtime/export_unix_test.go", Reason: "in runtime/go1.26/export_test.go as far as it applies"},
	{File: "runtime/export_vdso_linux_test.go", Reason: "for vdso_linux_test.go"},
	{File: "runtime/nosan_linux_test.go", Reason: "newosproc0 starts a thread that is no M, for Go libraries in C programs"},
	{File: "runtime/runtime_linux_test.go", Reason: "in runtime/go1.26/thread_test.go as far as it applies: the runtime asks no kernel for siginfo, its release or mincore"},
	{File: "runtime/vdso_linux_test.go", Reason: "a machine needs no vDSO: time.Now is a function of the runtime's"},
}
