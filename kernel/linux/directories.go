package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

func sysMkdir(a *call.Arguments) (uintptr, syscall.Errno) { return mkdir(atCWD, a, 0, a.Value[1]) }

func sysMkdirat(a *call.Arguments) (uintptr, syscall.Errno) {
	return mkdir(a.Value[0], a, 1, a.Value[2])
}

func mkdir(fd uintptr, a *call.Arguments, i int, mode uintptr) (uintptr, syscall.Errno) {
	at, name, errno := place(fd, a, i)
	if errno != 0 {
		return 0, errno
	}
	return 0, files.MakeDirectory(at, name, mask(uint32(mode)))
}

func sysMknod(a *call.Arguments) (uintptr, syscall.Errno) { return mknod(atCWD, a, 0, a.Value[1]) }

func sysMknodat(a *call.Arguments) (uintptr, syscall.Errno) {
	return mknod(a.Value[0], a, 1, a.Value[2])
}

func mknod(fd uintptr, a *call.Arguments, i int, mode uintptr) (uintptr, syscall.Errno) {
	at, name, errno := place(fd, a, i)
	if errno != 0 {
		return 0, errno
	}
	permissions := mask(uint32(mode))
	_, errno = files.MakeNode(at, name, uint32(mode)&syscall.S_IFMT|permissions)
	return 0, errno
}

func sysUnlink(a *call.Arguments) (uintptr, syscall.Errno) { return unlink(atCWD, a, 0, 0) }
func sysRmdir(a *call.Arguments) (uintptr, syscall.Errno)  { return unlink(atCWD, a, 0, atRemoveDir) }

func sysUnlinkat(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[2]&^atRemoveDir != 0 {
		return 0, syscall.EINVAL
	}
	return unlink(a.Value[0], a, 1, a.Value[2])
}

func unlink(fd uintptr, a *call.Arguments, i int, flags uintptr) (uintptr, syscall.Errno) {
	at, name, errno := place(fd, a, i)
	if errno != 0 {
		return 0, errno
	}
	if flags&atRemoveDir != 0 {
		return 0, files.RemoveDirectory(at, name)
	}
	return 0, files.Remove(at, name)
}

func sysRename(a *call.Arguments) (uintptr, syscall.Errno) {
	return rename(atCWD, 0, atCWD, 1, a, 0)
}

func sysRenameat(a *call.Arguments) (uintptr, syscall.Errno) {
	return rename(a.Value[0], 1, a.Value[2], 3, a, 0)
}

func sysRenameat2(a *call.Arguments) (uintptr, syscall.Errno) {
	flags := uint(uint32(a.Value[4]))
	if !fs.ValidRename(flags) {
		return 0, syscall.EINVAL
	}
	return rename(a.Value[0], 1, a.Value[2], 3, a, flags)
}

func rename(fromFD uintptr, from int, toFD uintptr, to int, a *call.Arguments, flags uint) (uintptr, syscall.Errno) {
	fromAt, fromName, errno := place(fromFD, a, from)
	if errno != 0 {
		return 0, errno
	}
	toAt, toName, errno := place(toFD, a, to)
	if errno != 0 {
		return 0, errno
	}
	return 0, files.Rename(fromAt, fromName, toAt, toName, flags)
}

func sysLink(a *call.Arguments) (uintptr, syscall.Errno) { return link(atCWD, 0, atCWD, 1, a, 0) }

func sysLinkat(a *call.Arguments) (uintptr, syscall.Errno) {
	if a.Value[4]&^(atSymlinkFollow|atEmptyPath) != 0 {
		return 0, syscall.EINVAL
	}
	return link(a.Value[0], 1, a.Value[2], 3, a, a.Value[4])
}

func link(fromFD uintptr, from int, toFD uintptr, to int, a *call.Arguments, flags uintptr) (uintptr, syscall.Errno) {
	how := flags & atEmptyPath
	if flags&atSymlinkFollow == 0 {
		how |= atSymlinkNofollow
	}
	e, errno := lookup(fromFD, a, from, how)
	if errno != 0 {
		return 0, errno
	}
	at, name, errno := place(toFD, a, to)
	if errno != 0 {
		return 0, errno
	}
	return 0, files.Link(e, at, name)
}

