package net

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// sizeMembership is that of struct packet_mreq: interface, type, length of the address, address.
const sizeMembership = 16

func (s *packetSocket) setOption(level, name int, value []byte) syscall.Errno {
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP}, optionKey{unix.SOL_PACKET, unix.PACKET_DROP_MEMBERSHIP}:
		return s.setListening(name == unix.PACKET_ADD_MEMBERSHIP, value)
	}
	return s.inet.setOption(level, name, value)
}

// setListening is for packets that are somebody else's, and those to groups (packet(7)). Hypervisors hand over all that
// comes as long as the interface is not told to choose (VIRTIO_NET_F_CTRL_RX of virtio 1.2, 5.1.3), so the sockets see it anyway.
func (s *packetSocket) setListening(add bool, value []byte) syscall.Errno {
	if len(value) < sizeMembership {
		return syscall.EINVAL
	}
	i, ok := s.network.numbered(int32(binary.NativeEndian.Uint32(value)))
	if !add {
		return 0 // Linux says nothing of what was never there (packet_mc_drop)
	}
	if !ok {
		return syscall.ENODEV
	}
	if _, address := i.hardware(); int(binary.NativeEndian.Uint16(value[6:])) > len(address) {
		return syscall.EINVAL
	}
	return 0
}

func (s *packetSocket) option(level, name int, value []byte) (int, syscall.Errno) {
	if (optionKey{level, name}) == (optionKey{unix.SOL_PACKET, unix.PACKET_STATISTICS}) {
		return s.takeStatistics(value), 0
	}
	return s.inet.option(level, name, value)
}

// takeStatistics puts a struct tpacket_stats into value: how many packets came since it was asked for last, and how many of
// them found no room. What a filter refuses is among them, since it does so when a packet is received.
func (s *packetSocket) takeStatistics(value []byte) int {
	all, ok := s.endpoint.Stats().(*tcpip.TransportEndpointStats)
	if !ok {
		return 0
	}
	s.counting.Lock()
	defer s.counting.Unlock()
	came, lost := all.PacketsReceived.Value(), all.ReceiveErrors.ReceiveBufferOverflow.Value()
	putInt(value, int(came-s.came))
	putInt(value[4:], int(lost-s.lost))
	s.came, s.lost = came, lost
	return 2 * 4
}
