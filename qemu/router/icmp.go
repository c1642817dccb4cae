package router

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	goipv4 "golang.org/x/net/ipv4"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// What ICMP (RFC 792) has to do besides the stack: pings go out by a socket of this host's, since the stack, which
// takes every packet for its own, would answer them all; and who sends datagrams hears that nobody takes them.

// echoPatience is how long an answer to a ping may take.
const echoPatience = 10 * time.Second

// packetOf returns the IPv4 packet in a frame, nil if it is none that is whole.
func packetOf(frame []byte) header.IPv4 {
	if len(frame) < header.EthernetMinimumSize || header.Ethernet(frame).Type() != header.IPv4ProtocolNumber {
		return nil
	}
	packet := header.IPv4(frame[header.EthernetMinimumSize:])
	if !packet.IsValid(len(packet)) {
		return nil
	}
	return packet[:packet.TotalLength()]
}

// echoOf returns the packet in a frame that pings somebody else than the router, nil if it does not.
func echoOf(frame []byte) header.IPv4 {
	packet := packetOf(frame)
	if packet == nil || packet.TransportProtocol() != header.ICMPv4ProtocolNumber || packet.More() || packet.FragmentOffset() != 0 {
		return nil
	}
	message := header.ICMPv4(packet.Payload())
	if len(message) < header.ICMPv4MinimumSize || message.Type() != header.ICMPv4Echo {
		return nil
	}
	if to := netip.AddrFrom4(packet.DestinationAddress().As4()); to == Host || to == Names {
		return nil
	}
	return packet
}

// echo pings for the machine, which has sent packet, and answers when there is an answer.
func (r *Router) echo(packet header.IPv4) {
	to, message := netip.AddrFrom4(packet.DestinationAddress().As4()), header.ICMPv4(packet.Payload())
	if to.IsMulticast() || to == broadcast {
		return
	}
	if !r.admit() {
		return
	}
	go func() {
		defer r.leave()
		if r.ping(to, message.Sequence(), message.Payload()) != nil {
			return
		}
		message.SetType(header.ICMPv4EchoReply)
		r.answerICMP(packet.DestinationAddress(), packet.SourceAddress(), message)
	}()
}

// ping returns nil once to has answered.
func (r *Router) ping(to netip.Addr, sequence uint16, payload []byte) error {
	var target net.Addr = &net.UDPAddr{IP: to.AsSlice()}
	socket, err := icmp.ListenPacket("udp4", "") // where net.ipv4.ping_group_range has this process
	if err != nil {
		target = &net.IPAddr{IP: to.AsSlice()}
		if socket, err = icmp.ListenPacket("ip4:icmp", ""); err != nil {
			return err
		}
	}
	defer r.close(socket)
	if !r.open(socket) {
		return net.ErrClosed
	}
	request := icmp.Message{Type: goipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: rand.IntN(1 << 16), Seq: int(sequence), Data: payload}}
	message, err := request.Marshal(nil)
	if err != nil {
		return err
	}
	if _, err := socket.WriteTo(message, target); err != nil {
		return err
	}
	socket.SetReadDeadline(time.Now().Add(echoPatience))
	const protocolICMP = 1
	answer := make([]byte, 1<<16)
	for {
		n, _, err := socket.ReadFrom(answer)
		if err != nil {
			return err
		}
		reply, err := icmp.ParseMessage(protocolICMP, answer[:n])
		if err != nil {
			continue
		}
		// A raw socket gets what is for others, too. The other kind has changed ID.
		if echo, ok := reply.Body.(*icmp.Echo); ok && reply.Type == goipv4.ICMPTypeEchoReply && echo.Seq == int(sequence) && bytes.Equal(echo.Data, payload) {
			return nil
		}
	}
}

// refuse tells the machine that nobody takes the datagrams of a flow. id is as the router sees it.
func (r *Router) refuse(id stack.TransportEndpointID) {
	message := header.ICMPv4(make([]byte, header.ICMPv4MinimumSize+header.IPv4MinimumSize+header.UDPMinimumSize))
	message.SetType(header.ICMPv4DstUnreachable)
	message.SetCode(header.ICMPv4PortUnreachable)
	was := header.IPv4(message.Payload())
	was.Encode(&header.IPv4Fields{TotalLength: header.IPv4MinimumSize + header.UDPMinimumSize, TTL: packetLife,
		Protocol: uint8(header.UDPProtocolNumber), SrcAddr: id.RemoteAddress, DstAddr: id.LocalAddress})
	was.SetChecksum(^was.CalculateChecksum())
	header.UDP(was.Payload()).Encode(&header.UDPFields{SrcPort: id.RemotePort, DstPort: id.LocalPort, Length: header.UDPMinimumSize})
	r.answerICMP(id.LocalAddress, id.RemoteAddress, message)
}

// packetLife is the time to live of a packet that the router makes.
const packetLife = 64

// answerICMP sends the machine an ICMP message.
func (r *Router) answerICMP(from, to tcpip.Address, message header.ICMPv4) error {
	machine := r.machine.Load()
	if machine == nil {
		return errors.New("the machine has sent nothing yet")
	}
	message.SetChecksum(0)
	message.SetChecksum(^checksum.Checksum(message, 0))
	packet := header.IPv4(make([]byte, header.IPv4MinimumSize, header.IPv4MinimumSize+len(message)))
	packet.Encode(&header.IPv4Fields{TotalLength: uint16(header.IPv4MinimumSize + len(message)), TTL: packetLife,
		Protocol: uint8(header.ICMPv4ProtocolNumber), SrcAddr: from, DstAddr: to})
	packet.SetChecksum(^packet.CalculateChecksum())
	if err := r.stack.WritePacketToRemote(nic, *machine, header.IPv4ProtocolNumber, buffer.MakeWithData(append(packet, message...))); err != nil {
		return errors.New(err.String())
	}
	return nil
}
