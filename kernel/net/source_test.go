package net

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// packetInfo is a control message that says where a datagram is to come from.
func packetInfo(from string, index uint32) []byte {
	control := make([]byte, unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	binary.NativeEndian.PutUint64(control, uint64(unix.CmsgLen(unix.SizeofInet4Pktinfo)))
	binary.NativeEndian.PutUint32(control[8:], unix.SOL_IP)
	binary.NativeEndian.PutUint32(control[12:], unix.IP_PKTINFO)
	binary.NativeEndian.PutUint32(control[16:], index)
	copy(control[20:], netip.MustParseAddr(from).AsSlice())
	return control
}

// TestSource: what a datagram from another address has of its socket: port, marks, life; and one by raw IP comes from there, too.
func TestSource(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b := open(t, unix.AF_INET, unix.SOCK_DGRAM, 0) // not bound yet
	setInt(t, a, unix.SOL_IP, unix.IP_RECVTTL, 1)
	setInt(t, a, unix.SOL_IP, unix.IP_RECVTOS, 1)
	setInt(t, b, unix.SOL_IP, unix.IP_TTL, 7)
	setInt(t, b, unix.SOL_IP, unix.IP_TOS, 0x10)
	h, pin := msg(sockaddrOf(at.String()), []byte("hi"), packetInfo("127.0.0.9", loopbackNIC))
	defer pin.Unpin()
	must(t, unix.SYS_SENDMSG, b, h, 0)
	data, control, sa, n := make([]byte, 10), make([]byte, 200), make([]byte, 28), new(int32)
	r, pinned := msg(sa, data, control)
	defer pinned.Unpin()
	if n := must(t, unix.SYS_RECVMSG, a, r, 0); string(data[:n]) != "hi" {
		t.Errorf("got %q", data[:n])
	}
	own := make([]byte, 28)
	*n = 28
	must(t, unix.SYS_GETSOCKNAME, b, own, n)
	if from := addressIn(sa); from != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.9"), addressIn(own).Port()) {
		t.Errorf("from %v, the socket is %v", from, addressIn(own))
	}
	messages, err := unix.ParseSocketControlMessage(control[:binary.NativeEndian.Uint64(r[msgControlLength:])])
	if err != nil || len(messages) != 2 || messages[0].Data[0] != 7 || messages[1].Data[0] != 0x10 {
		t.Errorf("%v, %v", messages, err)
	}

	raw := open(t, unix.AF_INET, unix.SOCK_RAW, vrrp)
	h, pin2 := msg(sockaddrOf("127.0.0.1:0"), []byte("raw"), packetInfo("127.0.0.8", 0))
	defer pin2.Unpin()
	must(t, unix.SYS_SENDMSG, raw, h, 0)
	p := make([]byte, 100)
	if n := must(t, unix.SYS_RECVFROM, raw, p, len(p), unix.MSG_DONTWAIT, nil, nil); n != 23 || string(p[12:16]) != "\x7f\x00\x00\x08" {
		t.Errorf("received % x", p[:n])
	}
}

// TestSourceLimits: a datagram that is too long, one to everybody, and one by a socket that has ended sending are refused as
// those from the socket's own address are.
func TestSourceLimits(t *testing.T) {
	_, at := bindUDP(t, "127.0.0.1:0")
	b, _ := bindUDP(t, "0.0.0.0:0")
	send := func(to string, size int) error {
		h, pin := msg(sockaddrOf(to), make([]byte, size), packetInfo("127.0.0.9", 0))
		defer pin.Unpin()
		_, err := sys(unix.SYS_SENDMSG, b, h, 0)
		return err
	}
	if err := send(at.String(), 65508); err != syscall.EMSGSIZE {
		t.Error(err)
	}
	if err := send(at.String(), 65507); err != nil {
		t.Error(err)
	}
	if err := send("127.255.255.255:9", 1); err != syscall.EACCES {
		t.Error(err)
	}
	sa := sockaddrOf(at.String())
	must(t, unix.SYS_CONNECT, b, sa, len(sa))
	must(t, unix.SYS_SHUTDOWN, b, unix.SHUT_WR)
	if err := send(at.String(), 1); err != syscall.EPIPE {
		t.Error(err)
	}
}
