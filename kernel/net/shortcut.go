package net

import (
	"sync"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/ringo-os/ringo/kernel/file"
)

// A connection of TCP whose ends are two sockets of this machine takes a shortcut: bytes go from one socket to the
// other, without segments, acknowledgements and checksums. All else is the stack's as ever: addresses, the handshake,
// options, ends and resets, what is listed in /proc/net. So whoever looks at the connection finds it there, and only
// a packet socket would miss the bytes: while there is one, no new connection takes the shortcut.
//
// It begins when the listener accepts: before, there is nobody to give bytes to. What the client has sent until then
// is in the stack, and is received first.

// A shortcut is what a socket of such a connection has of it.
type shortcut struct{ in, out *lane }

// A joining is a client's part in a shortcut that may begin: it has connected to an address of this machine, but
// nobody has accepted yet.
type joining struct {
	id stack.TransportEndpointID

	mu    sync.Mutex // held while bytes go to the stack
	early int        // how many have gone there
	ended bool       // there will be no more
	begun bool       // they go by the shortcut now
}

// A meeting is where the ends of connections within this machine find each other.
type meeting struct {
	mu      sync.Mutex // held from before a connection begins until its client is listed
	clients map[stack.TransportEndpointID]*inet
}

// isLocal reports whether what is sent to an address, none or one of IPv4 that IPv6 maps among them, comes back to this machine.
func (n *Network) isLocal(a tcpip.Address) bool {
	protocol := header.IPv6ProtocolNumber
	if v4 := a.To4(); v4.Len() == header.IPv4AddressSize {
		a, protocol = v4, header.IPv4ProtocolNumber
	}
	return a.Unspecified() || header.IsV4LoopbackAddress(a) || n.stack.CheckLocalAddress(0, protocol, a) != 0
}

// connectWithin connects a socket of TCP to an address of this machine.
func (s *inet) connectWithin(to tcpip.FullAddress) tcpip.Error {
	m := &s.network.meeting
	m.mu.Lock()
	defer m.mu.Unlock()
	err := s.endpoint.Connect(to)
	switch err.(type) {
	case nil, *tcpip.ErrConnectStarted:
	default:
		return err
	}
	info, ok := s.endpoint.Info().(*stack.TransportEndpointInfo)
	if !ok || s.short.Load() != nil {
		return err
	}
	if j := s.joining.Load(); j != nil {
		if j.id == info.ID {
			return err
		}
		m.remove(j.id, s)
	}
	if m.clients == nil {
		m.clients = make(map[stack.TransportEndpointID]*inet)
	}
	m.clients[info.ID] = s
	s.joining.Store(&joining{id: info.ID})
	return err
}

// remove forgets s. m.mu is held.
func (m *meeting) remove(id stack.TransportEndpointID, s *inet) {
	if m.clients[id] == s {
		delete(m.clients, id)
	}
}

func (m *meeting) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.clients) == 0
}

