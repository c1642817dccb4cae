package net

import (
	"fmt"
	"net/netip"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A Setting says how an interface gets its address: one word ip= of the kernel command line.
type Setting struct {
	// MAC is the hardware address of the interface that is meant, "" for the first one.
	MAC tcpip.LinkAddress
	// DHCP, or no address at all, or the rest.
	DHCP, None bool
	Address    netip.Prefix
	Gateway    netip.Addr // not valid for none
	DNS        []netip.Addr
}

// ParseSetting reads what follows ip=: ADDR/LEN[,GATEWAY[,DNS...]], dhcp or none. @MAC may stand
// behind the first part or at the end.
func ParseSetting(text string) (s Setting, err error) {
	wrong := func(format string, arguments ...any) (Setting, error) {
		return Setting{}, fmt.Errorf("ip=%s: %s", text, fmt.Sprintf(format, arguments...))
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		value, mac, found := strings.Cut(part, "@")
		if !found {
			continue
		}
		if i != 0 && i != len(parts)-1 || s.MAC != "" {
			return wrong("@ belongs behind the address, once")
		}
		if s.MAC, err = parseMAC(mac); err != nil {
			return wrong("%v", err)
		}
		parts[i] = value
	}
	switch parts[0] {
	case "dhcp", "none":
		if len(parts) > 1 {
			return wrong("nothing may follow %s", parts[0])
		}
		s.DHCP, s.None = parts[0] == "dhcp", parts[0] == "none"
		return s, nil
	}
	if s.Address, err = netip.ParsePrefix(parts[0]); err != nil {
		return wrong("%q is not an address with the length of its prefix, such as 10.0.2.15/24", parts[0])
	}
	if a := s.Address.Addr(); a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" || a.Is4In6() {
		return wrong("%v cannot be an interface's address", a)
	}
	if len(parts) > 1 && parts[1] != "" {
		if s.Gateway, err = netip.ParseAddr(parts[1]); err != nil || s.Gateway.Is4() != s.Address.Addr().Is4() {
			return wrong("%q is no gateway for %v", parts[1], s.Address)
		}
	}
	if len(parts) > 2 {
		if s.DNS, err = ParseServers(strings.Join(parts[2:], ",")); err != nil {
			return wrong("%v", err)
		}
	}
	return s, nil
}

// ParseServers reads a list of addresses: what follows dns=.
func ParseServers(text string) (servers []netip.Addr, err error) {
	for _, part := range strings.Split(text, ",") {
		a, err := netip.ParseAddr(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not an address of a DNS server", part)
		}
		servers = append(servers, a)
	}
	return servers, nil
}

// parseMAC reads six bytes in hexadecimal with colons between them.
func parseMAC(text string) (tcpip.LinkAddress, error) {
	var mac [6]byte
	parts := strings.Split(text, ":")
	if len(parts) != len(mac) {
		return "", fmt.Errorf("%q is not a hardware address, such as 52:54:00:12:34:56", text)
	}
	for i, part := range parts {
		var b byte
		if n, err := fmt.Sscanf(part, "%02x", &b); n != 1 || err != nil || len(part) != 2 {
			return "", fmt.Errorf("%q is not a hardware address, such as 52:54:00:12:34:56", text)
		}
		mac[i] = b
	}
	return tcpip.LinkAddress(mac[:]), nil
}
