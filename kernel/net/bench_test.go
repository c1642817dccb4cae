package net

import (
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkPingPong sends a byte there and back over the loopback.
func BenchmarkPingPong(b *testing.B) {
	client, server := connected(b)
	setInt(b, client, unix.SOL_TCP, unix.TCP_NODELAY, 1)
	setInt(b, server, unix.SOL_TCP, unix.TCP_NODELAY, 1)
	go func() {
		p := make([]byte, 1)
		for {
			if n, err := sys(unix.SYS_READ, server, p, 1); n != 1 || err != nil {
				return
			}
			sys(unix.SYS_WRITE, server, p, 1)
		}
	}()
	p := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		must(b, unix.SYS_WRITE, client, p, 1)
		must(b, unix.SYS_READ, client, p, 1)
	}
}

// BenchmarkStream sends 64 KiB at a time over the loopback.
func BenchmarkStream(b *testing.B) {
	client, server := connected(b)
	go func() {
		p := make([]byte, 1<<16)
		for {
			if n, err := sys(unix.SYS_READ, server, p, len(p)); n <= 0 || err != nil {
				return
			}
		}
	}()
	p := make([]byte, 1<<16)
	b.SetBytes(1 << 16)
	b.ReportAllocs()
	for b.Loop() {
		must(b, unix.SYS_SENDTO, client, p, len(p), 0, nil, 0)
	}
}

// BenchmarkDatagram sends and receives a datagram over the loopback.
func BenchmarkDatagram(b *testing.B) {
	one, at := bindUDP(b, "127.0.0.1:0")
	sa := sockaddrOf(at.String())
	p := make([]byte, 512)
	from, n := make([]byte, 16), new(int32)
	b.ReportAllocs()
	for b.Loop() {
		must(b, unix.SYS_SENDTO, one, p, len(p), 0, sa, len(sa))
		*n = 16
		must(b, unix.SYS_RECVFROM, one, p, len(p), 0, from, n)
	}
}

// BenchmarkWire sends 64 KiB at a time to another machine.
func BenchmarkWire(b *testing.B) {
	for name, features := range map[string]uint64{"offloads": offloads, "plain": plain} {
		b.Run(name, func(b *testing.B) {
			one, other, _, _ := twoMachines(b, features)
			static(b, one, "10.1.0.1/24")
			static(b, other, "10.1.0.2/24")
			client, server := join(b, one, other, "10.1.0.2:80")
			go func() {
				p := make([]byte, 1<<16)
				for {
					if n, err := sys(unix.SYS_READ, server, p, len(p)); n <= 0 || err != nil {
						return
					}
				}
			}()
			p := make([]byte, 1<<16)
			b.SetBytes(1 << 16)
			b.ReportAllocs()
			for b.Loop() {
				must(b, unix.SYS_SENDTO, client, p, len(p), 0, nil, 0)
			}
		})
	}
}
