package net

import (
	"bytes"
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// The files of /proc/net that count: snmp has what RFC 1213 names, netstat what Linux counts besides. Each group
// is a line of names and one of numbers, as in net/ipv4/proc.c. What the stack does not count is 0.

// A count is a name and a number.
type count struct {
	name  string
	value any
}

func group(b *bytes.Buffer, title string, counts []count) {
	fmt.Fprintf(b, "%s:", title)
	for _, c := range counts {
		fmt.Fprintf(b, " %s", c.name)
	}
	fmt.Fprintf(b, "\n%s:", title)
	for _, c := range counts {
		fmt.Fprintf(b, " %v", c.value)
	}
	b.WriteByte('\n')
}

// counts is /proc/net/snmp. The stack counts IPv4 and IPv6 together.
func (n *Network) counts() []byte {
	const hops = 64
	var b bytes.Buffer
	all := n.stack.Stats()
	ip := &all.IP
	group(&b, "Ip", []count{
		{"Forwarding", 2}, {"DefaultTTL", hops}, {"InReceives", ip.PacketsReceived.Value()},
		{"InHdrErrors", ip.MalformedPacketsReceived.Value()}, {"InAddrErrors", ip.InvalidDestinationAddressesReceived.Value()},
		{"ForwDatagrams", 0}, {"InUnknownProtos", 0}, {"InDiscards", 0}, {"InDelivers", ip.PacketsDelivered.Value()},
		{"OutRequests", ip.PacketsSent.Value()}, {"OutDiscards", ip.OutgoingPacketErrors.Value()}, {"OutNoRoutes", 0},
		{"ReasmTimeout", 0}, {"ReasmReqds", 0}, {"ReasmOKs", 0}, {"ReasmFails", ip.MalformedFragmentsReceived.Value()},
		{"FragOKs", 0}, {"FragFails", 0}, {"FragCreates", 0}, {"OutTransmits", ip.PacketsSent.Value()},
	})
	in, out := &all.ICMP.V4.PacketsReceived, &all.ICMP.V4.PacketsSent
	group(&b, "Icmp", []count{
		{"InMsgs", sum(&in.ICMPv4PacketStats) + in.Invalid.Value()}, {"InErrors", in.Invalid.Value()}, {"InCsumErrors", 0},
		{"InDestUnreachs", in.DstUnreachable.Value()}, {"InTimeExcds", in.TimeExceeded.Value()},
		{"InParmProbs", in.ParamProblem.Value()}, {"InSrcQuenchs", in.SrcQuench.Value()}, {"InRedirects", in.Redirect.Value()},
		{"InEchos", in.EchoRequest.Value()}, {"InEchoReps", in.EchoReply.Value()}, {"InTimestamps", in.Timestamp.Value()},
		{"InTimestampReps", in.TimestampReply.Value()}, {"InAddrMasks", 0}, {"InAddrMaskReps", 0},
		{"OutMsgs", sum(&out.ICMPv4PacketStats)}, {"OutErrors", out.Dropped.Value()},
		{"OutRateLimitGlobal", 0}, {"OutRateLimitHost", out.RateLimited.Value()},
		{"OutDestUnreachs", out.DstUnreachable.Value()}, {"OutTimeExcds", out.TimeExceeded.Value()},
		{"OutParmProbs", out.ParamProblem.Value()}, {"OutSrcQuenchs", out.SrcQuench.Value()},
		{"OutRedirects", out.Redirect.Value()}, {"OutEchos", out.EchoRequest.Value()}, {"OutEchoReps", out.EchoReply.Value()},
		{"OutTimestamps", out.Timestamp.Value()}, {"OutTimestampReps", out.TimestampReply.Value()}, {"OutAddrMasks", 0},
		{"OutAddrMaskReps", 0},
	})
	tcp := &all.TCP
	group(&b, "Tcp", []count{
		{"RtoAlgorithm", 1}, {"RtoMin", 200}, {"RtoMax", 120000}, {"MaxConn", -1},
		{"ActiveOpens", tcp.ActiveConnectionOpenings.Value()}, {"PassiveOpens", tcp.PassiveConnectionOpenings.Value()},
		{"AttemptFails", tcp.FailedConnectionAttempts.Value()}, {"EstabResets", tcp.EstablishedResets.Value()},
		{"CurrEstab", tcp.CurrentEstablished.Value()}, {"InSegs", tcp.ValidSegmentsReceived.Value() + tcp.InvalidSegmentsReceived.Value()},
		{"OutSegs", tcp.SegmentsSent.Value()}, {"RetransSegs", tcp.Retransmits.Value()},
		{"InErrs", tcp.InvalidSegmentsReceived.Value()}, {"OutRsts", tcp.ResetsSent.Value()},
		{"InCsumErrors", tcp.ChecksumErrors.Value()},
	})
	udp := &all.UDP
	group(&b, "Udp", []count{
		{"InDatagrams", udp.PacketsReceived.Value()}, {"NoPorts", udp.UnknownPortErrors.Value()},
		{"InErrors", udp.MalformedPacketsReceived.Value() + udp.ReceiveBufferErrors.Value()},
		{"OutDatagrams", udp.PacketsSent.Value()}, {"RcvbufErrors", udp.ReceiveBufferErrors.Value()},
		{"SndbufErrors", udp.PacketSendErrors.Value()}, {"InCsumErrors", udp.ChecksumErrors.Value()},
		{"IgnoredMulti", 0}, {"MemErrors", 0},
	})
	return b.Bytes()
}

// sum is how many messages there were of all kinds.
func sum(s *tcpip.ICMPv4PacketStats) (n uint64) {
	for _, c := range []*tcpip.StatCounter{
		s.EchoRequest, s.EchoReply, s.DstUnreachable, s.SrcQuench, s.Redirect, s.TimeExceeded, s.ParamProblem,
		s.Timestamp, s.TimestampReply, s.InfoRequest, s.InfoReply,
	} {
		n += c.Value()
	}
	return n
}

// moreCounts is /proc/net/netstat.
func (n *Network) moreCounts() []byte {
	var b bytes.Buffer
	all := n.stack.Stats()
	tcp := &all.TCP
	group(&b, "TcpExt", []count{
		{"SyncookiesSent", tcp.ListenOverflowSynCookieSent.Value()}, {"SyncookiesRecv", tcp.ListenOverflowSynCookieRcvd.Value()},
		{"SyncookiesFailed", tcp.ListenOverflowInvalidSynCookieRcvd.Value()},
		{"ListenOverflows", tcp.ListenOverflowAckDrop.Value()},
		{"ListenDrops", tcp.ListenOverflowAckDrop.Value() + tcp.ListenOverflowSynDrop.Value()},
		{"TCPTimeouts", tcp.Timeouts.Value()}, {"TCPFastRetrans", tcp.FastRetransmit.Value()},
		{"TCPSlowStartRetrans", tcp.SlowStartRetransmits.Value()}, {"TCPSackRecovery", tcp.SACKRecovery.Value()},
		{"TCPAbortOnTimeout", tcp.EstablishedTimedout.Value()},
	})
	nics := &all.NICs
	group(&b, "IpExt", []count{
		{"InOctets", nics.Rx.Bytes.Value()}, {"OutOctets", nics.Tx.Bytes.Value()},
		{"InNoECTPkts", 0}, {"InECT1Pkts", 0}, {"InECT0Pkts", 0}, {"InCEPkts", 0},
	})
	return b.Bytes()
}
