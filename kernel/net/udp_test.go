package net

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bindUDP returns a UDP socket and its address.
func bindUDP(t testing.TB, address string) (fd int, at netip.AddrPort) {
	t.Helper()
	domain := unix.AF_INET
	if netip.MustParseAddrPort(address).Addr().Is6() {
		domain = unix.AF_INET6
	}
	fd = open(t, domain, unix.SOCK_DGRAM, 0)
	sa := sockaddrOf(address)
	must(t, unix.SYS_BIND, fd, sa, len(sa))
	return fd, name(t, unix.SYS_GETSOCKNAME, fd)
}

func sendUDP(t testing.TB, fd int, to netip.AddrPort, data string) {
	t.Helper()
	sa := sockaddrOf(to.String())
	must(t, unix.SYS_SENDTO, fd, []byte(data), len(data), 0, sa, len(sa))
}

func receiveUDP(t testing.TB, fd int) (data string, from netip.AddrPort) {
	t.Helper()
	p, sa, n := make([]byte, 65536), make([]byte, 28), new(int32)
	*n = 28
	k := must(t, unix.SYS_RECVFROM, fd, p, len(p), 0, sa, n)
	return string(p[:k]), addressIn(sa)
}

func TestUDP(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, bt := bindUDP(t, "127.0.0.1:0")
	wants(t, syscall.EAGAIN, unix.SYS_RECVFROM, a, make([]byte, 1), 1, unix.MSG_DONTWAIT, nil, nil)
	for _, data := range []string{"one", "", "three", string(bytes.Repeat([]byte("x"), 60000))} {
		sendUDP(t, b, at, data)
		if got, from := receiveUDP(t, a); got != data || from != bt {
			t.Errorf("got %d bytes from %v, want %d from %v", len(got), from, len(data), bt)
		}
	}
	sa := sockaddrOf(at.String())
	wants(t, syscall.EMSGSIZE, unix.SYS_SENDTO, b, make([]byte, 66000), 66000, 0, sa, len(sa))
	wants(t, syscall.EDESTADDRREQ, unix.SYS_SENDTO, b, make([]byte, 1), 1, 0, nil, 0)
}

func TestUDPTruncation(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, _ := bindUDP(t, "127.0.0.1:0")
	for range 3 {
		sendUDP(t, b, at, "0123456789")
	}
	p := make([]byte, 4)
	if n := must(t, unix.SYS_RECVFROM, a, p, 4, 0, nil, nil); string(p[:n]) != "0123" {
		t.Errorf("got %q", p[:n])
	}
	if n := must(t, unix.SYS_RECVFROM, a, p, 4, unix.MSG_TRUNC, nil, nil); n != 10 {
		t.Errorf("length %d", n)
	}
	if n := must(t, unix.SYS_RECVFROM, a, p, 0, unix.MSG_TRUNC, nil, nil); n != 10 {
		t.Errorf("length %d without room", n)
	}
	sendUDP(t, b, at, "0123456789")
	h, pin := msg(nil, p, nil)
	defer pin.Unpin()
	if must(t, unix.SYS_RECVMSG, a, h, 0); binary.NativeEndian.Uint32(h[msgFlags:]) != unix.MSG_TRUNC {
		t.Errorf("flags %#x", h[msgFlags:])
	}
}

func TestUDPConnected(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, bt := bindUDP(t, "127.0.0.1:0")
	c, _ := bindUDP(t, "127.0.0.1:0")
	sa := sockaddrOf(bt.String())
	must(t, unix.SYS_CONNECT, a, sa, len(sa))
	sendUDP(t, c, at, "stranger")
	sendUDP(t, b, at, "friend")
	if got := read(t, a); got != "friend" {
		t.Errorf("got %q", got)
	}
	write(t, a, "answer")
	if got, from := receiveUDP(t, b); got != "answer" || from != at {
		t.Errorf("got %q from %v", got, from)
	}
	must(t, unix.SYS_CLOSE, b)
	write(t, a, "anybody?")
	if e := poll(t, a, unix.POLLIN, time.Second); e&unix.POLLERR == 0 {
		t.Errorf("events %#x", e)
	}
	wants(t, syscall.ECONNREFUSED, unix.SYS_RECVFROM, a, make([]byte, 1), 1, 0, nil, nil)
	must(t, unix.SYS_CONNECT, a, make([]byte, 16), 16) // AF_UNSPEC
	wants(t, syscall.EDESTADDRREQ, unix.SYS_SENDTO, a, make([]byte, 1), 1, 0, nil, 0)
}

