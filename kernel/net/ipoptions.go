package net

import (
	"encoding/binary"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

func ipOption(name int) intOption {
	switch name {
	case unix.IP_TTL:
		return orDefault(number(tcpip.IPv4TTLOption, 0, 255), tcpip.UseDefaultIPv4TTL, defaultTTL)
	case unix.IP_TOS:
		return markOption(markTOS)
	case unix.IP_MULTICAST_TTL:
		return orDefault(number(tcpip.MulticastTTLOption, 0, 255), 1, 1)
	case unix.IP_MULTICAST_LOOP:
		return flag((*tcpip.SocketOptions).GetMulticastLoop, (*tcpip.SocketOptions).SetMulticastLoop)
	case unix.IP_PKTINFO:
		return flag((*tcpip.SocketOptions).GetReceivePacketInfo, (*tcpip.SocketOptions).SetReceivePacketInfo)
	case unix.IP_RECVTTL:
		return flag((*tcpip.SocketOptions).GetReceiveTTL, (*tcpip.SocketOptions).SetReceiveTTL)
	case unix.IP_RECVTOS:
		return flag((*tcpip.SocketOptions).GetReceiveTOS, (*tcpip.SocketOptions).SetReceiveTOS)
	case unix.IP_HDRINCL:
		return flag((*tcpip.SocketOptions).GetHeaderIncluded, (*tcpip.SocketOptions).SetHeaderIncluded)
	case unix.IP_MTU_DISCOVER:
		return discovery()
	case unix.IP_RECVORIGDSTADDR:
		return flag((*tcpip.SocketOptions).GetReceiveOriginalDstAddress, (*tcpip.SocketOptions).SetReceiveOriginalDstAddress)
	case unix.IP_RECVERR, unix.IP_BIND_ADDRESS_NO_PORT:
		return tolerated(0)
	case unix.IP_MULTICAST_ALL:
		return tolerated(1)
	}
	return intOption{}
}

func ipv6Option(name int) intOption {
	switch name {
	case unix.IPV6_V6ONLY:
		return intOption{get: flag((*tcpip.SocketOptions).GetV6Only, nil).get, set: (*inet).setV6Only}
	case unix.IPV6_UNICAST_HOPS:
		return orDefault(number(tcpip.IPv6HopLimitOption, -1, 255), tcpip.UseDefaultIPv6HopLimit, defaultTTL)
	case unix.IPV6_TCLASS:
		return orDefault(markOption(markClass), 0, 0)
	case unix.IPV6_MULTICAST_HOPS:
		return orDefault(number(tcpip.MulticastTTLOption, 0, 255), 1, 1)
	case unix.IPV6_MULTICAST_LOOP:
		return flag((*tcpip.SocketOptions).GetMulticastLoop, (*tcpip.SocketOptions).SetMulticastLoop)
	case unix.IPV6_MULTICAST_IF:
		return number(tcpip.IPv6MulticastInterfaceOption, 0, math.MaxInt32)
	case unix.IPV6_RECVPKTINFO:
		return flag((*tcpip.SocketOptions).GetIPv6ReceivePacketInfo, (*tcpip.SocketOptions).SetIPv6ReceivePacketInfo)
	case unix.IPV6_RECVHOPLIMIT:
		return flag((*tcpip.SocketOptions).GetReceiveHopLimit, (*tcpip.SocketOptions).SetReceiveHopLimit)
	case unix.IPV6_RECVTCLASS:
		return flag((*tcpip.SocketOptions).GetReceiveTClass, (*tcpip.SocketOptions).SetReceiveTClass)
	case unix.IPV6_RECVORIGDSTADDR:
		return flag((*tcpip.SocketOptions).GetReceiveOriginalDstAddress, (*tcpip.SocketOptions).SetReceiveOriginalDstAddress)
	case unix.IPV6_CHECKSUM:
		return number(tcpip.IPv6Checksum, math.MinInt32, math.MaxInt32)
	case unix.IPV6_MTU_DISCOVER:
		return discovery()
	case unix.IPV6_RECVERR, unix.IPV6_DONTFRAG, unix.IPV6_AUTOFLOWLABEL:
		return tolerated(0)
	}
	return intOption{}
}

// defaultTTL is Linux's, and the stack's.
const defaultTTL = 64

// orDefault makes -1 stand for the default, and shows the default as the number that it is.
func orDefault(o intOption, byDefault, shown int) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) {
			v, err := o.get(s)
			if v == byDefault {
				v = shown
			}
			return v, err
		},
		set: func(s *inet, v int) tcpip.Error {
			if v == -1 {
				v = byDefault
			}
			return o.set(s, v)
		},
	}
}

// setV6Only is IPV6_V6ONLY, which must come before the socket has an address.
func (s *inet) setV6Only(v int) tcpip.Error {
	state := s.endpoint.State()
	if s.protocol == unix.IPPROTO_TCP && tcp.EndpointState(state) != tcp.StateInitial ||
		s.protocol == unix.IPPROTO_UDP && transport.DatagramEndpointState(state) != transport.DatagramEndpointStateInitial {
		return &tcpip.ErrInvalidEndpointState{}
	}
	s.endpoint.SocketOptions().SetV6Only(v != 0)
	return nil
}

