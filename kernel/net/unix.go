package net

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/file"
)

// A unixSocket is a socket of AF_UNIX: stream, datagram or sequenced packets (unix(7)).
type unixSocket struct {
	common
	network *Network
	in      *inbox

	mu       sync.Mutex
	own      string        // its name: a path, or a NUL and what follows
	bound    node          // what the path leads to
	peerName string        // of the peer, once connected
	out      *inbox        // the peer's
	shut     bool          // for writing
	waiting  []*unixSocket // of a listener: connected, but not accepted
	backlog  int           // of a listener: how many may be waiting
	closed   bool
	passCred bool
}

func (n *Network) openUnix(kind, protocol int) (socket, syscall.Errno) {
	if protocol != 0 && protocol != syscall.AF_UNIX {
		return nil, syscall.EPROTONOSUPPORT
	}
	switch kind {
	case syscall.SOCK_RAW:
		kind = syscall.SOCK_DGRAM
	case syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET:
	default:
		return nil, syscall.ESOCKTNOSUPPORT
	}
	return n.newUnix(kind), 0
}

func (n *Network) newUnix(kind int) *unixSocket {
	s := &unixSocket{common: newCommon(syscall.AF_UNIX, kind, 0), network: n}
	s.in = &inbox{owner: s}
	return s
}

// unixPair makes two sockets that are connected to each other.
func (n *Network) unixPair(kind, protocol int) (a, b socket, errno syscall.Errno) {
	first, errno := n.openUnix(kind, protocol)
	if errno != 0 {
		return nil, nil, errno
	}
	one := first.(*unixSocket)
	other := n.newUnix(one.kind)
	one.out, other.out = other.in, one.in
	return one, other, 0
}

// connectionless reports whether messages may go to several peers.
func (s *unixSocket) connectionless() bool { return s.kind == syscall.SOCK_DGRAM }

func (s *unixSocket) boundName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.own
}

// peerInbox returns where what is sent goes, nil for nowhere.
func (s *unixSocket) peerInbox() (out *inbox, shut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out, s.shut
}

func (s *unixSocket) bind(to *sockaddr) syscall.Errno {
	name, errno := to.unixName()
	if errno != 0 {
		return errno
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own != "" {
		return syscall.EINVAL
	}
	if name == "" {
		name, errno = s.network.unix.bindAny(s)
	} else {
		errno = s.network.unix.bind(name, s)
	}
	if errno == 0 {
		s.own = name
	}
	return errno
}

func (s *unixSocket) listen(backlog int) syscall.Errno {
	if s.connectionless() {
		return syscall.EOPNOTSUPP
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == "" || s.out != nil {
		return syscall.EINVAL
	}
	s.backlog = backlog + 1
	return 0
}

func (s *unixSocket) connect(to *sockaddr) syscall.Errno {
	if s.connectionless() && to.family() == syscall.AF_UNSPEC {
		s.mu.Lock()
		s.out, s.peerName = nil, ""
		s.mu.Unlock()
		return 0
	}
	name, errno := to.unixName()
	if errno != 0 {
		return errno
	}
	target, errno := s.network.unix.find(name)
	switch {
	case errno != 0:
		return errno
	case target.kind != s.kind:
		return syscall.EPROTOTYPE
	case s.connectionless():
		s.mu.Lock()
		s.out, s.peerName = target.in, name
		s.mu.Unlock()
		s.watchers.Notify(file.Writable)
		return 0
	}
	return s.connectTo(target, name)
}

// connectTo joins s to a new socket that listener will accept.
func (s *unixSocket) connectTo(listener *unixSocket, name string) syscall.Errno {
	// One at a time: two sockets that connect to each other would wait for each other's lock.
	s.network.unix.connecting.Lock()
	defer s.network.unix.connecting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.out != nil:
		return syscall.EISCONN
	case s == listener || s.backlog > 0:
		return syscall.EINVAL
	}
	accepted := s.network.newUnix(s.kind)
	accepted.own, accepted.peerName = name, s.own
	accepted.out = s.in
	listener.mu.Lock()
	defer listener.mu.Unlock()
	switch {
	case listener.closed || listener.backlog == 0:
		return syscall.ECONNREFUSED
	case len(listener.waiting) >= listener.backlog:
		return syscall.EAGAIN
	}
	s.out, s.peerName = accepted.in, name
	listener.waiting = append(listener.waiting, accepted)
	listener.watchers.Notify(file.Readable)
	s.watchers.Notify(file.Writable)
	return 0
}

func (s *unixSocket) accept() (socket, syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.connectionless():
		return nil, syscall.EOPNOTSUPP
	case s.backlog == 0 || s.closed || s.shut:
		return nil, syscall.EINVAL
	case len(s.waiting) == 0:
		return nil, syscall.EAGAIN
	}
	accepted := s.waiting[0]
	s.waiting = s.waiting[1:]
	return accepted, 0
}

