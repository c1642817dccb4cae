package linux

import (
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/machine"
)

// forms say what the arguments of system calls are, a letter each: a signed number, 'x' for flags,
// 'o' for a mode, 'p' for an address and 's' for the name of a file. An array: a map would be made when the
// machine starts.
var forms = [...]struct{ form, names string }{
	{"", "sched_yield getpid gettid getppid getpgrp getuid geteuid getgid getegid setsid munlockall sync"},
	{"d", "close dup fsync fdatasync fchdir syncfs setuid setgid exit exit_group getpgid getsid mlockall " +
		"epoll_create"},
	{"o", "umask"},
	{"x", "epoll_create1"},
	{"dx", "eventfd2 timerfd_create"},
	{"dd", "dup2 kill tkill listen shutdown flock ftruncate setpgid setreuid setregid getpriority"},
	{"ddd", "lseek socket setpriority tgkill setresuid setresgid fchown"},
	{"ddx", "dup3"},
	{"dpd", "read write readv writev getdents64 bind connect"},
	{"dp", "getgroups setgroups fstat fstatfs clock_gettime clock_getres getrlimit setrlimit getrusage"},
	{"dpp", "accept getsockname getpeername"},
	{"dppx", "accept4"},
	{"dpdd", "pread64 pwrite64 epoll_wait"},
	{"dpddp", "epoll_pwait"},
	{"dddp", "epoll_ctl socketpair"},
	{"dpx", "sendmsg recvmsg"},
	{"dpdxpd", "sendto"},
	{"dpdxpp", "recvfrom"},
	{"dddpd", "setsockopt"},
	{"dddpp", "getsockopt"},
	{"ddpd", "sendfile"},
	{"dxx", "fcntl"},
	{"dxp", "ioctl"},
	{"do", "fchmod"},
	{"ddpp", "prlimit64"},
	{"dxpp", "clock_nanosleep"},
	{"p", "pipe uname sysinfo times time"},
	{"pp", "nanosleep gettimeofday"},
	{"px", "pipe2"},
	{"pd", "munmap"},
	{"pdd", "poll madvise"},
	{"pdx", "mprotect getrandom msync"},
	{"pddx", "mremap"},
	{"pdxxdd", "mmap"},
	{"s", "chdir rmdir unlink"},
	{"so", "mkdir chmod creat"},
	{"sp", "stat lstat statfs utimes"},
	{"spd", "readlink"},
	{"sd", "access truncate"},
	{"ss", "rename link symlink"},
	{"sxo", "open"},
	{"sx", "memfd_create"},
	{"dsxo", "openat"},
	{"dso", "mkdirat fchmodat"},
	{"dsx", "unlinkat"},
	{"dspx", "newfstatat utimensat"},
	{"dspd", "readlinkat openat2"},
	{"dsd", "faccessat"},
	{"dsdx", "faccessat2"},
	{"dsddx", "fchownat"},
	{"dsds", "renameat"},
	{"dsdsx", "renameat2 linkat"},
	{"sds", "symlinkat"},
	{"dsxxp", "statx"},
}

// formsByName are the forms by the names of the calls.
var formsByName = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, f := range forms {
		for _, name := range strings.Fields(f.names) {
			m[name] = f.form
		}
	}
	return m
})

// formOf returns the form of a call's arguments, six addresses where it is not known.
func formOf(name string) string {
	if form, ok := formsByName()[name]; ok {
		return form
	}
	return "pppppp"
}

// describeCall writes a call as C would.
func describeCall(number uintptr, a *call.Arguments) string {
	name := callName(number)
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('(')
	for i, kind := range formOf(name) {
		if i > 0 {
			b.WriteString(", ")
		}
		v := a.Value[i]
		switch kind {
		case 'd':
			b.WriteString(strconv.FormatInt(int64(v), 10))
		case 'o':
			b.WriteString("0" + strconv.FormatUint(uint64(v), 8))
		case 's':
			if text, errno := path(a, i); errno == 0 {
				b.WriteString(strconv.Quote(text))
				continue
			}
			fallthrough // what it points to cannot be read
		default:
			b.WriteString("0x" + strconv.FormatUint(uint64(v), 16))
		}
	}
	b.WriteByte(')')
	return b.String()
}

var telling sync.Mutex // a line at a time

// tellCall prints a call that has returned.
func tellCall(asked string, result, errno uintptr, nanos int64) {
	line := asked + " = "
	switch {
	case errno != 0:
		line += "-1 " + unix.ErrnoName(syscall.Errno(errno)) + " (" + syscall.Errno(errno).Error() + ")"
	case result > 1<<32:
		line += "0x" + strconv.FormatUint(uint64(result), 16)
	default:
		line += strconv.FormatUint(uint64(result), 10)
	}
	telling.Lock()
	defer telling.Unlock()
	machine.ConsoleWrite([]byte(line + " <" + strconv.FormatInt(nanos/1000, 10) + " us>\n"))
}