// take returns the client at the other end of a connection that has been accepted, nil if it is none of this machine's
// sockets; it can be had once.
func (m *meeting) take(accepted stack.TransportEndpointID) *inet {
	id := stack.TransportEndpointID{
		LocalAddress: accepted.RemoteAddress, LocalPort: accepted.RemotePort,
		RemoteAddress: accepted.LocalAddress, RemotePort: accepted.LocalPort,
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	client := m.clients[id]
	delete(m.clients, id)
	return client
}

// begin lets the bytes of an accepted connection take the shortcut, if the other end is a socket of this machine.
func (s *inet) begin() {
	m := &s.network.meeting
	if m.empty() {
		return
	}
	info, ok := s.endpoint.Info().(*stack.TransportEndpointInfo)
	if !ok {
		return
	}
	client := m.take(info.ID)
	if client == nil || client == s || packetSockets.Load() > 0 {
		return
	}
	j := client.joining.Load()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended || tcp.EndpointState(client.endpoint.State()) != tcp.StateEstablished {
		return
	}
	there := &lane{from: client, to: s, early: j.early}
	back := &lane{from: s, to: client}
	there.fit()
	back.fit()
	s.short.Store(&shortcut{in: there, out: back})
	client.short.Store(&shortcut{in: back, out: there})
	j.begun = true
}

// fitShortcut is for when the size of a buffer has changed.
func (s *inet) fitShortcut() {
	if c := s.short.Load(); c != nil {
		c.in.fit()
		c.out.fit()
	}
}

// writeShort is write by the shortcut; known is false when it is for the stack.
func (s *inet) writeShort(p []byte) (n int, errno syscall.Errno, known bool) {
	c := s.short.Load()
	if c == nil || len(p) == 0 {
		return 0, 0, false
	}
	switch tcp.EndpointState(s.endpoint.State()) {
	case tcp.StateEstablished, tcp.StateCloseWait:
		return c.out.put(p)
	}
	return 0, 0, false
}

// writeJoining is write where the shortcut may begin at any time: what goes to the stack before is counted.
func (s *inet) writeJoining(j *joining, t *transfer, p []byte, options tcpip.WriteOptions) (int, syscall.Errno) {
	j.mu.Lock()
	if j.begun {
		j.mu.Unlock()
		if n, errno, known := s.writeShort(p); known {
			return n, errno
		}
		return s.writeStack(t, p, options)
	}
	defer j.mu.Unlock()
	n, errno := s.writeStack(t, p, options)
	j.early += n
	return n, errno
}

// readShort is read by the shortcut; known is false when it is for the stack.
func (s *inet) readShort(p []byte, peek, drop bool) (n int, errno syscall.Errno, known bool) {
	c := s.short.Load()
	if c == nil || len(p) == 0 {
		return 0, 0, false
	}
	if n, known := c.in.take(p, peek, drop); known {
		return n, 0, true
	}
	// It is not the state that says whether an end has come: the stack tells of a FIN first, and changes the state then.
	if s.endpoint.Readiness(ended) == 0 {
		return 0, syscall.EAGAIN, true
	}
	n, known = c.in.take(p, peek, drop) // what was sent before the end is there now
	return n, 0, known
}

// ended are the events by which the stack says that there is something to receive from it: bytes, an end or an error.
const ended = waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr

// readyShort is what events, which the stack tells, are in truth.
func (s *inet) readyShort(events file.Events) file.Events {
	c := s.short.Load()
	if c == nil {
		return events
	}
	c.in.mu.Lock()
	if c.in.early == 0 && c.in.ring.Length() > 0 {
		events |= file.Readable
	}
	c.in.mu.Unlock()
	c.out.mu.Lock()
	if !c.out.writable() && !c.out.ended && !c.out.deaf {
		c.out.full = true
		events &^= file.Writable
	}
	c.out.mu.Unlock()
	return events
}

// waitingShort is how many bytes wait in the shortcut to be received.
func (s *inet) waitingShort() int {
	c := s.short.Load()
	if c == nil {
		return 0
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.ring.Length()
}

// endShort says that a socket with a shortcut, or one that may begin, will send no more. The stack hears of it
// afterwards.
func (s *inet) endShort() {
	if j := s.joining.Load(); j != nil {
		j.mu.Lock()
		j.ended = true
		j.mu.Unlock()
	}
	if c := s.short.Load(); c != nil {
		c.out.mu.Lock()
		c.out.ended = true
		c.out.mu.Unlock()
	}
}

// closeShort ends a socket's part in a shortcut, or in one that may begin. If there is something that it has not
// received, the stack is to reset the connection, as it does when it has some of it itself (RFC 1122, 4.2.2.13).
func (s *inet) closeShort() {
	if j := s.joining.Load(); j != nil {
		m := &s.network.meeting
		m.mu.Lock()
		m.remove(j.id, s)
		m.mu.Unlock()
	}
	s.endShort()
	c := s.short.Load()
	if c == nil {
		return
	}
	c.in.mu.Lock()
	lost := c.in.ring.Length() > 0
	c.in.deaf = true
	c.in.ring = file.Ring{}
	c.in.mu.Unlock()
	if lost {
		// A sender that waits for room hears of the reset.
		s.endpoint.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
	}
}
