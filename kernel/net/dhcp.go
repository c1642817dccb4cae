package net

import (
	"context"
	"errors"
	"fmt"
	stdnet "net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// Times of the DHCP client. A request is sent again after 0.5, 1, 2 and 4 seconds (RFC 2131, 4.1, is
// slower, but made for buildings full of machines); then there is a pause, which grows.
const (
	dhcpTimeout    = 500 * time.Millisecond
	dhcpRetries    = 4
	dhcpFirstPause = 5 * time.Second
	dhcpMostPause  = time.Minute

	// A lease is at least this long, whatever the server says, and renewed no more often.
	dhcpLeastLease = time.Minute
)

// runDHCP keeps an interface's lease, for ever. leased is called after the first one.
func (n *Network) runDHCP(i *iface, p *Plan, leased func()) {
	pause := dhcpFirstPause
	for {
		lease, err := n.discover(i, p)
		if err != nil {
			time.Sleep(pause)
			pause = min(2*pause, dhcpMostPause)
			continue
		}
		pause = dhcpFirstPause
		if err := n.bindLease(i, lease.ACK); err != nil {
			n.say(fmt.Sprintf("%s cannot have the address that DHCP says: %v", i.name, err))
			time.Sleep(dhcpMostPause)
			continue
		}
		n.publish(p)
		if leased != nil {
			leased()
			leased = nil
		}
		n.keepLease(i, p, lease)
		n.dropLease(i)
	}
}

// withClient runs f with a DHCP client on the interface.
func withClient(i *iface, f func(ctx context.Context, c *nclient4.Client) (*nclient4.Lease, error)) (*nclient4.Lease, error) {
	mac := stdnet.HardwareAddr(i.link.LinkAddress())
	client, err := nclient4.NewWithConn(i.link.newTap(), mac,
		nclient4.WithTimeout(dhcpTimeout), nclient4.WithRetry(dhcpRetries))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return f(context.Background(), client)
}

// discover gets a first lease (RFC 2131, 3.1).
func (n *Network) discover(i *iface, p *Plan) (*nclient4.Lease, error) {
	modifiers := []dhcpv4.Modifier{dhcpv4.WithRequestedOptions(
		dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer,
		dhcpv4.OptionDomainName, dhcpv4.OptionDNSDomainSearchList, dhcpv4.OptionHostName,
		dhcpv4.OptionInterfaceMTU, dhcpv4.OptionClasslessStaticRoute)}
	if p.Hostname != "" {
		modifiers = append(modifiers, dhcpv4.WithOption(dhcpv4.OptHostName(p.Hostname)))
	}
	return withClient(i, func(ctx context.Context, c *nclient4.Client) (*nclient4.Lease, error) {
		return c.Request(ctx, modifiers...)
	})
}

// keepLease renews the lease until it has run out, or the server takes it back (RFC 2131, 4.4.5).
func (n *Network) keepLease(i *iface, p *Plan, lease *nclient4.Lease) {
	for {
		length := max(lease.ACK.IPAddressLeaseTime(n.leastLease), n.leastLease)
		ends := lease.CreationTime.Add(length)
		next := lease.ACK.IPAddressRenewalTime(length / 2)
		if next < n.leastLease/2 || next > length {
			next = length / 2
		}
		var renewed *nclient4.Lease
		for {
			time.Sleep(next)
			var err error
			renewed, err = withClient(i, func(ctx context.Context, c *nclient4.Client) (*nclient4.Lease, error) {
				return c.Renew(ctx, lease)
			})
			if err == nil {
				break
			}
			if left := time.Until(ends); left <= 0 || errors.As(err, new(*nclient4.ErrNak)) {
				n.say(fmt.Sprintf("%s has lost its DHCP lease: %v", i.name, err))
				return
			} else {
				next = max(left/2, n.leastLease/60)
			}
		}
		moved := !renewed.ACK.YourIPAddr.Equal(lease.ACK.YourIPAddr)
		lease = renewed
		if moved {
			n.dropLease(i)
			if n.bindLease(i, lease.ACK) != nil {
				return
			}
		}
		n.publish(p)
	}
}

// bindLease gives the interface what the server's answer says.
func (n *Network) bindLease(i *iface, ack *dhcpv4.DHCPv4) error {
	address, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	if !ok || address.IsUnspecified() || address.IsMulticast() || address.IsLoopback() {
		return fmt.Errorf("%v is no address for an interface", ack.YourIPAddr)
	}
	bits, size := ack.SubnetMask().Size()
	if size != 32 || bits == 0 {
		bits, _ = ack.YourIPAddr.DefaultMask().Size()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	prefix := netip.PrefixFrom(address, bits)
	if err := n.addAddress(i, prefix); err != nil {
		return fmt.Errorf("%v: %v", prefix, err)
	}
	i.address = prefix
	n.stack.AddRoute(tcpip.Route{Destination: subnetOf(prefix), NIC: i.id})
	n.addLeasedRoutes(i, ack)
	if mtu, err := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, ack.Options); err == nil && mtu >= 576 && uint32(mtu) < i.link.MTU() {
		n.stack.SetNICMTU(i.id, uint32(mtu))
	}
	i.servers = addresses(ack.DNS())
	i.hostname = ""
	if name := ack.HostName(); len(name) <= mostHostname && isName(name) {
		i.hostname = name
	}
	i.search = nil
	if labels := ack.DomainSearch(); labels != nil {
		i.search = labels.Labels
	} else if domain := ack.DomainName(); domain != "" {
		i.search = []string{domain}
	}
	i.search = slices.DeleteFunc(i.search, func(domain string) bool { return !isName(domain) })
	return nil
}

// mostHostname is the longest name of a machine (HOST_NAME_MAX).
const mostHostname = 64

// isName reports whether what the server calls a name is one, and not more lines for the files in
// which it will be written.
func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 253 // RFC 1035, 2.3.4
}

// addLeasedRoutes adds the classless routes, or else the router (RFC 3442).
func (n *Network) addLeasedRoutes(i *iface, ack *dhcpv4.DHCPv4) {
	if routes := ack.ClasslessStaticRoute(); len(routes) > 0 {
		for _, r := range routes {
			to, ok := netip.AddrFromSlice(r.Dest.IP.To4())
			router, ok2 := netip.AddrFromSlice(r.Router.To4())
			bits, _ := r.Dest.Mask.Size()
			switch to := netip.PrefixFrom(to, bits).Masked(); {
			case !ok || !ok2 || !to.IsValid():
			case router.IsUnspecified(): // on the link itself
				n.stack.AddRoute(tcpip.Route{Destination: subnetOf(to), NIC: i.id})
			default:
				n.addGateway(i, i.address, router, to)
			}
		}
		return
	}
	if routers := addresses(ack.Router()); len(routers) > 0 {
		n.addGateway(i, i.address, routers[0], everywhere(routers[0]))
	}
}

// addresses keeps those of a list that are addresses of IPv4.
func addresses(list []stdnet.IP) (kept []netip.Addr) {
	for _, ip := range list {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok && !a.IsUnspecified() {
			kept = append(kept, a)
		}
	}
	return kept
}

// dropLease takes away what bindLease gave.
func (n *Network) dropLease(i *iface) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !i.address.IsValid() {
		return
	}
	n.stack.RemoveAddress(i.id, addressOf(i.address.Addr()))
	n.stack.RemoveRoutes(func(r tcpip.Route) bool {
		return r.NIC == i.id && r.Destination.ID().Len() == 4
	})
	i.address, i.servers, i.search, i.hostname = netip.Prefix{}, nil, nil, ""
}
