package net

import (
	"bytes"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestEcho(t *testing.T) {
	client, server := connected(t)
	write(t, client, "hello")
	if got := read(t, server); got != "hello" {
		t.Errorf("server got %q", got)
	}
	write(t, server, "world")
	if got := read(t, client); got != "world" {
		t.Errorf("client got %q", got)
	}
	if a, b := name(t, unix.SYS_GETSOCKNAME, client), name(t, unix.SYS_GETPEERNAME, server); a != b {
		t.Errorf("the client is %v, the server sees %v", a, b)
	}
}

func TestReadAndWrite(t *testing.T) {
	client, server := connected(t)
	p := []byte("by read and write")
	must(t, unix.SYS_WRITE, client, p, len(p))
	q := make([]byte, 100)
	if n := must(t, unix.SYS_READ, server, q, len(q)); string(q[:n]) != string(p) {
		t.Errorf("got %q", q[:n])
	}
}

func TestBulk(t *testing.T) {
	client, server := connected(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := sys(unix.SYS_SENDTO, client, data, len(data), 0, nil, 0); n != len(data) || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		sys(unix.SYS_SHUTDOWN, client, unix.SHUT_WR)
	})
	var got []byte
	p := make([]byte, 70000)
	for {
		n := must(t, unix.SYS_READ, server, p, len(p))
		if n == 0 {
			break
		}
		got = append(got, p[:n]...)
	}
	wg.Wait()
	if !bytes.Equal(got, data) {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestHalfClose(t *testing.T) {
	client, server := connected(t)
	write(t, client, "request")
	must(t, unix.SYS_SHUTDOWN, client, unix.SHUT_WR)
	if got := read(t, server); got != "request" {
		t.Errorf("got %q", got)
	}
	if got := read(t, server); got != "" {
		t.Errorf("got %q after the end", got)
	}
	if e := poll(t, server, unix.POLLIN|unix.POLLOUT|unix.POLLRDHUP, 0); e != unix.POLLIN|unix.POLLOUT|unix.POLLRDHUP {
		t.Errorf("events %#x", e)
	}
	write(t, server, "answer")
	if got := read(t, client); got != "answer" {
		t.Errorf("got %q", got)
	}
	wants(t, syscall.EPIPE, unix.SYS_SENDTO, client, []byte("x"), 1, unix.MSG_NOSIGNAL, nil, 0)
	must(t, unix.SYS_CLOSE, server)
	if got := read(t, client); got != "" {
		t.Errorf("got %q after the end", got)
	}
}

func TestNonBlockingConnect(t *testing.T) {
	l, at := listenTCP(t, "127.0.0.1:0")
	c := open(t, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	must(t, unix.SYS_FCNTL, l, unix.F_SETFL, unix.O_NONBLOCK)
	wants(t, syscall.EAGAIN, unix.SYS_ACCEPT4, l, nil, nil, 0)
	sa := sockaddrOf(at.String())
	wants(t, syscall.EINPROGRESS, unix.SYS_CONNECT, c, sa, len(sa))
	if e := poll(t, c, unix.POLLOUT, time.Second); e&unix.POLLOUT == 0 {
		t.Fatalf("events %#x", e)
	}
	if e := getOption(t, c, unix.SOL_SOCKET, unix.SO_ERROR); e != 0 {
		t.Errorf("SO_ERROR %d", e)
	}
	if peer := name(t, unix.SYS_GETPEERNAME, c); peer != at {
		t.Errorf("peer %v, want %v", peer, at)
	}
	if e := poll(t, l, unix.POLLIN, time.Second); e != unix.POLLIN {
		t.Errorf("listener's events %#x", e)
	}
	s := must(t, unix.SYS_ACCEPT4, l, nil, nil, unix.SOCK_NONBLOCK)
	wants(t, syscall.EAGAIN, unix.SYS_READ, s, make([]byte, 1), 1)
	must(t, unix.SYS_CONNECT, c, sa, len(sa)) // once it tells the outcome
	wants(t, syscall.EISCONN, unix.SYS_CONNECT, c, sa, len(sa))
	must(t, unix.SYS_CLOSE, s)
}

func TestRefused(t *testing.T) {
	l, at := listenTCP(t, "127.0.0.1:0")
	must(t, unix.SYS_CLOSE, l)
	sa := sockaddrOf(at.String())
	c := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	wants(t, syscall.ECONNREFUSED, unix.SYS_CONNECT, c, sa, len(sa))

	c = open(t, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	wants(t, syscall.EINPROGRESS, unix.SYS_CONNECT, c, sa, len(sa))
	if e := poll(t, c, unix.POLLOUT, time.Second); e&unix.POLLOUT == 0 {
		t.Errorf("events %#x", e)
	}
	if e := getOption(t, c, unix.SOL_SOCKET, unix.SO_ERROR); syscall.Errno(e) != syscall.ECONNREFUSED {
		t.Errorf("SO_ERROR %v", syscall.Errno(e))
	}
	if e := getOption(t, c, unix.SOL_SOCKET, unix.SO_ERROR); e != 0 {
		t.Errorf("SO_ERROR a second time: %v", syscall.Errno(e))
	}
}

func TestUnreachable(t *testing.T) {
	c := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	sa := sockaddrOf("192.0.2.1:80")
	wants(t, syscall.ENETUNREACH, unix.SYS_CONNECT, c, sa, len(sa))
	u := open(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	wants(t, syscall.ENETUNREACH, unix.SYS_SENDTO, u, []byte("x"), 1, 0, sa, len(sa))
}

func TestReset(t *testing.T) {
	client, server := connected(t)
	linger := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	must(t, unix.SYS_SETSOCKOPT, server, unix.SOL_SOCKET, unix.SO_LINGER, linger, 8)
	must(t, unix.SYS_CLOSE, server)
	wants(t, syscall.ECONNRESET, unix.SYS_READ, client, make([]byte, 1), 1)
}

func TestAddressInUse(t *testing.T) {
	_, at := listenTCP(t, "127.0.0.1:0")
	other := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	sa := sockaddrOf(at.String())
	wants(t, syscall.EADDRINUSE, unix.SYS_BIND, other, sa, len(sa))
	sa = sockaddrOf("192.0.2.1:0")
	wants(t, syscall.EADDRNOTAVAIL, unix.SYS_BIND, other, sa, len(sa))
	sa = sockaddrOf("[::1]:0")
	wants(t, syscall.EAFNOSUPPORT, unix.SYS_BIND, other, sa, len(sa))
}

func TestLoopbackNetwork(t *testing.T) {
	_, at := listenTCP(t, "0.0.0.0:0")
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "0.0.0.0"} {
		c := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
		sa := sockaddrOf(netip.AddrPortFrom(netip.MustParseAddr(host), at.Port()).String())
		if _, err := sys(unix.SYS_CONNECT, c, sa, len(sa)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, at := listenTCP(t, "127.0.0.9:0"); at.Addr() != netip.MustParseAddr("127.0.0.9") {
		t.Errorf("listening on %v", at)
	}
}

func TestDualStack(t *testing.T) {
	l, at := listenTCP(t, "[::]:0")
	if at.Addr() != netip.IPv6Unspecified() {
		t.Errorf("listening on %v", at)
	}
	for _, c := range []struct {
		domain       int
		to, name, is string
	}{
		{unix.AF_INET, "127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1"},
		{unix.AF_INET6, "::1", "::1", "::1"},
		{unix.AF_INET6, "::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1"},
		{unix.AF_INET6, "::", "::1", "::1"},
		{unix.AF_INET6, "0.0.0.0", "::ffff:127.0.0.1", "::ffff:127.0.0.1"},
	} {
		fd := open(t, c.domain, unix.SOCK_STREAM, 0)
		sa := sockaddrOf(netip.AddrPortFrom(netip.MustParseAddr(c.to), at.Port()).String())
		if _, err := sys(unix.SYS_CONNECT, fd, sa, len(sa)); err != nil {
			t.Errorf("%s: %v", c.to, err)
			continue
		}
		if got := name(t, unix.SYS_GETPEERNAME, fd).Addr(); got != netip.MustParseAddr(c.name) {
			t.Errorf("%s: connected to %v", c.to, got)
		}
		p, n := make([]byte, 28), new(int32)
		*n = 28
		s := must(t, unix.SYS_ACCEPT, l, p, n, 0xBAD) // which has no fourth argument
		if got := addressIn(p).Addr(); got != netip.MustParseAddr(c.is) || *n != 28 {
			t.Errorf("%s: accepted %v", c.to, got)
		}
		must(t, unix.SYS_CLOSE, s)
	}
}

func TestV6Only(t *testing.T) {
	fd := open(t, unix.AF_INET6, unix.SOCK_STREAM, 0)
	if v := getOption(t, fd, unix.SOL_IPV6, unix.IPV6_V6ONLY); v != 0 {
		t.Errorf("IPV6_V6ONLY is %d by default", v)
	}
	setInt(t, fd, unix.SOL_IPV6, unix.IPV6_V6ONLY, 1)
	sa := sockaddrOf("[::]:0")
	must(t, unix.SYS_BIND, fd, sa, len(sa))
	must(t, unix.SYS_LISTEN, fd, 1)
	at := name(t, unix.SYS_GETSOCKNAME, fd)
	v := new(int32)
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, fd, unix.SOL_IPV6, unix.IPV6_V6ONLY, v, 4)
	c := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	sa = sockaddrOf(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port()).String())
	wants(t, syscall.ECONNREFUSED, unix.SYS_CONNECT, c, sa, len(sa))
	other := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	must(t, unix.SYS_BIND, other, sa, len(sa)) // the same port for IPv4 is free
}

func TestPeekAndWaitAll(t *testing.T) {
	client, server := connected(t)
	write(t, client, "abc")
	p := make([]byte, 6)
	for range 2 {
		if n := must(t, unix.SYS_RECVFROM, server, p, 6, unix.MSG_PEEK, nil, nil); string(p[:n]) != "abc" {
			t.Errorf("peeked %q", p[:n])
		}
	}
	go func() {
		time.Sleep(10 * time.Millisecond)
		sys(unix.SYS_SENDTO, client, []byte("def"), 3, 0, nil, 0)
	}()
	if n := must(t, unix.SYS_RECVFROM, server, p, 6, unix.MSG_WAITALL, nil, nil); string(p[:n]) != "abcdef" {
		t.Errorf("all of it is %q", p[:n])
	}
	write(t, client, "rubbish!ok")
	if n := must(t, unix.SYS_RECVFROM, server, make([]byte, 8), 8, unix.MSG_TRUNC, nil, nil); n != 8 {
		t.Errorf("discarded %d", n)
	}
	if got := read(t, server); got != "ok" {
		t.Errorf("left %q", got)
	}
}

func TestTimeouts(t *testing.T) {
	client, _ := connected(t)
	tv := make([]byte, 16)
	tv[9] = 0x27 // 9984 µs
	must(t, unix.SYS_SETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_RCVTIMEO, tv, 16)
	start := time.Now()
	wants(t, syscall.EAGAIN, unix.SYS_RECVFROM, client, make([]byte, 1), 1, 0, nil, nil)
	if d := time.Since(start); d < 9*time.Millisecond || d > time.Second {
		t.Errorf("waited %v", d)
	}
}

func TestCloseWakesReader(t *testing.T) {
	client, _ := connected(t)
	done := make(chan error)
	go func() {
		_, err := sys(unix.SYS_RECVFROM, client, make([]byte, 1), 1, 0, nil, nil)
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, unix.SYS_CLOSE, client)
	select {
	case <-done:
	case <-time.After(time.Second):
		t.Fatal("the reader still waits")
	}
}

func TestShutdownWakesAccept(t *testing.T) {
	l, _ := listenTCP(t, "127.0.0.1:0")
	done := make(chan error)
	go func() {
		_, err := sys(unix.SYS_ACCEPT4, l, nil, nil, 0)
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, unix.SYS_SHUTDOWN, l, unix.SHUT_RDWR)
	select {
	case err := <-done:
		if err != syscall.EINVAL {
			t.Error(err)
		}
	case <-time.After(time.Second):
		t.Fatal("accept still waits")
	}
}

func TestBadArguments(t *testing.T) {
	wants(t, syscall.EAFNOSUPPORT, unix.SYS_SOCKET, 77, unix.SOCK_STREAM, 0)
	wants(t, syscall.EPROTONOSUPPORT, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	wants(t, syscall.EPROTONOSUPPORT, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_UDP)
	wants(t, syscall.ESOCKTNOSUPPORT, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_SEQPACKET, 0)
	wants(t, syscall.EINVAL, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|1<<20, 0)
	wants(t, syscall.EBADF, unix.SYS_LISTEN, 9999, 1)
	null := must(t, unix.SYS_EVENTFD2, 0, 0)
	wants(t, syscall.ENOTSOCK, unix.SYS_LISTEN, null, 1)

	fd := open(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	wants(t, syscall.ENOTCONN, unix.SYS_GETPEERNAME, fd, make([]byte, 16), new(int32))
	wants(t, syscall.EFAULT, unix.SYS_BIND, fd, 8, 16)
	wants(t, syscall.EINVAL, unix.SYS_BIND, fd, make([]byte, 200), 200)
	wants(t, syscall.EINVAL, unix.SYS_BIND, fd, sockaddrOf("127.0.0.1:0"), 8)
	wants(t, syscall.EINVAL, unix.SYS_SHUTDOWN, fd, 3)
	wants(t, syscall.ENOTCONN, unix.SYS_SHUTDOWN, fd, 2)
	wants(t, syscall.EINVAL, unix.SYS_ACCEPT4, fd, nil, nil, 0)
	wants(t, syscall.EINVAL, unix.SYS_ACCEPT4, fd, nil, nil, 7)
	wants(t, syscall.ENOTCONN, unix.SYS_READ, fd, make([]byte, 1), 1)
	wants(t, syscall.EPIPE, unix.SYS_WRITE, fd, make([]byte, 1), 1)
}
