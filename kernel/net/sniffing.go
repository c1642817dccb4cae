package net

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// packetSockets is how many sockets of AF_PACKET are open: links show them packets only then.
var packetSockets atomic.Int32

// A watched dispatcher is what is above a link, with the sockets of AF_PACKET, which see what comes before the stack
// does.
type watched struct{ stack.NetworkDispatcher }

// DeliverNetworkPacket implements stack.NetworkDispatcher.
func (w watched) DeliverNetworkPacket(protocol tcpip.NetworkProtocolNumber, p *stack.PacketBuffer) {
	if packetSockets.Load() > 0 {
		w.DeliverLinkPacket(protocol, p)
	}
	w.NetworkDispatcher.DeliverNetworkPacket(protocol, p)
}

// sent shows packets that a link is about to send.
func (w watched) sent(packets stack.PacketBufferList) {
	if packetSockets.Load() == 0 || w.NetworkDispatcher == nil {
		return
	}
	for _, p := range packets.AsSlice() {
		p.PktType = tcpip.PacketOutgoing
		w.DeliverLinkPacket(p.NetworkProtocolNumber, p)
	}
}

// A loop is lo's link.
type loop struct {
	stack.LinkEndpoint
	above watched
}

// Attach implements stack.LinkEndpoint.
func (l *loop) Attach(dispatcher stack.NetworkDispatcher) {
	if dispatcher == nil {
		l.LinkEndpoint.Attach(nil)
		return
	}
	l.above = watched{dispatcher}
	l.LinkEndpoint.Attach(l.above)
}

// WritePackets implements stack.LinkEndpoint.
func (l *loop) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	l.above.sent(packets)
	return l.LinkEndpoint.WritePackets(packets)
}
