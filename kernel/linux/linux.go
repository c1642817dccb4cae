// Package linux is the face that programs see: Linux's system calls, as functions.
//
// A system call is a call of Dispatch on the calling goroutine. One that must wait parks that
// goroutine and nothing else. Each area has a file; all calls are in one table (table.go).
//
// # For packages that add calls
//
// Package net's sockets live elsewhere and register their calls here:
//
//	linux.Register(unix.SYS_SOCKET, socket)
//
//	func socket(a *call.Arguments) (uintptr, syscall.Errno) {
//		...
//		fd, errno := linux.Install(newSocket(...), syscall.O_RDWR, flags&syscall.SOCK_CLOEXEC != 0)
//		return uintptr(fd), errno
//	}
//
// A descriptor leads to a Description, and that to a file.File (Lookup). The file never blocks; the
// handler does, for it (Description.Wait):
//
//	for {
//		n, errno := f.Receive(...)
//		if errno != syscall.EAGAIN || d.NonBlocking() {
//			return uintptr(n), errno
//		}
//		if errno := d.Wait(file.Readable, deadline); errno != 0 {
//			return 0, errno
//		}
//	}
//
// The caller's memory is reached through Pointer and what takes one: CopyIn and CopyOut for small
// structs without pointers, String for names, Borrow for bytes, Pointer.Load for a pointer that is
// in the caller's memory itself, Vector for an iovec array. Nothing else may touch it: an argument
// may be wild (EFAULT), and it may point into the calling goroutine's stack, which moves when it
// grows. A Pointer is therefore kept in local variables only: not in the heap, not in a closure,
// not by another goroutine.
package linux
