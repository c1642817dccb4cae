package net

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// sendControl carries out the control messages of a datagram that is to be sent. It returns the
// size of the datagrams that it is to be cut into, segment if the messages do not say, and how they are marked.
func (s *inet) sendControl(m *message, segment int, t *transfer, options *tcpip.WriteOptions) (int, [2]int, syscall.Errno) {
	marks := [2]int{noMark, noMark}
	c := &options.ControlMessages
	by4 := s.goesBy4(options.To)
	errno := m.eachControl(func(level, kind int, data []byte) syscall.Errno {
		switch (optionKey{level, kind}) {
		case optionKey{unix.SOL_UDP, unix.UDP_SEGMENT}:
			if len(data) < 2 || s.protocol != unix.IPPROTO_UDP {
				return syscall.EINVAL
			}
			segment = int(binary.NativeEndian.Uint16(data))
		case optionKey{unix.SOL_IP, unix.IP_TTL}:
			v, errno := getInt(data, level)
			if errno != 0 || v < 1 || v > 255 {
				return syscall.EINVAL
			}
			c.HasTTL, c.TTL = true, uint8(v)
		case optionKey{unix.SOL_IP, unix.IP_TOS}: // an int or a byte (ip_cmsg_send)
			if len(data) != 1 && len(data) != 4 {
				return syscall.EINVAL
			}
			marks[markTOS] = int(data[0])
			if len(data) == 4 {
				if v := int32(binary.NativeEndian.Uint32(data)); v < 0 || v > 255 {
					return syscall.EINVAL
				}
			}
		case optionKey{unix.SOL_IPV6, unix.IPV6_TCLASS}:
			v, errno := getInt(data, level)
			if errno != 0 || v < noMark || v > 255 {
				return syscall.EINVAL
			}
			marks[markClass] = v
		case optionKey{unix.SOL_IPV6, unix.IPV6_HOPLIMIT}:
			v, errno := getInt(data, level)
			if errno != 0 || v < -1 || v > 255 {
				return syscall.EINVAL
			}
			if v >= 0 {
				c.HasHopLimit, c.HopLimit = true, uint8(v)
			}
		case optionKey{unix.SOL_IP, unix.IP_PKTINFO}, optionKey{unix.SOL_IPV6, unix.IPV6_PKTINFO}:
			if s.stream() {
				return 0
			}
			if by4 && (level == unix.SOL_IP || s.domain == syscall.AF_INET6) {
				var errno syscall.Errno
				t.source, errno = s.sourceFromControl(level, data)
				return errno
			}
			if by4 || level == unix.SOL_IP {
				return 0 // the other protocol's
			}
			if len(data) < unix.SizeofInet6Pktinfo {
				return syscall.EINVAL
			}
			c.HasIPv6PacketInfo = true
			c.IPv6PacketInfo.NIC = tcpip.NICID(binary.NativeEndian.Uint32(data[16:]))
			if a := tcpip.AddrFrom16Slice(data[:16]); !a.Unspecified() {
				c.IPv6PacketInfo.Addr = a
			}
		}
		return 0 // others are no must
	})
	return segment, marks, errno
}

// receiveControl appends the control messages that the program asked for to a received datagram.
func (s *inet) receiveControl(m *message, c *tcpip.ReceivableControlMessages) {
	if c.HasTimestamp {
		s.addTimestamp(m, c)
	}
	if c.HasTTL {
		m.addControlInt(unix.SOL_IP, unix.IP_TTL, int(c.TTL))
	}
	if c.HasTOS {
		m.addControl(unix.SOL_IP, unix.IP_TOS, []byte{c.TOS})
	}
	if c.HasHopLimit {
		m.addControlInt(unix.SOL_IPV6, unix.IPV6_HOPLIMIT, int(c.HopLimit))
	}
	if c.HasTClass {
		m.addControlInt(unix.SOL_IPV6, unix.IPV6_TCLASS, int(c.TClass))
	}
	if c.HasIPPacketInfo {
		var info [unix.SizeofInet4Pktinfo]byte
		binary.NativeEndian.PutUint32(info[:], uint32(c.PacketInfo.NIC))
		local, to := c.PacketInfo.LocalAddr, c.PacketInfo.DestinationAddr
		copy(info[4:], local.AsSlice())
		copy(info[8:], to.AsSlice())
		m.addControl(unix.SOL_IP, unix.IP_PKTINFO, info[:])
	}
	if c.HasIPv6PacketInfo {
		m.addControl(unix.SOL_IPV6, unix.IPV6_PKTINFO, packetInfo6(&c.IPv6PacketInfo))
	}
	if c.HasOriginalDstAddress {
		var a sockaddr
		level, kind := unix.SOL_IP, unix.IP_ORIGDSTADDR
		if s.domain == syscall.AF_INET6 {
			level, kind = unix.SOL_IPV6, unix.IPV6_ORIGDSTADDR
		}
		a.setInet(s.domain, c.OriginalDstAddress)
		m.addControl(level, kind, a.bytes[:a.length])
	}
}

// packetInfo6 is a struct in6_pktinfo (RFC 3542, 6).
func packetInfo6(p *tcpip.IPv6PacketInfo) []byte {
	info := make([]byte, 0, unix.SizeofInet6Pktinfo)
	if p.Addr.Len() == 4 {
		info = append(info, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF)
	}
	info = append(info, p.Addr.AsSlice()...)
	return binary.NativeEndian.AppendUint32(info, uint32(p.NIC))
}

// addTimestamp appends when a datagram arrived: a struct timeval or timespec.
func (s *inet) addTimestamp(m *message, c *tcpip.ReceivableControlMessages) {
	var t [16]byte
	binary.NativeEndian.PutUint64(t[:], uint64(c.Timestamp.Unix()))
	switch {
	case s.timestampNano.Load() != 0:
		binary.NativeEndian.PutUint64(t[8:], uint64(c.Timestamp.Nanosecond()))
		m.addControl(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, t[:])
	case s.timestamp.Load() != 0:
		binary.NativeEndian.PutUint64(t[8:], uint64(c.Timestamp.Nanosecond()/1000))
		m.addControl(unix.SOL_SOCKET, unix.SO_TIMESTAMP, t[:])
	}
}
