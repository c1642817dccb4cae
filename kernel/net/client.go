package net

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/ringo-os/ringo/kernel/file"
)

// A Client is a socket of the kernel's own that is connected to a server, for one goroutine. It waits as the kernel
// does, not as the program: a program that is deadlocked while it waits is told so.
type Client struct {
	socket   socket
	stream   bool
	patience time.Duration
	way      *Way // of datagrams, unless they stay in the machine
	watch    *file.Watch
	changed  <-chan struct{} // something has, maybe
}

// newWatch returns a watch for events, and where it says that one may have come.
func newWatch(events file.Events) (w *file.Watch, changed <-chan struct{}) {
	c := make(chan struct{}, 1)
	return &file.Watch{Events: events, Notify: func(file.Events) {
		select {
		case c <- struct{}{}:
		default:
		}
	}}, c
}

// Dial connects to a server over "udp" or "tcp". The client waits for the server for as long as patience, now and
// whenever it sends. Errors are errnos.
func (n *Network) Dial(network string, to netip.AddrPort, patience time.Duration) (*Client, error) {
	kind := syscall.SOCK_DGRAM
	if network == "tcp" {
		kind = syscall.SOCK_STREAM
	}
	domain := syscall.AF_INET
	if to.Addr().Is6() {
		domain = syscall.AF_INET6
	}
	s, errno := n.openInet(domain, kind, 0)
	if errno != 0 {
		return nil, errno
	}
	c := &Client{socket: s, stream: kind == syscall.SOCK_STREAM, patience: patience}
	c.watch, c.changed = newWatch(file.Readable | file.Writable | file.ReadHalf)
	s.Watch(c.watch)
	address := socketAddress(to)
	errno = c.await(file.Writable, patience, func() syscall.Errno {
		switch errno := s.connect(address); errno {
		case syscall.EINPROGRESS, syscall.EALREADY:
			return syscall.EAGAIN
		case syscall.EISCONN:
			return 0
		default:
			return errno
		}
	})
	if errno == 0 && !c.stream {
		c.way, errno = n.resolve(to, patience)
	}
	if errno != 0 {
		c.Close()
		return nil, errno
	}
	return c, nil
}

// resolve waits until the hardware address is known of to, or of the router on the way: before that, datagrams wait in
// the stack, and who has sent them does not know. It returns the way that they go, nil if that leads to no device.
func (n *Network) resolve(to netip.AddrPort, patience time.Duration) (*Way, syscall.Errno) {
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if to.Addr().Is6() {
		protocol = ipv6.ProtocolNumber
	}
	route, err := n.stack.FindRoute(0, tcpip.Address{}, addressOf(to.Addr()), protocol, false)
	if err != nil {
		return nil, errnoOf(err)
	}
	defer route.Release()
	resolved := make(chan stack.ResolvedFieldsResult, 1)
	if err := route.ResolvedFields(func(r stack.ResolvedFieldsResult) { resolved <- r }); err != nil {
		if _, begun := err.(*tcpip.ErrWouldBlock); !begun {
			return nil, errnoOf(err)
		}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-resolved:
		if r.Err != nil {
			return nil, syscall.EHOSTUNREACH
		}
		local, _ := netip.AddrFromSlice(r.RouteInfo.LocalAddress.AsSlice())
		l := n.linkOf(route.OutgoingNIC())
		if l == nil || !local.IsValid() || len(r.RouteInfo.RemoteLinkAddress) != len(l.address) {
			return nil, 0
		}
		return newWay(l, local, to, r.RouteInfo.RemoteLinkAddress), 0
	case <-timer.C:
		return nil, syscall.ETIMEDOUT
	}
}

// linkOf returns the device's link of an interface, nil if there is none.
func (n *Network) linkOf(id tcpip.NICID) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, i := range n.interfaces {
		if l, ok := i.link.(*link); ok && i.id == id {
			return l
		}
	}
	return nil
}

// Way returns how datagrams to the server can be sent when the program has died, nil if they cannot.
func (c *Client) Way() *Way { return c.way }

// socketAddress returns to as programs pass it.
func socketAddress(to netip.AddrPort) *sockaddr {
	s := new(sockaddr)
	if a := to.Addr(); a.Is4() {
		s.set(syscall.AF_INET, sizeInet4)
		copy(s.bytes[atInet4:], a.AsSlice())
	} else {
		s.set(syscall.AF_INET6, sizeInet6)
		copy(s.bytes[atInet6:], a.AsSlice())
	}
	binary.BigEndian.PutUint16(s.bytes[atPort:], to.Port())
	return s
}

// await calls try until it returns something else than EAGAIN, whenever the socket may be ready for one of events;
// ETIMEDOUT says that this took too long.
func (c *Client) await(events file.Events, patience time.Duration, try func() syscall.Errno) syscall.Errno {
	var timeout <-chan time.Time
	for {
		if errno := try(); errno != syscall.EAGAIN {
			return errno
		}
		if timeout == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			timeout = timer.C
		}
		for c.socket.Ready()&(events|file.Error|file.HangUp) == 0 {
			select {
			case <-c.changed:
			case <-timeout:
				return syscall.ETIMEDOUT
			}
		}
	}
}

// Send sends p: one datagram, or bytes of a stream.
func (c *Client) Send(p []byte) error {
	if c.stream && c.socket.Ready()&(file.ReadHalf|file.Error|file.HangUp) != 0 {
		return syscall.EPIPE // nobody would read it
	}
	errno := c.await(file.Writable, c.patience, func() syscall.Errno {
		n, errno := c.socket.Write(p)
		if p = p[n:]; errno == 0 && len(p) > 0 && c.stream {
			errno = syscall.EAGAIN
		}
		return errno
	})
	if errno != 0 {
		return errno
	}
	return nil
}

// settlePatience is how long Settle waits for a server: one that is there answers sooner.
const settlePatience = time.Second

// Settle ends a stream and waits until the server has ended it, too: then it has read everything. Datagrams get a
// moment to leave the machine. Then it closes the socket.
func (c *Client) Settle() {
	defer c.Close()
	if !c.stream {
		time.Sleep(10 * time.Millisecond)
		return
	}
	if c.socket.shutdown(syscall.SHUT_WR) != 0 {
		return
	}
	p := make([]byte, 512)
	c.await(file.Readable|file.ReadHalf, settlePatience, func() syscall.Errno {
		n, errno := c.socket.Read(p)
		if n > 0 {
			errno = syscall.EAGAIN
		}
		return errno
	})
}

// Close closes the socket.
func (c *Client) Close() {
	c.socket.Unwatch(c.watch)
	c.socket.Close()
}
