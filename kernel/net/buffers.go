package net

import (
	"math/bits"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/ringo-os/ringo/kernel/file"
)

// The buffers of all TCP connections together should leave room for the program, so the more connections there are, the
// smaller each one's are (Linux has net.ipv4.tcp_mem for it). The stack knows limits for one connection alone.

// shares says how much of memory the connections' buffers may take.
type shares struct {
	all     int // of all connections together, for each direction
	initial int // what a connection begins with if there are few
	most    int // what one may have at the most
	each    atomic.Int64
}

// beginShares makes it fit a machine with so much memory: a connection begins with a 256th of it for each direction and grows
// to a 32nd, all of them together to an eighth.
func (n *Network) beginShares(memory uint64) tcpip.Error {
	n.shares.all = int(memory / 8)
	n.shares.initial = int(min(max(memory/256, 64<<10), 1<<20))
	n.shares.most = int(min(max(memory/32, 256<<10), 4<<20))
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: n.shares.initial, Max: n.shares.most}
	receive := tcpip.TCPReceiveBufferSizeRangeOption(send)
	for _, option := range []tcpip.SettableTransportProtocolOption{&moderate, &send, &receive} {
		if err := n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return err
		}
	}
	n.share()
	return nil
}

// share divides what there is among the connections there are. It is called when that number has changed.
//
// The stack's own limits stay as they are: the window scales of handshakes that are under way depend on them.
func (n *Network) share() {
	s := &n.shares
	connections := max(int(n.patience.established.Value()), 1)
	each := max(min(s.all/connections, s.most), tcp.MinBufferSize)
	s.each.Store(1 << (bits.Len(uint(each)) - 1)) // a power of two, so that it changes rarely
}

// fitBuffers gives a connection the buffers that are its share now, unless the program has said what it wants.
func (s *inet) fitBuffers() {
	shares := &s.network.shares
	each := shares.each.Load()
	if s.fitted.Load() == each || s.sized.Load() != 0 {
		return
	}
	s.fitted.Store(each)
	o, initial := s.endpoint.SocketOptions(), min(int64(shares.initial), each)
	if size := o.GetSendBufferSize(); size > each || size < initial {
		o.SetSendBufferSize(initial, false) // without telling the endpoint, which would take it for the program's wish
		s.watchers.Notify(file.Writable)
	}
	if size := o.GetReceiveBufferSize(); size > each || size < initial {
		o.SetReceiveBufferSize(initial, false)
	}
}
