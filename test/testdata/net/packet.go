package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// arp asks for the hardware address of an IPv4 address by a frame made by hand (RFC 826), and looks at those that come.
func arp(args []string) {
	const etherARP = 0x0806
	wire := must(net.InterfaceByName("eth0"))
	own := must(wire.Addrs())[0].(*net.IPNet).IP.To4()
	wanted := netip.MustParseAddr(args[0]).As4()

	swapped := uint16(etherARP<<8&0xFF00 | etherARP>>8)
	fd := must(syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, int(swapped)))
	address := &syscall.SockaddrLinklayer{Protocol: swapped, Ifindex: wire.Index}
	check(syscall.Bind(fd, address) == nil, "bind")

	frame := append(bytes.Repeat([]byte{0xFF}, 6), wire.HardwareAddr...)
	frame = binary.BigEndian.AppendUint16(frame, etherARP)
	frame = append(frame, 0, 1, 8, 0, 6, 4, 0, 1) // Ethernet, IPv4, a request
	frame = append(append(frame, wire.HardwareAddr...), own...)
	frame = append(append(frame, 0, 0, 0, 0, 0, 0), wanted[:]...)
	check(syscall.Sendto(fd, frame, 0, address) == nil, "sendto")
	for p := make([]byte, 1514); ; {
		n, from, err := syscall.Recvfrom(fd, p, 0)
		check(err == nil && n >= len(frame), "recvfrom: %d, %v", n, err)
		if p[21] == 2 && bytes.Equal(p[28:32], wanted[:]) { // a reply
			sender := from.(*syscall.SockaddrLinklayer)
			check(bytes.Equal(sender.Addr[:sender.Halen], p[22:28]), "a reply of %v from %v", p[22:28], sender)
			fmt.Println(args[0], "is at", net.HardwareAddr(p[22:28]))
			return
		}
	}
}
