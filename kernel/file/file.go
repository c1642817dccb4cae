// Package file says what an open file is to the system calls: regular files, directories, pipes,
// consoles and sockets all implement File.
package file

import "syscall"

// Events says what a file is ready for.
type Events uint32

// The events, with the values of poll(2).
const (
	Readable Events = 0x1    // POLLIN: Read would not return EAGAIN
	Writable Events = 0x4    // POLLOUT: Write would not return EAGAIN
	Error    Events = 0x8    // POLLERR
	HangUp   Events = 0x10   // POLLHUP: both directions are closed
	ReadHalf Events = 0x2000 // POLLRDHUP: the peer sends no more
)

// A File is one open file description. Its methods never block: what would have to wait returns
// EAGAIN, and the descriptor layer waits for the events (or hands the EAGAIN to a non-blocking
// caller). Methods may be called by many goroutines at once.
type File interface {
	// Read reads at the file's own position. 0 bytes without an error is the end of the file.
	Read(p []byte) (int, syscall.Errno)
	// Write writes at the file's own position (or its end, with O_APPEND).
	Write(p []byte) (int, syscall.Errno)
	// Status fills st as fstat does.
	Status(st *syscall.Stat_t) syscall.Errno
	// Ready returns what the file is ready for now. A file that never blocks returns
	// Readable|Writable.
	Ready() Events
	// Watch calls w.Notify whenever the file may have become ready for an event of w.Events, until
	// Unwatch. It returns false for files that never block: they cannot be polled (EPERM in epoll).
	Watch(w *Watch) bool
	Unwatch(w *Watch)
	// Close is called once, when the last descriptor is gone.
	Close() syscall.Errno
}

// A Watch is one party's interest in a file.
type Watch struct {
	Events Events
	// Notify must not block and may be called with the file's locks held, from any goroutine.
	Notify func(Events)

	// Below belongs to the File's implementation (see Watchers).
	Private any
}
