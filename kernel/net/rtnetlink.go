package net

import (
	"cmp"
	"encoding/binary"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// struct nlmsghdr (netlink(7)): length, type, flags, sequence, port; everything is 4-byte aligned.
const (
	nlHeader = 16
	nlType   = 4
	nlFlags  = 6
	nlSeq    = 8
	nlPort   = 12
)

// nlDatagram is how large a datagram with several messages gets: programs receive with a page.
const nlDatagram = 4096

func nlAlign(n int) int { return (n + 3) &^ 3 }

// A reply collects the messages that answer one request.
type reply struct {
	datagrams [][]byte
	last      []byte // the datagram that is being filled
	request   []byte // the request's header
	port      uint32
	start     int // of the message that is being written
}

// answer returns the datagrams that answer a datagram of requests from a port.
func (n *Network) answer(requests []byte, port uint32) [][]byte {
	var datagrams [][]byte
	for len(requests) >= nlHeader {
		length := int(binary.NativeEndian.Uint32(requests))
		if length < nlHeader || length > len(requests) {
			break
		}
		r := &reply{request: requests[:nlHeader], port: port}
		n.answerOne(r, requests[nlHeader:length])
		if len(r.last) > 0 {
			r.datagrams = append(r.datagrams, r.last)
		}
		datagrams = append(datagrams, r.datagrams...)
		requests = requests[min(nlAlign(length), len(requests)):]
	}
	return datagrams
}

func (n *Network) answerOne(r *reply, body []byte) {
	flags := binary.NativeEndian.Uint16(r.request[nlFlags:])
	kind := binary.NativeEndian.Uint16(r.request[nlType:])
	if flags&unix.NLM_F_REQUEST == 0 || kind < unix.NLMSG_MIN_TYPE {
		r.acknowledge(flags) // what is no request is not for the kernel (netlink_rcv_skb)
		return
	}
	dump := flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP
	family := byte(0)
	if len(body) > 0 {
		family = body[0]
	}
	switch {
	case kind == unix.RTM_GETLINK && dump:
		for _, i := range n.sortedNICs() {
			r.link(i, unix.NLM_F_MULTI)
		}
	case kind == unix.RTM_GETLINK:
		if n.answerLink(r, body) {
			r.acknowledge(flags)
		}
		return
	case kind == unix.RTM_GETADDR && dump:
		for _, i := range n.sortedNICs() {
			for _, a := range i.info.ProtocolAddresses {
				if f := familyOf(a.AddressWithPrefix.Address); family == 0 || family == f {
					r.address(i, a.AddressWithPrefix, f)
				}
			}
		}
	case kind == unix.RTM_GETROUTE && dump:
		for _, m := range n.routes() {
			if family == 0 || family == m.family {
				r.route(m, unix.NLM_F_MULTI)
			}
		}
	case kind == unix.RTM_GETROUTE && (family == syscall.AF_INET || family == syscall.AF_INET6):
		if n.answerRoute(r, body) {
			r.acknowledge(flags)
		}
		return
	case kind == unix.RTM_GETNEIGH && dump:
		n.answerNeighbors(r, family)
	case kind == unix.RTM_GETRULE && dump:
		r.rules(family)
	default:
		r.error(syscall.EOPNOTSUPP)
		return
	}
	r.begin(unix.NLMSG_DONE, unix.NLM_F_MULTI)
	r.put32(0)
	r.end()
}

// answerLink answers a request for one interface, by number or name; false with an error.
func (n *Network) answerLink(r *reply, body []byte) bool {
	index := int32(0)
	if len(body) >= unix.SizeofIfInfomsg {
		index = int32(binary.NativeEndian.Uint32(body[4:]))
	}
	i, ok := n.numbered(index)
	if index == 0 {
		i, ok = n.named(cString(attribute(body, unix.SizeofIfInfomsg, unix.IFLA_IFNAME)))
	}
	if !ok {
		r.error(syscall.ENODEV)
		return false
	}
	r.link(i, 0)
	return true
}

// attribute returns the value of the attribute of a kind that follows size bytes of body, nil if there is none.
func attribute(body []byte, size int, kind uint16) []byte {
	for rest := body[min(size, len(body)):]; len(rest) >= 4; {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < 4 || length > len(rest) {
			break
		}
		if binary.NativeEndian.Uint16(rest[2:]) == kind {
			return rest[4:length]
		}
		rest = rest[min(nlAlign(length), len(rest)):]
	}
	return nil
}

// A numberedNIC is an interface with its number.
type numberedNIC struct {
	id   tcpip.NICID
	info stack.NICInfo
}

func (n *Network) sortedNICs() (all []numberedNIC) {
	for id, info := range n.stack.NICInfo() {
		all = append(all, numberedNIC{id, info})
	}
	slices.SortFunc(all, func(a, b numberedNIC) int { return cmp.Compare(a.id, b.id) })
	return all
}

// queueLength is what Linux says of most interfaces, that they keep so many packets waiting.
const queueLength = 1000

// flags are those of netdevice(7).
func (i numberedNIC) flags() uint32 {
	const up = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
	if i.info.Flags.Loopback {
		return up | unix.IFF_LOOPBACK
	}
	return up | unix.IFF_BROADCAST | unix.IFF_MULTICAST
}

// hardware returns what kind of network it is, and the address there.
func (i numberedNIC) hardware() (kind uint16, address []byte) {
	if i.info.Flags.Loopback {
		return unix.ARPHRD_LOOPBACK, make([]byte, 6)
	}
	return unix.ARPHRD_ETHER, []byte(i.info.LinkAddress)
}

func familyOf(a tcpip.Address) byte {
	if a.Len() == 4 {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}

// link is RTM_NEWLINK: struct ifinfomsg and attributes.
func (r *reply) link(i numberedNIC, flags uint16) {
	hardware, hardwareAddress := i.hardware()
	broadcast := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
	state := byte(6) // IF_OPER_UP (RFC 2863)
	if i.info.Flags.Loopback {
		broadcast = make([]byte, 6)
		state = 0 // unknown
	}
	r.begin(unix.RTM_NEWLINK, flags)
	r.put(0, 0)
	r.put16(hardware)
	r.put32(uint32(i.id))
	r.put32(i.flags())
	r.put32(0)
	r.attribute(unix.IFLA_IFNAME, append([]byte(i.info.Name), 0))
	r.attribute(unix.IFLA_TXQLEN, binary.NativeEndian.AppendUint32(nil, queueLength))
	r.attribute(unix.IFLA_OPERSTATE, []byte{state})
	r.attribute(unix.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, i.info.MTU))
	r.attribute(unix.IFLA_ADDRESS, hardwareAddress)
	r.attribute(unix.IFLA_BROADCAST, broadcast)
	r.attribute(unix.IFLA_NUM_TX_QUEUES, binary.NativeEndian.AppendUint32(nil, 1))
	r.attribute(unix.IFLA_NUM_RX_QUEUES, binary.NativeEndian.AppendUint32(nil, 1))
	r.attribute(unix.IFLA_CARRIER, []byte{1})
	r.statistics(i)
	r.end()
}

// address is RTM_NEWADDR: struct ifaddrmsg and attributes.
func (r *reply) address(i numberedNIC, a tcpip.AddressWithPrefix, family byte) {
	scope := byte(unix.RT_SCOPE_UNIVERSE)
	switch {
	case i.info.Flags.Loopback:
		scope = unix.RT_SCOPE_HOST
	case header.IsV6LinkLocalUnicastAddress(a.Address):
		scope = unix.RT_SCOPE_LINK
	}
	bytes := a.Address.AsSlice()
	r.begin(unix.RTM_NEWADDR, unix.NLM_F_MULTI)
	r.put(family, byte(a.PrefixLen), unix.IFA_F_PERMANENT, scope)
	r.put32(uint32(i.id))
	r.attribute(unix.IFA_ADDRESS, bytes)
	if family == syscall.AF_INET {
		r.attribute(unix.IFA_LOCAL, bytes)
		if !i.info.Flags.Loopback {
			subnet := a.Subnet()
			broadcast := subnet.Broadcast()
			r.attribute(unix.IFA_BROADCAST, broadcast.AsSlice())
		}
		r.attribute(unix.IFA_LABEL, append([]byte(i.info.Name), 0))
	}
	r.attribute(unix.IFA_FLAGS, binary.NativeEndian.AppendUint32(nil, unix.IFA_F_PERMANENT))
	r.attribute(unix.IFA_CACHEINFO, []byte{ // struct ifa_cacheinfo: preferred and valid for ever, made at the beginning
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0,
	})
	r.end()
}

// error is NLMSG_ERROR: the errno and the request's header.
func (r *reply) error(errno syscall.Errno) {
	r.begin(unix.NLMSG_ERROR, 0)
	r.put32(uint32(-int32(errno)))
	r.put(r.request...)
	r.end()
}

// acknowledge says that a request was carried out, if it wants to hear that.
func (r *reply) acknowledge(flags uint16) {
	if flags&unix.NLM_F_ACK != 0 {
		r.error(0)
	}
}

// begin starts a message, in a new datagram if the current one is nearly full.
func (r *reply) begin(kind, flags uint16) {
	const longest = 1024
	if len(r.last) > nlDatagram-longest {
		r.datagrams = append(r.datagrams, r.last)
		r.last = nil
	}
	r.start = len(r.last)
	r.put32(0) // the length
	r.put16(kind)
	r.put16(flags)
	r.put(r.request[nlSeq:nlPort]...)
	r.put32(r.port)
}

// end completes it.
func (r *reply) end() {
	binary.NativeEndian.PutUint32(r.last[r.start:], uint32(len(r.last)-r.start))
	for len(r.last) != nlAlign(len(r.last)) {
		r.put(0)
	}
}

func (r *reply) put(b ...byte)  { r.last = append(r.last, b...) }
func (r *reply) put16(v uint16) { r.last = binary.NativeEndian.AppendUint16(r.last, v) }
func (r *reply) put32(v uint32) { r.last = binary.NativeEndian.AppendUint32(r.last, v) }

// attribute appends a struct rtattr: length, type, value.
func (r *reply) attribute(kind uint16, value []byte) {
	r.put16(uint16(4 + len(value)))
	r.put16(kind)
	r.put(value...)
	for len(r.last) != nlAlign(len(r.last)) {
		r.put(0)
	}
}
