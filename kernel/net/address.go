package net

import (
	"encoding/binary"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/ringo-os/ringo/kernel/linux"
)

// A sockaddr is a socket address as programs pass and get it: struct sockaddr, at most as large as
// struct sockaddr_storage.
type sockaddr struct {
	bytes  [128]byte
	length int
}

// Layout of struct sockaddr_in (ip(7)) and sockaddr_in6 (ipv6(7)).
const (
	familySize = 2
	sizeInet4  = 16
	sizeInet6  = 28
	leastInet6 = 24 // without the scope (RFC 2133)

	atPort   = 2
	atInet4  = 4
	atInet6  = 8
	atScope6 = 24
)

// family returns the address family, AF_UNSPEC of an address too short to have one.
func (s *sockaddr) family() int {
	if s.length < familySize {
		return syscall.AF_UNSPEC
	}
	return int(binary.NativeEndian.Uint16(s.bytes[:]))
}

// set makes s an empty address of family, of the given size.
func (s *sockaddr) set(family, length int) {
	clear(s.bytes[:length])
	binary.NativeEndian.PutUint16(s.bytes[:], uint16(family))
	s.length = length
}

// inet reads an IPv4 or IPv6 address for a socket of that family. Unspecified addresses come out
// empty, except for the one that only IPv4 packets are meant by.
func (s *sockaddr) inet(family int) (a tcpip.FullAddress, errno syscall.Errno) {
	switch s.family() {
	case syscall.AF_INET:
		if s.length < sizeInet4 {
			return a, syscall.EINVAL
		}
		a.Port = binary.BigEndian.Uint16(s.bytes[atPort:])
		switch v4 := [4]byte(s.bytes[atInet4:]); {
		case v4 != [4]byte{}:
			a.Addr = tcpip.AddrFrom4(v4)
		case family == syscall.AF_INET6:
			a.Addr = mappedAny
		}
		return a, 0
	case syscall.AF_INET6:
		if family != syscall.AF_INET6 {
			return a, syscall.EAFNOSUPPORT
		}
		if s.length < leastInet6 {
			return a, syscall.EINVAL
		}
		a.Port = binary.BigEndian.Uint16(s.bytes[atPort:])
		if v6 := [16]byte(s.bytes[atInet6:]); v6 != [16]byte{} {
			a.Addr = tcpip.AddrFrom16(v6)
		}
		if s.length >= sizeInet6 && header.IsV6LinkLocalUnicastAddress(a.Addr) || header.IsV6LinkLocalMulticastAddress(a.Addr) {
			a.NIC = tcpip.NICID(binary.NativeEndian.Uint32(s.bytes[atScope6:]))
		}
		return a, 0
	default:
		return a, syscall.EAFNOSUPPORT
	}
}

// mappedAny is ::ffff:0.0.0.0: any address, but of IPv4 only.
var mappedAny = tcpip.AddrFrom16([16]byte{10: 0xFF, 11: 0xFF})

// setInet makes s the address a as a socket of family shows it.
func (s *sockaddr) setInet(family int, a tcpip.FullAddress) {
	if family == syscall.AF_INET {
		s.set(family, sizeInet4)
		if a.Addr.Len() == 4 {
			v4 := a.Addr.As4()
			copy(s.bytes[atInet4:], v4[:])
		}
	} else {
		s.set(family, sizeInet6)
		s.setInet6(a)
	}
	binary.BigEndian.PutUint16(s.bytes[atPort:], a.Port)
}

func (s *sockaddr) setInet6(a tcpip.FullAddress) {
	switch a.Addr.Len() {
	case 4:
		v4 := a.Addr.As4()
		s.bytes[atInet6+10], s.bytes[atInet6+11] = 0xFF, 0xFF
		copy(s.bytes[atInet6+12:], v4[:])
	case 16:
		v6 := a.Addr.As16()
		copy(s.bytes[atInet6:], v6[:])
		if header.IsV6LinkLocalUnicastAddress(a.Addr) || header.IsV6LinkLocalMulticastAddress(a.Addr) {
			binary.NativeEndian.PutUint32(s.bytes[atScope6:], uint32(a.NIC))
		}
	}
}

// copyIn reads the length bytes of an address at p.
func (s *sockaddr) copyIn(p linux.Pointer, length uintptr) syscall.Errno {
	if length > uintptr(len(s.bytes)) {
		return syscall.EINVAL
	}
	memory, errno := linux.Borrow(p, length, linux.In)
	if errno != 0 {
		return errno
	}
	s.length = copy(s.bytes[:], memory.Bytes)
	memory.Return(p, 0)
	return 0
}

// copyOut writes the address to p, as much as the length at lengthAt allows, and its whole length
// there.
func (s *sockaddr) copyOut(p, lengthAt linux.Pointer) syscall.Errno {
	var room int32
	if errno := linux.CopyIn(lengthAt, &room); errno != 0 {
		return errno
	}
	if room < 0 {
		return syscall.EINVAL
	}
	if errno := s.copyTo(p, int(room)); errno != 0 {
		return errno
	}
	length := int32(s.length)
	return linux.CopyOut(lengthAt, &length)
}

// copyTo writes at most room bytes of the address to p.
func (s *sockaddr) copyTo(p linux.Pointer, room int) syscall.Errno {
	n := min(room, s.length)
	memory, errno := linux.Borrow(p, uintptr(n), linux.Out)
	if errno != 0 {
		return errno
	}
	copy(memory.Bytes, s.bytes[:n])
	return memory.Return(p, n)
}
