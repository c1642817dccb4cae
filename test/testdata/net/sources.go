package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// udpSegment is UDP_SEGMENT of udp(7), which package syscall does not have.
const udpSegment = 103

// sources sends datagrams from addresses that control messages name.
func sources([]string) {
	server := must(net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	to := server.LocalAddr().(*net.UDPAddr)
	// show tells what the server got, and from where.
	show := func(err error) {
		var errno syscall.Errno
		if errors.As(err, &errno) {
			fmt.Println(" ", errno)
			return
		}
		for {
			p := make([]byte, 100)
			server.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			n, from, err := server.ReadFromUDP(p)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			fmt.Printf("  %q from %v\n", p[:n], from.IP)
		}
	}
	lo := must(net.InterfaceByName("lo")).Index
	controls := []struct {
		name  string
		bytes []byte
	}{
		{"nothing", nil},
		{"address", packetInfo4(0, 127, 0, 0, 2)},
		{"the same", packetInfo4(0, 127, 0, 0, 1)},
		{"interface", packetInfo4(lo, 0, 0, 0, 0)},
		{"both", packetInfo4(lo, 127, 0, 0, 3)},
		{"no such interface", packetInfo4(99, 0, 0, 0, 0)},
		{"somebody else's address", packetInfo4(0, 198, 51, 100, 7)},
		{"multicast address", packetInfo4(0, 224, 0, 0, 1)},
		{"too short", control(syscall.SOL_IP, syscall.IP_PKTINFO, make([]byte, 11))},
		{"with a TTL", append(packetInfo4(0, 127, 0, 0, 4), control(syscall.SOL_IP, syscall.IP_TTL, []byte{9, 0, 0, 0})...)},
		{"cut into segments", append(packetInfo4(0, 127, 0, 0, 5), control(syscall.IPPROTO_UDP, udpSegment, []byte{2, 0})...)},
		{"mapped", packetInfo6(0, net.IPv4(127, 0, 0, 6))},
		{"mapped to an interface", packetInfo6(lo, net.IPv4(127, 0, 0, 7))},
		{"of IPv6", packetInfo6(0, net.IPv6loopback)},
	}
	any4 := must(net.ListenUDP("udp4", nil))
	bound := must(net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 8)}))
	connected := must(net.DialUDP("udp4", nil, to))
	any6 := must(net.ListenUDP("udp", nil))
	for _, s := range []struct {
		name string
		c    *net.UDPConn
		to   *net.UDPAddr
	}{{"of IPv4", any4, to}, {"bound", bound, to}, {"connected", connected, nil}, {"of IPv6", any6, to}} {
		for _, c := range controls {
			fmt.Printf("%s, %s:\n", s.name, c.name)
			_, _, err := s.c.WriteMsgUDP([]byte("ping"), c.bytes, s.to)
			show(err)
		}
	}
	answers(any4)
	answers(any6)
}

// answers answers from the address where the question came to, as a server has to that has several.
func answers(server *net.UDPConn) {
	raw := must(server.SyscallConn())
	raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_IP, syscall.IP_PKTINFO, 1) })
	port := server.LocalAddr().(*net.UDPAddr).Port
	client := must(net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 1, 2, 3), Port: port}))
	client.SetDeadline(time.Now().Add(5 * time.Second))
	server.SetDeadline(time.Now().Add(5 * time.Second))
	must(client.Write([]byte("question")))
	p, oob := make([]byte, 100), make([]byte, 100)
	n, noob, _, from, err := server.ReadMsgUDP(p, oob)
	check(err == nil && string(p[:n]) == "question", "%q, %v", p[:n], err)
	_, _, err = server.WriteMsgUDP([]byte("answer"), oob[:noob], from)
	check(err == nil, "%v", err)
	n, err = client.Read(p)
	fmt.Printf("%q %v\n", p[:n], err)
}

// control is a control message: struct cmsghdr and data (cmsg(3)).
func control(level, kind int, data []byte) []byte {
	b := make([]byte, syscall.CmsgSpace(len(data)))
	binary.NativeEndian.PutUint64(b, uint64(syscall.CmsgLen(len(data))))
	binary.NativeEndian.PutUint32(b[8:], uint32(level))
	binary.NativeEndian.PutUint32(b[12:], uint32(kind))
	copy(b[syscall.CmsgLen(0):], data)
	return b
}

// packetInfo4 has a struct in_pktinfo.
func packetInfo4(index int, address ...byte) []byte {
	data := binary.NativeEndian.AppendUint32(nil, uint32(index))
	return control(syscall.SOL_IP, syscall.IP_PKTINFO, append(append(data, address...), 0, 0, 0, 0))
}

// packetInfo6 has a struct in6_pktinfo.
func packetInfo6(index int, address net.IP) []byte {
	data := binary.NativeEndian.AppendUint32(append([]byte(nil), address.To16()...), uint32(index))
	return control(syscall.SOL_IPV6, syscall.IPV6_PKTINFO, data)
}
