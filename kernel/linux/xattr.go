package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
)

// Extended attributes (xattr(7)): the files have none, as on Linux those of a file system that knows
// none. Programs ask for them to copy files, and go on without where they hear EOPNOTSUPP.

// attributeMost limits the names of attributes (Linux, include/uapi/linux/limits.h).
const attributeMost = 255

// noAttribute checks the path and the attribute's name of getxattr, setxattr and removexattr.
func noAttribute(a *call.Arguments, flags uintptr) (uintptr, syscall.Errno) {
	if errno := attributeName(a); errno != 0 {
		return 0, errno
	}
	if _, errno := lookup(atCWD, a, 0, flags); errno != 0 {
		return 0, errno
	}
	return 0, syscall.EOPNOTSUPP
}

func attributeName(a *call.Arguments) syscall.Errno {
	name, errno := String(Argument(a, 1), attributeMost+2)
	if errno == syscall.ENAMETOOLONG || errno == 0 && (name == "" || len(name) > attributeMost) {
		return syscall.ERANGE
	}
	return errno
}

// sysGetxattr is also removexattr.
func sysGetxattr(a *call.Arguments) (uintptr, syscall.Errno) { return noAttribute(a, 0) }

// sysLgetxattr is also lremovexattr.
func sysLgetxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	return noAttribute(a, atSymlinkNofollow)
}

// sysFgetxattr is also fremovexattr.
func sysFgetxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	if errno := attributeName(a); errno != 0 {
		return 0, errno
	}
	if _, errno := Lookup(a.Value[0]); errno != 0 {
		return 0, errno
	}
	return 0, syscall.EOPNOTSUPP
}

func sysSetxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	if errno := attributeValue(a); errno != 0 {
		return 0, errno
	}
	return sysGetxattr(a)
}

func sysLsetxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	if errno := attributeValue(a); errno != 0 {
		return 0, errno
	}
	return sysLgetxattr(a)
}

func sysFsetxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	if errno := attributeValue(a); errno != 0 {
		return 0, errno
	}
	return sysFgetxattr(a)
}

// attributeValue checks what setxattr is given to set.
func attributeValue(a *call.Arguments) syscall.Errno {
	const create, replace, most = 1, 2, 64 << 10
	if uint32(a.Value[4])&^(create|replace) != 0 {
		return syscall.EINVAL
	}
	if errno := attributeName(a); errno != 0 {
		return errno
	}
	switch size := a.Value[3]; {
	case size > most:
		return syscall.E2BIG
	case size > 0 && !Argument(a, 2).isMapped() && !Argument(a, 2).check(size, false):
		return syscall.EFAULT
	}
	return 0
}

func sysListxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	_, errno := lookup(atCWD, a, 0, 0)
	return 0, errno
}

func sysLlistxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	_, errno := lookup(atCWD, a, 0, atSymlinkNofollow)
	return 0, errno
}

func sysFlistxattr(a *call.Arguments) (uintptr, syscall.Errno) {
	_, errno := Lookup(a.Value[0])
	return 0, errno
}
