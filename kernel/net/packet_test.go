package net

import (
	"encoding/binary"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// linkAddress is a struct sockaddr_ll for lo.
func linkAddress(protocol uint16) []byte {
	sa := make([]byte, sizeLink)
	sa[0] = unix.AF_PACKET
	binary.BigEndian.PutUint16(sa[atLinkNumber:], protocol)
	sa[atLinkDevice] = loopbackNIC
	return sa
}

// capture receives the next packet, with its sll_pkttype and protocol.
func capture(t *testing.T, fd int) (packet []byte, kind byte, protocol uint16) {
	t.Helper()
	p, sa, length := make([]byte, 200), make([]byte, sizeLink), new(int32)
	*length = sizeLink
	n := must(t, unix.SYS_RECVFROM, fd, p, len(p), unix.MSG_DONTWAIT, sa, length)
	if *length != sizeLink || sa[0] != unix.AF_PACKET || sa[atLinkDevice] != loopbackNIC ||
		binary.NativeEndian.Uint16(sa[atLinkKind:]) != unix.ARPHRD_LOOPBACK || sa[atLinkLength] != 6 {
		t.Errorf("an address of %d bytes: % x", *length, sa)
	}
	return p[:n], sa[atLinkPacket], binary.BigEndian.Uint16(sa[atLinkNumber:])
}

// TestPacketSockets: a datagram that goes by way of lo is seen leaving and arriving, with a header and without, and can
// be made by hand.
func TestPacketSockets(t *testing.T) {
	raw := open(t, unix.AF_PACKET, unix.SOCK_RAW, 0)
	must(t, unix.SYS_BIND, raw, linkAddress(unix.ETH_P_ALL), sizeLink)
	cooked := open(t, unix.AF_PACKET, unix.SOCK_DGRAM, int(networkOrder(unix.ETH_P_IP)))
	a, at := bindUDP(t, "127.0.0.1:0")
	b, _ := bindUDP(t, "127.0.0.1:0")
	sendUDP(t, b, at, "hello")
	receiveUDP(t, a)

	const headers = 14 + 20 + 8
	frame, kind, protocol := capture(t, raw)
	if len(frame) != headers+5 || string(frame[headers:]) != "hello" || kind != unix.PACKET_OUTGOING || protocol != unix.ETH_P_IP ||
		binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[14] != 0x45 {
		t.Errorf("leaving: %d, %#x, % x", kind, protocol, frame)
	}
	if again, kind, _ := capture(t, raw); kind != unix.PACKET_HOST || string(again[14:]) != string(frame[14:]) {
		t.Errorf("arriving: %d, % x", kind, again)
	}
	if packet, kind, protocol := capture(t, cooked); kind != unix.PACKET_HOST || protocol != unix.ETH_P_IP || string(packet) != string(frame[14:]) {
		t.Errorf("without a header: %d, %#x, % x", kind, protocol, packet)
	}
	if _, err := sys(unix.SYS_RECVFROM, cooked, make([]byte, 10), 10, unix.MSG_DONTWAIT, nil, nil); err != syscall.EAGAIN {
		t.Errorf("one that leaves, for who asked for IP: %v", err)
	}

	must(t, unix.SYS_SENDTO, raw, frame, len(frame), 0, nil, 0)
	if got, _ := receiveUDP(t, a); got != "hello" {
		t.Errorf("a frame made by hand: %q", got)
	}
	must(t, unix.SYS_SENDTO, cooked, frame[14:], len(frame)-14, 0, linkAddress(unix.ETH_P_IP), sizeLink)
	if got, _ := receiveUDP(t, a); got != "hello" {
		t.Errorf("a packet made by hand: %q", got)
	}
}

func TestPacketSocketMistakes(t *testing.T) {
	fd := open(t, unix.AF_PACKET, unix.SOCK_RAW, 0)
	nowhere := linkAddress(unix.ETH_P_ALL)
	nowhere[atLinkDevice] = 99
	for _, c := range []struct {
		want      syscall.Errno
		number    uintptr
		arguments []any
	}{
		{syscall.ESOCKTNOSUPPORT, unix.SYS_SOCKET, []any{unix.AF_PACKET, unix.SOCK_STREAM, 0}},
		{syscall.ENODEV, unix.SYS_BIND, []any{fd, nowhere, sizeLink}},
		{syscall.EINVAL, unix.SYS_BIND, []any{fd, nowhere, 10}},
		{syscall.ENXIO, unix.SYS_SENDTO, []any{fd, make([]byte, 60), 60, 0, nil, 0}},
		{syscall.EINVAL, unix.SYS_SENDTO, []any{fd, make([]byte, 60), 13, 0, linkAddress(unix.ETH_P_IP), sizeLink}},
		{syscall.EMSGSIZE, unix.SYS_SENDTO, []any{fd, make([]byte, 70000), 70000, 0, linkAddress(unix.ETH_P_IP), sizeLink}},
		{syscall.EOPNOTSUPP, unix.SYS_CONNECT, []any{fd, linkAddress(0), sizeLink}},
	} {
		if _, err := sys(c.number, c.arguments...); err != c.want {
			t.Errorf("%d: %v, want %v", c.number, err, c.want)
		}
	}
	own, length := make([]byte, sizeLink), new(int32)
	*length = sizeLink
	must(t, unix.SYS_BIND, fd, linkAddress(unix.ETH_P_ARP), sizeLink)
	must(t, unix.SYS_GETSOCKNAME, fd, own, length)
	if own[atLinkDevice] != loopbackNIC || binary.BigEndian.Uint16(own[atLinkNumber:]) != unix.ETH_P_ARP {
		t.Errorf("its name: % x", own)
	}
}

// TestPacketStatistics: what came and what found no room is counted from one question to the next.
func TestPacketStatistics(t *testing.T) {
	fd := open(t, unix.AF_PACKET, unix.SOCK_DGRAM, int(networkOrder(unix.ETH_P_IP)))
	statistics := func() [2]uint32 {
		t.Helper()
		value, length := make([]byte, 8), new(int32)
		*length = 8
		must(t, unix.SYS_GETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_STATISTICS, value, length)
		if *length != 8 {
			t.Errorf("%d bytes", *length)
		}
		return [2]uint32{binary.NativeEndian.Uint32(value), binary.NativeEndian.Uint32(value[4:])}
	}
	statistics()
	a, at := bindUDP(t, "127.0.0.1:0")
	for range 3 {
		sendUDP(t, a, at, "hello")
	}
	if got := statistics(); got != [2]uint32{3, 0} {
		t.Errorf("after three packets: %v", got)
	}
	if got := statistics(); got != [2]uint32{} {
		t.Errorf("after none: %v", got)
	}
	setInt(t, fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1)
	for range 300 {
		sendUDP(t, a, at, "hello")
	}
	if got := statistics(); got[0] != 300 || got[1] == 0 || got[1] == 300 {
		t.Errorf("without room: %v", got)
	}
}

// TestPacketMembership: a program that wants to see everybody's packets may (it does anyway), by an interface that there is.
func TestPacketMembership(t *testing.T) {
	fd := open(t, unix.AF_PACKET, unix.SOCK_RAW, 0)
	membership := make([]byte, sizeMembership)
	membership[0], membership[4] = loopbackNIC, unix.PACKET_MR_PROMISC
	must(t, unix.SYS_SETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, membership, sizeMembership)
	must(t, unix.SYS_SETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_DROP_MEMBERSHIP, membership, sizeMembership)
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, membership, sizeMembership-1)
	membership[6] = 7
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, membership, sizeMembership)
	membership[0] = 99
	wants(t, syscall.ENODEV, unix.SYS_SETSOCKOPT, fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, membership, sizeMembership)
}
