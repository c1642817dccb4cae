package router

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
)

// What comes for the machine, from this host: each connection gets one to the machine.

// bootPatience is how long a client waits for a machine that has no address yet, and bootPause how long between two
// attempts.
const (
	bootPatience = 30 * time.Second
	bootPause    = 50 * time.Millisecond
)

// forward listens for f.
func (r *Router) forward(f Forward) error {
	failed := func(err error) error {
		return fmt.Errorf("a port of this host cannot be forwarded, as something else listens on it or it is not allowed: %w; choose another with -p", err)
	}
	to := tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFrom4(Machine.As4()), Port: f.At}
	if f.UDP {
		listener, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(f.Listen))
		if err != nil {
			return failed(err)
		}
		r.open(listener)
		go r.flowsInward(listener, to)
		return nil
	}
	listener, err := net.Listen("tcp4", f.Listen.String())
	if err != nil {
		return failed(err)
	}
	r.open(listener)
	go r.acceptInward(listener.(*net.TCPListener), to)
	return nil
}

func (r *Router) acceptInward(listener *net.TCPListener, to tcpip.FullAddress) {
	for {
		r.inward <- struct{}{} // else clients wait to be accepted
		client, err := listener.AcceptTCP()
		if err != nil {
			<-r.inward
			if temporary(err) {
				time.Sleep(bootPause)
				continue
			}
			return
		}
		go func() {
			defer func() { <-r.inward }()
			machine, err := r.dial(to)
			if err != nil {
				client.SetLinger(0) // a reset, as it comes from the machine
				client.Close()
				return
			}
			r.join(client, machine)
		}()
	}
}

// temporary reports whether a listener may still be used: there were too many open files, say.
func temporary(err error) bool {
	t, ok := err.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// dial connects to the machine, once it is there.
func (r *Router) dial(to tcpip.FullAddress) (*gonet.TCPConn, error) {
	ctx, cancel := context.WithTimeout(r.ctx, bootPatience)
	defer cancel()
	for {
		c, err := gonet.DialContextTCP(ctx, r.stack, to, ipv4.ProtocolNumber)
		if err == nil || ctx.Err() != nil || !absent(err) {
			return c, err
		}
		time.Sleep(bootPause)
	}
}

// absent reports whether err says that nobody has the machine's address.
func absent(err error) bool {
	return strings.Contains(err.Error(), (&tcpip.ErrHostUnreachable{}).String())
}

// flowsInward gives each client's datagrams a socket of its own to the machine.
func (r *Router) flowsInward(listener *net.UDPConn, to tcpip.FullAddress) {
	var mu sync.Mutex
	flows := map[netip.AddrPort]*gonet.UDPConn{}
	datagram := make([]byte, 1<<16)
	for {
		n, client, err := listener.ReadFromUDPAddrPort(datagram)
		if err != nil {
			if temporary(err) {
				continue
			}
			return
		}
		mu.Lock()
		machine := flows[client]
		if machine == nil && len(flows) < mostConnections {
			if machine, err = gonet.DialUDP(r.stack, nil, &to, ipv4.ProtocolNumber); err == nil {
				flows[client] = machine
				go func() {
					r.answer(listener, client, machine)
					mu.Lock()
					delete(flows, client)
					mu.Unlock()
				}()
			}
		}
		mu.Unlock()
		if machine != nil {
			machine.SetReadDeadline(time.Now().Add(flowIdle))
			machine.Write(datagram[:n])
		}
	}
}

// answer carries what the machine sends back to a client, until there has been nothing for a while.
func (r *Router) answer(listener *net.UDPConn, client netip.AddrPort, machine *gonet.UDPConn) {
	defer r.close(machine)
	if !r.open(machine) {
		return
	}
	datagram := make([]byte, 1<<16)
	for {
		n, err := machine.Read(datagram)
		if err != nil {
			return
		}
		machine.SetReadDeadline(time.Now().Add(flowIdle))
		listener.WriteToUDPAddrPort(datagram[:n], client)
	}
}
