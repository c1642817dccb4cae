package net

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/ringo-os/ringo/kernel/linux"
)

// The files of /proc/net that tell of interfaces, addresses and routes, laid out as in proc_net(5) and Linux's
// net/core/net-procfs.c, net/ipv4/fib_trie.c, net/ipv4/arp.c, net/ipv6/addrconf.c and net/ipv6/route.c.

// showInProc makes /proc/net, which leads to /proc/1/net.
func (n *Network) showInProc() {
	for name, content := range map[string]func() []byte{
		"arp": n.arpTable, "dev": n.devices, "if_inet6": n.addresses6, "igmp": n.igmp, "igmp6": n.igmp6,
		"ipv6_route": n.routes6, "netstat": n.moreCounts, "route": n.routes4, "snmp": n.counts,
		"sockstat": n.socketCounts, "unix": n.unixSockets,
		"tcp": n.socketTable(tcp.ProtocolNumber, syscall.AF_INET), "tcp6": n.socketTable(tcp.ProtocolNumber, syscall.AF_INET6),
		"udp": n.socketTable(udp.ProtocolNumber, syscall.AF_INET), "udp6": n.socketTable(udp.ProtocolNumber, syscall.AF_INET6),
	} {
		linux.Generate("/proc/1/net/"+name, content)
	}
}

// devices is /proc/net/dev. What the stack does not count is 0.
func (n *Network) devices() []byte {
	var b bytes.Buffer
	b.WriteString("Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n")
	for _, i := range n.sortedNICs() {
		s := i.info.Stats
		fmt.Fprintf(&b, "%6s: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n", i.info.Name,
			s.Rx.Bytes.Value(), s.Rx.Packets.Value(), s.MalformedL4RcvdPackets.Value(), s.DisabledRx.Packets.Value(), 0, 0, 0, 0,
			s.Tx.Bytes.Value(), s.Tx.Packets.Value(), 0, s.TxPacketsDroppedNoBufferSpace.Value(), 0, 0, 0, 0)
	}
	return b.Bytes()
}

// routes4 is /proc/net/route.
func (n *Network) routes4() []byte {
	const form = "%-127s\n"
	var b bytes.Buffer
	fmt.Fprintf(&b, form, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT")
	for _, r := range n.stack.GetRouteTable() {
		to := r.Destination.ID()
		if to.Len() != header.IPv4AddressSize || r.NIC == loopbackNIC {
			continue
		}
		flags, mask := routeFlags(r), r.Destination.Mask()
		if r.Destination.Prefix() == 8*header.IPv4AddressSize {
			flags |= unix.RTF_HOST
		}
		fmt.Fprintf(&b, form, fmt.Sprintf("%s\t%s\t%s\t%04X\t%d\t%d\t%d\t%s\t%d\t%d\t%d", n.stack.FindNICNameFromID(r.NIC),
			words(to.AsSlice(), 4), words(r.Gateway.AsSlice(), 4), flags, 0, 0, 0, words(mask.AsSlice(), 4), 0, 0, 0))
	}
	return b.Bytes()
}

// routes6 is /proc/net/ipv6_route.
func (n *Network) routes6() []byte {
	var b bytes.Buffer
	for _, r := range n.stack.GetRouteTable() {
		to := r.Destination.ID()
		if to.Len() != header.IPv6AddressSize {
			continue
		}
		gateway := r.Gateway.AsSlice()
		if len(gateway) == 0 {
			gateway = make([]byte, header.IPv6AddressSize)
		}
		fmt.Fprintf(&b, "%s %02x %032x 00 %s %08x %08x %08x %08x %8s\n", hex.EncodeToString(to.AsSlice()),
			r.Destination.Prefix(), 0, hex.EncodeToString(gateway), 1024, 1, 0, routeFlags(r), n.stack.FindNICNameFromID(r.NIC))
	}
	return b.Bytes()
}

func routeFlags(r tcpip.Route) int {
	if r.Gateway.Len() > 0 {
		return unix.RTF_UP | unix.RTF_GATEWAY
	}
	return unix.RTF_UP
}

// words writes an address as Linux does there: each four bytes as a number of the processor's byte order, all of
// size bytes zero if there is no address.
func words(address []byte, size int) string {
	if len(address) == 0 {
		address = make([]byte, size)
	}
	var b strings.Builder
	for ; len(address) >= 4; address = address[4:] {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(address))
	}
	return b.String()
}

// addresses6 is /proc/net/if_inet6.
func (n *Network) addresses6() []byte {
	const (
		permanent = unix.IFA_F_PERMANENT
		link      = 0x20 // IPV6_ADDR_LINKLOCAL
		host      = 0x10 // IPV6_ADDR_LOOPBACK
	)
	var b bytes.Buffer
	for _, i := range n.sortedNICs() {
		for _, a := range i.info.ProtocolAddresses {
			address := a.AddressWithPrefix
			if familyOf(address.Address) != syscall.AF_INET6 {
				continue
			}
			scope := 0
			switch {
			case i.info.Flags.Loopback:
				scope = host
			case header.IsV6LinkLocalUnicastAddress(address.Address):
				scope = link
			}
			fmt.Fprintf(&b, "%s %02x %02x %02x %02x %8s\n", hex.EncodeToString(address.Address.AsSlice()), i.id,
				address.PrefixLen, scope, permanent, i.info.Name)
		}
	}
	return b.Bytes()
}

// arpTable is /proc/net/arp.
func (n *Network) arpTable() []byte {
	const complete, permanent = 2, 4 // ATF_COM, ATF_PERM
	var b bytes.Buffer
	b.WriteString("IP address       HW type     Flags       HW address            Mask     Device\n")
	for _, i := range n.sortedNICs() {
		neighbors, err := n.stack.Neighbors(i.id, ipv4.ProtocolNumber)
		if err != nil {
			continue // it has none
		}
		for _, neighbor := range neighbors {
			flags, hardware := 0, ethernet(neighbor.LinkAddr)
			switch neighbor.State {
			case stack.Reachable, stack.Stale, stack.Delay, stack.Probe:
				flags = complete
			case stack.Static:
				flags = complete | permanent
			}
			fmt.Fprintf(&b, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", neighbor.Addr, unix.ARPHRD_ETHER, flags, hardware, i.info.Name)
		}
	}
	return b.Bytes()
}

// ethernet writes an address of Ethernet's, zeros if it is not known yet.
func ethernet(a tcpip.LinkAddress) string {
	if len(a) == 0 {
		a = tcpip.LinkAddress(make([]byte, header.EthernetAddressSize))
	}
	return a.String()
}
