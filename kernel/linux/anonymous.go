package linux

import (
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
)

// Files without a place in the tree: pipes, event counters, epoll instances. To fstat they are on a
// device of their own.

const anonymousDevice = 0xff

var lastInode atomic.Uint64

// newInode returns an inode number for a file without a place in the tree.
func newInode() uint64 { return lastInode.Add(1) }

// anonymous is what files have in common that are neither read nor written.
type anonymous struct{ file.Watchers }

func (*anonymous) Read(p []byte) (int, syscall.Errno)  { return 0, syscall.EINVAL }
func (*anonymous) Write(p []byte) (int, syscall.Errno) { return 0, syscall.EINVAL }

func (*anonymous) Status(st *syscall.Stat_t) syscall.Errno {
	*st = syscall.Stat_t{Dev: anonymousDevice, Ino: 1, Mode: 0o600, Nlink: 1, Blksize: pageSize}
	return 0
}

func putUint32(p []byte, v uint32) {
	p[0], p[1], p[2], p[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

func getUint32(p []byte) uint32 {
	return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
}
