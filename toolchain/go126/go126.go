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
}

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
	// Without GOMEMLIMIT the machine's memory is the limit.
	{
		File:   "runtime/mgcpacer.go",
		Anchor: "\tp := gogetenv(\"GOMEMLIMIT\")\n",
		With:   "\tp := gogetenv(\"GOMEMLIMIT\"); if p == \"\" { return defaultMemoryLimit() }\n",
	},
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
}
