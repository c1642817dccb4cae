package net

import (
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// neighborStates are the stack's as rtnetlink(7) has them.
var neighborStates = map[stack.NeighborState]uint16{
	stack.Incomplete: unix.NUD_INCOMPLETE, stack.Reachable: unix.NUD_REACHABLE, stack.Stale: unix.NUD_STALE,
	stack.Delay: unix.NUD_DELAY, stack.Probe: unix.NUD_PROBE, stack.Static: unix.NUD_PERMANENT, stack.Unreachable: unix.NUD_FAILED,
}

// answerNeighbors tells of whom this machine has looked up the hardware address.
func (n *Network) answerNeighbors(r *reply, family byte) {
	for _, i := range n.sortedNICs() {
		if family == 0 || family == syscall.AF_INET {
			if all, err := n.stack.Neighbors(i.id, ipv4.ProtocolNumber); err == nil {
				r.neighbors(i, syscall.AF_INET, all)
			}
		}
		if family == 0 || family == syscall.AF_INET6 {
			if all, err := n.stack.Neighbors(i.id, ipv6.ProtocolNumber); err == nil {
				r.neighbors(i, syscall.AF_INET6, all)
			}
		}
	}
}

// neighbors are RTM_NEWNEIGH: struct ndmsg and attributes.
func (r *reply) neighbors(i numberedNIC, family byte, all []stack.NeighborEntry) {
	for _, neighbor := range all {
		state, ok := neighborStates[neighbor.State]
		if !ok {
			continue // nobody has looked yet
		}
		r.begin(unix.RTM_NEWNEIGH, unix.NLM_F_MULTI)
		r.put(family, 0, 0, 0)
		r.put32(uint32(i.id))
		r.put16(state)
		r.put(0, unix.RTN_UNICAST)
		r.attribute(unix.NDA_DST, neighbor.Addr.AsSlice())
		if len(neighbor.LinkAddr) > 0 {
			r.attribute(unix.NDA_LLADDR, []byte(neighbor.LinkAddr))
		}
		r.end()
	}
}
