package net

import (
	"math"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// inetOptions are the options that the stack does not keep itself.
type inetOptions struct {
	sized                    option // not 0: the program has chosen the sizes of the buffers
	timestamp, timestampNano option // SO_TIMESTAMP, SO_TIMESTAMPNS
	priority                 option // SO_PRIORITY, among packets that wait to be sent; here none do
	segment                  option // UDP_SEGMENT
	merge                    option // UDP_GRO: datagrams may come several at once, which here they never do
	whole                    option // not 0: datagrams are not to be sent in fragments
	marking                  marking
}

// An optionKey names an option.
type optionKey struct{ level, name int }

// An intOption is an option whose value is an int. Without set it is read-only.
type intOption struct {
	get func(s *inet) (int, tcpip.Error)
	set func(s *inet, v int) tcpip.Error
}

// flag makes an option of two methods of the stack's options.
func flag(get func(*tcpip.SocketOptions) bool, set func(*tcpip.SocketOptions, bool)) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) { return fromBool(get(s.endpoint.SocketOptions())), nil },
		set: func(s *inet, v int) tcpip.Error { set(s.endpoint.SocketOptions(), v != 0); return nil },
	}
}

// number makes an option of one that the stack keeps as a number, for values from least to most.
func number(o tcpip.SockOptInt, least, most int) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) { return s.endpoint.GetSockOptInt(o) },
		set: func(s *inet, v int) tcpip.Error {
			if v < least || v > most {
				return &tcpip.ErrInvalidOptionValue{}
			}
			return s.endpoint.SetSockOptInt(o, v)
		},
	}
}

