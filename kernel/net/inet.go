package net

import (
	"sync/atomic"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/ringo-os/ringo/kernel/file"
)

// An inet is a socket of AF_INET or AF_INET6: TCP, UDP, ICMP or raw IP.
type inet struct {
	common
	network  *Network
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	entry    waiter.Entry
	filter   atomic.Pointer[filter]
	joining  atomic.Pointer[joining]
	short    atomic.Pointer[shortcut]
	fitted   atomic.Int64 // the share that the buffers were fitted to
	inetOptions
}

// openInet makes a socket of the Internet families.
func (n *Network) openInet(domain, kind, protocol int) (socket, syscall.Errno) {
	number := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if domain == syscall.AF_INET6 {
		number = ipv6.ProtocolNumber
	}
	queue := new(waiter.Queue)
	if kind == syscall.SOCK_RAW {
		if protocol <= 0 || protocol > 255 {
			return nil, syscall.EPROTONOSUPPORT
		}
		receives := protocol != syscall.IPPROTO_RAW // that is for packets whose header is the program's
		e, err := n.stack.NewRawEndpoint(tcpip.TransportProtocolNumber(protocol), number, queue, receives)
		if err != nil {
			return nil, errnoOf(err)
		}
		return newInet(n, domain, kind, protocol, e, queue), 0
	}
	transport, errno := transportOf(domain, kind, &protocol)
	if errno != 0 {
		return nil, errno
	}
	e, err := n.stack.NewEndpoint(transport, number, queue)
	if err != nil {
		return nil, errnoOf(err)
	}
	s := newInet(n, domain, kind, protocol, e, queue)
	if kind == syscall.SOCK_STREAM {
		e.SocketOptions().SetDelayOption(true) // Nagle's algorithm, until TCP_NODELAY
	}
	return s, 0
}

// transportOf returns the transport protocol for socket(2)'s arguments, and puts the one that
// protocol 0 means into protocol.
func transportOf(domain, kind int, protocol *int) (tcpip.TransportProtocolNumber, syscall.Errno) {
	const any = 0
	switch kind {
	case syscall.SOCK_STREAM:
		if *protocol == any || *protocol == syscall.IPPROTO_TCP {
			*protocol = syscall.IPPROTO_TCP
			return tcp.ProtocolNumber, 0
		}
	case syscall.SOCK_DGRAM:
		switch {
		case *protocol == any || *protocol == syscall.IPPROTO_UDP:
			*protocol = syscall.IPPROTO_UDP
			return udp.ProtocolNumber, 0
		case *protocol == syscall.IPPROTO_ICMP && domain == syscall.AF_INET:
			return icmp.ProtocolNumber4, 0
		case *protocol == syscall.IPPROTO_ICMPV6 && domain == syscall.AF_INET6:
			return icmp.ProtocolNumber6, 0
		}
	default:
		return 0, syscall.ESOCKTNOSUPPORT
	}
	return 0, syscall.EPROTONOSUPPORT
}

func newInet(n *Network, domain, kind, protocol int, e tcpip.Endpoint, queue *waiter.Queue) *inet {
	s := &inet{common: newCommon(domain, kind, protocol), network: n, endpoint: e, queue: queue}
	s.entry.Init(s, waiter.AllEvents)
	queue.EventRegister(&s.entry)
	return s
}

// knownEvents are those of poll(2) that package file has; the stack's have the same values.
const knownEvents = file.Readable | file.Urgent | file.Writable | file.Error | file.HangUp | file.ReadHalf

// NotifyEvent implements waiter.EventListener: it tells the watches what the stack tells.
func (s *inet) NotifyEvent(mask waiter.EventMask) {
	if events := file.Events(mask) & knownEvents; events != 0 {
		s.watchers.Notify(events)
	}
}

// Ready implements file.File.
func (s *inet) Ready() file.Events {
	return s.readyShort(file.Events(s.endpoint.Readiness(waiter.AllEvents)) & knownEvents)
}

// Close implements file.File.
func (s *inet) Close() syscall.Errno {
	s.queue.EventUnregister(&s.entry)
	s.closeShort()
	if s.stream() {
		s.network.hurry(s.endpoint)
	}
	s.endpoint.Close()
	if s.stream() {
		s.network.share()
	}
	s.watchers.Notify(file.HangUp)
	return 0
}

func (s *inet) bind(to *sockaddr) syscall.Errno {
	if family := to.family(); to.length >= familySize && family != s.domain {
		return syscall.EAFNOSUPPORT
	}
	address, errno := to.inet(s.domain)
	if errno != 0 {
		return errno
	}
	err := s.endpoint.Bind(address)
	if _, ok := err.(*tcpip.ErrNoPortAvailable); ok {
		return syscall.EADDRINUSE
	}
	return errnoOf(err)
}

func (s *inet) connect(to *sockaddr) syscall.Errno {
	if to.length >= familySize && to.family() == syscall.AF_UNSPEC {
		return errnoOf(s.endpoint.Disconnect())
	}
	address, errno := to.inet(s.domain)
	if errno != 0 {
		return errno
	}
	connect := s.endpoint.Connect
	if s.stream() {
		s.network.share()
		s.fitBuffers()
		if s.network.isLocal(address.Addr) {
			connect = s.connectWithin
		}
	}
	switch err := connect(address); err.(type) {
	case *tcpip.ErrNoPortAvailable:
		if s.stream() {
			return syscall.EADDRNOTAVAIL
		}
		return syscall.EAGAIN
	case *tcpip.ErrHostUnreachable, *tcpip.ErrNetworkUnreachable:
		return s.unreachable()
	default:
		return errnoOf(err)
	}
}

// unreachable is the errno where no route leads: that is known at once, while EHOSTUNREACH comes
// later, when nobody has answered.
func (s *inet) unreachable() syscall.Errno {
	s.network.tellAlone()
	return syscall.ENETUNREACH
}

func (s *inet) listen(backlog int) syscall.Errno {
	err := s.endpoint.Listen(backlog)
	if at, _ := s.endpoint.GetLocalAddress(); err == nil && at.Addr.Unspecified() {
		s.network.tellAlone() // it listens for the world
	}
	return errnoOf(err)
}

func (s *inet) accept() (socket, syscall.Errno) {
	e, queue, err := s.endpoint.Accept(nil)
	if err != nil {
		return nil, errnoOf(err)
	}
	accepted := newInet(s.network, s.domain, s.kind, s.protocol, e, queue)
	accepted.sized.Store(s.sized.Load())
	s.network.share()
	accepted.fitBuffers()
	accepted.begin()
	return accepted, 0
}

func (s *inet) name(a *sockaddr) syscall.Errno {
	address, err := s.endpoint.GetLocalAddress()
	a.setInet(s.domain, address)
	return errnoOf(err)
}

func (s *inet) peer(a *sockaddr) syscall.Errno {
	address, err := s.endpoint.GetRemoteAddress()
	a.setInet(s.domain, address)
	return errnoOf(err)
}

func (s *inet) shutdown(how int) syscall.Errno {
	flags := [...]tcpip.ShutdownFlags{
		syscall.SHUT_RD:   tcpip.ShutdownRead,
		syscall.SHUT_WR:   tcpip.ShutdownWrite,
		syscall.SHUT_RDWR: tcpip.ShutdownRead | tcpip.ShutdownWrite,
	}
	if how != syscall.SHUT_RD {
		s.endShort()
	}
	return errnoOf(s.endpoint.Shutdown(flags[how]))
}
