package net

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// Groups remembers the multicast groups that sockets have joined, for /proc/net/igmp and igmp6. The stack
// knows who is in a group, but does not list the groups.
type groups struct {
	mu     sync.Mutex
	joined map[tcpip.Address]bool // groups that had a member once
}

func (g *groups) remember(group tcpip.Address) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.joined == nil {
		g.joined = map[tcpip.Address]bool{}
	}
	g.joined[group] = true
}

// members returns the groups of a family that each interface is a member of, by interface number.
func (n *Network) members(family byte) map[tcpip.NICID][]tcpip.Address {
	n.groups.mu.Lock()
	defer n.groups.mu.Unlock()
	found := map[tcpip.NICID][]tcpip.Address{}
	alive := map[tcpip.Address]bool{}
	for _, i := range n.sortedNICs() {
		candidates := maps.Clone(n.groups.joined)
		if candidates == nil {
			candidates = map[tcpip.Address]bool{}
		}
		// Every interface is in these by itself.
		candidates[header.IPv4AllSystems] = true
		candidates[header.IPv6AllNodesMulticastAddress] = true
		for _, a := range i.info.ProtocolAddresses {
			if address := a.AddressWithPrefix.Address; familyOf(address) == syscall.AF_INET6 {
				candidates[header.SolicitedNodeAddr(address)] = true
			}
		}
		for group := range candidates {
			if in, err := n.stack.IsInGroup(i.id, group); err != nil || !in {
				continue
			}
			alive[group] = true
			if familyOf(group) == family {
				found[i.id] = append(found[i.id], group)
			}
		}
		slices.SortFunc(found[i.id], func(a, b tcpip.Address) int { return bytes.Compare(a.AsSlice(), b.AsSlice()) })
	}
	maps.DeleteFunc(n.groups.joined, func(group tcpip.Address, _ bool) bool { return !alive[group] })
	return found
}

// igmp is the text of /proc/net/igmp, as Linux's net/ipv4/igmp.c lays it out. How many users a group has is
// not known: it says one.
func (n *Network) igmp() []byte {
	var b bytes.Buffer
	b.WriteString("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n")
	members := n.members(syscall.AF_INET)
	for _, i := range n.sortedNICs() {
		fmt.Fprintf(&b, "%d\t%-10s: %5d %7s\n", i.id, i.info.Name, len(members[i.id]), "V3")
		for _, group := range members[i.id] {
			fmt.Fprintf(&b, "\t\t\t\t%08X %5d 0:%08X\t\t%d\n", binary.NativeEndian.Uint32(group.AsSlice()), 1, 0, 0)
		}
	}
	return b.Bytes()
}

// igmp6 is the text of /proc/net/igmp6, as Linux's net/ipv6/mcast.c lays it out.
func (n *Network) igmp6() []byte {
	var b bytes.Buffer
	members := n.members(syscall.AF_INET6)
	for _, id := range slices.SortedFunc(maps.Keys(members), func(a, b tcpip.NICID) int { return cmp.Compare(a, b) }) {
		for _, group := range members[id] {
			fmt.Fprintf(&b, "%-4d %-15s %s %5d %08X %d\n", id, n.stack.FindNICNameFromID(id), hex.EncodeToString(group.AsSlice()), 1, 4, 0)
		}
	}
	return b.Bytes()
}
