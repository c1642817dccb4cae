package net

import (
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// A connection that is over is not forgotten at once: for a minute, somebody waits for what may still be on the way
// (TIME-WAIT, RFC 9293, 3.3.2), or for the end that the other side has not sent yet (FIN-WAIT-2). The stack keeps all of
// it meanwhile, which is 8 KiB, so that a server with many short connections would run out of memory. Linux keeps less,
// and if there are too many nothing (net.ipv4.tcp_max_tw_buckets); here the wait gets shorter the more of them there are.

// A patience says how long connections that are over are waited for.
type patience struct {
	most                   int // how many there should be
	connected, established *tcpip.StatCounter
	level                  atomic.Int32 // the one of waits that is chosen
}

// waits are the times for each quarter of what there should be. The last one is what a segment takes around the world and
// back.
var waits = [...]time.Duration{tcp.DefaultTCPTimeWaitTimeout, 15 * time.Second, 4 * time.Second, time.Second / 2}

// beginPatience makes it fit a machine with so much memory, of which connections that are over should take a 16th.
func (n *Network) beginPatience(memory uint64) {
	counts := n.stack.Stats().TCP
	n.patience.connected, n.patience.established = counts.CurrentConnected, counts.CurrentEstablished
	n.patience.most = int(min(max(memory/16/(8<<10), 128), 1<<16))
}

// over is how many connections are over.
func (p *patience) over() int { return int(p.connected.Value() - p.established.Value()) }

// hurry chooses how long to wait for a connection that is about to be over.
func (n *Network) hurry(e tcpip.Endpoint) {
	p := &n.patience
	level := int32(min(max(p.over()*len(waits)/p.most, 0), len(waits)-1))
	if p.level.Swap(level) != level {
		wait := tcpip.TCPTimeWaitTimeoutOption(waits[level])
		n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &wait)
	}
	if level > 0 {
		var wait tcpip.TCPLingerTimeoutOption
		if e.GetSockOpt(&wait) == nil && time.Duration(wait) > waits[level] {
			wait = tcpip.TCPLingerTimeoutOption(waits[level])
			e.SetSockOpt(&wait)
		}
	}
}
