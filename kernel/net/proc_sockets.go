package net

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/ringo-os/ringo/kernel/linux"
)

// The files of /proc/net that list sockets, laid out as in Linux's net/ipv4/tcp_ipv4.c, net/ipv4/udp.c,
// net/ipv6/tcp_ipv6.c, net/ipv6/datagram.c and net/unix/af_unix.c. The inode is what /proc/self/fd shows.

// A line is a socket in such a list.
type line struct {
	local, remote  tcpip.FullAddress
	state          byte
	unsent, unread int
	inode          uint64
}

// An endpoint is what the stack knows of a socket.
type endpoint interface {
	stack.TransportEndpoint
	tcpip.Endpoint
}

// sockets lists those of a transport protocol and an address family that have an address. One without an owner
// is closing, or nobody has accepted it yet; its inode is 0.
func (n *Network) sockets(transport tcpip.TransportProtocolNumber, family int) (list []line) {
	owners := make(map[tcpip.Endpoint]*inet)
	for _, d := range linux.OpenDescriptions() {
		if s, ok := d.File.(*inet); ok && s.network == n {
			owners[s.endpoint] = s
		}
	}
	seen := make(map[tcpip.Endpoint]bool) // one socket may wait for packets of IPv4 and of IPv6
	for _, registered := range slices.Concat(n.stack.RegisteredEndpoints(), n.stack.CleanupEndpoints()) {
		e, ok := registered.(endpoint)
		if !ok || seen[e] {
			continue
		}
		seen[e] = true
		info, ok := e.Info().(*stack.TransportEndpointInfo)
		if !ok || info.TransProto != transport {
			continue
		}
		own := owners[e]
		if got := familyOfSocket(own, info); got != family {
			continue
		}
		l := line{
			local:  tcpip.FullAddress{Addr: info.ID.LocalAddress, Port: info.ID.LocalPort},
			remote: tcpip.FullAddress{Addr: info.ID.RemoteAddress, Port: info.ID.RemotePort},
			state:  stateOf(transport, e, info),
		}
		l.unsent, l.unread = queued(e, tcpip.SendQueueSizeOption), queued(e, tcpip.ReceiveQueueSizeOption)
		if own != nil {
			l.inode = own.number
			l.unread += own.waitingShort()
		}
		list = append(list, l)
	}
	return list
}

// queued is how many bytes wait, 0 once there is no such queue any more.
func queued(e tcpip.Endpoint, option tcpip.SockOptInt) int {
	n, err := e.GetSockOptInt(option)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

func familyOfSocket(own *inet, info *stack.TransportEndpointInfo) int {
	switch {
	case own != nil:
		return own.domain
	case info.NetProto == header.IPv4ProtocolNumber:
		return syscall.AF_INET
	default:
		return syscall.AF_INET6
	}
}

func stateOf(transport tcpip.TransportProtocolNumber, e tcpip.Endpoint, info *stack.TransportEndpointInfo) byte {
	switch {
	case transport == tcp.ProtocolNumber:
		return linuxState(tcp.EndpointState(e.State()))
	case info.ID.RemotePort != 0:
		return unix.BPF_TCP_ESTABLISHED
	default:
		return unix.BPF_TCP_CLOSE
	}
}

// socketTable is /proc/net/tcp and its kin.
func (n *Network) socketTable(transport tcpip.TransportProtocolNumber, family int) func() []byte {
	return func() []byte { return table(n.sockets(transport, family), family, transport == udp.ProtocolNumber) }
}

// table lays out a list of sockets. What the stack has no number for (timers, windows) is told as idle.
func table(list []line, family int, datagrams bool) []byte {
	title := "  sl  local_address rem_address   "
	if family == syscall.AF_INET6 {
		title = "  sl  " + pad("local_address", 38) + pad("remote_address", 38)
	}
	title += "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
	width := 0
	switch {
	case datagrams:
		title += " ref pointer drops"
		if family == syscall.AF_INET {
			title, width = " "+title, 127
		}
	case family == syscall.AF_INET:
		width = 149
	}
	var b bytes.Buffer
	put := func(text string) { fmt.Fprintf(&b, "%-*s\n", width, text) }
	put(title)
	for i, l := range list {
		text := fmt.Sprintf("%4d: %s %s %02X %08X:%08X 00:00000000 00000000 %5d        0 %d 1 0000000000000000", i,
			place(l.local, family), place(l.remote, family), l.state, l.unsent, l.unread, 0, l.inode)
		if datagrams {
			put(" " + text + " 0")
		} else {
			put(text + " 20 4 0 10 -1")
		}
	}
	return b.Bytes()
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(width-len(s), 0)) }

// place writes an address and a port. One of IPv4 in a list of IPv6's is a mapped one (RFC 4291, 2.5.5.2).
func place(a tcpip.FullAddress, family int) string {
	address, size := a.Addr.AsSlice(), header.IPv4AddressSize
	if family == syscall.AF_INET6 {
		size = header.IPv6AddressSize
		if len(address) == header.IPv4AddressSize {
			address = append([]byte{10: 0xFF, 11: 0xFF}, address...)
		}
	}
	return fmt.Sprintf("%s:%04X", words(address, size), a.Port)
}

// unixSockets is /proc/net/unix.
func (n *Network) unixSockets() []byte {
	const listening = 0x10000 // __SO_ACCEPTCON
	var b bytes.Buffer
	b.WriteString("Num       RefCount Protocol Flags    Type St Inode Path\n")
	for _, d := range linux.OpenDescriptions() {
		s, ok := d.File.(*unixSocket)
		if !ok {
			continue
		}
		s.mu.Lock()
		flags, state, name := 0, 1, s.own // SS_UNCONNECTED
		if s.backlog > 0 {
			flags = listening
		}
		if s.out != nil {
			state = 3 // SS_CONNECTED
		}
		s.mu.Unlock()
		if name != "" {
			name = " " + strings.ReplaceAll(name, "\x00", "@")
		}
		fmt.Fprintf(&b, "%016d: %08X %08X %08X %04X %02X %5d%s\n", 0, 2, 0, flags, s.kind, state, s.number, name)
	}
	return b.Bytes()
}

// socketCounts is /proc/net/sockstat.
func (n *Network) socketCounts() []byte {
	used := 0
	for _, d := range linux.OpenDescriptions() {
		if _, ok := d.File.(socket); ok {
			used++
		}
	}
	waiting, orphans, streams := 0, 0, n.sockets(tcp.ProtocolNumber, syscall.AF_INET)
	for _, l := range streams {
		switch {
		case l.state == unix.BPF_TCP_TIME_WAIT:
			waiting++
		case l.inode == 0:
			orphans++
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "sockets: used %d\n", used)
	fmt.Fprintf(&b, "TCP: inuse %d orphan %d tw %d alloc %d mem 0\n", len(streams)-waiting, orphans, waiting, len(streams)-waiting)
	fmt.Fprintf(&b, "UDP: inuse %d mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n", len(n.sockets(udp.ProtocolNumber, syscall.AF_INET)))
	return b.Bytes()
}
