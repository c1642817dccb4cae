package router

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// ping is a frame with which the machine pings somebody.
func ping(to [4]byte) []byte {
	message := header.ICMPv4(append(make([]byte, header.ICMPv4MinimumSize), "payload"...))
	message.SetType(header.ICMPv4Echo)
	message.SetIdent(0x1234)
	message.SetSequence(77)
	message.SetChecksum(^checksum.Checksum(message, 0))
	packet := header.IPv4(make([]byte, header.IPv4MinimumSize))
	packet.Encode(&header.IPv4Fields{TotalLength: uint16(len(packet) + len(message)), TTL: 64, Protocol: uint8(header.ICMPv4ProtocolNumber),
		SrcAddr: tcpip.AddrFrom4(Machine.As4()), DstAddr: tcpip.AddrFrom4(to)})
	packet.SetChecksum(^packet.CalculateChecksum())
	frame := header.Ethernet(make([]byte, header.EthernetMinimumSize))
	frame.Encode(&header.EthernetFields{SrcAddr: "\x52\x54\x00\x12\x34\x56", DstAddr: hostMAC, Type: header.IPv4ProtocolNumber})
	return append(append(frame, packet...), message...)
}

// onCable is a frame as it is sent.
func onCable(frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

func mayPing() bool {
	for _, network := range []string{"udp4", "ip4:icmp"} {
		if c, err := icmp.ListenPacket(network, ""); err == nil {
			c.Close()
			return true
		}
	}
	return false
}

// TestPing: who is pinged is asked, and his answer passed on. The router itself answers for its own address.
func TestPing(t *testing.T) {
	t.Parallel()
	if !mayPing() {
		t.Skip("this process may not ping: that needs root, or a group in net.ipv4.ping_group_range")
	}
	r := newRouter(t)
	ours, theirs := net.Pipe()
	go r.Serve(theirs)
	defer ours.Close()
	ours.SetDeadline(time.Now().Add(patience))
	go ours.Write(onCable(ping([4]byte{127, 0, 0, 1})))
	var length [lengthSize]byte
	if _, err := io.ReadFull(ours, length[:]); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(ours, frame); err != nil {
		t.Fatal(err)
	}
	packet := packetOf(frame)
	message := header.ICMPv4(packet.Payload())
	if packet == nil || packet.CalculateChecksum() != 0xFFFF || packet.SourceAddress() != tcpip.AddrFrom4([4]byte{127, 0, 0, 1}) ||
		packet.DestinationAddress() != tcpip.AddrFrom4(Machine.As4()) || checksum.Checksum(message, 0) != 0xFFFF ||
		message.Type() != header.ICMPv4EchoReply || message.Ident() != 0x1234 || message.Sequence() != 77 || string(message.Payload()) != "payload" {
		t.Errorf("%x", frame)
	}
	for address, want := range map[[4]byte]bool{{10, 0, 2, 2}: false, {10, 0, 2, 3}: false, {10, 0, 2, 4}: true, {8, 8, 8, 8}: true} {
		if got := echoOf(ping(address)) != nil; got != want {
			t.Errorf("%v: %v", address, got)
		}
	}
}

// TestLongFrame: a frame that cannot be one ends the connection before it takes memory.
func TestLongFrame(t *testing.T) {
	t.Parallel()
	err := newRouter(t).receive(strings.NewReader("\xff\xff\xff\xff"))
	if err == nil || !strings.Contains(err.Error(), "4294967295 bytes") {
		t.Error(err)
	}
}

// FuzzFrames: nothing that a machine sends makes the router fail.
func FuzzFrames(f *testing.F) {
	f.Add(onCable(ping([4]byte{10, 0, 2, 2})))
	f.Add(onCable(nil))
	f.Fuzz(func(t *testing.T, sent []byte) {
		r, err := New(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.outward = nil // nobody is to be pinged, or connected to
		r.receive(bytes.NewReader(sent))
	})
}
