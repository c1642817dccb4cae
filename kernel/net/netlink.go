package net

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringo-os/ringo/kernel/file"
)

// A netlink is a socket of AF_NETLINK for NETLINK_ROUTE, over which programs ask for interfaces,
// addresses and routes (rtnetlink(7)). It answers at once: what it sends is waiting to be received
// when the question has been sent. Nothing can be changed, and changes are not announced.
type netlink struct {
	common
	network *Network

	mu      sync.Mutex
	port    uint32
	groups  uint32
	answers [][]byte
	closed  bool
}

const (
	sizeNetlinkAddress = 12 // struct sockaddr_nl: family, padding, port, groups
	atNetlinkPort      = 4
	atNetlinkGroups    = 8
)

// mostAnswers is how many datagrams wait for a program that only asks.
const mostAnswers = 256

// netlinkPorts counts the ports that sockets got because they did not say one.
var netlinkPorts atomic.Uint32

func (n *Network) openNetlink(kind, protocol int) (socket, syscall.Errno) {
	switch {
	case kind != syscall.SOCK_RAW && kind != syscall.SOCK_DGRAM:
		return nil, syscall.ESOCKTNOSUPPORT
	case protocol != unix.NETLINK_ROUTE:
		return nil, syscall.EPROTONOSUPPORT
	}
	return &netlink{common: newCommon(syscall.AF_NETLINK, kind, protocol), network: n}, 0
}

func (s *netlink) bind(to *sockaddr) syscall.Errno {
	if to.length < sizeNetlinkAddress || to.family() != syscall.AF_NETLINK {
		return syscall.EINVAL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if port := binary.NativeEndian.Uint32(to.bytes[atNetlinkPort:]); port != 0 {
		s.port = port
	}
	s.groups = binary.NativeEndian.Uint32(to.bytes[atNetlinkGroups:])
	s.bound()
	return 0
}

// bound gives the socket a port if it has none. s.mu is held.
func (s *netlink) bound() {
	if s.port == 0 {
		s.port = netlinkPorts.Add(1)
	}
}

// connect says whom to send to; there is nobody but the kernel.
func (s *netlink) connect(to *sockaddr) syscall.Errno {
	if to.length < sizeNetlinkAddress || to.family() != syscall.AF_NETLINK {
		return syscall.EINVAL
	}
	s.mu.Lock()
	s.bound()
	s.mu.Unlock()
	return 0
}

func (s *netlink) name(a *sockaddr) syscall.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.setNetlink(s.port, s.groups)
	return 0
}

func (s *netlink) peer(a *sockaddr) syscall.Errno {
	a.setNetlink(0, 0)
	return 0
}

func (a *sockaddr) setNetlink(port, groups uint32) {
	a.set(syscall.AF_NETLINK, sizeNetlinkAddress)
	binary.NativeEndian.PutUint32(a.bytes[atNetlinkPort:], port)
	binary.NativeEndian.PutUint32(a.bytes[atNetlinkGroups:], groups)
}

func (s *netlink) setOption(level, name int, value []byte) syscall.Errno {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_RCVBUF}, optionKey{unix.SOL_SOCKET, unix.SO_SNDBUF},
		optionKey{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE}, optionKey{unix.SOL_SOCKET, unix.SO_PASSCRED},
		optionKey{unix.SOL_NETLINK, unix.NETLINK_EXT_ACK}, optionKey{unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK},
		optionKey{unix.SOL_NETLINK, unix.NETLINK_CAP_ACK}, optionKey{unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP},
		optionKey{unix.SOL_NETLINK, unix.NETLINK_DROP_MEMBERSHIP}:
		return 0
	}
	return syscall.ENOPROTOOPT
}

func (s *netlink) option(level, name int, value []byte) (int, syscall.Errno) {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_ERROR}:
		return putInt(value, 0)
	case optionKey{unix.SOL_SOCKET, unix.SO_RCVBUF}, optionKey{unix.SOL_SOCKET, unix.SO_SNDBUF}:
		return putInt(value, 212992)
	}
	return 0, syscall.ENOPROTOOPT
}

func (s *netlink) send(m *message) (int, syscall.Errno) {
	s.mu.Lock()
	s.bound()
	port, full := s.port, len(s.answers) > mostAnswers
	s.mu.Unlock()
	if full {
		return 0, syscall.ENOBUFS
	}
	answers := s.network.answer(m.bytes, port)
	s.mu.Lock()
	s.answers = append(s.answers, answers...)
	s.mu.Unlock()
	if len(answers) > 0 {
		s.watchers.Notify(file.Readable)
	}
	return len(m.bytes), 0
}

func (s *netlink) receive(m *message) (int, syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		if s.closed {
			return 0, syscall.EBADF
		}
		return 0, syscall.EAGAIN
	}
	answer := s.answers[0]
	if m.flags&syscall.MSG_PEEK == 0 {
		s.answers[0] = nil
		s.answers = s.answers[1:]
	}
	m.address.setNetlink(0, 0)
	return m.taken(copy(m.bytes, answer), len(answer)), 0
}

// Read implements file.File.
func (s *netlink) Read(p []byte) (int, syscall.Errno) { return readMessage(s, p) }

// Write implements file.File.
func (s *netlink) Write(p []byte) (int, syscall.Errno) { return writeMessage(s, p) }

// Ready implements file.File.
func (s *netlink) Ready() file.Events {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) > 0 {
		return file.Readable | file.Writable
	}
	return file.Writable
}

// Close implements file.File.
func (s *netlink) Close() syscall.Errno {
	s.mu.Lock()
	s.closed = true
	s.answers = nil
	s.mu.Unlock()
	s.watchers.Notify(file.HangUp)
	return 0
}
