//go:build amd64

package withnet

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ringo-os/ringo/kernel/net"
	"github.com/ringo-os/ringo/kernel/syslog"
)

// logPatience is how long the log's server may take for an answer: to a connection, or to what is sent when the
// buffers are full.
const logPatience = 5 * time.Second

// connect sends the log by n, and takes what the program sends to /dev/log.
func connect(log *syslog.Log, n *net.Network) error {
	target := log.Target()
	address, err := netip.ParseAddr(target.Host)
	if err != nil && !net.ValidName(target.Host) {
		return fmt.Errorf("log=%v cannot be done: %q is neither an address nor a name", target, target.Host)
	}
	if err := n.ReceiveLocal("/dev/log", log.Local); err != nil {
		return fmt.Errorf("log=%v cannot be done: /dev/log: %v", target, err)
	}
	log.Connect(func() (syslog.Conn, error) {
		if address.IsValid() {
			return dial(n, target, address.Unmap())
		}
		// Each time: the name may lead elsewhere by now.
		addresses, err := lookUp(n, target.Host)
		if err != nil {
			return nil, fmt.Errorf("looking up %s: %w", target.Host, err)
		}
		return dial(n, target, addresses...)
	})
	return nil
}

// A connection is a client as package syslog wants it.
type connection struct{ *net.Client }

func (c connection) LastWay() syslog.Way {
	if way := c.Way(); way != nil {
		return way
	}
	return nil
}

// dial connects to the first of addresses, of which there is one, that can be connected to.
func dial(n *net.Network, target syslog.Target, addresses ...netip.Addr) (_ syslog.Conn, err error) {
	for _, a := range addresses {
		var c *net.Client
		if c, err = n.Dial(target.Network, netip.AddrPortFrom(a, target.Port), logPatience); err == nil {
			return connection{c}, nil
		}
	}
	return nil, err
}

// lookUp returns the addresses of name, which the machine's name servers know.
func lookUp(n *net.Network, name string) ([]netip.Addr, error) {
	return addressesOf(name, readFile, func(server netip.Addr, name string) ([]netip.Addr, error) {
		return n.Ask(server, name, namePatience)
	})
}
