package router

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const patience = 20 * time.Second

// A computer is a machine at the other end of a router's cable.
type computer struct {
	*Router // only for what is on the cable: the stack is the computer's
}

// plug gives a router a computer.
func plug(t *testing.T, r *Router) *computer {
	t.Helper()
	ours, theirs := net.Pipe()
	c := &computer{&Router{
		stack: stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
		}),
		link: channel.New(queueLength, mtu, "\x52\x54\x00\x12\x34\x56"), ctx: r.ctx,
	}}
	if err := c.stack.CreateNIC(nic, ethernet.New(c.link)); err != nil {
		t.Fatal(err)
	}
	if err := c.stack.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{
		Address: tcpip.AddrFrom4(Machine.As4()), PrefixLen: prefixLength}}, stack.AddressProperties{}); err != nil {
		t.Fatal(err)
	}
	network, err := tcpip.NewSubnet(tcpip.AddrFrom4([4]byte{10, 0, 2, 0}), tcpip.MaskFromBytes(net.CIDRMask(prefixLength, 32)))
	if err != nil {
		t.Fatal(err)
	}
	c.stack.SetRouteTable([]tcpip.Route{{Destination: network, NIC: nic},
		{Destination: header.IPv4EmptySubnet, NIC: nic, Gateway: tcpip.AddrFrom4(Host.As4())}})
	served := make(chan error)
	go func() { served <- r.Serve(theirs) }()
	go c.send(ours)
	go c.Router.receive(ours)
	t.Cleanup(func() {
		ours.Close()
		if err := <-served; err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		c.stack.Close()
	})
	return c
}

func newRouter(t *testing.T, forwards ...Forward) *Router {
	t.Helper()
	r, err := New(forwards)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func at(address netip.Addr, port int) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4(address.As4()), Port: uint16(port)}
}

// listen serves TCP in the computer.
func (c *computer) listen(t *testing.T, port int, serve func(net.Conn)) {
	t.Helper()
	l, err := gonet.ListenTCP(c.stack, at(Machine, port), ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go serveAll(l, serve)
}

func serveAll(l net.Listener, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go serve(conn)
	}
}

// repeat sends everything back, and then the end.
func repeat(c net.Conn) {
	io.Copy(c, c)
	c.(halfCloser).CloseWrite()
	io.Copy(io.Discard, c)
	c.Close()
}

// converse sends n bytes, and the end, and wants the same back.
func converse(c net.Conn, n int) error {
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	text := bytes.Repeat([]byte("0123456789abcde\n"), n/16+1)[:n]
	failed := make(chan error, 1)
	go func() {
		_, err := c.Write(text)
		if err == nil {
			err = c.(halfCloser).CloseWrite()
		}
		failed <- err
	}()
	got, err := io.ReadAll(c)
	if err := errors.Join(err, <-failed); err != nil {
		return err
	}
	if !bytes.Equal(got, text) {
		return fmt.Errorf("%d bytes come back as %d others", n, len(got))
	}
	return nil
}

