package router

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// What the machine asks for, outside: each of its connections gets one of this host's.

// flowIdle is how long a flow of datagrams is kept that nothing belongs to any more: RFC 4787, 4.3, asks for two
// minutes, and five where there is room.
const flowIdle = 5 * time.Minute

// dialPatience is how long the machine waits for an answer to a SYN at most; its own patience is shorter.
const dialPatience = 2 * time.Minute

func (r *Router) routeOutward() {
	r.stack.SetTransportProtocolHandler(tcp.ProtocolNumber, tcp.NewForwarder(r.stack, 0, mostOpening, r.connectOutward).HandlePacket)
	r.stack.SetTransportProtocolHandler(udp.ProtocolNumber, udp.NewForwarder(r.stack, r.flowOutward).HandlePacket)
}

// connectOutward answers a SYN once the connection outside stands: if there is none, with what this host got.
func (r *Router) connectOutward(request *tcp.ForwarderRequest) {
	if !r.admit() {
		request.Complete(true)
		return
	}
	defer r.leave()
	dialer := net.Dialer{Timeout: dialPatience}
	outside, err := dialer.DialContext(r.ctx, "tcp", r.outside(request.ID()))
	if err != nil {
		var slow net.Error
		request.Complete(!errors.As(err, &slow) || !slow.Timeout())
		return
	}
	var queue waiter.Queue
	endpoint, failed := request.CreateEndpoint(&queue)
	request.Complete(failed != nil)
	if failed != nil {
		outside.Close()
		return
	}
	r.join(outside.(*net.TCPConn), gonet.NewTCPConn(&queue, endpoint))
}

// outside is what this host calls what the machine wants to reach.
func (r *Router) outside(id stack.TransportEndpointID) string {
	address, port := netip.AddrFrom4(id.LocalAddress.As4()), id.LocalPort
	switch {
	case address == Names && port == namePort && r.names != "":
		return r.names
	case address == Host || address == Names:
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(address, port).String()
}

// flowOutward makes a flow of datagrams out of the first.
func (r *Router) flowOutward(request *udp.ForwarderRequest) (handled bool) {
	to := request.ID().LocalAddress
	if a := netip.AddrFrom4(to.As4()); a.IsMulticast() || a == broadcast {
		return true // nobody else is on the cable
	}
	if !r.admit() {
		return true
	}
	outside, err := net.Dial("udp", r.outside(request.ID()))
	if err != nil {
		r.leave()
		return false // an answer is sent that the port cannot be reached
	}
	var queue waiter.Queue
	endpoint, failed := request.CreateEndpoint(&queue)
	if failed != nil {
		outside.Close()
		r.leave()
		return true
	}
	go func() {
		defer r.leave()
		if err := r.joinFlow(outside, gonet.NewUDPConn(&queue, endpoint)); errors.Is(err, syscall.ECONNREFUSED) {
			r.refuse(request.ID())
		}
	}()
	return true
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// A halfCloser is a TCP connection.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// join carries bytes between two connections, until both directions have ended or one has failed.
func (r *Router) join(a, b halfCloser) {
	defer r.close(a)
	defer r.close(b)
	if !r.open(a) || !r.open(b) {
		return
	}
	ended := make(chan error, 2)
	carry := func(to, from halfCloser) {
		_, err := io.Copy(to, from)
		if err == nil {
			err = to.CloseWrite()
		}
		ended <- err
	}
	go carry(a, b)
	go carry(b, a)
	if err := <-ended; err == nil {
		err = <-ended
		if err == nil {
			return
		}
	}
	// Who is still there hears that it broke off, as far as the system tells him.
	for _, c := range []net.Conn{a, b} {
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
	}
}

// joinFlow carries datagrams between two sockets, until there have been none for a while or one of the sockets fails.
func (r *Router) joinFlow(a, b net.Conn) error {
	defer r.close(a)
	defer r.close(b)
	if !r.open(a) || !r.open(b) {
		return net.ErrClosed
	}
	idle := time.AfterFunc(flowIdle, func() { r.close(a); r.close(b) })
	defer idle.Stop()
	ended := make(chan error, 2)
	carry := func(to, from net.Conn) {
		datagram := make([]byte, 1<<16)
		for {
			n, err := from.Read(datagram)
			if err == nil {
				idle.Reset(flowIdle)
				_, err = to.Write(datagram[:n])
			}
			if err != nil && !errors.Is(err, syscall.EMSGSIZE) && !errors.Is(err, syscall.ENOBUFS) { // those are lost, as datagrams may be
				ended <- err
				return
			}
		}
	}
	go carry(a, b)
	go carry(b, a)
	return <-ended
}

// namePort is where name servers listen, and resolverFile says which this host has (resolv.conf(5)).
const (
	namePort     = 53
	resolverFile = "/etc/resolv.conf"
)

// nameServer returns host and port of the first name server in a file, "" if there is none.
func nameServer(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				return net.JoinHostPort(a.String(), strconv.Itoa(namePort))
			}
		}
	}
	return ""
}
