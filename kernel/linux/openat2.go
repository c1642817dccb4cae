package linux

import (
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/fs"
)

// An openHow is struct open_how, as it was first (Linux, include/uapi/linux/openat2.h).
type openHow struct{ flags, mode, resolve uint64 }

// The resolve flags are fs.Limits, from the least bit on, and this one.
const resolveCached = 0x20

// openFlags are all that openat2 knows; it refuses the others, and open does not.
const openFlags = syscall.O_ACCMODE | syscall.O_CREAT | syscall.O_EXCL | syscall.O_NOCTTY | syscall.O_TRUNC |
	syscall.O_APPEND | syscall.O_NONBLOCK | syscall.O_SYNC | syscall.O_ASYNC | syscall.O_DIRECT | oLargefile |
	syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_NOATIME | syscall.O_CLOEXEC | oPath | oTmpfile

func sysOpenat2(a *call.Arguments) (uintptr, syscall.Errno) {
	how, errno := openHowOf(Argument(a, 2), a.Value[3])
	if errno != 0 {
		return 0, errno
	}
	flags := int(how.flags)
	const all = fs.NoCrossing | fs.NoMagicLinks | fs.NoLinks | fs.Beneath | fs.InRoot
	creates := flags&syscall.O_CREAT != 0 || flags&oTmpfile == oTmpfile
	switch {
	case how.flags&^openFlags != 0, how.resolve&^(uint64(all)|resolveCached) != 0, how.mode&^0o7777 != 0,
		how.mode != 0 && !creates,
		how.resolve&uint64(fs.Beneath|fs.InRoot) == uint64(fs.Beneath|fs.InRoot),
		flags&oPath != 0 && flags&^(oPath|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC) != 0,
		!fs.ValidOpen(flags):
		return 0, syscall.EINVAL
	case how.resolve&resolveCached != 0 && (creates || flags&syscall.O_TRUNC != 0):
		return 0, syscall.EAGAIN
	}
	name, errno := path(a, 1)
	if errno != 0 {
		return 0, errno
	}
	if name == "" {
		return 0, syscall.ENOENT
	}
	limits := fs.Limits(how.resolve) & all
	start := name
	if limits&fs.InRoot != 0 {
		start = "." // also of an absolute path
	}
	at, errno := base(a.Value[0], start)
	if errno != 0 {
		return 0, errno
	}
	return openWithin(at, name, flags, uint32(how.mode), limits)
}

// openHowOf reads a struct open_how of the given size. What is in it beyond what is known here must be zero.
func openHowOf(p Pointer, size uintptr) (how openHow, errno syscall.Errno) {
	const known, most = 24, pageSize
	switch {
	case size < known:
		return how, syscall.EINVAL
	case size > most:
		return how, syscall.E2BIG
	}
	if errno := zeroBeyond(p, known, size); errno != 0 {
		return how, errno
	}
	return how, CopyIn(p, &how)
}
