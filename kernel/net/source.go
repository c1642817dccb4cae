package net

import (
	"cmp"
	"encoding/binary"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// A source says where a single datagram of IPv4 is to come from (IP_PKTINFO, ip(7)): who listens at all addresses answers
// from the one that was asked. The stack knows such a thing of IPv6 only, so these datagrams are put together here.
// A socket for ICMP without privileges keeps its own address.
type source struct {
	given   bool
	nic     tcpip.NICID   // by which it leaves, 0 for whichever leads there
	address tcpip.Address // empty for the one of the way there, be the socket bound to another
}

// source4 reads the source of a control message; address are four bytes. Which is wrong in what way is known from Linux's
// ip_route_output_key_hash_rcu.
func (s *inet) source4(index uint32, address []byte) (source, syscall.Errno) {
	from := source{given: true, nic: tcpip.NICID(index)}
	if from.address = tcpip.AddrFrom4Slice(address); from.address.Unspecified() {
		from.address = tcpip.Address{}
	} else if address[0] == 0 || header.IsV4MulticastAddress(from.address) || from.address == header.IPv4Broadcast {
		return from, syscall.EINVAL
	} else if !s.network.isLocal(from.address) {
		return from, syscall.ENETUNREACH
	}
	if index != 0 && !s.network.stack.HasNIC(from.nic) {
		return from, syscall.ENODEV
	}
	return from, 0
}

// goesBy4 reports whether a datagram to an address, nil for the peer, goes by IPv4.
func (s *inet) goesBy4(to *tcpip.FullAddress) bool {
	if s.domain == syscall.AF_INET {
		return true
	}
	if to == nil {
		peer, err := s.endpoint.GetRemoteAddress()
		if err != nil {
			return false
		}
		to = &peer
	}
	v4 := to.Addr.To4()
	return v4.Len() == header.IPv4AddressSize
}

// writeFrom sends p from where t says.
func (s *inet) writeFrom(t *transfer, p []byte, options tcpip.WriteOptions) (int64, tcpip.Error) {
	from := t.source
	to := options.To
	if to == nil {
		peer, err := s.endpoint.GetRemoteAddress()
		if err != nil {
			return 0, &tcpip.ErrDestinationRequired{}
		}
		to = &peer
	}
	raw := s.kind == syscall.SOCK_RAW
	if raw && s.endpoint.SocketOptions().GetHeaderIncluded() || !raw && s.protocol != unix.IPPROTO_UDP {
		return s.endpoint.Write(&t.from, options)
	}
	usual, err := s.usualSource(&from, to)
	if err != nil {
		return 0, err
	}
	if usual {
		return s.endpoint.Write(&t.from, options)
	}
	if err := s.prepareFrom(options); err != nil {
		return 0, err
	}
	route, err := s.routeFrom(from, to)
	if err != nil {
		return 0, err
	}
	defer route.Release()
	if route.IsOutboundBroadcast() && !s.endpoint.SocketOptions().GetBroadcast() {
		return 0, &tcpip.ErrBroadcastDisabled{}
	}
	if len(p) > math.MaxUint16-header.UDPMinimumSize {
		return 0, &tcpip.ErrMessageTooLong{}
	}
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: int(route.MaxHeaderLength()) + header.UDPMinimumSize,
		Payload:            buffer.MakeWithData(p),
	})
	defer packet.DecRef()
	if !raw {
		local, _ := s.endpoint.GetLocalAddress()
		s.pushUDP(packet, route, local.Port, to.Port)
	}
	if err := route.WritePacket(s.networkHeader(route, &options), packet); err != nil {
		return 0, err
	}
	if !raw {
		s.network.stack.Stats().UDP.PacketsSent.Increment()
	}
	return int64(len(p)), nil
}

// usualSource reports whether a datagram would come from there in any case, as most answers do: then the stack sends it.
// It fills in an address that from does not have.
func (s *inet) usualSource(from *source, to *tcpip.FullAddress) (bool, tcpip.Error) {
	local, err := s.endpoint.GetLocalAddress()
	if err != nil {
		return false, err
	}
	own := local.Addr.To4()
	bound := own.Len() == header.IPv4AddressSize && !own.Unspecified() && !header.IsV4MulticastAddress(own)
	if !bound || from.address.Len() == 0 {
		route, err := s.routeFrom(source{nic: from.nic}, to)
		if err != nil {
			return false, err
		}
		if !bound {
			own = route.LocalAddress()
		}
		if from.address.Len() == 0 {
			from.address = route.LocalAddress()
		}
		route.Release()
	}
	return from.nic == 0 && from.address == own, nil
}

