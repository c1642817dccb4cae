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

// seconds makes an option in seconds of one that the stack keeps as a duration.
func duration[O any, P interface {
	*O
	tcpip.GettableSocketOption
	tcpip.SettableSocketOption
}](unit time.Duration, make func(time.Duration) O, take func(O) time.Duration, least int) intOption {
	return intOption{
		get: func(s *inet) (int, tcpip.Error) {
			var o O
			err := s.endpoint.GetSockOpt(P(&o))
			return int(take(o) / unit), err
		},
		set: func(s *inet, v int) tcpip.Error {
			if v < least {
				return &tcpip.ErrInvalidOptionValue{}
			}
			o := make(time.Duration(v) * unit)
			return s.endpoint.SetSockOpt(P(&o))
		},
	}
}

// keepaliveMost is the largest interval of keepalives in seconds (MAX_TCP_KEEPIDLE).
const keepaliveMost = 32767

func init() {
	idle := duration(time.Second,
		func(d time.Duration) tcpip.KeepaliveIdleOption { return tcpip.KeepaliveIdleOption(d) },
		func(o tcpip.KeepaliveIdleOption) time.Duration { return time.Duration(o) }, 1)
	interval := duration(time.Second,
		func(d time.Duration) tcpip.KeepaliveIntervalOption { return tcpip.KeepaliveIntervalOption(d) },
		func(o tcpip.KeepaliveIntervalOption) time.Duration { return time.Duration(o) }, 1)
	userTimeout := duration(time.Millisecond,
		func(d time.Duration) tcpip.TCPUserTimeoutOption { return tcpip.TCPUserTimeoutOption(d) },
		func(o tcpip.TCPUserTimeoutOption) time.Duration { return time.Duration(o) }, 0)
	linger := duration(time.Second,
		func(d time.Duration) tcpip.TCPLingerTimeoutOption { return tcpip.TCPLingerTimeoutOption(d) },
		func(o tcpip.TCPLingerTimeoutOption) time.Duration { return time.Duration(o) }, math.MinInt32)
	deferAccept := duration(time.Second,
		func(d time.Duration) tcpip.TCPDeferAcceptOption { return tcpip.TCPDeferAcceptOption(d) },
		func(o tcpip.TCPDeferAcceptOption) time.Duration { return time.Duration(o) }, 0)

	for name, o := range map[int]intOption{
		unix.TCP_NODELAY: flag(
			func(o *tcpip.SocketOptions) bool { return !o.GetDelayOption() },
			func(o *tcpip.SocketOptions, v bool) { o.SetDelayOption(!v) }),
		unix.TCP_CORK:          flag((*tcpip.SocketOptions).GetCorkOption, (*tcpip.SocketOptions).SetCorkOption),
		unix.TCP_QUICKACK:      flag((*tcpip.SocketOptions).GetQuickAck, (*tcpip.SocketOptions).SetQuickAck),
		unix.TCP_MAXSEG:        number(tcpip.MaxSegOption, 0, math.MaxUint16),
		unix.TCP_KEEPIDLE:      atMost(idle, keepaliveMost),
		unix.TCP_KEEPINTVL:     atMost(interval, keepaliveMost),
		unix.TCP_KEEPCNT:       number(tcpip.KeepaliveCountOption, 1, 127),
		unix.TCP_SYNCNT:        number(tcpip.TCPSynCountOption, 1, 127),
		unix.TCP_WINDOW_CLAMP:  number(tcpip.TCPWindowClampOption, 0, math.MaxInt32),
		unix.TCP_USER_TIMEOUT:  userTimeout,
		unix.TCP_LINGER2:       linger,
		unix.TCP_DEFER_ACCEPT:  deferAccept,
		unix.TCP_FASTOPEN:      tolerated(0),
		unix.TCP_NOTSENT_LOWAT: tolerated(0),
	} {
		intOptions[optionKey{unix.SOL_TCP, name}] = o
	}
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