// setMulticast sets the options whose value is a multicast group or interface.
func (s *inet) setMulticast(level, name int, value []byte) syscall.Errno {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_IP, unix.IP_ADD_MEMBERSHIP}:
		return s.setMembership(value, false, true)
	case optionKey{unix.SOL_IP, unix.IP_DROP_MEMBERSHIP}:
		return s.setMembership(value, false, false)
	case optionKey{unix.SOL_IPV6, unix.IPV6_JOIN_GROUP}:
		return s.setMembership(value, true, true)
	case optionKey{unix.SOL_IPV6, unix.IPV6_LEAVE_GROUP}:
		return s.setMembership(value, true, false)
	case optionKey{unix.SOL_IP, unix.MCAST_JOIN_GROUP}, optionKey{unix.SOL_IPV6, unix.MCAST_JOIN_GROUP}:
		return s.setGroup(value, true)
	case optionKey{unix.SOL_IP, unix.MCAST_LEAVE_GROUP}, optionKey{unix.SOL_IPV6, unix.MCAST_LEAVE_GROUP}:
		return s.setGroup(value, false)
	case optionKey{unix.SOL_IP, unix.IP_MULTICAST_IF}:
		return s.setMulticastInterface(value)
	default:
		return syscall.ENOPROTOOPT
	}
}

// setMembership takes a struct ip_mreq or ip_mreqn (ip(7)), or ipv6_mreq (ipv6(7)).
func (s *inet) setMembership(value []byte, v6, join bool) syscall.Errno {
	var o tcpip.MembershipOption
	switch {
	case v6 && len(value) >= 20:
		o.MulticastAddr = tcpip.AddrFrom16Slice(value[:16])
		o.NIC = tcpip.NICID(binary.NativeEndian.Uint32(value[16:]))
	case !v6 && len(value) >= 8:
		o.MulticastAddr = tcpip.AddrFrom4Slice(value[:4])
		o.InterfaceAddr = tcpip.AddrFrom4Slice(value[4:8])
		if len(value) >= 12 {
			o.NIC = tcpip.NICID(binary.NativeEndian.Uint32(value[8:]))
		}
	default:
		return syscall.EINVAL
	}
	return s.membership(o, join)
}

// setGroup takes a struct group_req (RFC 3678, 5.1.1): an interface and a struct sockaddr_storage.
func (s *inet) setGroup(value []byte, join bool) syscall.Errno {
	const groupAt = 8
	if len(value) < groupAt+sizeInet6 {
		return syscall.EINVAL
	}
	m := newMessage(0)
	defer putMessage(m)
	m.address.length = copy(m.address.bytes[:], value[groupAt:])
	group, errno := m.address.inet(m.address.family())
	if errno != 0 {
		return errno
	}
	return s.membership(tcpip.MembershipOption{
		NIC:           tcpip.NICID(binary.NativeEndian.Uint32(value)),
		MulticastAddr: group.Addr,
	}, join)
}

func (s *inet) membership(o tcpip.MembershipOption, join bool) syscall.Errno {
	var err tcpip.Error
	if join {
		add := tcpip.AddMembershipOption(o)
		if err = s.endpoint.SetSockOpt(&add); err == nil {
			s.network.groups.remember(o.MulticastAddr)
		}
	} else {
		remove := tcpip.RemoveMembershipOption(o)
		err = s.endpoint.SetSockOpt(&remove)
	}
	switch err.(type) {
	case *tcpip.ErrPortInUse:
		return syscall.EADDRINUSE // a member already
	case *tcpip.ErrBadLocalAddress:
		return syscall.EADDRNOTAVAIL // no member
	}
	return errnoOf(err)
}

// setMulticastInterface takes a struct in_addr, ip_mreq or ip_mreqn.
func (s *inet) setMulticastInterface(value []byte) syscall.Errno {
	var o tcpip.MulticastInterfaceOption
	switch {
	case len(value) >= 12:
		o.InterfaceAddr = tcpip.AddrFrom4Slice(value[4:8])
		o.NIC = tcpip.NICID(binary.NativeEndian.Uint32(value[8:]))
	case len(value) >= 8:
		o.InterfaceAddr = tcpip.AddrFrom4Slice(value[4:8])
	case len(value) >= 4:
		o.InterfaceAddr = tcpip.AddrFrom4Slice(value[:4])
	default:
		return syscall.EINVAL
	}
	if o.InterfaceAddr == (tcpip.AddrFrom4([4]byte{})) {
		o.InterfaceAddr = tcpip.Address{}
	}
	return errnoOf(s.endpoint.SetSockOpt(&o))
}

// setICMPFilter takes a struct icmp6_filter: 256 bits of types that are not wanted (RFC 3542, 3.2).
func (s *inet) setICMPFilter(value []byte) syscall.Errno {
	var o tcpip.ICMPv6Filter
	if len(value) < 4*len(o.DenyType) {
		return syscall.EINVAL
	}
	for i := range o.DenyType {
		o.DenyType[i] = binary.NativeEndian.Uint32(value[4*i:])
	}
	return errnoOf(s.endpoint.SetSockOpt(&o))
}
