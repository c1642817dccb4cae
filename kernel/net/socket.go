package net

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ringo-os/ringo/kernel/file"
	"github.com/ringo-os/ringo/kernel/linux"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A socket is a file with the operations that sockets of every family have. Like those of a file,
// they never block: the system calls wait for them.
type socket interface {
	file.File
	properties() *common

	bind(to *sockaddr) syscall.Errno
	// connect returns EINPROGRESS when the socket will become writable once the outcome is known.
	connect(to *sockaddr) syscall.Errno
	listen(backlog int) syscall.Errno
	accept() (socket, syscall.Errno)
	// name and peer return the socket's own address and the peer's.
	name(a *sockaddr) syscall.Errno
	peer(a *sockaddr) syscall.Errno
	shutdown(how int) syscall.Errno
	// send and receive move one message, or some bytes of a stream.
	send(m *message) (int, syscall.Errno)
	receive(m *message) (int, syscall.Errno)
	setOption(level, name int, value []byte) syscall.Errno
	// option puts the value of an option into value and returns its length.
	option(level, name int, value []byte) (int, syscall.Errno)
}

// common is what sockets of all families are made of. Not all of them listen, accept or shut down.
type common struct {
	domain, kind, protocol int

	watchers file.Watchers
	number   uint64
	// SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds, 0 for none.
	receiveTimeout, sendTimeout atomic.Int64
}

var inodes atomic.Uint64

func newCommon(domain, kind, protocol int) common {
	return common{domain: domain, kind: kind, protocol: protocol, number: inodes.Add(1)}
}

func (c *common) properties() *common { return c }

// Status implements file.File.
func (c *common) Status(st *syscall.Stat_t) syscall.Errno {
	*st = syscall.Stat_t{
		Dev:     8, // sockfs
		Ino:     c.number,
		Nlink:   1,
		Mode:    syscall.S_IFSOCK | 0o777,
		Blksize: 4096,
	}
	return 0
}

// Watch implements file.File.
func (c *common) Watch(w *file.Watch) bool { return c.watchers.Watch(w) }

// Unwatch implements file.File.
func (c *common) Unwatch(w *file.Watch) { c.watchers.Unwatch(w) }

func (c *common) listen(int) syscall.Errno        { return syscall.EOPNOTSUPP }
func (c *common) accept() (socket, syscall.Errno) { return nil, syscall.EOPNOTSUPP }
func (c *common) shutdown(int) syscall.Errno      { return syscall.EOPNOTSUPP }

// stream reports whether messages have no bounds.
func (c *common) stream() bool { return c.kind == syscall.SOCK_STREAM }

// deadline returns when a call that begins now and has that timeout ends.
func deadline(timeout *atomic.Int64) int64 {
	if t := timeout.Load(); t > 0 {
		return machine.Uptime() + t
	}
	return linux.Never
}

// A message is what send and receive move, with all that goes along with it.
type message struct {
	bytes []byte
	flags int // MSG_...

	// address is where it goes to or comes from. Received messages have one if it is wanted.
	address     sockaddr
	wantAddress bool

	// control holds control messages: those to send, or room for those received.
	control []byte
	room    int
	rights  []*linux.Description // descriptors that come along, each held

	outFlags int // flags of what was received: MSG_TRUNC, MSG_CTRUNC
}

// taken returns what a call says that it has received, of a datagram of whole bytes of which n had room.
func (m *message) taken(n, whole int) int {
	if whole <= n {
		return n
	}
	m.outFlags |= syscall.MSG_TRUNC
	if m.flags&syscall.MSG_TRUNC != 0 {
		return whole
	}
	return n
}

// readMessage and writeMessage are Read and Write of a socket that knows messages alone. Descriptors that come along are
// closed: read(2) has no way to give them.
func readMessage(s socket, p []byte) (int, syscall.Errno) {
	m := newMessage(0)
	defer putMessage(m)
	m.bytes = p
	return s.receive(m)
}

func writeMessage(s socket, p []byte) (int, syscall.Errno) {
	m := newMessage(0)
	defer putMessage(m)
	m.bytes = p
	return s.send(m)
}

var messages = sync.Pool{New: func() any { return new(message) }}

// newMessage returns an empty message; putMessage ends its use.
func newMessage(flags int) *message {
	m := messages.Get().(*message)
	m.flags = flags
	return m
}

func putMessage(m *message) {
	m.bytes = nil
	m.flags, m.outFlags = 0, 0
	m.address.length = 0
	m.wantAddress = false
	m.control = m.control[:0]
	m.room = 0
	for _, d := range m.rights {
		d.Release()
	}
	clear(m.rights)
	m.rights = m.rights[:0]
	messages.Put(m)
}

// set makes the socket wait, or not, as the flags of a call and of its descriptor say.
func blocks(d *linux.Description, flags int) bool {
	return flags&syscall.MSG_DONTWAIT == 0 && !d.NonBlocking()
}

// sendWait sends m and waits where it must. Of a stream it sends all.
func sendWait(d *linux.Description, s socket, m *message) (sent int, errno syscall.Errno) {
	until := int64(0)
	for {
		n, errno := s.send(m)
		sent += n
		if errno == 0 && (n == len(m.bytes) || !s.properties().stream()) {
			return sent, 0
		}
		m.bytes = m.bytes[n:]
		if errno == 0 || errno == syscall.EAGAIN {
			errno = syscall.EAGAIN
			if blocks(d, m.flags) {
				if until == 0 {
					until = deadline(&s.properties().sendTimeout)
				}
				errno = d.Wait(file.Writable, until)
			}
		}
		if errno != 0 {
			if sent > 0 {
				return sent, 0
			}
			return 0, errno
		}
	}
}

// receiveWait receives m and waits where it must: for something, or with MSG_WAITALL until all of
// m.bytes is full.
func receiveWait(d *linux.Description, s socket, m *message) (received int, errno syscall.Errno) {
	all := m.flags&syscall.MSG_WAITALL != 0 && m.flags&syscall.MSG_PEEK == 0 && s.properties().stream()
	until := int64(0)
	for {
		n, errno := s.receive(m)
		received += n
		if errno == 0 && (!all || n == 0 || n == len(m.bytes)) {
			return received, 0
		}
		if errno == 0 {
			m.bytes = m.bytes[n:]
			continue
		}
		if errno == syscall.EAGAIN && blocks(d, m.flags) {
			if until == 0 {
				until = deadline(&s.properties().receiveTimeout)
			}
			errno = d.Wait(file.Readable|file.ReadHalf, until)
		}
		if errno != 0 {
			if received > 0 {
				return received, 0
			}
			return 0, errno
		}
	}
}