// routeFrom finds the way of a datagram.
func (s *inet) routeFrom(from source, to *tcpip.FullAddress) (*stack.Route, tcpip.Error) {
	options := s.endpoint.SocketOptions()
	nic := cmp.Or(from.nic, to.NIC, tcpip.NICID(options.GetBindToDevice()))
	address := to.Addr.To4()
	if nic == 0 && from.address.Len() > 0 && (header.IsV4MulticastAddress(address) || address == header.IPv4Broadcast) {
		// By the interface that has the address, as Linux has it.
		nic = s.network.stack.CheckLocalAddress(0, ipv4.ProtocolNumber, from.address)
	}
	return s.network.stack.FindRoute(nic, from.address, address, ipv4.ProtocolNumber, options.GetMulticastLoop())
}

// prepareFrom does with the socket what the stack does before it sends: binds it, if nobody has, and says why it cannot
// send. Where there is no way, that is no matter: another one was asked for.
func (s *inet) prepareFrom(options tcpip.WriteOptions) tcpip.Error {
	if err := s.endpoint.LastError(); err != nil {
		return err
	}
	e, ok := s.endpoint.(tcpip.EndpointWithPreflight)
	if !ok {
		return nil
	}
	switch err := e.Preflight(options); err.(type) {
	case *tcpip.ErrHostUnreachable, *tcpip.ErrNetworkUnreachable, *tcpip.ErrBroadcastDisabled:
		return nil
	default:
		return err
	}
}

// networkHeader is what the socket's options say of the header of IPv4.
func (s *inet) networkHeader(route *stack.Route, options *tcpip.WriteOptions) stack.NetworkHeaderParams {
	h := stack.NetworkHeaderParams{Protocol: tcpip.TransportProtocolNumber(s.protocol), TTL: route.DefaultTTL()}
	lives := tcpip.IPv4TTLOption
	if header.IsV4MulticastAddress(route.RemoteAddress()) {
		lives = tcpip.MulticastTTLOption
	}
	if options.ControlMessages.HasTTL {
		h.TTL = options.ControlMessages.TTL
	} else if v, err := s.endpoint.GetSockOptInt(lives); err == nil && (v > 0 || lives == tcpip.MulticastTTLOption) {
		h.TTL = uint8(v)
	}
	if v, err := s.endpoint.GetSockOptInt(tcpip.IPv4TOSOption); err == nil {
		h.TOS = uint8(v)
	}
	if v, err := s.endpoint.GetSockOptInt(tcpip.MTUDiscoverOption); err == nil {
		h.DF = tcpip.PMTUDStrategy(v) != tcpip.PMTUDiscoveryDont
	}
	return h
}

// pushUDP puts the header of UDP before a packet's data (RFC 768).
func (s *inet) pushUDP(packet *stack.PacketBuffer, route *stack.Route, from, to uint16) {
	h := header.UDP(packet.TransportHeader().Push(header.UDPMinimumSize))
	packet.TransportProtocolNumber = udp.ProtocolNumber
	length := uint16(packet.Size())
	h.Encode(&header.UDPFields{SrcPort: from, DstPort: to, Length: length})
	if !route.RequiresTXTransportChecksum() || s.endpoint.SocketOptions().GetNoChecksum() {
		return
	}
	sum := header.PseudoHeaderChecksum(udp.ProtocolNumber, route.LocalAddress(), route.RemoteAddress(), length)
	if sum = h.CalculateChecksum(checksum.Combine(sum, packet.Data().Checksum())); sum != math.MaxUint16 {
		sum = ^sum // else all ones, since 0 says that there is none
	}
	h.SetChecksum(sum)
}

// sourceFromControl reads the source from IP_PKTINFO's struct in_pktinfo, or from IPV6_PKTINFO's struct in6_pktinfo with an
// address of IPv4 in it, which Linux takes where a socket of IPv6 sends by IPv4 (ip_cmsg_send).
func (s *inet) sourceFromControl(level int, data []byte) (source, syscall.Errno) {
	if level == unix.SOL_IP {
		if len(data) != unix.SizeofInet4Pktinfo {
			return source{}, syscall.EINVAL
		}
		return s.source4(binary.NativeEndian.Uint32(data), data[4:8])
	}
	if len(data) < unix.SizeofInet6Pktinfo || !header.IsV4MappedAddress(tcpip.AddrFrom16Slice(data[:16])) {
		return source{}, syscall.EINVAL
	}
	return s.source4(binary.NativeEndian.Uint32(data[16:]), data[12:16])
}
