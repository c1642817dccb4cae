package net

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A packetSocket is one of AF_PACKET (packet(7)): it gets packets as they pass an interface, and sends such. Of
// SOCK_RAW they have their Ethernet header. There is no ring that is mapped (PACKET_RX_RING).
type packetSocket struct {
	*inet
	closing sync.Once

	counting   sync.Mutex // guards what follows
	came, lost uint64     // how many packets had, when the program asked for that last
}

// Layout of struct sockaddr_ll.
const (
	sizeLink      = 20
	leastLink     = 12 // without an address
	mostLinkBytes = 8
	atLinkNumber  = 2 // the protocol, big endian
	atLinkDevice  = 4
	atLinkKind    = 8
	atLinkPacket  = 10
	atLinkLength  = 11
	atLinkBytes   = 12
)

// openPacket makes a socket of AF_PACKET. Its protocol is in the order of the network; without one it receives nothing
// until it is bound.
func (n *Network) openPacket(kind, protocol int) (socket, syscall.Errno) {
	if kind != syscall.SOCK_RAW && kind != syscall.SOCK_DGRAM {
		return nil, syscall.ESOCKTNOSUPPORT
	}
	queue := new(waiter.Queue)
	number := tcpip.NetworkProtocolNumber(networkOrder(uint16(protocol)))
	e, err := n.stack.NewPacketEndpoint(kind == syscall.SOCK_DGRAM, number, queue)
	if err != nil {
		return nil, errnoOf(err)
	}
	packetSockets.Add(1)
	return &packetSocket{inet: newInet(n, unix.AF_PACKET, kind, protocol, e, queue)}, 0
}

// networkOrder swaps the bytes of v.
func networkOrder(v uint16) uint16 { return v<<8 | v>>8 }

// Close implements file.File.
func (s *packetSocket) Close() syscall.Errno {
	s.closing.Do(func() { packetSockets.Add(-1) })
	return s.inet.Close()
}

// link reads a struct sockaddr_ll.
func (s *sockaddr) link() (a tcpip.FullAddress, errno syscall.Errno) {
	switch {
	case s.length < leastLink:
		return a, syscall.EINVAL
	case s.family() != unix.AF_PACKET:
		return a, syscall.EAFNOSUPPORT
	}
	length := int(s.bytes[atLinkLength])
	if length > mostLinkBytes || atLinkBytes+length > s.length {
		return a, syscall.EINVAL
	}
	a.Port = binary.BigEndian.Uint16(s.bytes[atLinkNumber:])
	a.NIC = tcpip.NICID(int32(binary.NativeEndian.Uint32(s.bytes[atLinkDevice:])))
	a.LinkAddr = tcpip.LinkAddress(s.bytes[atLinkBytes : atLinkBytes+length])
	return a, 0
}

// setLink makes s a struct sockaddr_ll for a packet of some kind, that has address to do with.
func (s *sockaddr) setLink(i numberedNIC, protocol uint16, packet byte, address []byte) {
	s.set(unix.AF_PACKET, sizeLink)
	binary.BigEndian.PutUint16(s.bytes[atLinkNumber:], protocol)
	binary.NativeEndian.PutUint32(s.bytes[atLinkDevice:], uint32(i.id))
	if i.id != 0 {
		kind, _ := i.hardware()
		binary.NativeEndian.PutUint16(s.bytes[atLinkKind:], kind)
	}
	s.bytes[atLinkPacket] = packet
	s.bytes[atLinkLength] = byte(copy(s.bytes[atLinkBytes:sizeLink], address))
}

func (s *packetSocket) bind(to *sockaddr) syscall.Errno {
	if to.length < sizeLink {
		return syscall.EINVAL
	}
	address, errno := to.link()
	if errno != 0 {
		return syscall.EINVAL
	}
	if _, ok := s.network.numbered(int32(address.NIC)); !ok && address.NIC != 0 {
		return syscall.ENODEV
	}
	return errnoOf(s.endpoint.Bind(address))
}

func (s *packetSocket) connect(*sockaddr) syscall.Errno { return syscall.EOPNOTSUPP }
func (s *packetSocket) listen(int) syscall.Errno        { return syscall.EOPNOTSUPP }
func (s *packetSocket) accept() (socket, syscall.Errno) { return nil, syscall.EOPNOTSUPP }
func (s *packetSocket) peer(*sockaddr) syscall.Errno    { return syscall.EOPNOTSUPP }
func (s *packetSocket) shutdown(int) syscall.Errno      { return syscall.EOPNOTSUPP }

