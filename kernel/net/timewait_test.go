package net

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// TestManyOver: the connections that are over do not pile up, however many there are.
func TestManyOver(t *testing.T) {
	n := machineNetwork
	most := n.patience.most
	n.patience.most = 100
	over := n.patience.over
	t.Cleanup(func() { n.patience.most = most })

	l, at := listenTCP(t, "127.0.0.1:0")
	sa := sockaddrOf(at.String())
	before := over()
	for range 4000 {
		client := must(t, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
		must(t, unix.SYS_CONNECT, client, sa, len(sa))
		server := must(t, unix.SYS_ACCEPT4, l, nil, nil, 0)
		must(t, unix.SYS_CLOSE, server)
		must(t, unix.SYS_READ, client, make([]byte, 1), 1)
		must(t, unix.SYS_CLOSE, client)
	}
	time.Sleep(waits[len(waits)-1] + 200*time.Millisecond)
	if now := over(); now > max(before, 100)+20 {
		t.Errorf("%d connections are over and not forgotten; before there were %d", now, before)
	}

	n.patience.most = 1 << 20 // if there may be as many, each is waited for as long as ever
	var wait tcpip.TCPTimeWaitTimeoutOption
	must(t, unix.SYS_CLOSE, must(t, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0))
	if err := n.stack.TransportProtocolOption(tcp.ProtocolNumber, &wait); err != nil || time.Duration(wait) != time.Minute {
		t.Errorf("%v, %v", time.Duration(wait), err)
	}
}
