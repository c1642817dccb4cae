package net

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// statistics are IFLA_STATS64 and IFLA_STATS: struct rtnl_link_stats64, and rtnl_link_stats, which has its numbers with 32
// bits, but for the last. They are those of /proc/net/dev; what the stack does not count is 0.
func (r *reply) statistics(i numberedNIC) {
	const (
		fields   = 25
		fields32 = 24
	)
	s := i.info.Stats
	numbers := [fields]uint64{
		0: s.Rx.Packets.Value(), 1: s.Tx.Packets.Value(), 2: s.Rx.Bytes.Value(), 3: s.Tx.Bytes.Value(),
		4: s.MalformedL4RcvdPackets.Value(), 6: s.DisabledRx.Packets.Value(), 7: s.TxPacketsDroppedNoBufferSpace.Value(),
	}
	var long, short []byte
	for _, v := range numbers {
		long = binary.NativeEndian.AppendUint64(long, v)
	}
	for _, v := range numbers[:fields32] {
		short = binary.NativeEndian.AppendUint32(short, uint32(v))
	}
	r.attribute(unix.IFLA_STATS64, long)
	r.attribute(unix.IFLA_STATS, short)
}
