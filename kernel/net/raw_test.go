package net

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestRawProtocols: a protocol that the stack does not know can be the program's, and IPPROTO_RAW sends packets of any.
func TestRawProtocols(t *testing.T) {
	const headerSize = 20
	receiver := open(t, unix.AF_INET, unix.SOCK_RAW, vrrp)
	to := sockaddrOf("127.0.0.1:0")
	receive := func(want string) {
		t.Helper()
		p := make([]byte, 100)
		if n, err := sys(unix.SYS_RECVFROM, receiver, p, len(p), unix.MSG_DONTWAIT, nil, nil); err != nil || n != headerSize+len(want) ||
			p[9] != vrrp || string(p[headerSize:n]) != want {
			t.Errorf("received % x, %v", p[:max(n, 0)], err)
		}
	}
	sender := open(t, unix.AF_INET, unix.SOCK_RAW, vrrp)
	must(t, unix.SYS_SENDTO, sender, []byte("hello"), 5, 0, to, len(to))
	receive("hello")

	any := open(t, unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	packet := append([]byte{0x45, 0, 0, headerSize + 3, 0, 0, 0, 0, 9, vrrp, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1}, "you"...)
	must(t, unix.SYS_SENDTO, any, packet, len(packet), 0, to, len(to))
	receive("you")

	six := open(t, unix.AF_INET6, unix.SOCK_RAW, vrrp)
	to = sockaddrOf("[::1]:0")
	must(t, unix.SYS_SENDTO, six, []byte("six"), 3, 0, to, len(to))
	p := make([]byte, 100)
	if n := must(t, unix.SYS_RECVFROM, six, p, len(p), unix.MSG_DONTWAIT, nil, nil); string(p[:n]) != "six" {
		t.Errorf("received %q", p[:n])
	}
}