func TestUDPDualStack(t *testing.T) {
	a, at := bindUDP(t, "[::]:0")
	b, bt := bindUDP(t, "127.0.0.1:0")
	sendUDP(t, b, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port()), "v4")
	got, from := receiveUDP(t, a)
	if got != "v4" || from.Addr() != netip.MustParseAddr("::ffff:127.0.0.1") || from.Port() != bt.Port() {
		t.Errorf("got %q from %v", got, from)
	}
	sendUDP(t, a, from, "back") // to the mapped address
	if got, _ := receiveUDP(t, b); got != "back" {
		t.Errorf("got %q", got)
	}
	c, _ := bindUDP(t, "[::1]:0")
	sendUDP(t, c, netip.AddrPortFrom(netip.MustParseAddr("::1"), at.Port()), "v6")
	if got, from := receiveUDP(t, a); got != "v6" || from.Addr() != netip.MustParseAddr("::1") {
		t.Errorf("got %q from %v", got, from)
	}
}

func TestUDPControl(t *testing.T) {
	a, at := bindUDP(t, "0.0.0.0:0")
	b, _ := bindUDP(t, "127.0.0.1:0")
	for _, o := range [][2]int{{unix.SOL_IP, unix.IP_PKTINFO}, {unix.SOL_IP, unix.IP_RECVTTL},
		{unix.SOL_IP, unix.IP_RECVTOS}, {unix.SOL_SOCKET, unix.SO_TIMESTAMPNS}} {
		setInt(t, a, o[0], o[1], 1)
	}
	setInt(t, b, unix.SOL_IP, unix.IP_TOS, 0x10)
	setInt(t, b, unix.SOL_IP, unix.IP_TTL, 7)
	sendUDP(t, b, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), at.Port()), "hi")
	data, control, sa := make([]byte, 10), make([]byte, 200), make([]byte, 28)
	h, pin := msg(sa, data, control)
	defer pin.Unpin()
	if n := must(t, unix.SYS_RECVMSG, a, h, 0); string(data[:n]) != "hi" || binary.NativeEndian.Uint32(h[msgNameLength:]) != 16 {
		t.Errorf("got %q", data[:n])
	}
	messages, err := unix.ParseSocketControlMessage(control[:binary.NativeEndian.Uint64(h[msgControlLength:])])
	if err != nil {
		t.Fatal(err)
	}
	got := map[[2]int32][]byte{}
	for _, m := range messages {
		got[[2]int32{m.Header.Level, m.Header.Type}] = m.Data
	}
	if d := got[[2]int32{unix.SOL_IP, unix.IP_TTL}]; len(d) != 4 || d[0] != 7 {
		t.Errorf("TTL % x", d)
	}
	if d := got[[2]int32{unix.SOL_IP, unix.IP_TOS}]; len(d) != 1 || d[0] != 0x10 {
		t.Errorf("TOS % x", d)
	}
	if d := got[[2]int32{unix.SOL_IP, unix.IP_PKTINFO}]; len(d) != 12 || d[0] != loopbackNIC || !bytes.Equal(d[8:], []byte{127, 0, 0, 5}) {
		t.Errorf("packet info % x", d)
	}
	if d := got[[2]int32{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS}]; len(d) != 16 {
		t.Errorf("timestamp % x", d)
	}
}

