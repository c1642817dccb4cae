package net

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/ringo-os/ringo/drivers/virtio/nic"
)

// A Plan is what the kernel command line says about the network, and the way to tell the rest of
// the kernel what came out of it.
type Plan struct {
	Settings []Setting
	DNS      []netip.Addr // instead of what DHCP says
	Hostname string       // instead of what DHCP says
	Fallback string       // the machine's name if nobody says another
	// Patience is how long Configure waits for DHCP.
	Patience time.Duration
	// WriteFile replaces a file of /etc.
	WriteFile func(path, content string)
	// SetHostname names the machine.
	SetHostname func(name string)
}

// An iface is a network interface other than lo.
type iface struct {
	id   tcpip.NICID
	name string
	link tappedLink
	// What DHCP or the command line said.
	address  netip.Prefix
	servers  []netip.Addr
	search   []string
	hostname string
}

// A tappedLink is a link on which DHCP works.
type tappedLink interface {
	stack.LinkEndpoint
	newTap() *tap
}

// AddDevice makes an interface of a network device: eth0, eth1, ...
func (n *Network) AddDevice(d *nic.Device) error {
	return n.addLink(newLink(d, func(err error) {
		n.say(fmt.Sprintf("the network device on %v has failed: %v", d, err))
	}))
}

func (n *Network) addLink(l tappedLink) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := &iface{
		id:   tcpip.NICID(loopbackNIC + 1 + len(n.interfaces)),
		name: fmt.Sprintf("eth%d", len(n.interfaces)),
		link: l,
	}
	if err := n.stack.CreateNICWithOptions(i.id, l, optionsFor(i.name, l)); err != nil {
		return fmt.Errorf("setting up %s: %v", i.name, err)
	}
	n.leastMTU.Store(min(n.leastMTU.Load(), int64(l.MTU())))
	n.interfaces = append(n.interfaces, i)
	return nil
}

// Configure gives the interfaces their addresses, as the plan says and by DHCP where it says nothing.
// It returns when they have them, or the patience is at an end; DHCP then goes on.
func (n *Network) Configure(p *Plan) error {
	settings, err := n.assign(p.Settings)
	if err != nil {
		return err
	}
	leased := make(chan struct{}, len(n.interfaces))
	waiting := 0
	for _, i := range n.interfaces {
		if len(settings[i]) == 0 {
			settings[i] = []Setting{{DHCP: true}}
		}
		for _, s := range settings[i] {
			switch {
			case s.None:
			case s.DHCP:
				waiting++
				go n.runDHCP(i, p, func() { leased <- struct{}{} })
			default:
				if err := n.setStatic(i, s); err != nil {
					return err
				}
			}
		}
	}
	n.publish(p)
	timeout := time.NewTimer(p.Patience)
	defer timeout.Stop()
	for range waiting {
		select {
		case <-leased:
		case <-timeout.C:
			n.say("no DHCP server has answered yet; the program starts without an address")
			return nil
		}
	}
	return nil
}

// assign finds the interface that each setting is for.
func (n *Network) assign(settings []Setting) (map[*iface][]Setting, error) {
	assigned := map[*iface][]Setting{}
	for _, s := range settings {
		if len(n.interfaces) == 0 {
			if s.None {
				continue
			}
			return nil, fmt.Errorf("the command line sets up a network interface, but there is no virtio-net device")
		}
		found := n.interfaces[0]
		if s.MAC != "" {
			k := slices.IndexFunc(n.interfaces, func(i *iface) bool { return i.link.LinkAddress() == s.MAC })
			if k < 0 {
				return nil, fmt.Errorf("the command line sets up the network interface %v, but there is no such one", s.MAC)
			}
			found = n.interfaces[k]
		}
		assigned[found] = append(assigned[found], s)
	}
	return assigned, nil
}

// setStatic gives an interface an address from the command line.
func (n *Network) setStatic(i *iface, s Setting) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	// The user has chosen the address: the program may use it from the start.
	n.detectDuplicates(i.id, false)
	defer n.detectDuplicates(i.id, true)
	if err := n.addAddress(i, s.Address); err != nil {
		return fmt.Errorf("%s cannot have the address %v: %v", i.name, s.Address, err)
	}
	n.stack.AddRoute(tcpip.Route{Destination: subnetOf(s.Address), NIC: i.id})
	if s.Gateway.IsValid() {
		n.addGateway(i, s.Address, s.Gateway, everywhere(s.Gateway))
	}
	if !i.address.IsValid() {
		i.address = s.Address
	}
	i.servers = append(i.servers, s.DNS...)
	return nil
}

func (n *Network) addAddress(i *iface, a netip.Prefix) tcpip.Error {
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if a.Addr().Is6() {
		protocol = ipv6.ProtocolNumber
	}
	return n.stack.AddProtocolAddress(i.id, tcpip.ProtocolAddress{
		Protocol:          protocol,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: addressOf(a.Addr()), PrefixLen: a.Bits()},
	}, stack.AddressProperties{})
}

// addGateway adds a route by gateway, which need not be in the interface's own network.
func (n *Network) addGateway(i *iface, own netip.Prefix, gateway netip.Addr, to netip.Prefix) {
	if !own.Contains(gateway) {
		n.stack.AddRoute(tcpip.Route{Destination: addressOf(gateway).WithPrefix().Subnet(), NIC: i.id})
	}
	n.stack.AddRoute(tcpip.Route{Destination: subnetOf(to), Gateway: addressOf(gateway), NIC: i.id})
}

func addressOf(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }

func subnetOf(p netip.Prefix) tcpip.Subnet {
	return tcpip.AddressWithPrefix{Address: addressOf(p.Addr()), PrefixLen: p.Bits()}.Subnet()
}

// everywhere is the destination of a default route of a's family.
func everywhere(a netip.Addr) netip.Prefix {
	if a.Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// publish writes what the rest of the machine wants to know about the network: names and servers.
func (n *Network) publish(p *Plan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	servers, hostname := p.DNS, p.Hostname
	var search []string
	var address netip.Addr
	for _, i := range n.interfaces {
		if len(p.DNS) == 0 {
			servers = append(servers, i.servers...)
		}
		search = append(search, i.search...)
		if hostname == "" {
			hostname = i.hostname
		}
		if !address.IsValid() && i.address.IsValid() {
			address = i.address.Addr()
		}
	}
	if hostname != "" {
		p.SetHostname(hostname)
	} else {
		hostname = p.Fallback
	}
	if len(servers)+len(search) > 0 {
		p.WriteFile("/etc/resolv.conf", resolvConf(servers, search))
	}
	if hostname != "" || address.IsValid() {
		p.WriteFile("/etc/hosts", hosts(hostname, address))
	}
}

// resolvConf is resolv.conf(5).
func resolvConf(servers []netip.Addr, search []string) string {
	var b strings.Builder
	if len(search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(slices.Compact(search), " "))
	}
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %v\n", s)
	}
	return b.String()
}

// hosts is hosts(5).
func hosts(hostname string, address netip.Addr) string {
	var b strings.Builder
	b.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	if hostname != "" {
		if !address.IsValid() {
			address = netip.AddrFrom4([4]byte{127, 0, 1, 1})
		}
		short, _, dotted := strings.Cut(hostname, ".")
		fmt.Fprintf(&b, "%v\t%s", address, hostname)
		if dotted {
			fmt.Fprintf(&b, " %s", short)
		}
		b.WriteString("\n")
	}
	return b.String()
}
