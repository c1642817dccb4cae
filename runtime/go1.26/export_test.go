//go:build ringo

package runtime

// What the stock tests of package runtime ask of an operating system, in place of export_unix_test.go and
// export_linux_test.go.

import "unsafe"

var (
	NonblockingPipe = nonblockingPipe
	Fcntl           = fcntl
	Closeonexec     = closeOnExec
)

type M = m

const (
	O_WRONLY = 0x1
	O_CREAT  = 0x40
	O_TRUNC  = 0x200

	_MAP_PRIVATE = 0x2
	_MAP_FIXED   = 0x10
	_MAP_ANON    = 0x20
)

func closeOnExec(fd int32) {
	const setFlags, closeOnExecFlag = 2, 1 // F_SETFD, FD_CLOEXEC
	fcntl(fd, setFlags, closeOnExecFlag)
}

func setVMANameSupported() bool { return false }

func mmap(address unsafe.Pointer, n uintptr, protection, flags, fd int32, offset uint32) (unsafe.Pointer, int) {
	const callMmap = 9
	p, _, errno := systemCall(callMmap, uintptr(address), n, uintptr(protection), uintptr(flags), uintptr(fd), uintptr(offset))
	if errno != 0 {
		return nil, int(errno)
	}
	return unsafe.Pointer(p), 0
}

func munmap(address unsafe.Pointer, n uintptr) {
	const callMunmap = 11
	systemCall(callMunmap, uintptr(address), n, 0, 0, 0, 0)
}
