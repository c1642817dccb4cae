package net

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// An option is the value of an option that is kept here.
type option = atomic.Int64

// kept makes an option that is only kept; what it means, others look up.
func kept(where func(*inet) *option) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) { return int(where(s).Load()), nil },
		set: func(s *inet, v int) tcpip.Error { where(s).Store(int64(v)); return nil },
	}
}

// tolerated makes an option that may be set without any effect: it is about speed alone.
func tolerated(value int) intOption {
	return intOption{
		get: func(*inet) (int, tcpip.Error) { return value, nil },
		set: func(*inet, int) tcpip.Error { return nil },
	}
}

// duration makes an option in units of one that the stack keeps as a duration.
func duration[O ~int64, P interface {
	*O
	tcpip.GettableSocketOption
	tcpip.SettableSocketOption
}](unit time.Duration, least int) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) {
			var o O
			err := s.endpoint.GetSockOpt(P(&o))
			return int(time.Duration(o) / unit), err
		},
		set: func(s *inet, v int) tcpip.Error {
			if v < least {
				return &tcpip.ErrInvalidOptionValue{}
			}
			o := O(time.Duration(v) * unit)
			return s.endpoint.SetSockOpt(P(&o))
		},
	}
}

// keepaliveMost is the largest interval of keepalives in seconds (MAX_TCP_KEEPIDLE).
const keepaliveMost = 32767

func tcpOption(name int) intOption {
	switch name {
	case unix.TCP_NODELAY:
		return flag(
			func(o *tcpip.SocketOptions) bool { return !o.GetDelayOption() },
			func(o *tcpip.SocketOptions, v bool) { o.SetDelayOption(!v) })
	case unix.TCP_CORK:
		return flag((*tcpip.SocketOptions).GetCorkOption, (*tcpip.SocketOptions).SetCorkOption)
	case unix.TCP_QUICKACK:
		return flag((*tcpip.SocketOptions).GetQuickAck, (*tcpip.SocketOptions).SetQuickAck)
	case unix.TCP_MAXSEG:
		return number(tcpip.MaxSegOption, 0, math.MaxUint16)
	case unix.TCP_KEEPIDLE:
		return atMost(duration[tcpip.KeepaliveIdleOption](time.Second, 1), keepaliveMost)
	case unix.TCP_KEEPINTVL:
		return atMost(duration[tcpip.KeepaliveIntervalOption](time.Second, 1), keepaliveMost)
	case unix.TCP_KEEPCNT:
		return number(tcpip.KeepaliveCountOption, 1, 127)
	case unix.TCP_SYNCNT:
		return number(tcpip.TCPSynCountOption, 1, 127)
	case unix.TCP_WINDOW_CLAMP:
		return number(tcpip.TCPWindowClampOption, 0, math.MaxInt32)
	case unix.TCP_USER_TIMEOUT:
		return duration[tcpip.TCPUserTimeoutOption](time.Millisecond, 0)
	case unix.TCP_LINGER2:
		return duration[tcpip.TCPLingerTimeoutOption](time.Second, math.MinInt32)
	case unix.TCP_DEFER_ACCEPT:
		return duration[tcpip.TCPDeferAcceptOption](time.Second, 0)
	case unix.TCP_FASTOPEN, unix.TCP_FASTOPEN_CONNECT, unix.TCP_NOTSENT_LOWAT, unix.TCP_THIN_LINEAR_TIMEOUTS, unix.TCP_THIN_DUPACK:
		return tolerated(0)
	}
	return intOption{}
}

func atMost(o intOption, most int) intOption {
	set := o.set
	o.set = func(s *inet, v int) tcpip.Error {
		if v > most {
			return &tcpip.ErrInvalidOptionValue{}
		}
		return set(s, v)
	}
	return o
}

// Fields of struct tcp_info (tcp(7), linux/tcp.h), as far as they are filled.
const (
	tcpInfoSize     = 104
	tcpInfoState    = 0
	tcpInfoCaState  = 1
	tcpInfoRTO      = 8
	tcpInfoRTT      = 68
	tcpInfoRTTVar   = 72
	tcpInfoSsthresh = 76
	tcpInfoCwnd     = 80
	tcpInfoReorder  = 88
)

// tcpInfo fills a struct tcp_info. Times are in microseconds.
func (s *inet) tcpInfo(value []byte) (int, syscall.Errno) {
	var info tcpip.TCPInfoOption
	if err := s.endpoint.GetSockOpt(&info); err != nil {
		return 0, errnoOf(err)
	}
	clear(value[:tcpInfoSize])
	put := func(at int, v uint32) { binary.NativeEndian.PutUint32(value[at:], v) }
	value[tcpInfoState] = linuxState(tcp.EndpointState(s.endpoint.State()))
	value[tcpInfoCaState] = byte(info.CcState)
	put(tcpInfoRTO, uint32(info.RTO/time.Microsecond))
	put(tcpInfoRTT, uint32(info.RTT/time.Microsecond))
	put(tcpInfoRTTVar, uint32(info.RTTVar/time.Microsecond))
	put(tcpInfoSsthresh, info.SndSsthresh)
	put(tcpInfoCwnd, info.SndCwnd)
	put(tcpInfoReorder, uint32(fromBool(info.ReorderSeen)))
	return tcpInfoSize, 0
}

// linuxState is the number that Linux has for a state of TCP.
func linuxState(state tcp.EndpointState) byte {
	switch state {
	case tcp.StateEstablished:
		return unix.BPF_TCP_ESTABLISHED
	case tcp.StateSynSent:
		return unix.BPF_TCP_SYN_SENT
	case tcp.StateSynRecv:
		return unix.BPF_TCP_SYN_RECV
	case tcp.StateFinWait1:
		return unix.BPF_TCP_FIN_WAIT1
	case tcp.StateFinWait2:
		return unix.BPF_TCP_FIN_WAIT2
	case tcp.StateTimeWait:
		return unix.BPF_TCP_TIME_WAIT
	case tcp.StateCloseWait:
		return unix.BPF_TCP_CLOSE_WAIT
	case tcp.StateLastAck:
		return unix.BPF_TCP_LAST_ACK
	case tcp.StateListen:
		return unix.BPF_TCP_LISTEN
	case tcp.StateClosing:
		return unix.BPF_TCP_CLOSING
	default:
		return unix.BPF_TCP_CLOSE
	}
}
