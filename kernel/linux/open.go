package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

// currentDirectory is the directory descriptor that stands for the current directory: AT_FDCWD.
const currentDirectory = -100

// atCWD is currentDirectory as an argument.
const atCWD = ^uintptr(-currentDirectory - 1)

// Flags of the calls that end in "at".
const (
	atSymlinkNofollow = 0x100
	atRemoveDir       = 0x200
	atEaccess         = 0x200
	atSymlinkFollow   = 0x400
	atNoAutomount     = 0x800
	atEmptyPath       = 0x1000
	atStatxSync       = 0x6000
)

// entry returns the name that d was opened by, if it was opened by one.
func (d *Description) entry() (*fs.Entry, bool) {
	if f, ok := d.File.(fs.Opened); ok {
		return f.Entry(), true
	}
	return nil, false
}

// base returns where a path begins that is relative to the directory descriptor fd.
func base(fd uintptr, path string) (*fs.Entry, syscall.Errno) {
	if path != "" && path[0] == '/' {
		return files.Root(), 0
	}
	if int32(fd) == currentDirectory {
		return process.directory.Load(), 0
	}
	d, errno := lookupPath(fd)
	if errno != 0 {
		return nil, errno
	}
	if e, ok := d.entry(); ok {
		return e, 0
	}
	return nil, syscall.ENOTDIR
}

// place reads the path in argument i and returns where it begins.
func place(fd uintptr, a *call.Arguments, i int) (at *fs.Entry, name string, errno syscall.Errno) {
	if name, errno = path(a, i); errno != 0 {
		return nil, "", errno
	}
	if name == "" {
		return nil, "", syscall.ENOENT
	}
	at, errno = base(fd, name)
	return at, name, errno
}

// lookup returns what the path in argument i leads to. Of flags it heeds AT_SYMLINK_NOFOLLOW and
// AT_EMPTY_PATH.
func lookup(fd uintptr, a *call.Arguments, i int, flags uintptr) (*fs.Entry, syscall.Errno) {
	name, errno := path(a, i)
	if errno != 0 {
		return nil, errno
	}
	if name == "" && flags&atEmptyPath == 0 {
		return nil, syscall.ENOENT
	}
	at, errno := base(fd, name)
	if errno != 0 || name == "" {
		return at, errno
	}
	return files.Lookup(at, name, flags&atSymlinkNofollow == 0)
}

func sysOpen(a *call.Arguments) (uintptr, syscall.Errno) {
	return open(atCWD, a, 0, int(int32(a.Value[1])), uint32(a.Value[2]))
}

func sysCreat(a *call.Arguments) (uintptr, syscall.Errno) {
	return open(atCWD, a, 0, syscall.O_CREAT|syscall.O_WRONLY|syscall.O_TRUNC, uint32(a.Value[1]))
}

func sysOpenat(a *call.Arguments) (uintptr, syscall.Errno) {
	return open(a.Value[0], a, 1, int(int32(a.Value[2])), uint32(a.Value[3]))
}

func open(fd uintptr, a *call.Arguments, i int, flags int, mode uint32) (uintptr, syscall.Errno) {
	if !fs.ValidOpen(flags) {
		return 0, syscall.EINVAL
	}
	at, name, errno := place(fd, a, i)
	if errno != 0 {
		return 0, errno
	}
	return openWithin(at, name, flags, mode, 0)
}

func openWithin(at *fs.Entry, name string, flags int, mode uint32, limits fs.Limits) (uintptr, syscall.Errno) {
	f, errno := files.OpenWithin(at, name, flags, mask(mode), limits)
	if errno != 0 {
		return 0, errno
	}
	if flags&oPath == 0 {
		flags |= oLargefile
	} else {
		flags &= oPath | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	}
	opened, errno := Install(f, flags, flags&syscall.O_CLOEXEC != 0)
	return uintptr(opened), errno
}

func sysClose(a *call.Arguments) (uintptr, syscall.Errno) {
	return 0, closeDescriptor(int(int32(a.Value[0])))
}

// sysCloseRange closes the descriptors in [first, last], or marks them close-on-exec, which means
// nothing here.
func sysCloseRange(a *call.Arguments) (uintptr, syscall.Errno) {
	const unshare, closeOnExec = 2, 4
	first, last, flags := uint32(a.Value[0]), uint32(a.Value[1]), a.Value[2]
	if first > last || flags&^(unshare|closeOnExec) != 0 {
		return 0, syscall.EINVAL
	}
	for _, fd := range openDescriptors() {
		switch {
		case uint32(fd) < first || uint32(fd) > last:
		case flags&closeOnExec != 0:
			setCloseOnExec(fd, true)
		default:
			closeDescriptor(fd)
		}
	}
	return 0, 0
}

func sysMemfdCreate(a *call.Arguments) (uintptr, syscall.Errno) {
	const closeOnExec, allowSealing, noExecSeal, exec = 1, 2, 8, 16
	flags := a.Value[1]
	if flags&^(closeOnExec|allowSealing|noExecSeal|exec) != 0 || flags&(noExecSeal|exec) == noExecSeal|exec {
		return 0, syscall.EINVAL
	}
	name, errno := String(Argument(a, 0), 250)
	if errno == syscall.ENAMETOOLONG {
		errno = syscall.EINVAL
	}
	if errno != 0 {
		return 0, errno
	}
	fd, errno := Install(files.OpenMemory(name, flags&allowSealing != 0, flags&noExecSeal == 0), syscall.O_RDWR|oLargefile, flags&closeOnExec != 0)
	return uintptr(fd), errno
}
