package net

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"github.com/ringo-os/ringo/drivers/virtio"
	"github.com/ringo-os/ringo/drivers/virtio/nic"
	"github.com/ringo-os/ringo/drivers/virtio/virtiotest"
	"github.com/ringo-os/ringo/kernel/linux"
)

// A port is a simulated network device at one end of a wire.
type port struct {
	*nic.Device
	sim  *virtiotest.Device
	bell chan struct{}
	lose atomic.Int32 // how many of the next frames get lost
}

// Wait stands for the interrupt.
func (p *port) Wait() { <-p.bell }

// Features of VIRTIO 1.2, 5.1.3: as of QEMU's tap with everything, and of its user network.
const (
	offloads   = 1<<0 | 1<<1 | 1<<7 | 1<<8 | 1<<11 | 1<<12 | 1<<15 | plain
	plain      = 1<<5 | 1<<16 | 1<<29 | virtio.FeatureVersion1
	headerSize = 12
)

func newPort(t testing.TB, features uint64, last byte) *port {
	sim := &virtiotest.Device{Type: virtio.Network, Offered: features, Limit: 256}
	copy(sim.Config[:], []byte{0x52, 0x54, 0, 0, 0, last, 1})
	d, err := nic.Open(sim, 512<<20)
	if err != nil {
		t.Fatal(err)
	}
	return &port{Device: d, sim: sim, bell: make(chan struct{}, 1)}
}

// carry moves what one port sends to the other, until the test ends.
func carry(ctx context.Context, from, to *port) {
	for ctx.Err() == nil {
		id, parts, ok := from.sim.Queues[1].Take()
		if !ok {
			runtime.Gosched()
			continue
		}
		var frame []byte
		for _, p := range parts {
			frame = append(frame, p.Memory...)
		}
		from.sim.Queues[1].Give(uint32(id), 0)
		complete(frame)
		if from.lose.Add(-1) < 0 {
			from.lose.Store(0)
			to.arrive(frame)
		}
	}
}

// complete computes the checksum that the sender has left to the device (VIRTIO 1.2, 5.1.6.2). The
// receiver gets no word of it, and so checks it.
func complete(frame []byte) {
	if frame[0]&nic.NeedsChecksum == 0 {
		return
	}
	start := headerSize + int(binary.LittleEndian.Uint16(frame[6:]))
	at := start + int(binary.LittleEndian.Uint16(frame[8:]))
	binary.BigEndian.PutUint16(frame[at:], ^checksum.Checksum(frame[start:], 0))
	frame[0] = 0
}

// arrive puts a frame with its header into the receive queue; it is lost if there is no room.
func (p *port) arrive(frame []byte) {
	type used struct {
		id     uint16
		length int
	}
	q := p.sim.Queues[0]
	var all []used
	var first []byte
	for rest := frame; len(rest) > 0; {
		id, parts, ok := q.Take()
		if !ok {
			break
		}
		n := copy(parts[0].Memory, rest)
		if first == nil {
			first = parts[0].Memory
		}
		rest = rest[n:]
		all = append(all, used{id, n})
	}
	if first == nil {
		return
	}
	first[10], first[11] = byte(len(all)), 0
	for _, u := range all {
		q.Give(uint32(u.id), uint32(u.length))
	}
	select {
	case p.bell <- struct{}{}:
	default:
	}
}

// twoMachines makes two networks with a wire between them.
func twoMachines(t testing.TB, features uint64) (a, b *Network, atA, atB *port) {
	atA, atB = newPort(t, features, 1), newPort(t, features, 2)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { carry(ctx, atA, atB) })
	wg.Go(func() { carry(ctx, atB, atA) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	networks := make([]*Network, 2)
	for i, p := range []*port{atA, atB} {
		n, err := New(256<<20, func(s string) { t.Log(s) })
		if err != nil {
			t.Fatal(err)
		}
		if err := n.addLink(newLink(p, func(err error) { t.Error(err) })); err != nil {
			t.Fatal(err)
		}
		networks[i] = n
	}
	return networks[0], networks[1], atA, atB
}

// static gives a network's eth0 addresses.
func static(t testing.TB, n *Network, addresses ...string) {
	t.Helper()
	plan := &Plan{WriteFile: func(path, content string) {}, SetHostname: func(string) {}, Patience: time.Second}
	for _, a := range addresses {
		s, err := ParseSetting(a)
		if err != nil {
			t.Fatal(err)
		}
		plan.Settings = append(plan.Settings, s)
	}
	if err := n.Configure(plan); err != nil {
		t.Fatal(err)
	}
}

// openOn makes a socket of a network.
func openOn(t testing.TB, n *Network, domain, kind int) int {
	t.Helper()
	s, errno := n.open(domain, kind, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	fd, errno := linux.Install(s, unix.O_RDWR, false)
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() { sys(unix.SYS_CLOSE, fd) })
	return fd
}

// join makes a TCP connection from a to an address of b.
func join(t testing.TB, a, b *Network, address string) (client, server int) {
	t.Helper()
	domain := unix.AF_INET
	if netip.MustParseAddrPort(address).Addr().Is6() {
		domain = unix.AF_INET6
	}
	l := openOn(t, b, domain, unix.SOCK_STREAM)
	sa := sockaddrOf(address)
	must(t, unix.SYS_BIND, l, sa, len(sa))
	must(t, unix.SYS_LISTEN, l, 5)
	client = openOn(t, a, domain, unix.SOCK_STREAM)
	must(t, unix.SYS_CONNECT, client, sa, len(sa))
	server = must(t, unix.SYS_ACCEPT, l, nil, nil)
	t.Cleanup(func() { sys(unix.SYS_CLOSE, server) })
	return client, server
}

// transfer sends size bytes and checks what arrives.
func transferAll(t testing.TB, from, to, size int) {
	t.Helper()
	data := bytes.Repeat([]byte("0123456789abcde"), size/15+1)[:size]
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := sys(unix.SYS_SENDTO, from, data, size, 0, nil, 0); n != size || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
	})
	got := make([]byte, 0, size)
	p := make([]byte, 65536)
	for len(got) < size {
		n := must(t, unix.SYS_READ, to, p, len(p))
		if n == 0 {
			t.Fatalf("the end after %d bytes", len(got))
		}
		got = append(got, p[:n]...)
	}
	wg.Wait()
	if !bytes.Equal(got, data) {
		t.Error("the data has changed")
	}
}

