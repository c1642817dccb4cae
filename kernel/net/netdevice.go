package net

import (
	"encoding/binary"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/linux"
)

// An ifreq is a struct ifreq (netdevice(7)): an interface's name, and a union.
type ifreq [40]byte

// ifreqValue is where the union begins; a struct sockaddr in it has its address behind family and port.
const (
	ifreqValue   = unix.IFNAMSIZ
	ifreqAddress = ifreqValue + 4
)

// socketRequests is the second byte of all requests that ioctl has for sockets of any kind.
const socketRequests = 0x89

// callIoctl is ioctl, which knows interfaces by way of any socket. They can be looked at; who changes them is the kernel
// command line.
func (n *Network) callIoctl(a *call.Arguments) (uintptr, syscall.Errno) {
	request := uint32(a.Value[1])
	if request>>8 == socketRequests {
		if _, s, errno := lookup(a.Value[0]); errno == 0 {
			errno := n.deviceRequest(request, s.properties().domain, linux.Argument(a, 2))
			if errno != syscall.ENOTTY {
				return 0, errno
			}
		}
	}
	return linux.Ioctl(a)
}

// deviceRequest answers a request of netdevice(7), ENOTTY if it is none.
func (n *Network) deviceRequest(request uint32, domain int, p linux.Pointer) syscall.Errno {
	switch request {
	case unix.SIOCGIFCONF:
		return n.listDevices(p)
	case unix.SIOCETHTOOL:
		return n.ethtool(p)
	case unix.SIOCGIFADDR, unix.SIOCGIFNETMASK, unix.SIOCGIFBRDADDR, unix.SIOCGIFDSTADDR:
		if domain != syscall.AF_INET && domain != unix.AF_PACKET {
			return syscall.ENOTTY
		}
	case unix.SIOCGIFNAME, unix.SIOCGIFINDEX, unix.SIOCGIFFLAGS, unix.SIOCGIFMETRIC, unix.SIOCGIFMTU, unix.SIOCGIFHWADDR,
		unix.SIOCGIFTXQLEN, unix.SIOCGIFMAP:
	default:
		return syscall.ENOTTY
	}
	var r ifreq
	if errno := linux.CopyIn(p, &r); errno != 0 {
		return errno
	}
	i, ok := n.named(r.name())
	if request == unix.SIOCGIFNAME {
		i, ok = n.numbered(int32(binary.NativeEndian.Uint32(r[ifreqValue:])))
		setName(&r, i)
	}
	if !ok {
		return syscall.ENODEV
	}
	if errno := r.fill(request, i); errno != 0 {
		return errno
	}
	return linux.CopyOut(p, &r)
}

// fill puts what is asked for into the union.
func (r *ifreq) fill(request uint32, i numberedNIC) syscall.Errno {
	value := r[ifreqValue:]
	switch request {
	case unix.SIOCGIFINDEX:
		binary.NativeEndian.PutUint32(value, uint32(i.id))
	case unix.SIOCGIFFLAGS:
		binary.NativeEndian.PutUint16(value, uint16(i.flags()))
	case unix.SIOCGIFMTU:
		binary.NativeEndian.PutUint32(value, i.info.MTU)
	case unix.SIOCGIFTXQLEN:
		binary.NativeEndian.PutUint32(value, queueLength)
	case unix.SIOCGIFMETRIC:
		binary.NativeEndian.PutUint32(value, 0)
	case unix.SIOCGIFMAP:
		clear(value) // no memory, no port: such is virtio
	case unix.SIOCGIFHWADDR:
		kind, address := i.hardware()
		clear(value)
		binary.NativeEndian.PutUint16(value, kind)
		copy(value[2:], address)
	case unix.SIOCGIFADDR, unix.SIOCGIFNETMASK, unix.SIOCGIFBRDADDR, unix.SIOCGIFDSTADDR:
		return r.fillAddress(request, i)
	}
	return 0
}