func fromBool(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findOption returns the option with an int value that has a name. They are made when they are asked for: a
// program sets few of them.
func findOption(level, name int) (o intOption, ok bool) {
	switch level {
	case unix.SOL_SOCKET:
		o = socketOption(name)
	case unix.SOL_IP:
		o = ipOption(name)
	case unix.SOL_IPV6:
		o = ipv6Option(name)
	case unix.SOL_TCP:
		o = tcpOption(name)
	case unix.SOL_UDP:
		switch name {
		case unix.UDP_SEGMENT:
			o = kept(func(s *inet) *option { return &s.segment })
		case unix.UDP_GRO:
			o = kept(func(s *inet) *option { return &s.merge })
		}
	}
	return o, o.get != nil
}

// socketOption returns an option of SOL_SOCKET, as do the other levels' for theirs: nothing if there is none
// of that name.
func socketOption(name int) intOption {
	switch name {
	case unix.SO_REUSEADDR:
		return flag((*tcpip.SocketOptions).GetReuseAddress, (*tcpip.SocketOptions).SetReuseAddress)
	case unix.SO_REUSEPORT:
		return flag((*tcpip.SocketOptions).GetReusePort, (*tcpip.SocketOptions).SetReusePort)
	case unix.SO_BROADCAST:
		return flag((*tcpip.SocketOptions).GetBroadcast, (*tcpip.SocketOptions).SetBroadcast)
	case unix.SO_KEEPALIVE:
		return flag((*tcpip.SocketOptions).GetKeepAlive, (*tcpip.SocketOptions).SetKeepAlive)
	case unix.SO_OOBINLINE:
		return flag((*tcpip.SocketOptions).GetOutOfBandInline, (*tcpip.SocketOptions).SetOutOfBandInline)
	case unix.SO_NO_CHECK:
		return flag((*tcpip.SocketOptions).GetNoChecksum, (*tcpip.SocketOptions).SetNoChecksum)
	case unix.SO_SNDBUF:
		return intOption{(*inet).sendBuffer, func(s *inet, v int) tcpip.Error { return s.setSendBuffer(v, false) }}
	case unix.SO_SNDBUFFORCE:
		return intOption{(*inet).sendBuffer, func(s *inet, v int) tcpip.Error { return s.setSendBuffer(v, true) }}
	case unix.SO_RCVBUF:
		return intOption{(*inet).receiveBuffer, func(s *inet, v int) tcpip.Error { return s.setReceiveBuffer(v, false) }}
	case unix.SO_RCVBUFFORCE:
		return intOption{(*inet).receiveBuffer, func(s *inet, v int) tcpip.Error { return s.setReceiveBuffer(v, true) }}
	case unix.SO_ACCEPTCONN:
		return intOption{get: func(s *inet) (int, tcpip.Error) {
			return fromBool(s.endpoint.SocketOptions().GetAcceptConn()), nil
		}}
	case unix.SO_ERROR:
		return intOption{get: func(s *inet) (int, tcpip.Error) {
			err := s.endpoint.SocketOptions().GetLastError()
			if err != nil {
				s.endpoint.SocketOptions().GetLastError() // TCP keeps it in two places
			}
			return int(errnoOf(err)), nil
		}}
	case unix.SO_MARK:
		return intOption{
			get: func(s *inet) (int, tcpip.Error) { return int(s.endpoint.SocketOptions().GetMark()), nil },
			set: func(s *inet, v int) tcpip.Error { s.endpoint.SocketOptions().SetMark(uint32(v)); return nil },
		}
	case unix.SO_RCVLOWAT:
		return intOption{
			get: func(s *inet) (int, tcpip.Error) { return int(s.endpoint.SocketOptions().GetRcvlowat()), nil },
			set: func(s *inet, v int) tcpip.Error { return s.endpoint.SocketOptions().SetRcvlowat(int32(v)) },
		}
	case unix.SO_BINDTOIFINDEX:
		return intOption{
			get: func(s *inet) (int, tcpip.Error) { return int(s.endpoint.SocketOptions().GetBindToDevice()), nil },
			set: (*inet).bindToIndex,
		}
	case unix.SO_SNDLOWAT:
		return intOption{get: func(*inet) (int, tcpip.Error) { return 1, nil }}
	case unix.SO_PRIORITY:
		return kept(func(s *inet) *option { return &s.priority })
	case unix.SO_DEBUG, unix.SO_BSDCOMPAT, unix.SO_BUSY_POLL, unix.SO_PREFER_BUSY_POLL, unix.SO_BUSY_POLL_BUDGET:
		return tolerated(0)
	case unix.SO_TIMESTAMP:
		return kept(func(s *inet) *option { return &s.timestamp })
	case unix.SO_TIMESTAMPNS:
		return kept(func(s *inet) *option { return &s.timestampNano })
	}
	return intOption{}
}

func (s *inet) sendBuffer() (int, tcpip.Error) {
	return int(s.endpoint.SocketOptions().GetSendBufferSize()), nil
}

// setSendBuffer is SO_SNDBUF, or SO_SNDBUFFORCE, for which the machine's limit is none.
func (s *inet) setSendBuffer(v int, force bool) tcpip.Error {
	o := s.endpoint.SocketOptions()
	least, most := o.SendBufferLimits()
	if force {
		v, most = max(v, 0), mostForced
	}
	s.sized.Store(1)
	o.SetSendBufferSize(bufferSize(v, least, most), true)
	s.fitShortcut()
	return nil
}

func (s *inet) receiveBuffer() (int, tcpip.Error) {
	return int(s.endpoint.SocketOptions().GetReceiveBufferSize()), nil
}

// setReceiveBuffer is SO_RCVBUF, or SO_RCVBUFFORCE, for which the machine's limit is none.
func (s *inet) setReceiveBuffer(v int, force bool) tcpip.Error {
	o := s.endpoint.SocketOptions()
	least, most := o.ReceiveBufferLimits()
	if force {
		v, most = max(v, 0), mostForced
	}
	s.sized.Store(1)
	o.SetReceiveBufferSize(bufferSize(v, least, most), true)
	s.fitShortcut()
	return nil
}

// mostForced is what is left when a size that is doubled must fit into an int (Linux, __sock_set_rcvbuf).
const mostForced = math.MaxInt32 / 2

// bufferSize doubles the size that the program asks for, as Linux does, to allow for overhead
// (socket(7)).
func bufferSize(v int, least, most int64) int64 {
	if v < 0 {
		v = math.MaxInt32
	}
	return max(2*min(int64(v), most), least)
}

func (s *inet) setOption(level, name int, value []byte) syscall.Errno {
	if !s.hasLevel(level) {
		return syscall.ENOPROTOOPT
	}
	if o, ok := findOption(level, name); ok {
		v, errno := getInt(value, level)
		if errno != 0 {
			return errno
		}
		if o.set == nil {
			return syscall.ENOPROTOOPT
		}
		return errnoOf(o.set(s, v))
	}
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_LINGER}:
		return s.setLinger(value)
	case optionKey{unix.SOL_SOCKET, unix.SO_BINDTODEVICE}:
		return s.bindToDevice(string(value))
	case optionKey{unix.SOL_SOCKET, unix.SO_DETACH_FILTER}:
		return s.setFilter(nil)
	case optionKey{unix.SOL_TCP, unix.TCP_CONGESTION}:
		algorithm := tcpip.CongestionControlOption(cString(value))
		return errnoOf(s.endpoint.SetSockOpt(&algorithm))
	case optionKey{unix.SOL_ICMPV6, unix.ICMPV6_FILTER}:
		return s.setICMPFilter(value)
	}
	return s.setMulticast(level, name, value)
}

