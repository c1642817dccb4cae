package net

import (
	"encoding/binary"
	stdnet "net"
	"os"
	"sync"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Ports of DHCP (RFC 2131, 4.1).
const (
	dhcpServer = 67
	dhcpClient = 68
)

// A tap is the DHCP client's own way to an interface, beside the stack: an interface without an
// address has no sockets to speak of. Received messages for port 68 go to it instead of the stack.
// It is a net.PacketConn, as far as the client uses one.
type tap struct {
	link    stack.LinkEndpoint
	release func() // ends the diversion
	once    sync.Once
	closed  chan struct{}
	arrived chan []byte
}

// newTap diverts DHCP from l until Close.
func (l *link) newTap() *tap {
	t := &tap{link: l, closed: make(chan struct{}), arrived: make(chan []byte, 8)}
	t.release = func() { l.tap.CompareAndSwap(t, nil) }
	l.tap.Store(t)
	return t
}

// Where the UDP payload of an IPv4 frame begins if the IP header has no options.
const dhcpStart = header.EthernetMinimumSize + header.IPv4MinimumSize + header.UDPMinimumSize

// take keeps the frame if it is for the DHCP client.
func (t *tap) take(parts [][]byte, size int) bool {
	// What is looked at lies in the first part: it is at least 64 bytes where DHCP fits at all.
	first := parts[0]
	if len(first) < dhcpStart || header.Ethernet(first).Type() != header.IPv4ProtocolNumber {
		return false
	}
	ip := header.IPv4(first[header.EthernetMinimumSize:])
	if !ip.IsValid(size-header.EthernetMinimumSize) || ip.TransportProtocol() != header.UDPProtocolNumber ||
		ip.More() || ip.FragmentOffset() != 0 {
		return false
	}
	start := header.EthernetMinimumSize + int(ip.HeaderLength())
	if start+header.UDPMinimumSize > len(first) {
		return false
	}
	udp := header.UDP(first[start:])
	if udp.DestinationPort() != dhcpClient {
		return false
	}
	whole := make([]byte, 0, size)
	for _, part := range parts {
		whole = append(whole, part...)
	}
	length := int(udp.Length())
	if length < header.UDPMinimumSize || start+length > len(whole) {
		return true
	}
	select {
	case t.arrived <- whole[start+header.UDPMinimumSize : start+length]:
	default: // the client is not that far behind
	}
	return true
}

// ReadFrom implements net.PacketConn.
func (t *tap) ReadFrom(p []byte) (int, stdnet.Addr, error) {
	select {
	case message := <-t.arrived:
		return copy(p, message), &stdnet.UDPAddr{Port: dhcpServer}, nil
	case <-t.closed:
		return 0, nil, os.ErrClosed
	}
}

// WriteTo implements net.PacketConn. Servers hear the client by broadcast, also for renewals
// (RFC 2131, 4.4.5, as for rebinding).
func (t *tap) WriteTo(p []byte, to stdnet.Addr) (int, error) {
	source := [4]byte{}
	if len(p) >= 16 {
		source = [4]byte(p[12:16]) // ciaddr (RFC 2131, 2): the address the client already has
	}
	packet := dhcpPacket(p, tcpip.AddrFrom4(source))
	b := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: header.EthernetMinimumSize,
		Payload:            buffer.MakeWithData(packet),
	})
	defer b.DecRef()
	b.NetworkProtocolNumber = header.IPv4ProtocolNumber
	b.EgressRoute.RemoteLinkAddress = header.EthernetBroadcastAddress
	t.link.AddHeader(b)
	var list stack.PacketBufferList
	list.PushBack(b)
	if n, _ := t.link.WritePackets(list); n != 1 {
		return 0, syscall.ENOBUFS
	}
	return len(p), nil
}

// dhcpPacket puts the headers of IPv4 and UDP before a message from the client.
func dhcpPacket(message []byte, source tcpip.Address) []byte {
	const headers = header.IPv4MinimumSize + header.UDPMinimumSize
	packet := append(make([]byte, headers, headers+len(message)), message...)
	header.IPv4(packet).Encode(&header.IPv4Fields{
		TotalLength: uint16(len(packet)),
		TTL:         defaultTTL,
		Protocol:    uint8(header.UDPProtocolNumber),
		SrcAddr:     source,
		DstAddr:     header.IPv4Broadcast,
	})
	ip := header.IPv4(packet)
	ip.SetChecksum(^ip.CalculateChecksum())
	udp := header.UDP(packet[header.IPv4MinimumSize:])
	udp.Encode(&header.UDPFields{
		SrcPort: dhcpClient,
		DstPort: dhcpServer,
		Length:  uint16(len(udp)),
	})
	sum := header.PseudoHeaderChecksum(header.UDPProtocolNumber, source, header.IPv4Broadcast, uint16(len(udp)))
	sum = checksum.Checksum(message, sum)
	udp.SetChecksum(^udp.CalculateChecksum(sum))
	if binary.BigEndian.Uint16(udp[6:]) == 0 {
		udp.SetChecksum(0xFFFF) // 0 would mean none (RFC 768)
	}
	return packet
}

// Close implements net.PacketConn.
func (t *tap) Close() error {
	t.once.Do(func() {
		t.release()
		close(t.closed)
	})
	return nil
}

// LocalAddr and the deadlines are not used by the DHCP client.
func (t *tap) LocalAddr() stdnet.Addr           { return &stdnet.UDPAddr{Port: dhcpClient} }
func (t *tap) SetDeadline(time.Time) error      { return nil }
func (t *tap) SetReadDeadline(time.Time) error  { return nil }
func (t *tap) SetWriteDeadline(time.Time) error { return nil }
