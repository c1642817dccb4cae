package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
	"golang.org/x/sys/unix"
)

func sysStat(a *call.Arguments) (uintptr, syscall.Errno) { return stat(atCWD, a, 0, 1, 0) }
func sysLstat(a *call.Arguments) (uintptr, syscall.Errno) {
	return stat(atCWD, a, 0, 1, atSymlinkNofollow)
}

func sysFstat(a *call.Arguments) (uintptr, syscall.Errno) {
	st, errno := descriptorStatus(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	return 0, CopyOut(Argument(a, 1), &st)
}

// descriptorStatus returns the status of what the descriptor fd leads to.
func descriptorStatus(fd uintptr) (syscall.Stat_t, syscall.Errno) {
	d, errno := lookupPath(fd)
	if errno != 0 {
		return syscall.Stat_t{}, errno
	}
	return d.status()
}

// status returns the file's status.
func (d *Description) status() (syscall.Stat_t, syscall.Errno) {
	if e, ok := d.entry(); ok {
		var st syscall.Stat_t
		e.Node().Status(&st)
		return st, 0
	}
	st := new(syscall.Stat_t) // somebody else may keep it
	errno := d.File.Status(st)
	return *st, errno
}

func sysNewfstatat(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := a.Value[3]
	if flags&^(atSymlinkNofollow|atNoAutomount|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	return stat(a.Value[0], a, 1, 2, flags)
}

// stat answers for the path in argument name, to the struct stat in argument result.
func stat(fd uintptr, a *call.Arguments, name, result int, flags uintptr) (uintptr, syscall.Errno) {
	st, errno := pathStatus(fd, a, name, flags)
	if errno != 0 {
		return 0, errno
	}
	return 0, CopyOut(Argument(a, result), &st)
}

// pathStatus returns the status of what the path in argument i leads to, or the descriptor fd does.
func pathStatus(fd uintptr, a *call.Arguments, i int, flags uintptr) (st syscall.Stat_t, errno syscall.Errno) {
	if flags&atEmptyPath != 0 && int32(fd) != currentDirectory {
		empty, errno := isEmpty(a, i)
		if errno != 0 {
			return st, errno
		}
		if empty {
			return descriptorStatus(fd)
		}
	}
	e, errno := lookup(fd, a, i, flags)
	if errno == 0 {
		e.Node().Status(&st)
	}
	return st, errno
}

// isEmpty reports whether argument i is the empty path, or null, which means the same where an empty
// path is allowed.
func isEmpty(a *call.Arguments, i int) (bool, syscall.Errno) {
	p := Argument(a, i)
	if p.IsNil() {
		return true, 0
	}
	var first byte
	errno := CopyIn(p, &first)
	return first == 0, errno
}

func sysStatx(a *call.Arguments) (uintptr, syscall.Errno) {
	const reservedMask = 1 << 31
	flags := a.Value[2]
	if flags&^(atSymlinkNofollow|atNoAutomount|atEmptyPath|atStatxSync) != 0 ||
		flags&atStatxSync == atStatxSync || a.Value[3]&reservedMask != 0 {
		return 0, syscall.EINVAL
	}
	st, errno := pathStatus(a.Value[0], a, 1, flags)
	if errno != 0 {
		return 0, errno
	}
	out := unix.Statx_t{
		Mask: unix.STATX_BASIC_STATS, Blksize: uint32(st.Blksize), Nlink: uint32(st.Nlink),
		Uid: st.Uid, Gid: st.Gid, Mode: uint16(st.Mode), Ino: st.Ino,
		Size: uint64(st.Size), Blocks: uint64(st.Blocks),
		Atime: statxTime(st.Atim), Ctime: statxTime(st.Ctim), Mtime: statxTime(st.Mtim),
		Rdev_major: major(st.Rdev), Rdev_minor: minor(st.Rdev),
		Dev_major: major(st.Dev), Dev_minor: minor(st.Dev),
	}
	return 0, CopyOut(Argument(a, 4), &out)
}

func statxTime(t syscall.Timespec) unix.StatxTimestamp {
	return unix.StatxTimestamp{Sec: t.Sec, Nsec: uint32(t.Nsec)}
}

func major(device uint64) uint32 { return uint32(device >> 8 & 0xfff) }
func minor(device uint64) uint32 { return uint32(device&0xff | device>>12&0xfff00) }

func sysStatfs(a *call.Arguments) (uintptr, syscall.Errno) {
	e, errno := lookup(atCWD, a, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return statfs(e, Argument(a, 1))
}

func sysFstatfs(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	e, ok := d.entry()
	if !ok {
		e = files.Root()
	}
	return statfs(e, Argument(a, 1))
}

func statfs(e *fs.Entry, result Pointer) (uintptr, syscall.Errno) {
	var s syscall.Statfs_t
	e.Node().Volume().Statistics(&s)
	return 0, CopyOut(result, &s)
}

func sysAccess(a *call.Arguments) (uintptr, syscall.Errno) {
	return access(atCWD, a, 0, a.Value[1], 0)
}

func sysFaccessat(a *call.Arguments) (uintptr, syscall.Errno) {
	return access(a.Value[0], a, 1, a.Value[2], 0)
}

func sysFaccessat2(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := a.Value[3]
	if flags&^(atEaccess|atSymlinkNofollow|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	return access(a.Value[0], a, 1, a.Value[2], flags)
}

// access answers for root, who may do everything but execute what nobody may execute.
func access(fd uintptr, a *call.Arguments, i int, mode, flags uintptr) (uintptr, syscall.Errno) {
	const execute, all = 1, 7
	if uint32(mode)&^all != 0 {
		return 0, syscall.EINVAL
	}
	e, errno := lookup(fd, a, i, flags)
	if errno != 0 {
		return 0, errno
	}
	m := e.Node().Mode()
	if mode&execute != 0 && m&syscall.S_IFMT != syscall.S_IFDIR && m&0o111 == 0 {
		return 0, syscall.EACCES
	}
	return 0, 0
}
