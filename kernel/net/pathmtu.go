package net

import (
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
)

// discovery is IP_MTU_DISCOVER and IPV6_MTU_DISCOVER, whose values have other numbers in the stack.
func discovery() intOption {
	o := number(tcpip.MTUDiscoverOption, 0, 3)
	inStack := [...]tcpip.PMTUDStrategy{
		unix.IP_PMTUDISC_DONT: tcpip.PMTUDiscoveryDont, unix.IP_PMTUDISC_WANT: tcpip.PMTUDiscoveryWant,
		unix.IP_PMTUDISC_DO: tcpip.PMTUDiscoveryDo, unix.IP_PMTUDISC_PROBE: tcpip.PMTUDiscoveryProbe,
	}
	return intOption{
		get: func(s *inet) (int, tcpip.Error) {
			have, err := o.get(s)
			for v, strategy := range inStack {
				if int(strategy) == have {
					return v, err
				}
			}
			return unix.IP_PMTUDISC_WANT, err
		},
		set: func(s *inet, v int) tcpip.Error {
			if v < 0 || v >= len(inStack) {
				return &tcpip.ErrInvalidOptionValue{}
			}
			err := o.set(s, int(inStack[v]))
			if err == nil {
				s.whole.Store(int64(fromBool(v >= unix.IP_PMTUDISC_DO)))
			}
			return err
		},
	}
}

// mostHeaders is the size of the headers of a UDP datagram without options, of IPv6 as the longer ones.
const mostHeaders = header.IPv6MinimumSize + header.UDPMinimumSize

// fits returns EMSGSIZE for a datagram of n bytes that would have to be sent in fragments, by a socket that wants none
// (IP_PMTUDISC_DO, IP_PMTUDISC_PROBE). The stack would send them all the same. To is nil for the peer.
func (s *inet) fits(n int, to *tcpip.FullAddress) syscall.Errno {
	if s.whole.Load() == 0 || n+mostHeaders <= int(s.network.leastMTU.Load()) || s.protocol != unix.IPPROTO_UDP {
		return 0
	}
	if to == nil {
		peer, err := s.endpoint.GetRemoteAddress()
		if err != nil {
			return 0 // sending will say why
		}
		to = &peer
	}
	protocol, address := ipv6.ProtocolNumber, to.Addr
	if v4 := address.To4(); v4.Len() == header.IPv4AddressSize {
		protocol, address = ipv4.ProtocolNumber, v4
	}
	route, err := s.network.stack.FindRoute(to.NIC, tcpip.Address{}, address, protocol, false)
	if err != nil {
		return 0
	}
	defer route.Release()
	if n+header.UDPMinimumSize > int(route.MTU()) { // of what an IP packet carries
		return syscall.EMSGSIZE
	}
	return 0
}
