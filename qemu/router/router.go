// Package router is what a machine's network cable leads to: a router in this process, such as one has at home. It
// gives the machine an address, lets it reach what this host reaches, by this process's own sockets, and makes ports of
// the machine's ports of this host.
//
//	r, err := router.New(forwards)
//	...
//	err = r.Serve(cable) // until the machine is off
//
// QEMU has one of its own (-netdev user), with the same addresses. But an error of libslirp's (4.7.0, tcp_dooptions)
// has a SYN-ACK that comes twice make it forget what the client has sent, and a machine that has not had a processor
// for a second repeats its SYN-ACK: of many connections at once some stand still until their clients give up.
//
// What the machine sends is hostile: it may open connections to wherever this process may, as it may with QEMU's, but
// no more than mostConnections, and nothing in a packet makes the router fail.
package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// The addresses on the cable, which are those of QEMU's user network: Host is this host, as the machine calls it
// (what it has there, it has on this host's 127.0.0.1), and the machine's way to everything else; Names answers
// questions about names; Machine is the machine.
var (
	Host    = netip.MustParseAddr("10.0.2.2")
	Names   = netip.MustParseAddr("10.0.2.3")
	Machine = netip.MustParseAddr("10.0.2.15")
)

const (
	prefixLength = 24
	hostMAC      = "\x52\x55\x0a\x00\x02\x02"
	nic          = 1
)

// mostConnections is how many connections and flows of datagrams there may be each way, and mostOpening how many that
// the machine has asked for may wait for an answer.
const (
	mostConnections = 16384
	mostOpening     = 1024
)

// A Forward makes a port of the machine's a port of this host.
type Forward struct {
	// Listen is where this host listens, At the machine's port.
	Listen netip.AddrPort
	At     uint16
	// UDP is false for TCP.
	UDP bool
}

// A Router is a router with one cable.
type Router struct {
	stack *stack.Stack
	link  *channel.Endpoint
	names string // host and port of this host's name server

	machine atomic.Pointer[tcpip.LinkAddress] // once it has sent something

	outward, inward chan struct{} // tokens of connections

	ctx  context.Context // until the machine is off
	stop context.CancelFunc

	mu      sync.Mutex
	closers map[io.Closer]bool // what is closed then
}

// New returns a router that listens already. The error says which port could not be had.
func New(forwards []Forward) (*Router, error) {
	r := &Router{
		stack: stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
		}),
		link:    channel.New(queueLength, mtu, hostMAC),
		names:   nameServer(resolverFile),
		outward: make(chan struct{}, mostConnections),
		inward:  make(chan struct{}, mostConnections),
		closers: map[io.Closer]bool{},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	err := r.connect()
	if err == nil {
		r.routeOutward()
		err = r.lease()
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("the machine's network: %w", err)
	}
	for _, f := range forwards {
		if err := r.forward(f); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

// connect makes the router's end of the cable. It takes every packet that comes, whomever it is for.
func (r *Router) connect() error {
	if err := r.stack.CreateNIC(nic, ethernet.New(r.link)); err != nil {
		return errors.New(err.String())
	}
	for _, a := range []netip.Addr{Host, Names} {
		address := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber,
			AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4(a.As4()), PrefixLen: prefixLength}}
		if err := r.stack.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
			return errors.New(err.String())
		}
	}
	r.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	r.stack.SetPromiscuousMode(nic, true)
	r.stack.SetSpoofing(nic, true)
	sack, moderate := tcpip.TCPSACKEnabled(true), tcpip.TCPModerateReceiveBufferOption(true)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &moderate} {
		if err := r.stack.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return errors.New(err.String())
		}
	}
	return nil
}

// admit reports whether the machine may have another connection or flow, which leave ends.
func (r *Router) admit() bool {
	select {
	case r.outward <- struct{}{}:
		return true
	default:
		return false
	}
}

func (r *Router) leave() { <-r.outward }

// open notes c, to be closed with the router, and reports whether that is still to come.
func (r *Router) open(c io.Closer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		c.Close()
		return false
	}
	r.closers[c] = true
	return true
}

// close closes c.
func (r *Router) close(c io.Closer) {
	r.mu.Lock()
	delete(r.closers, c)
	r.mu.Unlock()
	c.Close()
}

// Close stops listening, and ends all connections.
func (r *Router) Close() error {
	r.mu.Lock()
	r.stop()
	closers := r.closers
	r.closers = nil
	r.mu.Unlock()
	for c := range closers {
		c.Close()
	}
	r.link.Close()
	r.stack.Close()
	return nil
}

// Serve carries frames to and fro until the machine is off, and closes the router and the cable then.
func (r *Router) Serve(cable net.Conn) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.send(cable)
	}()
	err := r.receive(cable)
	cable.Close()
	r.Close()
	<-done
	return err
}
