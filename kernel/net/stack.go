// Package net is the machine's network: gVisor's TCP/IP stack over the network devices and a
// loopback, and sockets as the system calls of package linux.
//
// Below the stack, link.go carries frames between it and a virtio device. Above it, socket.go and
// calls.go are what programs see of sockets in general; inet*.go, unix*.go and netlink*.go are the
// families, and shortcut.go is how bytes between two sockets of the machine pass the stack by.
// configure.go and dhcp.go give the interfaces their addresses.
//
// Late code: ordinary Go on goroutines. Package net of the standard library sits on top of this
// one, so only its types may be used here, none of its sockets.
package net

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/log"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/raw"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// A Network is a TCP/IP stack with its interfaces and sockets. A machine has one.
type Network struct {
	stack *stack.Stack
	say   func(sentence string) // on the console

	leastMTU   atomic.Int64 // of all interfaces
	mu         sync.Mutex   // guards changes of the configuration
	interfaces []*iface
	unix       unixNames
	groups     groups
	meeting    meeting
	patience   patience
	shares     shares
	leastLease time.Duration // of DHCP
	alone      sync.Once     // see tellAlone
}

// loopbackNIC is the interface number of lo, as it is on Linux.
const loopbackNIC = 1

// Ephemeral ports, as on Linux (net.ipv4.ip_local_port_range).
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
)

// New makes a network with nothing but a loopback. memory, the size of the machine's, limits what
// the buffers of sockets take; say puts a sentence on the console.
func New(memory uint64, say func(sentence string)) (*Network, error) {
	quiet()
	n := &Network{say: say, leastLease: dhcpLeastLease}
	n.stack = stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocol,
			ipv6.NewProtocolWithOptions(n.ipv6Options()),
			arp.NewProtocol,
		},
		TransportProtocols: append([]stack.TransportProtocolFactory{
			tcp.NewProtocolCUBIC,
			udp.NewProtocol,
			icmp.NewProtocol4,
			icmp.NewProtocol6,
		}, rawProtocols()...),
		RawFactory:               raw.EndpointFactory{},
		IPTables:                 new(stack.IPTables), // there is no way to change them; empty ones are not looked at
		Clock:                    clock{tcpip.NewStdClock()},
		HandleLocal:              true,
		AllowPacketEndpointWrite: true,
	})
	if err := n.tune(memory); err != nil {
		return nil, fmt.Errorf("setting up TCP/IP: %v", err)
	}
	if err := n.addLoopback(); err != nil {
		return nil, fmt.Errorf("setting up lo: %v", err)
	}
	return n, nil
}

// quiet keeps gVisor's log off the console.
var quiet = sync.OnceFunc(func() { log.SetTarget(log.GoogleEmitter{Writer: &log.Writer{Next: io.Discard}}) })

// tune sets what gVisor leaves to its user.
func (n *Network) tune(memory uint64) tcpip.Error {
	n.beginPatience(memory)
	if err := n.beginShares(memory); err != nil {
		return err
	}
	sack := tcpip.TCPSACKEnabled(true)
	if err := n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &sack); err != nil {
		return err
	}
	// The others: net.core.wmem_default and rmem_default are 212992 on Linux.
	datagrams := int(min(max(memory/512, 64<<10), 212992))
	if err := n.stack.SetOption(tcpip.SendBufferSizeOption{Min: stack.MinBufferSize, Default: datagrams, Max: n.shares.most}); err != nil {
		return err
	}
	if err := n.stack.SetOption(tcpip.ReceiveBufferSizeOption{Min: stack.MinBufferSize, Default: datagrams, Max: n.shares.most}); err != nil {
		return err
	}
	return n.stack.SetPortRange(firstEphemeral, lastEphemeral)
}

// addLoopback makes lo, with all of 127.0.0.0/8 and ::1.
func (n *Network) addLoopback() tcpip.Error {
	lo := &loop{LinkEndpoint: loopback.New()}
	n.leastMTU.Store(int64(lo.MTU()))
	options := optionsFor("lo", lo)
	options.Disabled = true // until it knows that nobody else is there
	if err := n.stack.CreateNICWithOptions(loopbackNIC, lo, options); err != nil {
		return err
	}
	n.detectDuplicates(loopbackNIC, false)
	n.askNoRouters(loopbackNIC)
	if err := n.stack.EnableNIC(loopbackNIC); err != nil {
		return err
	}
	for _, a := range []tcpip.ProtocolAddress{{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: header.IPv4Loopback, PrefixLen: 8},
	}, {
		Protocol:          ipv6.ProtocolNumber,
		AddressWithPrefix: header.IPv6Loopback.WithPrefix(),
	}} {
		if err := n.stack.AddProtocolAddress(loopbackNIC, a, stack.AddressProperties{}); err != nil {
			return err
		}
		n.stack.AddRoute(tcpip.Route{Destination: a.AddressWithPrefix.Subnet(), NIC: loopbackNIC})
	}
	return nil
}

// detectDuplicates says whether an IPv6 address is used only after nobody else has claimed it for a
// second (RFC 4862, 5.4).
func (n *Network) detectDuplicates(id tcpip.NICID, detect bool) {
	e, err := n.stack.GetNetworkEndpoint(id, ipv6.ProtocolNumber)
	if err != nil {
		return
	}
	if d, ok := e.(stack.DuplicateAddressDetector); ok {
		c := stack.DefaultDADConfigurations()
		if !detect {
			c.DupAddrDetectTransmits = 0
		}
		d.SetDADConfigurations(c)
	}
}

// tellAlone says why the world cannot be reached, once, if that is because of the machine.
func (n *Network) tellAlone() {
	n.mu.Lock()
	alone := len(n.interfaces) == 0
	n.mu.Unlock()
	if alone {
		n.alone.Do(func() {
			n.say("the program uses the network, but the machine has no virtio-net device: there is only lo")
		})
	}
}
