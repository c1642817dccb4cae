package net

import (
	"math"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestIntOptions(t *testing.T) {
	for _, c := range []struct {
		domain, kind, level, name int
		byDefault, set, get       int
	}{
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0, 1, 1},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_REUSEPORT, 0, 1, 1},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0, 5, 1},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_BROADCAST, 0, 1, 1},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_SNDBUF, -1, 65536, 131072},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_RCVBUF, -1, 65536, 131072},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_RCVBUF, -1, 100, 4096},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, -1, 32 << 20, 64 << 20},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, -1, 32 << 20, 64 << 20},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, -1, 32 << 20, 64 << 20},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, -1, math.MaxInt32, math.MaxInt32 - 1},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, -1, -1, 4096},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_PRIORITY, 0, 6, 6},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, 0, loopbackNIC, loopbackNIC},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_BUSY_POLL, 0, 50, 0},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_FASTOPEN_CONNECT, 0, 1, 0},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_NODELAY, 0, 1, 1},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_KEEPIDLE, 7200, 15, 15},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_KEEPINTVL, 75, 16, 16},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_KEEPCNT, 9, 4, 4},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_USER_TIMEOUT, 0, 30000, 30000},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_CORK, 0, 1, 1},
		{unix.AF_INET, unix.SOCK_STREAM, unix.SOL_TCP, unix.TCP_DEFER_ACCEPT, 0, 3, 3},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_IP, unix.IP_TTL, 64, 17, 17},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_IP, unix.IP_TTL, 64, -1, 64},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_IP, unix.IP_TOS, 0, 0x10, 0x10},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_IP, unix.IP_MULTICAST_TTL, 1, 9, 9},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_IP, unix.IP_MULTICAST_LOOP, 1, 0, 0},
		{unix.AF_INET6, unix.SOCK_DGRAM, unix.SOL_IPV6, unix.IPV6_V6ONLY, 0, 1, 1},
		{unix.AF_INET6, unix.SOCK_DGRAM, unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, 64, 33, 33},
		{unix.AF_INET6, unix.SOCK_DGRAM, unix.SOL_IPV6, unix.IPV6_MULTICAST_HOPS, 1, 2, 2},
		{unix.AF_INET6, unix.SOCK_DGRAM, unix.SOL_IPV6, unix.IPV6_MULTICAST_IF, 0, 1, 1},
		{unix.AF_INET6, unix.SOCK_DGRAM, unix.SOL_IPV6, unix.IPV6_TCLASS, 0, 32, 32},
		{unix.AF_INET, unix.SOCK_DGRAM, unix.SOL_UDP, unix.UDP_SEGMENT, 0, 1200, 1200},
	} {
		fd := open(t, c.domain, c.kind, 0)
		if got := getOption(t, fd, c.level, c.name); got != c.byDefault && c.byDefault >= 0 {
			t.Errorf("option %d/%d is %d by default, want %d", c.level, c.name, got, c.byDefault)
		}
		setInt(t, fd, c.level, c.name, c.set)
		if got := getOption(t, fd, c.level, c.name); got != c.get {
			t.Errorf("option %d/%d set to %d is %d, want %d", c.level, c.name, c.set, got, c.get)
		}
	}
}

func TestReadOnlyOptions(t *testing.T) {
	l, _ := listenTCP(t, "[::1]:0")
	for name, want := range map[int]int{
		unix.SO_TYPE:       unix.SOCK_STREAM,
		unix.SO_DOMAIN:     unix.AF_INET6,
		unix.SO_PROTOCOL:   unix.IPPROTO_TCP,
		unix.SO_ACCEPTCONN: 1,
		unix.SO_ERROR:      0,
	} {
		if got := getOption(t, l, unix.SOL_SOCKET, name); got != want {
			t.Errorf("option %d is %d, want %d", name, got, want)
		}
		wants(t, syscall.ENOPROTOOPT, unix.SYS_SETSOCKOPT, l, unix.SOL_SOCKET, name, new(int32), 4)
	}
}

func TestWrongOptions(t *testing.T) {
	tcp, udp := open(t, unix.AF_INET, unix.SOCK_STREAM, 0), open(t, unix.AF_INET, unix.SOCK_DGRAM, 0)
	v, n := new(int32), new(int32)
	*n = 4
	wants(t, syscall.ENOPROTOOPT, unix.SYS_SETSOCKOPT, udp, unix.SOL_TCP, unix.TCP_NODELAY, v, 4)
	wants(t, syscall.ENOPROTOOPT, unix.SYS_GETSOCKOPT, tcp, unix.SOL_IPV6, unix.IPV6_V6ONLY, v, n)
	wants(t, syscall.ENOPROTOOPT, unix.SYS_GETSOCKOPT, tcp, unix.SOL_SOCKET, 9999, v, n)
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_KEEPALIVE, v, 3)
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_KEEPALIVE, v, -1)
	*v = 0
	wants(t, syscall.EINVAL, unix.SYS_SETSOCKOPT, tcp, unix.SOL_TCP, unix.TCP_KEEPIDLE, v, 4)
	wants(t, syscall.EFAULT, unix.SYS_SETSOCKOPT, tcp, unix.SOL_TCP, unix.TCP_KEEPIDLE, 8, 4)
	wants(t, syscall.EFAULT, unix.SYS_GETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_TYPE, 8, n)
	wants(t, syscall.ENODEV, unix.SYS_SETSOCKOPT, tcp, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, []byte("eth9"), 4)
}

func TestOtherOptions(t *testing.T) {
	client, _ := connected(t)
	p, n := make([]byte, 256), new(int32)
	*n = 256
	must(t, unix.SYS_GETSOCKOPT, client, unix.SOL_TCP, unix.TCP_INFO, p, n)
	if *n < 104 || p[0] != unix.BPF_TCP_ESTABLISHED {
		t.Errorf("TCP_INFO: %d bytes, state %d", *n, p[0])
	}
	*n = 16
	must(t, unix.SYS_GETSOCKOPT, client, unix.SOL_TCP, unix.TCP_CONGESTION, p, n)
	if cString(p[:*n]) != "cubic" {
		t.Errorf("TCP_CONGESTION %q", p[:*n])
	}
	linger := []byte{1, 0, 0, 0, 5, 0, 0, 0}
	must(t, unix.SYS_SETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_LINGER, linger, 8)
	*n = 8
	must(t, unix.SYS_GETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_LINGER, p, n)
	if string(p[:*n]) != string(linger) {
		t.Errorf("SO_LINGER % x", p[:*n])
	}
	must(t, unix.SYS_SETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, []byte("lo\x00"), 3)
	*n = 16
	must(t, unix.SYS_GETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, p, n)
	if cString(p[:*n]) != "lo" {
		t.Errorf("SO_BINDTODEVICE %q", p[:*n])
	}
	*n = 2 // less room than there is
	must(t, unix.SYS_GETSOCKOPT, client, unix.SOL_SOCKET, unix.SO_TYPE, p, n)
	if *n != 2 {
		t.Errorf("%d bytes", *n)
	}
}

func TestBytesWaiting(t *testing.T) {
	client, server := connected(t)
	write(t, client, "12345")
	poll(t, server, unix.POLLIN, time.Second)
	n := new(int32)
	if must(t, unix.SYS_IOCTL, server, unix.TIOCINQ, n); *n != 5 {
		t.Errorf("%d bytes to be received", *n)
	}
	wants(t, syscall.ENOTTY, unix.SYS_IOCTL, client, unix.TCGETS, make([]byte, 64))
}