// free returns an address of this host's that nobody listens at.
func free(t *testing.T, network string) netip.AddrPort {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestInward: many clients of this host's talk to the machine at once, each to the end.
func TestInward(t *testing.T) {
	t.Parallel()
	f := Forward{Listen: free(t, "tcp"), At: 80}
	plug(t, newRouter(t, f)).listen(t, 80, repeat)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c, err := net.Dial("tcp", f.Listen.String())
			if err == nil {
				err = converse(c, i*5000)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestBeforeTheMachine: who comes while the machine starts waits for it.
func TestBeforeTheMachine(t *testing.T) {
	t.Parallel()
	f := Forward{Listen: free(t, "tcp"), At: 80}
	r := newRouter(t, f)
	c, err := net.Dial("tcp", f.Listen.String())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	plug(t, r).listen(t, 80, repeat)
	if err := converse(c, 10); err != nil {
		t.Error(err)
	}
}

// TestNobodyListens: a client hears that at once.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	f := Forward{Listen: free(t, "tcp"), At: 80}
	plug(t, newRouter(t, f))
	c, err := net.Dial("tcp", f.Listen.String())
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

// TestBrokenOff: when a client resets its connection, the machine's ends, and the other way round.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	f := Forward{Listen: free(t, "tcp"), At: 80}
	ended := make(chan error, 1)
	begun := make(chan struct{}, 2)
	plug(t, newRouter(t, f)).listen(t, 80, func(c net.Conn) {
		defer c.Close()
		var b [1]byte
		c.Read(b[:])
		begun <- struct{}{}
		if b[0] == 'q' {
			return
		}
		_, err := c.Read(b[:])
		ended <- err
	})
	for _, word := range []string{"wait", "q"} {
		c, err := net.Dial("tcp", f.Listen.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, word[:1])
		<-begun
		if word == "q" {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
			continue
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		select {
		case err := <-ended:
			if err == nil {
				t.Error("the machine's connection has more to read")
			}
		case <-time.After(patience):
			t.Error("the machine's connection goes on")
		}
	}
}

// TestPortTaken: the error says what to do.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other := free(t, "tcp")
	_, err = New([]Forward{{Listen: other, At: 1}, {Listen: l.Addr().(*net.TCPAddr).AddrPort(), At: 80}})
	if err == nil || !strings.Contains(err.Error(), "choose another with -p") || !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if l, err := net.Listen("tcp4", other.String()); err != nil {
		t.Errorf("the port that could be had is not given back: %v", err)
	} else {
		l.Close()
	}
}

// TestOutward: the machine reaches what this host has on 127.0.0.1, and is refused where nobody listens.
func TestOutward(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go serveAll(l, repeat)
	c := plug(t, newRouter(t))
	port := l.Addr().(*net.TCPAddr).Port
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			conn, err := gonet.DialTCP(c.stack, at(Host, port), ipv4.ProtocolNumber)
			if err == nil {
				err = converse(conn, i*5000)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := gonet.DialTCP(c.stack, at(Host, int(free(t, "tcp").Port())), ipv4.ProtocolNumber); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

// TestDatagrams go out and in, come back, and are refused where nobody takes them.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	f := Forward{Listen: free(t, "udp"), At: 53, UDP: true}
	c := plug(t, newRouter(t, f))
	repeatDatagrams := func(c net.PacketConn) {
		p := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(p)
			if err != nil {
				return
			}
			c.WriteTo(p[:n], from)
		}
	}
	inside, err := gonet.DialUDP(c.stack, &tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4(Machine.As4()), Port: 53}, nil, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	go repeatDatagrams(inside)
	outside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	go repeatDatagrams(outside)

	clientOutside, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(f.Listen))
	if err != nil {
		t.Fatal(err)
	}
	to := at(Host, outside.LocalAddr().(*net.UDPAddr).Port)
	clientInside, err := gonet.DialUDP(c.stack, nil, &to, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]net.Conn{"in": clientOutside, "out": clientInside} {
		client.SetDeadline(time.Now().Add(patience))
		for _, size := range []int{1, 1472, 8000} { // the last in fragments
			text := bytes.Repeat([]byte{'x'}, size)
			if _, err := client.Write(text); err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 1<<16)
			if n, err := client.Read(p); err != nil || !bytes.Equal(p[:n], text) {
				t.Errorf("%s: %d bytes come back as %d, %v", name, size, n, err)
			}
		}
		client.Close()
	}

	to = at(Host, int(free(t, "udp").Port()))
	nobody, err := gonet.DialUDP(c.stack, nil, &to, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	for begin := time.Now(); err == nil && time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		_, err = nobody.Write([]byte("x")) // that hears of the one before
	}
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

// TestNames: questions to the name server go to this host's.
func TestNames(t *testing.T) {
	t.Parallel()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	r := newRouter(t)
	r.names = server.LocalAddr().String()
	c := plug(t, r)
	to := at(Names, namePort)
	client, err := gonet.DialUDP(c.stack, nil, &to, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.Write([]byte("a question"))
	server.SetDeadline(time.Now().Add(patience))
	p := make([]byte, 100)
	if n, _, err := server.ReadFrom(p); err != nil || string(p[:n]) != "a question" {
		t.Errorf("%q, %v", p[:n], err)
	}

	for text, want := range map[string]string{
		"":                                   "",
		"# nameserver 1.1.1.1\n":             "",
		"search x\nnameserver 192.0.2.1\n":   "192.0.2.1:53",
		"nameserver 2001:db8::1\nnameserver": "[2001:db8::1]:53",
		"nameserver me\nnameserver\t1.1.1.1 # best": "1.1.1.1:53",
	} {
		file := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := nameServer(file); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestLease: DHCP gives the machine its address, and the ones of who is there for it.
func TestLease(t *testing.T) {
	t.Parallel()
	c := plug(t, newRouter(t))
	var queue waiter.Queue
	endpoint, failed := c.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &queue)
	if failed != nil {
		t.Fatal(failed)
	}
	endpoint.SocketOptions().SetBroadcast(true)
	if err := endpoint.Bind(tcpip.FullAddress{NIC: nic, Port: dhcpv4.ClientPort}); err != nil {
		t.Fatal(err)
	}
	client := gonet.NewUDPConn(&queue, endpoint)
	defer client.Close()
	client.SetDeadline(time.Now().Add(patience))
	ask := func(options ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
		t.Helper()
		request, err := dhcpv4.New(append(options, dhcpv4.WithHwAddr(net.HardwareAddr{2, 0, 0, 0, 0, 1}), dhcpv4.WithBroadcast(true))...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.WriteTo(request.ToBytes(), &net.UDPAddr{IP: net.IPv4bcast, Port: dhcpv4.ServerPort}); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 1500)
		n, err := client.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := dhcpv4.FromBytes(p[:n])
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	offer := ask(dhcpv4.WithMessageType(dhcpv4.MessageTypeDiscover))
	ack := ask(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(offer.YourIPAddr)))
	for kind, m := range map[dhcpv4.MessageType]*dhcpv4.DHCPv4{dhcpv4.MessageTypeOffer: offer, dhcpv4.MessageTypeAck: ack} {
		if ones, _ := m.SubnetMask().Size(); m.MessageType() != kind || m.YourIPAddr.String() != Machine.String() || ones != prefixLength ||
			fmt.Sprint(m.Router(), m.DNS()) != fmt.Sprintf("[%v] [%v]", Host, Names) || m.IPAddressLeaseTime(0) != leaseTime {
			t.Error(m.Summary())
		}
	}
	if nak := ask(dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IPv4(10, 0, 2, 77)))); nak.MessageType() != dhcpv4.MessageTypeNak {
		t.Error(nak.Summary())
	}
}
