package linux

import (
	"sync"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// What the table has no handler for is missing for one of these reasons:
//
//   - It is about other processes, or about several of something of which there is one: ptrace, setns, unshare, seccomp,
//     landlock, keyctl and its kin, lsm_*, acct, userfaultfd, process_mrelease, listns.
//   - It is for a C library's threads: set_tid_address, set_robust_list, rseq, arch_prctl, brk, rt_sigreturn, restart_syscall,
//     get_thread_area and set_thread_area, modify_ldt, map_shadow_stack.
//   - Its callers do as well without, and ask first: io_uring, io_submit and its kin, bpf, perf_event_open, fanotify, statmount,
//     listmount, cachestat, memfd_secret, futex_waitv and the other new calls for futexes, name_to_handle_at, mseal, setxattrat,
//     file_getattr, pkey_alloc.
//   - It would have to change what is fixed here: mount and its kin, pivot_root, swapon, quotactl, init_module, kexec_load,
//     iopl, ioperm, mbind, set_mempolicy, move_pages, migrate_pages.
//   - One process hardly needs it: System V's shmget, semget, msgget and POSIX's mq_open with their kin, process_madvise,
//     remap_file_pages, vhangup, syslog.
//   - Linux itself does not have it any more.

// sysFork is everything that would make another process or another program of this one: fork, vfork,
// clone, clone3, execve, execveat.
func sysFork(a *call.Arguments) (uintptr, syscall.Errno) {
	tellOneProcess()
	return 0, syscall.ENOSYS
}

var tellOneProcess = sync.OnceFunc(func() {
	syslog.Say("this program is the machine's only process: it cannot start another (os/exec, fork)")
})

// sysWait4 is also waitid: there are no children to wait for.
func sysWait4(a *call.Arguments) (uintptr, syscall.Errno) { return 0, syscall.ECHILD }

// noNetwork answers socket and socketpair in an image without package kernel/net, which registers
// its own.
func noNetwork(a *call.Arguments) (uintptr, syscall.Errno) {
	tellNoNetwork()
	return 0, syscall.EAFNOSUPPORT
}

var tellNoNetwork = sync.OnceFunc(func() {
	syslog.Say("this image was built without a network: there are no sockets")
})
