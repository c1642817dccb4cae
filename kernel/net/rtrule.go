package net

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
)

// rules tell in which tables routes are looked for: the local one, the main one, and for IPv4 that of last resort, which is
// empty. They are those that Linux begins with (fib_default_rules_init, fib6_rules_net_init).
func (r *reply) rules(family byte) {
	for _, rule := range []struct {
		family, table byte
		priority      uint32
	}{
		{syscall.AF_INET, unix.RT_TABLE_LOCAL, 0}, {syscall.AF_INET, unix.RT_TABLE_MAIN, 32766},
		{syscall.AF_INET, unix.RT_TABLE_DEFAULT, 32767},
		{syscall.AF_INET6, unix.RT_TABLE_LOCAL, 0}, {syscall.AF_INET6, unix.RT_TABLE_MAIN, 32766},
	} {
		if family == 0 || family == rule.family {
			r.rule(rule.family, rule.table, rule.priority)
		}
	}
}

// rule is RTM_NEWRULE: struct fib_rule_hdr and attributes.
func (r *reply) rule(family, table byte, priority uint32) {
	const toTable = 1 // FR_ACT_TO_TBL
	number := func(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
	r.begin(unix.RTM_NEWRULE, unix.NLM_F_MULTI)
	r.put(family, 0, 0, 0, table, 0, 0, toTable)
	r.put32(0)
	r.attribute(unix.FRA_TABLE, number(uint32(table)))
	r.attribute(unix.FRA_SUPPRESS_PREFIXLEN, number(^uint32(0)))
	r.attribute(unix.FRA_PROTOCOL, []byte{unix.RTPROT_KERNEL})
	if priority != 0 {
		r.attribute(unix.FRA_PRIORITY, number(priority))
	}
	r.end()
}