func (s *packetSocket) name(a *sockaddr) syscall.Errno {
	address, err := s.endpoint.GetLocalAddress()
	if err != nil {
		return errnoOf(err)
	}
	i, ok := s.network.numbered(int32(address.NIC))
	var hardware []byte
	if ok {
		_, hardware = i.hardware()
	}
	a.setLink(i, address.Port, 0, hardware)
	return 0
}

// Read implements file.File.
func (s *packetSocket) Read(p []byte) (int, syscall.Errno) { return readMessage(s, p) }

// Write implements file.File.
func (s *packetSocket) Write(p []byte) (int, syscall.Errno) { return writeMessage(s, p) }

func (s *packetSocket) send(m *message) (int, syscall.Errno) {
	if m.flags&syscall.MSG_OOB != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	to, err := s.endpoint.GetLocalAddress()
	if err != nil {
		return 0, errnoOf(err)
	}
	if m.address.length > 0 {
		given, errno := m.address.link()
		if errno != 0 {
			return 0, errno
		}
		given.NIC, given.Port = cmp.Or(given.NIC, to.NIC), cmp.Or(given.Port, to.Port)
		to = given
	} else if s.kind == syscall.SOCK_DGRAM {
		return 0, syscall.EINVAL // no header can be made
	}
	i, ok := s.network.numbered(int32(to.NIC))
	if !ok {
		return 0, syscall.ENXIO
	}
	p := m.bytes
	if s.kind == syscall.SOCK_RAW {
		if len(p) < header.EthernetMinimumSize {
			return 0, syscall.EINVAL
		}
		to.Port = uint16(header.Ethernet(p).Type())
		if i.info.Flags.Loopback {
			p = p[header.EthernetMinimumSize:] // the stack's has none
		}
	}
	if len(p) > int(i.info.MTU)+header.EthernetMinimumSize {
		return 0, syscall.EMSGSIZE
	}
	if _, err := s.endpoint.Write(bytes.NewReader(p), tcpip.WriteOptions{To: &to}); err != nil {
		return 0, errnoOf(err)
	}
	return len(m.bytes), 0
}

func (s *packetSocket) receive(m *message) (int, syscall.Errno) {
	if m.flags&(syscall.MSG_OOB|syscall.MSG_ERRQUEUE) != 0 {
		return 0, syscall.EAGAIN // nothing is put there
	}
	peek := m.flags&syscall.MSG_PEEK != 0
	for {
		packet, i, result, err := s.next(peek)
		if err != nil {
			return 0, errnoOf(err)
		}
		if f := s.filter.Load(); f != nil {
			var ok bool
			if packet, ok = f.trim(packet, 0); !ok {
				if peek {
					s.next(false)
				}
				continue
			}
		}
		n := copy(m.bytes, packet)
		if m.wantAddress {
			hardware := []byte(result.RemoteAddr.LinkAddr)
			if i.info.Flags.Loopback {
				_, hardware = i.hardware()
			}
			m.address.setLink(i, uint16(result.LinkPacketInfo.Protocol), packetKind(result.LinkPacketInfo.PktType), hardware)
		}
		return m.taken(n, len(packet)), 0
	}
}

// next returns the next packet, and the interface where it was.
func (s *packetSocket) next(peek bool) (packet []byte, i numberedNIC, result tcpip.ReadResult, err tcpip.Error) {
	var whole bytes.Buffer
	whole.Write(make([]byte, header.EthernetMinimumSize))
	result, err = s.endpoint.Read(&whole, tcpip.ReadOptions{Peek: peek, NeedRemoteAddr: true, NeedLinkPacketInfo: true})
	if err != nil {
		return nil, i, result, err
	}
	packet = whole.Bytes()
	i, _ = s.network.numbered(int32(result.RemoteAddr.NIC))
	if s.kind == syscall.SOCK_RAW && i.info.Flags.Loopback { // on Linux lo has such a header, with no addresses in it
		binary.BigEndian.PutUint16(packet[2*header.EthernetAddressSize:], uint16(result.LinkPacketInfo.Protocol))
		return packet, i, result, nil
	}
	return packet[header.EthernetMinimumSize:], i, result, nil
}

// packetKind is sll_pkttype.
func packetKind(t tcpip.PacketType) byte {
	switch t {
	case tcpip.PacketBroadcast:
		return unix.PACKET_BROADCAST
	case tcpip.PacketMulticast:
		return unix.PACKET_MULTICAST
	case tcpip.PacketOtherHost:
		return unix.PACKET_OTHERHOST
	case tcpip.PacketOutgoing:
		return unix.PACKET_OUTGOING
	default:
		return unix.PACKET_HOST
	}
}
