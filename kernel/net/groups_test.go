package net

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestGroups(t *testing.T) {
	fd, _ := bindUDP(t, "0.0.0.0:0")
	fd6, _ := bindUDP(t, "[::]:0")
	group, group6 := []byte{224, 0, 0, 78, 127, 0, 0, 1}, append(make([]byte, 16), 1, 0, 0, 0)
	copy(group6, []byte{0xFF, 0x02, 15: 0x78})
	listed := func() (v4, v6 bool) {
		lo := string(machineNetwork.igmp())
		if !strings.HasPrefix(lo, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :") {
			t.Errorf("igmp says\n%s", lo)
		}
		return strings.Contains(lo, "\t\t\t\t4E0000E0     1 0:00000000\t\t0\n"),
			strings.Contains(string(machineNetwork.igmp6()), "1    lo              ff020000000000000000000000000078     1 ")
	}
	for _, joined := range []bool{true, false} {
		option, option6 := unix.IP_ADD_MEMBERSHIP, unix.IPV6_JOIN_GROUP
		if !joined {
			option, option6 = unix.IP_DROP_MEMBERSHIP, unix.IPV6_LEAVE_GROUP
		}
		must(t, unix.SYS_SETSOCKOPT, fd, unix.SOL_IP, option, group, len(group))
		must(t, unix.SYS_SETSOCKOPT, fd6, unix.SOL_IPV6, option6, group6, len(group6))
		if v4, v6 := listed(); v4 != joined || v6 != joined {
			t.Errorf("joined %v, listed %v and %v", joined, v4, v6)
		}
	}
	if n := len(machineNetwork.groups.joined); n != 0 {
		t.Errorf("%d groups without members are remembered", n)
	}
	if all := string(machineNetwork.igmp6()); !strings.Contains(all, " ff020000000000000000000000000001 ") {
		t.Errorf("all nodes are missing:\n%s", all)
	}
}