func sysSymlink(a *call.Arguments) (uintptr, syscall.Errno) { return symlink(a, atCWD, 1) }

func sysSymlinkat(a *call.Arguments) (uintptr, syscall.Errno) { return symlink(a, a.Value[1], 2) }

func symlink(a *call.Arguments, fd uintptr, i int) (uintptr, syscall.Errno) {
	content, errno := path(a, 0)
	if errno != 0 {
		return 0, errno
	}
	if content == "" {
		return 0, syscall.ENOENT
	}
	at, name, errno := place(fd, a, i)
	if errno != 0 {
		return 0, errno
	}
	return 0, files.MakeLink(content, at, name)
}

func sysReadlink(a *call.Arguments) (uintptr, syscall.Errno) {
	return readlink(atCWD, a, 0)
}

func sysReadlinkat(a *call.Arguments) (uintptr, syscall.Errno) {
	return readlink(a.Value[0], a, 1)
}

// readlink reads the link that the path in argument i is, to the buffer in the next two.
func readlink(fd uintptr, a *call.Arguments, i int) (uintptr, syscall.Errno) {
	size := int32(a.Value[i+2])
	if size <= 0 {
		return 0, syscall.EINVAL
	}
	e, errno := lookup(fd, a, i, atSymlinkNofollow|atEmptyPath)
	if errno != 0 {
		return 0, errno
	}
	content, errno := files.ReadLink(e)
	if errno != 0 {
		if empty, _ := isEmpty(a, i); empty {
			errno = syscall.ENOENT
		}
		return 0, errno
	}
	return copyBytes(Argument(a, i+1), content[:min(len(content), int(size))])
}

// copyBytes writes s to p and returns its length.
func copyBytes(p Pointer, s string) (uintptr, syscall.Errno) {
	m, errno := Borrow(p, uintptr(len(s)), Out)
	if errno != 0 {
		return 0, errno
	}
	copy(m.Bytes, s)
	return uintptr(len(s)), m.Return(p, len(s))
}

func sysGetcwd(a *call.Arguments) (uintptr, syscall.Errno) {
	e := process.directory.Load()
	name, ok := files.Path(e)
	if !ok {
		return 0, syscall.ENOENT
	}
	if !files.Reached(e) {
		name = "(unreachable)" + name
	}
	if uintptr(len(name)) >= a.Value[1] {
		return 0, syscall.ERANGE
	}
	return copyBytes(Argument(a, 0), name+"\x00")
}

func sysChdir(a *call.Arguments) (uintptr, syscall.Errno) {
	e, errno := lookup(atCWD, a, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return 0, chdir(e)
}

func sysFchdir(a *call.Arguments) (uintptr, syscall.Errno) {
	d, errno := lookupPath(a.Value[0])
	if errno != 0 {
		return 0, errno
	}
	e, ok := d.entry()
	if !ok {
		return 0, syscall.ENOTDIR
	}
	return 0, chdir(e)
}

func chdir(e *fs.Entry) syscall.Errno {
	if e.Node().Mode()&syscall.S_IFMT != syscall.S_IFDIR {
		return syscall.ENOTDIR
	}
	e.Hold()
	process.directory.Swap(e).Release()
	return 0
}

// sysChroot leaves the current directory where it is, be it outside.
func sysChroot(a *call.Arguments) (uintptr, syscall.Errno) {
	e, errno := lookup(atCWD, a, 0, 0)
	switch {
	case errno != 0:
		return 0, errno
	case e.Node().Mode()&syscall.S_IFMT != syscall.S_IFDIR:
		return 0, syscall.ENOTDIR
	case !isPrivileged():
		return 0, syscall.EPERM
	}
	e.Hold()
	files.SetTop(e).Release()
	return 0, 0
}

func sysUmask(a *call.Arguments) (uintptr, syscall.Errno) {
	return uintptr(process.umask.Swap(uint32(a.Value[0]) & 0o777)), 0
}
