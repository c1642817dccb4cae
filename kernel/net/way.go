package net

import (
	"encoding/binary"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/ringo-os/ringo/drivers/virtio/nic"
	"github.com/ringo-os/ringo/kernel/machine"
)

// A Way is how datagrams get to a server when the program has died, and with it every goroutine: the stack cannot run any
// more, but the device can still be told to send a frame. All that goes into one the stack has found out before. Nobody
// hears whether it arrives, which is why there is no such way for a stream.
//
// Begin and Send run on a system stack, perhaps without a P: they neither allocate nor wait.
type Way struct {
	transmit *nic.Transmitter
	six      bool
	frame    []byte // the headers, and room for what follows
	begins   int    // where that begins
}

// Sizes and places of the headers (RFC 791, 3.1; RFC 8200, 3; RFC 768).
const (
	wayEthernet = 14
	wayIPv4     = 20
	wayIPv6     = 40
	wayUDP      = 8

	protocolUDP = 17

	// portWay is the source: replies are nobody's.
	portWay = 514
)

// newWay returns the way by an interface from an address of this machine to one whose frames go to the hardware address
// hardware.
func newWay(l *link, local netip.Addr, to netip.AddrPort, hardware tcpip.LinkAddress) *Way {
	w := &Way{transmit: l.device.Transmitter(), six: to.Addr().Is6(), frame: make([]byte, wayEthernet+l.MTU())}
	for i := range w.frame {
		w.frame[i] = 0 // so that there is memory for it when there is no other any more
	}
	copy(w.frame, hardware)
	copy(w.frame[6:], l.address)
	ip := w.frame[wayEthernet:]
	if w.six {
		w.begins = wayEthernet + wayIPv6 + wayUDP
		binary.BigEndian.PutUint16(w.frame[12:], 0x86DD)
		ip[0], ip[6], ip[7] = 6<<4, protocolUDP, 64
		copy(ip[8:], local.AsSlice())
		copy(ip[24:], to.Addr().AsSlice())
	} else {
		w.begins = wayEthernet + wayIPv4 + wayUDP
		binary.BigEndian.PutUint16(w.frame[12:], 0x0800)
		ip[0], ip[6], ip[8], ip[9] = 4<<4|wayIPv4/4, 0x40, 64, protocolUDP // not to be fragmented
		copy(ip[12:], local.AsSlice())
		copy(ip[16:], to.Addr().AsSlice())
	}
	udp := w.frame[w.begins-wayUDP:]
	binary.BigEndian.PutUint16(udp, portWay)
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	return w
}

// How long the device may take for a frame, be its hypervisor ever so busy; and how long a core may still be using it.
const (
	wayPatience = time.Second
	wayTurn     = 100 * time.Millisecond
)

// Begin takes the device for good; false if somebody was just using it when the program died.
func (w *Way) Begin() bool {
	for begin := machine.Uptime(); !w.transmit.TryOpen(); { // a core that was not stopped gets done with it
		if machine.Uptime()-begin > int64(wayTurn) {
			return false
		}
	}
	return w.transmit.Drain(wayPatience)
}

// Send sends p, as much of it as fits into a frame, and waits until the device has taken it.
func (w *Way) Send(p []byte) bool {
	f := w.frame[:w.begins+copy(w.frame[w.begins:], p)]
	w.complete(f)
	h := nic.Header{}
	if !w.transmit.Begin(&h, len(f)) {
		return false
	}
	w.transmit.Write(f)
	w.transmit.End()
	return w.transmit.Drain(wayPatience)
}

// complete fills in the lengths and checksums of a frame.
func (w *Way) complete(f []byte) {
	ip, udp := f[wayEthernet:], f[w.begins-wayUDP:]
	addresses := ip[8:40]
	if w.six {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(udp)))
	} else {
		addresses = ip[12:20]
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		ip[10], ip[11] = 0, 0
		binary.BigEndian.PutUint16(ip[10:], ^onesSum(0, ip[:wayIPv4]))
	}
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	udp[6], udp[7] = 0, 0
	sum := onesSum(protocolUDP+uint32(len(udp)), addresses)
	sum = ^onesSum(uint32(sum), udp)
	if sum == 0 {
		sum = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(udp[6:], sum)
}

// onesSum adds up p in words, with the carries added again (RFC 1071).
func onesSum(sum uint32, p []byte) uint16 {
	for ; len(p) > 1; p = p[2:] {
		sum += uint32(binary.BigEndian.Uint16(p))
	}
	if len(p) > 0 {
		sum += uint32(p[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
