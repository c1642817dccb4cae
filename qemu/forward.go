package qemu

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Forward makes a port of the machine reachable on the host.
type Forward struct {
	// Address is the host's address to listen on; the zero Addr means 127.0.0.1.
	Address netip.Addr
	// Host and Guest are the ports.
	Host, Guest uint16
	// UDP is false for TCP.
	UDP bool
}

// ParseForward reads [ADDRESS:]HOST:GUEST[/udp], or a single port that is both.
func ParseForward(s string) (Forward, error) {
	var f Forward
	wrong := fmt.Errorf("%q is no forwarding of a port: write it as HOST:GUEST, as in 8080:80, with /udp behind it for UDP "+
		"and ADDRESS: before it to listen on more than 127.0.0.1", s)
	ports, protocol, given := strings.Cut(s, "/")
	if given && protocol != "tcp" && protocol != "udp" {
		return f, wrong
	}
	f.UDP = protocol == "udp"
	var guest string
	if i := strings.LastIndexByte(ports, ':'); i >= 0 {
		ports, guest = ports[:i], ports[i+1:]
	} else {
		guest = ports
	}
	if i := strings.LastIndexByte(ports, ':'); i >= 0 {
		address, err := netip.ParseAddr(strings.Trim(ports[:i], "[]"))
		if err != nil || !address.Is4() { // QEMU's user network listens on IPv4 only
			return f, wrong
		}
		f.Address, ports = address, ports[i+1:]
	}
	for port, text := range map[*uint16]string{&f.Host: ports, &f.Guest: guest} {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return f, wrong
		}
		*port = uint16(n)
	}
	return f, nil
}

// hostfwd is how QEMU's -netdev user writes it.
func (f Forward) hostfwd() string {
	protocol, address := "tcp", "127.0.0.1"
	if f.UDP {
		protocol = "udp"
	}
	if f.Address.IsValid() {
		address = f.Address.String()
	}
	return fmt.Sprintf("%s:%s:%d-:%d", protocol, address, f.Host, f.Guest)
}

// String writes a forwarding as ParseForward reads it.
func (f Forward) String() string {
	s := fmt.Sprintf("%d:%d", f.Host, f.Guest)
	if f.Address.IsValid() {
		s = f.Address.String() + ":" + s
	}
	if f.UDP {
		s += "/udp"
	}
	return s
}