func (s *unixSocket) name(a *sockaddr) syscall.Errno {
	a.setUnix(s.boundName())
	return 0
}

func (s *unixSocket) peer(a *sockaddr) syscall.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return syscall.ENOTCONN
	}
	a.setUnix(s.peerName)
	return 0
}

func (s *unixSocket) shutdown(how int) syscall.Errno {
	s.mu.Lock()
	out := s.out
	if out == nil && s.backlog == 0 {
		s.mu.Unlock()
		return syscall.ENOTCONN
	}
	if how != syscall.SHUT_RD {
		s.shut = true
	}
	s.mu.Unlock()
	if how != syscall.SHUT_RD && out != nil && !s.connectionless() {
		out.end(file.Readable | file.ReadHalf)
	}
	if how != syscall.SHUT_WR {
		s.in.stop()
		if out != nil && !s.connectionless() {
			out.owner.watchers.Notify(file.Writable) // it would get EPIPE
		}
	}
	s.watchers.Notify(file.Readable | file.ReadHalf | file.Writable)
	return 0
}

func (s *unixSocket) send(m *message) (int, syscall.Errno) {
	if errno := s.sendControl(m); errno != 0 {
		return 0, errno
	}
	out, shut := s.peerInbox()
	if m.address.length > 0 {
		if !s.connectionless() {
			if out != nil {
				return 0, syscall.EISCONN
			}
			return 0, syscall.EOPNOTSUPP
		}
		name, errno := m.address.unixName()
		if errno != 0 {
			return 0, errno
		}
		target, errno := s.network.unix.find(name)
		if errno != 0 {
			return 0, errno
		}
		if target.kind != s.kind {
			return 0, syscall.EPROTOTYPE
		}
		out = target.in
	}
	switch {
	case shut:
		return 0, syscall.EPIPE
	case out == nil:
		return 0, syscall.ENOTCONN
	}
	return out.put(s, m, s.stream())
}

// sendControl takes the descriptors that m is to carry (SCM_RIGHTS).
func (s *unixSocket) sendControl(m *message) syscall.Errno {
	if len(m.control) == 0 || len(m.rights) > 0 {
		return 0
	}
	return m.eachControl(func(level, kind int, data []byte) syscall.Errno {
		switch (optionKey{level, kind}) {
		case optionKey{unix.SOL_SOCKET, unix.SCM_RIGHTS}:
			return m.takeRights(data)
		case optionKey{unix.SOL_SOCKET, unix.SCM_CREDENTIALS}:
			return 0 // there is nobody else to be
		}
		return syscall.EINVAL
	})
}

func (s *unixSocket) receive(m *message) (int, syscall.Errno) {
	if out, _ := s.peerInbox(); out == nil && !s.connectionless() {
		return 0, syscall.ENOTCONN
	}
	n, errno := s.in.take(m, s.stream())
	if errno == 0 {
		s.addCredentials(m)
	}
	return n, errno
}

// Read implements file.File.
func (s *unixSocket) Read(p []byte) (int, syscall.Errno) { return readMessage(s, p) }

// Write implements file.File.
func (s *unixSocket) Write(p []byte) (int, syscall.Errno) { return writeMessage(s, p) }

// Ready implements file.File.
func (s *unixSocket) Ready() (events file.Events) {
	s.mu.Lock()
	out, shut, listening, waiting, closed := s.out, s.shut, s.backlog > 0, len(s.waiting), s.closed
	s.mu.Unlock()
	if closed {
		return file.HangUp
	}
	if listening {
		if waiting > 0 || shut {
			events = file.Readable
		}
		return events
	}
	some, ended := s.in.readable()
	if some || ended {
		events |= file.Readable
	}
	if ended {
		events |= file.ReadHalf
	}
	if out == nil {
		if !s.connectionless() {
			return events | file.Writable | file.HangUp
		}
		return events | file.Writable
	}
	room, deaf := out.writable(s)
	if room || shut {
		events |= file.Writable
	}
	if ended && (shut || deaf) && !s.connectionless() {
		events |= file.HangUp
	}
	return events
}

// Close implements file.File.
func (s *unixSocket) Close() syscall.Errno {
	s.mu.Lock()
	s.closed = true
	out, waiting, own := s.out, s.waiting, s.own
	s.waiting = nil
	s.mu.Unlock()
	if own != "" {
		s.network.unix.release(own, s)
	}
	for _, w := range waiting {
		w.Close()
	}
	s.in.stop()
	if out != nil && !s.connectionless() {
		out.end(file.Readable | file.Writable | file.ReadHalf | file.HangUp)
	}
	s.watchers.Notify(file.HangUp)
	return 0
}
