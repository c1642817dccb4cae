package net

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
	if n := over() - before; n > 120 {
		t.Errorf("%d connections are over and not forgotten", n)
	}
	for range 50 { // the first quarter waits for long, as ever
		if time.Sleep(100 * time.Millisecond); over()-before < 80 {
			break
		}
	}
	if n := over() - before; n < 20 {
		t.Errorf("only %d connections are waited for", n)
	}
}