// fillAddress puts the interface's first address of IPv4, or what belongs to it, into the union, as a struct sockaddr_in.
func (r *ifreq) fillAddress(request uint32, i numberedNIC) syscall.Errno {
	for _, a := range i.info.ProtocolAddresses {
		if a.Protocol != header.IPv4ProtocolNumber {
			continue
		}
		subnet := a.AddressWithPrefix.Subnet()
		address := a.AddressWithPrefix.Address.As4()
		switch request {
		case unix.SIOCGIFNETMASK:
			mask := subnet.Mask()
			copy(address[:], mask.AsSlice())
		case unix.SIOCGIFBRDADDR:
			address = [4]byte{}
			if !i.info.Flags.Loopback {
				broadcast := subnet.Broadcast()
				address = broadcast.As4()
			}
		}
		clear(r[ifreqValue:])
		binary.NativeEndian.PutUint16(r[ifreqValue:], syscall.AF_INET)
		copy(r[ifreqAddress:], address[:])
		return 0
	}
	return syscall.EADDRNOTAVAIL
}

// listDevices is SIOCGIFCONF, with a struct ifconf: it lists the interfaces with an address of IPv4, or says how much room
// a list would take.
func (n *Network) listDevices(p linux.Pointer) syscall.Errno {
	const bufferAt = 8
	var size int32
	if errno := linux.CopyIn(p, &size); errno != 0 {
		return errno
	}
	buffer, errno := p.Add(bufferAt).Load()
	if errno != 0 {
		return errno
	}
	written := int32(0)
	for _, i := range n.sortedNICs() {
		var r ifreq
		if r.fillAddress(unix.SIOCGIFADDR, i) != 0 {
			continue
		}
		setName(&r, i)
		if !buffer.IsNil() {
			if size-written < int32(len(r)) {
				break
			}
			if errno := linux.CopyOut(buffer.Add(uintptr(written)), &r); errno != 0 {
				return errno
			}
		}
		written += int32(len(r))
	}
	return linux.CopyOut(p, &written)
}

// ethtool is SIOCETHTOOL: the union points to a command. Those here are what is known without a driver of Linux's.
func (n *Network) ethtool(p linux.Pointer) syscall.Errno {
	var r ifreq
	if errno := linux.CopyIn(p, &r); errno != 0 {
		return errno
	}
	i, ok := n.named(r.name())
	if !ok {
		return syscall.ENODEV
	}
	data, errno := p.Add(ifreqValue).Load()
	if errno != 0 {
		return errno
	}
	var command uint32
	if errno := linux.CopyIn(data, &command); errno != 0 {
		return errno
	}
	switch {
	case command == unix.ETHTOOL_GLINK:
		const on = 1
		answer := [2]uint32{command, on}
		return linux.CopyOut(data, &answer)
	case command == unix.ETHTOOL_GDRVINFO && !i.info.Flags.Loopback:
		info := unix.EthtoolDrvinfo{Cmd: command}
		copy(info.Driver[:], "virtio_net")
		copy(info.Version[:], "1.0.0")
		return linux.CopyOut(data, &info)
	}
	return syscall.EOPNOTSUPP
}

// name is that of the interface, which may have an alias behind a colon.
func (r *ifreq) name() string {
	name, _, _ := strings.Cut(cString(r[:unix.IFNAMSIZ-1]), ":")
	return name
}

// named and numbered find an interface.
func (n *Network) named(name string) (numberedNIC, bool) {
	for _, i := range n.sortedNICs() {
		if i.info.Name == name {
			return i, true
		}
	}
	return numberedNIC{}, false
}

func (n *Network) numbered(index int32) (numberedNIC, bool) {
	for _, i := range n.sortedNICs() {
		if int32(i.id) == index {
			return i, true
		}
	}
	return numberedNIC{}, false
}

func setName(r *ifreq, i numberedNIC) {
	clear(r[:unix.IFNAMSIZ])
	copy(r[:unix.IFNAMSIZ-1], i.info.Name)
}
