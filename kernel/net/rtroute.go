package net

import (
	"encoding/binary"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
)

// A routeMessage is a struct rtmsg and what follows it (rtnetlink(7)).
type routeMessage struct {
	family, prefix, table, protocol, scope, kind byte
	flags, priority                              uint32
	nic                                          tcpip.NICID
	to, gateway, source                          tcpip.Address // empty for those that there are not
}

// The priorities that Linux gives to routes of IPv6: IP6_RT_PRIO_ADDRCONF and IP6_RT_PRIO_USER.
const (
	priorityConnected = 256
	priorityGateway   = 1024
)

// route is RTM_NEWROUTE.
func (r *reply) route(m routeMessage, flags uint16) {
	r.begin(unix.RTM_NEWROUTE, flags)
	r.put(m.family, m.prefix, 0, 0, m.table, m.protocol, m.scope, m.kind)
	r.put32(m.flags)
	r.attribute(unix.RTA_TABLE, binary.NativeEndian.AppendUint32(nil, uint32(m.table)))
	for _, a := range []struct {
		kind    uint16
		address tcpip.Address
	}{{unix.RTA_DST, m.to}, {unix.RTA_GATEWAY, m.gateway}, {unix.RTA_PREFSRC, m.source}} {
		if a.address.Len() > 0 {
			r.attribute(a.kind, a.address.AsSlice())
		}
	}
	if m.family == syscall.AF_INET6 {
		r.attribute(unix.RTA_PRIORITY, binary.NativeEndian.AppendUint32(nil, m.priority))
	}
	r.attribute(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(m.nic)))
	r.end()
}

// routes are those of the main table, and then those of the local one: where this machine is, and where all are.
func (n *Network) routes() (all []routeMessage) {
	for _, route := range n.stack.GetRouteTable() {
		if route.NIC != loopbackNIC {
			all = append(all, n.mainRoute(route))
		}
	}
	for _, i := range n.sortedNICs() {
		for _, a := range i.info.ProtocolAddresses {
			all = append(all, localRoutes(i, a.AddressWithPrefix)...)
		}
	}
	return all
}

func (n *Network) mainRoute(route tcpip.Route) routeMessage {
	m := routeMessage{
		family: familyOf(route.Destination.ID()), prefix: byte(route.Destination.Prefix()), table: unix.RT_TABLE_MAIN,
		protocol: unix.RTPROT_KERNEL, kind: unix.RTN_UNICAST, nic: route.NIC, gateway: route.Gateway, priority: priorityConnected,
	}
	if m.prefix > 0 {
		m.to = route.Destination.ID()
	}
	if m.gateway.Len() > 0 {
		m.protocol, m.priority = unix.RTPROT_BOOT, priorityGateway
		return m
	}
	if m.family == syscall.AF_INET {
		m.scope = unix.RT_SCOPE_LINK
		for _, a := range n.stack.NICInfo()[route.NIC].ProtocolAddresses {
			if a := a.AddressWithPrefix.Address; route.Destination.Contains(a) {
				m.source = a
				break
			}
		}
	}
	return m
}

// localRoutes are what Linux puts into the local table for an address (fib_add_ifaddr, and addrconf_add_dev for IPv6).
func localRoutes(i numberedNIC, a tcpip.AddressWithPrefix) []routeMessage {
	m := routeMessage{
		family: familyOf(a.Address), prefix: byte(a.Address.BitLen()), table: unix.RT_TABLE_LOCAL,
		protocol: unix.RTPROT_KERNEL, kind: unix.RTN_LOCAL, nic: i.id, to: a.Address,
	}
	if m.family == syscall.AF_INET6 {
		return []routeMessage{m}
	}
	m.scope, m.source = unix.RT_SCOPE_HOST, a.Address
	all := []routeMessage{m}
	subnet := a.Subnet()
	if a.PrefixLen < a.Address.BitLen()-1 {
		m.scope, m.kind, m.to = unix.RT_SCOPE_LINK, unix.RTN_BROADCAST, subnet.Broadcast()
		all = append(all, m)
	}
	if i.info.Flags.Loopback {
		m.scope, m.kind, m.to, m.prefix = unix.RT_SCOPE_HOST, unix.RTN_LOCAL, subnet.ID(), byte(a.PrefixLen)
		all = append(all, m)
	}
	return all
}

// answerRoute says by which way packets to an address go (ip route get); false with an error.
func (n *Network) answerRoute(r *reply, body []byte) bool {
	m, errno := n.findRoute(body)
	if errno != 0 {
		r.error(errno)
		return false
	}
	r.route(m, 0)
	return true
}

func (n *Network) findRoute(body []byte) (m routeMessage, errno syscall.Errno) {
	if len(body) < unix.SizeofRtMsg {
		return m, syscall.EINVAL
	}
	m = routeMessage{family: body[0], table: unix.RT_TABLE_MAIN, kind: unix.RTN_UNICAST, priority: priorityGateway}
	protocol, any := ipv4.ProtocolNumber, make([]byte, header.IPv4AddressSize)
	if m.family == syscall.AF_INET6 {
		protocol, any = ipv6.ProtocolNumber, make([]byte, header.IPv6AddressSize)
	}
	to, from := attribute(body, unix.SizeofRtMsg, unix.RTA_DST), attribute(body, unix.SizeofRtMsg, unix.RTA_SRC)
	if to == nil || slices.Equal(to, any) {
		to = loopbackOf(m.family)
	}
	out := attribute(body, unix.SizeofRtMsg, unix.RTA_OIF)
	if len(to) != len(any) || from != nil && len(from) != len(any) || out != nil && len(out) != 4 {
		return m, syscall.EINVAL
	}
	m.to, m.prefix = tcpip.AddrFromSlice(to), byte(8*len(to))
	var source tcpip.Address
	if from != nil && !slices.Equal(from, any) {
		source = tcpip.AddrFromSlice(from)
	}
	nic := tcpip.NICID(0)
	if out != nil {
		nic = tcpip.NICID(binary.NativeEndian.Uint32(out))
	}
	if nic != 0 && !n.stack.HasNIC(nic) {
		return m, syscall.ENODEV
	}
	way, err := n.stack.FindRoute(nic, source, m.to, protocol, false)
	if err != nil {
		return m, syscall.ENETUNREACH
	}
	defer way.Release()
	m.nic, m.source = way.OutgoingNIC(), way.LocalAddress()
	switch {
	case n.isLocal(m.to):
		m.nic, m.source, m.kind, m.priority = loopbackNIC, m.to, unix.RTN_LOCAL, 0
	case way.IsOutboundBroadcast():
		m.kind = unix.RTN_BROADCAST
	case header.IsV4MulticastAddress(m.to) || header.IsV6MulticastAddress(m.to):
		m.kind = unix.RTN_MULTICAST
	default:
		if m.gateway = way.NextHop(); m.gateway == m.to {
			m.gateway = tcpip.Address{}
		}
		if m.gateway.Len() == 0 {
			m.priority = priorityConnected
		}
	}
	if m.family == syscall.AF_INET {
		m.flags = unix.RTM_F_CLONED
	} else if m.kind == unix.RTN_LOCAL {
		m.table = unix.RT_TABLE_LOCAL
	}
	return m, 0
}

// loopbackOf is where packets to no address go.
func loopbackOf(family byte) []byte {
	if family == syscall.AF_INET {
		return header.IPv4Loopback.AsSlice()
	}
	return header.IPv6Loopback.AsSlice()
}
