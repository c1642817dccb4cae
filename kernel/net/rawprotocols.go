package net

import (
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/raw"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A rawProtocol is a protocol over IP that is the program's, which has it by a raw socket (raw(7)): OSPF, VRRP, GRE and
// the like. Who sends such packets when there is no socket is not told so, as the stack does not ask.
type rawProtocol struct {
	stack  *stack.Stack
	number tcpip.TransportProtocolNumber
}

// rawNumbers are the protocols that programs bring: those of routers and tunnels, and the two for experiments (RFC 3692,
// 2.1). Each costs memory and time when the machine starts, so not all numbers are here.
var rawNumbers = [...]tcpip.TransportProtocolNumber{
	unix.IPPROTO_IGMP, unix.IPPROTO_IPIP, unix.IPPROTO_EGP, unix.IPPROTO_IPV6, unix.IPPROTO_RSVP, unix.IPPROTO_GRE,
	unix.IPPROTO_ESP, unix.IPPROTO_AH, eigrp, ospf, unix.IPPROTO_PIM, unix.IPPROTO_COMP, vrrp, unix.IPPROTO_L2TP,
	unix.IPPROTO_SCTP, unix.IPPROTO_UDPLITE, unix.IPPROTO_MPLS, 253, 254,
}

// Protocols that Linux has no name for (IANA, Assigned Internet Protocol Numbers).
const (
	eigrp = 88
	ospf  = 89
	vrrp  = 112
)

func rawProtocols() (all []stack.TransportProtocolFactory) {
	for _, number := range rawNumbers {
		all = append(all, func(s *stack.Stack) stack.TransportProtocol { return &rawProtocol{s, number} })
	}
	return all
}

// Number implements stack.TransportProtocol, as do the methods below.
func (p *rawProtocol) Number() tcpip.TransportProtocolNumber { return p.number }

func (p *rawProtocol) NewEndpoint(tcpip.NetworkProtocolNumber, *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return nil, &tcpip.ErrUnknownProtocol{}
}

func (p *rawProtocol) NewRawEndpoint(network tcpip.NetworkProtocolNumber, queue *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return raw.NewEndpoint(p.stack, network, p.number, queue)
}

// Parse finds nothing: raw sockets have got the packet before it is called.
func (p *rawProtocol) Parse(*stack.PacketBuffer) bool { return false }

func (p *rawProtocol) HandleUnknownDestinationPacket(stack.TransportEndpointID, *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	return stack.UnknownDestinationPacketHandled
}

func (p *rawProtocol) SetOption(tcpip.SettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

func (p *rawProtocol) Option(tcpip.GettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

func (p *rawProtocol) MinimumPacketSize() int                               { return 0 }
func (p *rawProtocol) ParsePorts([]byte) (src, dst uint16, err tcpip.Error) { return 0, 0, nil }
func (p *rawProtocol) Close()                                               {}
func (p *rawProtocol) Wait()                                                {}
func (p *rawProtocol) Pause()                                               {}
func (p *rawProtocol) Resume()                                              {}
func (p *rawProtocol) Restore()                                             {}
