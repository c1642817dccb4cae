package net

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/linux"
)

// A node is a file that is a socket: what a path leads to. Links and renames lead to the same one.
type node struct{ device, number uint64 }

// A pathCall is the memory that a system call with a path needs; it must be in the heap.
type pathCall struct {
	path   [sunPathMost + 1]byte
	status syscall.Stat_t
}

var pathCalls = sync.Pool{New: func() any { return new(pathCall) }}

// do makes the system call number for a path, with one more argument.
func (c *pathCall) do(number uintptr, path string, argument uintptr) syscall.Errno {
	clear(c.path[copy(c.path[:], path):])
	_, errno := linux.Dispatch(number, &call.Arguments{
		Value: [6]uintptr{uintptr(unsafe.Pointer(&c.path)), argument},
	})
	return syscall.Errno(errno)
}

// makeNode makes path a socket and returns which.
func makeNode(path string) (node, syscall.Errno) {
	c := pathCalls.Get().(*pathCall)
	defer pathCalls.Put(c)
	if errno := c.do(unix.SYS_MKNOD, path, syscall.S_IFSOCK|0o777); errno != 0 {
		if errno == syscall.EEXIST {
			errno = syscall.EADDRINUSE
		}
		return node{}, errno
	}
	return c.find(path)
}

// findNode returns which file path leads to.
func findNode(path string) (node, syscall.Errno) {
	c := pathCalls.Get().(*pathCall)
	defer pathCalls.Put(c)
	return c.find(path)
}

func (c *pathCall) find(path string) (node, syscall.Errno) {
	errno := c.do(unix.SYS_STAT, path, uintptr(unsafe.Pointer(&c.status)))
	return node{c.status.Dev, c.status.Ino}, errno
}
