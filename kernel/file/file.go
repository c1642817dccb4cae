// Package file says what an open file is to the system calls: regular files, directories, pipes,
// consoles and sockets all implement File, and those of the other interfaces here that make sense
// for them.
package file

import "syscall"

// Events says what a file is ready for.
type Events uint32

// The events, with the values of poll(2).
const (
	Readable Events = 0x1    // POLLIN: Read would not return EAGAIN
	Urgent   Events = 0x2    // POLLPRI: there is out-of-band data
	Writable Events = 0x4    // POLLOUT: Write would not return EAGAIN
	Error    Events = 0x8    // POLLERR
	HangUp   Events = 0x10   // POLLHUP: both directions are closed
	ReadHalf Events = 0x2000 // POLLRDHUP: the peer sends no more
)

// A File is one open file description. Its methods never block: what would have to wait returns
// EAGAIN, and the descriptor layer waits for the events (or hands the EAGAIN to a non-blocking
// caller). Methods may be called by many goroutines at once, also while and after Close runs: then
// they return an errno (EBADF), or for a blocked party's sake anything but EAGAIN.
type File interface {
	// Read reads at the file's own position. 0 bytes without an error is the end of the file.
	// Neither Read nor Write keeps p, or hands it to another goroutine, beyond the call.
	Read(p []byte) (int, syscall.Errno)
	// Write writes at the file's own position (or its end, with O_APPEND).
	Write(p []byte) (int, syscall.Errno)
	// Status fills st as fstat does.
	Status(st *syscall.Stat_t) syscall.Errno
	// Ready returns what the file is ready for now. A file that never blocks returns
	// Readable|Writable. What Ready promises, Read and Write keep: Readable and then EAGAIN, with
	// nobody else reading, would make a waiting party spin.
	Ready() Events
	// Watch calls w.Notify whenever the file may have become ready for an event of w.Events, until
	// Unwatch; Error and HangUp are always told. It returns false for files that never block: they
	// cannot be polled (EPERM in epoll). Nothing is told about what is ready already: call Ready
	// after Watch. Once Unwatch has returned, Notify is not called any more.
	Watch(w *Watch) bool
	Unwatch(w *Watch)
	// Close is called once, when the last descriptor is gone. It tells its watches HangUp, so that
	// those who wait find out.
	Close() syscall.Errno
}

// A Watch is one party's interest in a file.
type Watch struct {
	Events Events
	// Notify must not block and may be called with the file's locks held, from any goroutine.
	Notify func(Events)

	// Below belongs to the File's implementation (see Watchers).
	Private any

	next, previous *Watch
	listed         bool
}