// TestUDPOriginalDestination: with IPv6, too, a datagram can tell where it was sent to.
func TestUDPOriginalDestination(t *testing.T) {
	a, at := bindUDP(t, "[::1]:0")
	b, _ := bindUDP(t, "[::1]:0")
	setInt(t, a, unix.SOL_IPV6, unix.IPV6_RECVORIGDSTADDR, 1)
	sendUDP(t, b, at, "hi")
	data, control := make([]byte, 10), make([]byte, 200)
	h, pin := msg(make([]byte, 28), data, control)
	defer pin.Unpin()
	must(t, unix.SYS_RECVMSG, a, h, 0)
	messages, err := unix.ParseSocketControlMessage(control[:binary.NativeEndian.Uint64(h[msgControlLength:])])
	if err != nil || len(messages) != 1 {
		t.Fatal(messages, err)
	}
	to, err := unix.ParseOrigDstAddr(&messages[0])
	if sa, ok := to.(*unix.SockaddrInet6); err != nil || !ok || sa.Port != int(at.Port()) || sa.Addr != at.Addr().As16() {
		t.Errorf("%+v, %v", to, err)
	}
}

func TestUDPSegments(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, _ := bindUDP(t, "127.0.0.1:0")
	control := make([]byte, unix.CmsgSpace(2))
	binary.NativeEndian.PutUint64(control, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(control[8:], unix.SOL_UDP)
	binary.NativeEndian.PutUint32(control[12:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(control[16:], 4)
	h, pin := msg(sockaddrOf(at.String()), []byte("0123456789"), control)
	defer pin.Unpin()
	if n := must(t, unix.SYS_SENDMSG, b, h, 0); n != 10 {
		t.Errorf("sent %d", n)
	}
	for _, want := range []string{"0123", "4567", "89"} {
		if got := read(t, a); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSeveralMessages(t *testing.T) {
	a, at := bindUDP(t, "127.0.0.1:0")
	b, _ := bindUDP(t, "127.0.0.1:0")
	var out []byte
	for _, data := range []string{"one", "three"} {
		h, pin := msg(sockaddrOf(at.String()), []byte(data), nil)
		defer pin.Unpin()
		out = append(append(out, h...), make([]byte, 8)...)
	}
	if n := must(t, unix.SYS_SENDMMSG, b, out, 2, 0); n != 2 || out[56] != 3 || out[64+56] != 5 {
		t.Errorf("%d messages, lengths %d and %d", n, out[56], out[64+56])
	}
	var in []byte
	buffers := [][]byte{make([]byte, 10), make([]byte, 10), make([]byte, 10)}
	for _, p := range buffers {
		h, pin := msg(nil, p, nil)
		defer pin.Unpin()
		in = append(append(in, h...), make([]byte, 8)...)
	}
	if n := must(t, unix.SYS_RECVMMSG, a, in, 3, unix.MSG_WAITFORONE, nil); n != 2 || in[56] != 3 || string(buffers[1][:in[64+56]]) != "three" {
		t.Errorf("%d messages: %q", n, buffers)
	}
}

func TestMulticast(t *testing.T) {
	a, at := bindUDP(t, "0.0.0.0:0")
	group := []byte{224, 0, 0, 77, 127, 0, 0, 1}
	must(t, unix.SYS_SETSOCKOPT, a, unix.SOL_IP, unix.IP_ADD_MEMBERSHIP, group, 8)
	wants(t, syscall.EADDRINUSE, unix.SYS_SETSOCKOPT, a, unix.SOL_IP, unix.IP_ADD_MEMBERSHIP, group, 8)
	b, _ := bindUDP(t, "127.0.0.1:0")
	must(t, unix.SYS_SETSOCKOPT, b, unix.SOL_IP, unix.IP_MULTICAST_IF, []byte{127, 0, 0, 1}, 4)
	sendUDP(t, b, netip.AddrPortFrom(netip.MustParseAddr("224.0.0.77"), at.Port()), "all")
	if got, _ := receiveUDP(t, a); got != "all" {
		t.Errorf("got %q", got)
	}
	must(t, unix.SYS_SETSOCKOPT, a, unix.SOL_IP, unix.IP_DROP_MEMBERSHIP, group, 8)
	wants(t, syscall.EADDRNOTAVAIL, unix.SYS_SETSOCKOPT, a, unix.SOL_IP, unix.IP_DROP_MEMBERSHIP, group, 8)
}

func TestPing(t *testing.T) {
	fd := open(t, unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP)
	sa := sockaddrOf("127.0.0.1:0")
	echo := []byte{8, 0, 0, 0, 0, 0, 0, 1, 'p', 'i', 'n', 'g'}
	must(t, unix.SYS_SENDTO, fd, echo, len(echo), 0, sa, len(sa))
	p := make([]byte, 100)
	if n := must(t, unix.SYS_RECVFROM, fd, p, 100, 0, nil, nil); n != 12 || p[0] != 0 || string(p[8:12]) != "ping" {
		t.Errorf("% x", p[:n])
	}
	raw := open(t, unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	must(t, unix.SYS_SENDTO, fd, echo, len(echo), 0, sa, len(sa))
	if n := must(t, unix.SYS_RECVFROM, raw, p, 100, 0, nil, nil); n < 32 || p[0] != 0x45 {
		t.Errorf("raw % x", p[:n])
	}
}

// A control message marks one datagram (ECN), and the socket's own mark stays.
func TestUDPMarks(t *testing.T) {
	for _, test := range []struct {
		address              string
		level, receive, mark int
		size                 int
	}{
		{"127.0.0.1:0", unix.SOL_IP, unix.IP_RECVTOS, unix.IP_TOS, 4},
		{"127.0.0.1:0", unix.SOL_IP, unix.IP_RECVTOS, unix.IP_TOS, 1},
		{"[::1]:0", unix.SOL_IPV6, unix.IPV6_RECVTCLASS, unix.IPV6_TCLASS, 4},
	} {
		a, at := bindUDP(t, test.address)
		b, _ := bindUDP(t, test.address)
		setInt(t, a, test.level, test.receive, 1)
		setInt(t, b, test.level, test.mark, 0x10)
		send := func(mark int) {
			control := make([]byte, unix.CmsgSpace(test.size))
			binary.NativeEndian.PutUint64(control, uint64(unix.CmsgLen(test.size)))
			binary.NativeEndian.PutUint32(control[8:], uint32(test.level))
			binary.NativeEndian.PutUint32(control[12:], uint32(test.mark))
			control[16] = byte(mark)
			if mark < 0 {
				control = nil
			}
			h, pin := msg(sockaddrOf(at.String()), []byte("x"), control)
			defer pin.Unpin()
			must(t, unix.SYS_SENDMSG, b, h, 0)
		}
		for _, mark := range []int{-1, 2, -1, 3, 2, -1} {
			send(mark)
			want := mark
			if mark < 0 {
				want = 0x10
			}
			data, control := make([]byte, 10), make([]byte, 100)
			h, pin := msg(make([]byte, 28), data, control)
			must(t, unix.SYS_RECVMSG, a, h, 0)
			messages, err := unix.ParseSocketControlMessage(control[:binary.NativeEndian.Uint64(h[msgControlLength:])])
			if err != nil || len(messages) != 1 || int(messages[0].Data[0]) != want {
				t.Errorf("%s %d: %+v, %v, want %d", test.address, mark, messages, err, want)
			}
			pin.Unpin()
			if got := getOption(t, b, test.level, test.mark); got != 0x10 {
				t.Errorf("the socket's own mark is %d", got)
			}
		}
		setInt(t, b, test.level, test.mark, 0x20)
		if got := getOption(t, b, test.level, test.mark); got != 0x20 {
			t.Errorf("the socket's own mark is %d", got)
		}
	}
}

// Who wants no fragments hears of datagrams that would have to be some.
func TestUDPWhole(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		a, at := bindUDP(t, address)
		level, option, most := unix.SOL_IP, unix.IP_MTU_DISCOVER, 65507
		if at.Addr().Is6() {
			level, option, most = unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER, 65536-40-8
		}
		for _, v := range []int{unix.IP_PMTUDISC_DONT, unix.IP_PMTUDISC_WANT, unix.IP_PMTUDISC_DO, unix.IP_PMTUDISC_PROBE} {
			setInt(t, a, level, option, v)
			if got := getOption(t, a, level, option); got != v {
				t.Errorf("%d is %d", v, got)
			}
		}
		to := sockaddrOf(at.String())
		must(t, unix.SYS_SENDTO, a, make([]byte, most), most, 0, to, len(to))
		wants(t, syscall.EMSGSIZE, unix.SYS_SENDTO, a, make([]byte, most+1), most+1, 0, to, len(to))
	}
}
