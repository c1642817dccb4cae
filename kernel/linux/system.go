package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"github.com/ringo-os/ringo/kernel/machine"
)

// Hostname returns the machine's name.
func Hostname() string { return hostname() }

func hostname() string {
	if name := process.hostname.Load(); name != nil {
		return *name
	}
	return "ringo"
}

// SetHostname names the machine.
func SetHostname(name string) { process.hostname.Store(&name) }

// domainname is that of NIS, which nobody has any more.
func domainname() string {
	if name := process.domainname.Load(); name != nil {
		return *name
	}
	return "(none)"
}

func setDomainname(name string) { process.domainname.Store(&name) }

func sysUname(a *call.Arguments) (uintptr, syscall.Errno) {
	var u syscall.Utsname
	for _, f := range []struct {
		field *[65]int8
		text  string
	}{
		{&u.Sysname, fs.System}, {&u.Nodename, hostname()}, {&u.Release, fs.Release},
		{&u.Version, fs.Version()}, {&u.Machine, "x86_64"}, {&u.Domainname, domainname()},
	} {
		for i := range min(len(f.text), len(f.field)-1) {
			f.field[i] = int8(f.text[i])
		}
	}
	return 0, CopyOut(Argument(a, 0), &u)
}

func sysSethostname(a *call.Arguments) (uintptr, syscall.Errno) { return nameMachine(a, SetHostname) }
func sysSetdomainname(a *call.Arguments) (uintptr, syscall.Errno) {
	return nameMachine(a, setDomainname)
}

// nameMachine hands the name in the arguments to set.
func nameMachine(a *call.Arguments, set func(string)) (uintptr, syscall.Errno) {
	if a.Value[1] > 64 {
		return 0, syscall.EINVAL
	}
	m, errno := Borrow(Argument(a, 0), a.Value[1], In)
	if errno != 0 {
		return 0, errno
	}
	set(string(m.Bytes))
	m.Return(Argument(a, 0), 0)
	return 0, 0
}

func statistics() (s machine.Stats) {
	machine.Statistics(&s)
	return s
}

func sysSysinfo(a *call.Arguments) (uintptr, syscall.Errno) {
	s := statistics()
	return 0, CopyOut(Argument(a, 0), &syscall.Sysinfo_t{
		Uptime: machine.Uptime() / 1e9, Totalram: s.TotalPages * pageSize,
		Freeram: s.FreePages * pageSize, Procs: uint16(min(s.Threads, 1<<16-1)), Unit: 1,
	})
}

func sysGetrusage(a *call.Arguments) (uintptr, syscall.Errno) {
	const self, children, thread = 0, -1, 1
	var u syscall.Rusage
	switch int32(a.Value[0]) {
	case self, thread:
		s := statistics()
		u.Utime = syscall.NsecToTimeval(busyTime())
		u.Maxrss = int64(s.TotalPages-min(s.TotalPages, s.FreePages)) * (pageSize / 1024)
		u.Nvcsw, u.Nivcsw = int64(s.ContextSwitch), int64(s.Preemptions)
	case children:
	default:
		return 0, syscall.EINVAL
	}
	return 0, CopyOut(Argument(a, 1), &u)
}

// sysPersonality says that the program is an ordinary Linux program.
func sysPersonality(a *call.Arguments) (uintptr, syscall.Errno) { return 0, 0 }