func TestTwoMachines(t *testing.T) {
	for name, features := range map[string]uint64{"offloads": offloads, "plain": plain, "no TSO": offloads &^ (3<<11 | 3<<7)} {
		for _, address := range []string{"10.1.0.2:80", "[fd00::2]:80"} {
			t.Run(name+" "+address, func(t *testing.T) {
				a, b, _, _ := twoMachines(t, features)
				static(t, a, "10.1.0.1/24", "fd00::1/64")
				static(t, b, "10.1.0.2/24", "fd00::2/64")
				client, server := join(t, a, b, address)
				for range 10 {
					write(t, client, "ping")
					if got := read(t, server); got != "ping" {
						t.Fatalf("got %q", got)
					}
					write(t, server, "pong")
					if got := read(t, client); got != "pong" {
						t.Fatalf("got %q", got)
					}
				}
				transferAll(t, client, server, 1<<20)
				transferAll(t, server, client, 1<<20)
			})
		}
	}
}

func TestGatewayOutsideTheNetwork(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, a, "10.1.0.1/32,10.1.0.2")
	static(t, b, "10.1.0.2/24", "192.0.2.9/32")
	client, server := join(t, a, b, "192.0.2.9:80")
	write(t, client, "far away")
	if got := read(t, server); got != "far away" {
		t.Errorf("got %q", got)
	}
}

func TestLoss(t *testing.T) {
	a, b, atA, _ := twoMachines(t, plain)
	static(t, a, "10.1.0.1/24")
	static(t, b, "10.1.0.2/24")
	client, server := join(t, a, b, "10.1.0.2:80")
	atA.lose.Store(1)
	transferAll(t, client, server, 1<<18)
}

func TestUDPBetweenMachines(t *testing.T) {
	a, b, _, _ := twoMachines(t, offloads)
	static(t, a, "10.1.0.1/24", "fd00::1/64")
	static(t, b, "10.1.0.2/24", "fd00::2/64")
	for _, address := range []string{"10.1.0.2:53", "[fd00::2]:53"} {
		domain := unix.AF_INET
		if address[0] == '[' {
			domain = unix.AF_INET6
		}
		server, client := openOn(t, b, domain, unix.SOCK_DGRAM), openOn(t, a, domain, unix.SOCK_DGRAM)
		sa := sockaddrOf(address)
		must(t, unix.SYS_BIND, server, sa, len(sa))
		must(t, unix.SYS_CONNECT, client, sa, len(sa))
		for _, size := range []int{1, 1472, 1473, 9000} { // larger ones go in fragments
			write(t, client, string(bytes.Repeat([]byte("u"), size)))
			if got, _ := receiveUDP(t, server); len(got) != size {
				t.Errorf("%s: got %d of %d bytes", address, len(got), size)
			}
		}
	}
}

func TestLinkLocal(t *testing.T) {
	a, b, _, _ := twoMachines(t, plain)
	static(t, a, "none")
	static(t, b, "none")
	var target netip.Addr
	for _, n := range []*Network{a, b} {
		for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			if time.Since(start) > 5*time.Second {
				t.Fatal("no link-local address")
			}
			// The address may be used once nobody else has claimed it for a second.
			if own, err := n.stack.GetMainNICAddress(2, ipv6.ProtocolNumber); err == nil && own.Address.Len() == 16 {
				target = netip.AddrFrom16(own.Address.As16()).WithZone("2")
				fd := openOn(t, n, unix.AF_INET6, unix.SOCK_DGRAM)
				sa := sockaddrOf(netip.AddrPortFrom(target, 0).String())
				if _, err := sys(unix.SYS_BIND, fd, sa, len(sa)); err == nil {
					break
				}
			}
		}
	}
	client, _ := join(t, a, b, netip.AddrPortFrom(target, 80).String())
	p, n := make([]byte, 28), new(int32)
	*n = 28
	must(t, unix.SYS_GETPEERNAME, client, p, n)
	if p[atScope6] != 2 {
		t.Errorf("the peer's scope is %d", p[atScope6])
	}
}

func TestForSomebodyElse(t *testing.T) {
	p := newPort(t, plain, 9)
	l := newLink(p, nil)
	frame := make([]byte, 64)
	copy(frame, []byte{0x52, 0x54, 0, 0, 0, 8})
	l.deliver(nic.Header{}, [][]byte{frame}, len(frame)) // there is no dispatcher to deliver to
	if l.LinkAddress() != tcpip.LinkAddress("\x52\x54\x00\x00\x00\x09") {
		t.Errorf("address %v", l.LinkAddress())
	}
}