func (s *inet) option(level, name int, value []byte) (int, syscall.Errno) {
	if !s.hasLevel(level) {
		return 0, syscall.ENOPROTOOPT
	}
	if o, ok := findOption(level, name); ok {
		v, err := o.get(s)
		if err != nil {
			return 0, errnoOf(err)
		}
		return putInt(value, v)
	}
	switch (optionKey{level, name}) {
	case optionKey{unix.SOL_SOCKET, unix.SO_LINGER}:
		linger := s.endpoint.SocketOptions().GetLinger()
		putInt(value, fromBool(linger.Enabled))
		putInt(value[4:], int(linger.Timeout/time.Second))
		return 8, 0
	case optionKey{unix.SOL_SOCKET, unix.SO_BINDTODEVICE}:
		id := tcpip.NICID(s.endpoint.SocketOptions().GetBindToDevice())
		if id == 0 {
			return 0, 0
		}
		return copy(value, s.network.stack.FindNICNameFromID(id)+"\x00"), 0
	case optionKey{unix.SOL_TCP, unix.TCP_INFO}:
		return s.tcpInfo(value)
	case optionKey{unix.SOL_TCP, unix.TCP_CONGESTION}:
		var algorithm tcpip.CongestionControlOption
		err := s.endpoint.GetSockOpt(&algorithm)
		return copy(value, algorithm+"\x00"), errnoOf(err)
	}
	return 0, syscall.ENOPROTOOPT
}

// hasLevel reports whether options of level make sense for the socket. Those of IPv4 do for IPv6
// sockets too, which may carry IPv4.
func (s *inet) hasLevel(level int) bool {
	switch level {
	case unix.SOL_TCP:
		return s.protocol == unix.IPPROTO_TCP
	case unix.SOL_UDP:
		return s.protocol == unix.IPPROTO_UDP
	case unix.SOL_IPV6, unix.SOL_ICMPV6:
		return s.domain == unix.AF_INET6
	default:
		return true
	}
}

// setLinger sets struct linger: two ints.
func (s *inet) setLinger(value []byte) syscall.Errno {
	if len(value) < 8 {
		return syscall.EINVAL
	}
	on, _ := getInt(value, 0)
	seconds, _ := getInt(value[4:], 0)
	s.endpoint.SocketOptions().SetLinger(tcpip.LingerOption{
		Enabled: on != 0,
		Timeout: time.Duration(max(seconds, 0)) * time.Second,
	})
	return 0
}

func (s *inet) bindToDevice(name string) syscall.Errno {
	name = cString([]byte(name))
	i, ok := s.network.named(name)
	if !ok && name != "" {
		return syscall.ENODEV
	}
	return errnoOf(s.endpoint.SocketOptions().SetBindToDevice(int32(i.id)))
}

func (s *inet) bindToIndex(index int) tcpip.Error {
	if _, ok := s.network.numbered(int32(index)); !ok && index != 0 {
		return &tcpip.ErrUnknownDevice{}
	}
	return s.endpoint.SocketOptions().SetBindToDevice(int32(index))
}

// cString is the text before the first NUL.
func cString(p []byte) string {
	for i, c := range p {
		if c == 0 {
			return string(p[:i])
		}
	}
	return string(p)
}
