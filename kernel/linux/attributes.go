package linux

import (
	"syscall"
	"time"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

func sysChmod(a *call.Arguments) (uintptr, syscall.Errno) {
	return chmod(atCWD, a, 0, a.Value[1], 0)
}

func sysFchmodat(a *call.Arguments) (uintptr, syscall.Errno) {
	return chmod(a.Value[0], a, 1, a.Value[2], 0)
}

func sysFchmodat2(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[3]&^(atSymlinkNofollow|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	return chmod(a.Value[0], a, 1, a.Value[2], a.Value[3])
}

func chmod(fd uintptr, a *call.Arguments, i int, mode, flags uintptr) (uintptr, syscall.Errno) {
	e, errno := lookup(fd, a, i, flags)
	if errno != 0 {
		return 0, errno
	}
	return 0, setMode(e, mode)
}

func setMode(e *fs.Entry, mode uintptr) syscall.Errno {
	errno := e.Node().SetMode(uint32(mode))
	if errno == 0 {
		files.Tell(e, fs.Changed, false)
	}
	return errno
}

func sysFchmod(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if e, ok := d.entry(); ok {
		return 0, setMode(e, a.Value[1])
	}
	return 0, 0
}

func sysChown(a *call.Arguments) (uintptr, syscall.Errno) {
	return chown(atCWD, a, 0, a.Value[1], a.Value[2], 0)
}

func sysLchown(a *call.Arguments) (uintptr, syscall.Errno) {
	return chown(atCWD, a, 0, a.Value[1], a.Value[2], atSymlinkNofollow)
}

func sysFchownat(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[4]&^(atSymlinkNofollow|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	return chown(a.Value[0], a, 1, a.Value[2], a.Value[3], a.Value[4])
}

func chown(fd uintptr, a *call.Arguments, i int, uid, gid, flags uintptr) (uintptr, syscall.Errno) {
	e, errno := lookup(fd, a, i, flags)
	if errno != 0 {
		return 0, errno
	}
	setOwner(e, uid, gid)
	return 0, 0
}

func setOwner(e *fs.Entry, uid, gid uintptr) {
	if e.Node().SetOwner(int32(uid), int32(gid)) {
		files.Tell(e, fs.Changed, false)
	}
}

func sysFchown(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := Lookup(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	if e, ok := d.entry(); ok {
		setOwner(e, a.Value[1], a.Value[2])
	}
	return 0, 0
}

// Values of a struct timespec that utimensat treats specially.
const (
	utimeNow  = 1<<30 - 1
	utimeOmit = 1<<30 - 2
)

func sysUtimensat(a *call.Arguments) (uintptr, syscall.Errno) {
	times := [2]syscall.Timespec{{Nsec: utimeNow}, {Nsec: utimeNow}}
	if p := Argument(a, 2); !p.IsNil() {
		if errno := CopyIn(p, &times); errno != 0 {
			return 0, errno
		}
	}
	if times[0].Nsec == utimeOmit && times[1].Nsec == utimeOmit {
		return 0, 0
	}
	flags := a.Value[3]
	if flags&^(atSymlinkNofollow|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	if Argument(a, 1).IsNil() && int32(a.Value[0]) != currentDirectory {
		if flags != 0 {
			return 0, syscall.EINVAL
		}
		d, errno := Lookup(a.Value[0])
		if errno != 0 {
			return 0, errno
		}
		if e, ok := d.entry(); ok {
			errno = setTimes(e, &times)
		}
		return 0, errno
	}
	e, errno := lookup(a.Value[0], a, 1, flags)
	if errno != 0 {
		return 0, errno
	}
	return 0, setTimes(e, &times)
}

// setTimes sets the times of access and modification.
func setTimes(e *fs.Entry, times *[2]syscall.Timespec) syscall.Errno {
	for _, t := range times {
		if uint64(t.Nsec) >= 1e9 && t.Nsec != utimeNow && t.Nsec != utimeOmit {
			return syscall.EINVAL
		}
	}
	var chosen [2]*syscall.Timespec
	for i := range times {
		switch t := &times[i]; t.Nsec {
		case utimeOmit:
			continue
		case utimeNow:
			*t = wallClock()
		}
		chosen[i] = &times[i]
	}
	e.Node().SetTimes(chosen[0], chosen[1])
	switch { // one time that is set looks like what would have set it
	case chosen[0] != nil && chosen[1] != nil:
		files.Tell(e, fs.Changed, false)
	case chosen[0] != nil:
		files.Tell(e, fs.Accessed, false)
	case chosen[1] != nil:
		files.Tell(e, fs.Modified, false)
	}
	return 0
}

// wallClock returns the time of day.
func wallClock() syscall.Timespec { return syscall.NsecToTimespec(time.Now().UnixNano()) }

// sysUtime has seconds only, in a struct utimbuf.
func sysUtime(a *call.Arguments) (uintptr, syscall.Errno) {
	times := [2]syscall.Timespec{{Nsec: utimeNow}, {Nsec: utimeNow}}
	if p := Argument(a, 1); !p.IsNil() {
		var given [2]int64
		if errno := CopyIn(p, &given); errno != 0 {
			return 0, errno
		}
		times = [2]syscall.Timespec{{Sec: given[0]}, {Sec: given[1]}}
	}
	e, errno := lookup(atCWD, a, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return 0, setTimes(e, &times)
}

func sysUtimes(a *call.Arguments) (uintptr, syscall.Errno) { return utimes(atCWD, a, 0) }

func sysFutimesat(a *call.Arguments) (uintptr, syscall.Errno) { return utimes(a.Value[0], a, 1) }

// utimes sets the times of the path in argument i to those in the argument after it.
func utimes(fd uintptr, a *call.Arguments, i int) (uintptr, syscall.Errno) {
	times := [2]syscall.Timespec{{Nsec: utimeNow}, {Nsec: utimeNow}}
	if p := Argument(a, i+1); !p.IsNil() {
		var given [2]syscall.Timeval
		if errno := CopyIn(p, &given); errno != 0 {
			return 0, errno
		}
		for k, t := range given {
			if uint64(t.Usec) >= 1e6 {
				return 0, syscall.EINVAL
			}
			times[k] = syscall.Timespec{Sec: t.Sec, Nsec: t.Usec * 1000}
		}
	}
	e, errno := lookup(fd, a, i, 0)
	if errno != 0 {
		return 0, errno
	}
	return 0, setTimes(e, &times)
}
