package fs

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/ringo-os/ringo/kernel/machine"
)

// The folder /sys/devices/system/node (Linux's Documentation/ABI/stable/sysfs-devices-node): what memory and which
// cores are near to each other. A machine about which nothing is known is one node.

func nodeStats(node int) (s machine.NodeStats) {
	machine.NodeStatistics(node, &s)
	return s
}

func (t *FS) fillNodes() {
	const folder = "/sys/devices/system/node/"
	count := max(machine.Firmware().Nodes.Count, 1)
	var online, memory, cores uint64
	for node := range count {
		s := nodeStats(node)
		if s.TotalPages > 0 {
			memory |= 1 << node
		}
		if s.Cores != 0 {
			cores |= 1 << node
		}
	}
	online = memory | cores // the rest can be plugged in
	for name, set := range map[string]uint64{"online": online, "possible": 1<<count - 1, "has_cpu": cores,
		"has_memory": memory, "has_normal_memory": memory} {
		t.Generate(folder+name, func() []byte { return lines(setList(set)) })
	}
	for node := range count {
		if online>>node&1 == 0 {
			continue
		}
		own := folder + "node" + strconv.Itoa(node) + "/"
		t.Generate(own+"cpulist", func() []byte { return lines(setList(nodeStats(node).Cores)) })
		t.Generate(own+"cpumap", func() []byte { return lines(setMap(nodeStats(node).Cores, statsNow().Cores)) })
		t.Generate(own+"meminfo", func() []byte { return nodeMeminfo(node) })
		t.Generate(own+"distance", func() []byte { return lines(nodeDistances(node, online)) })
	}
}

// setList writes a set of numbers as Linux does: 0-2,5.
func setList(set uint64) string {
	var list []string
	for set != 0 {
		first := bits.TrailingZeros64(set)
		last := first + bits.TrailingZeros64(^(set >> first)) - 1
		s := strconv.Itoa(first)
		if last > first {
			s += "-" + strconv.Itoa(last)
		}
		list = append(list, s)
		set &^= 1<<(last+1) - 1<<first
	}
	return strings.Join(list, ",")
}

// setMap writes a set of numbers below count as Linux does: in hexadecimal, by 32 bits.
func setMap(set uint64, count int) string {
	const word = 32
	digits := hexadecimal(set, (count+3)/4)
	if rest := len(digits) - word/4; rest > 0 {
		digits = digits[:rest] + "," + digits[rest:]
	}
	return digits
}

func nodeMeminfo(node int) []byte {
	s := nodeStats(node)
	var list []string
	for _, line := range []struct {
		name  string
		pages uint64
	}{{"MemTotal", s.TotalPages}, {"MemFree", s.FreePages}, {"MemUsed", s.TotalPages - min(s.TotalPages, s.FreePages)}} {
		number := strconv.FormatUint(line.pages*(pageSize/1024), 10)
		list = append(list, "Node "+strconv.Itoa(node)+" "+pad(line.name+":", 16)+strings.Repeat(" ", max(8-len(number), 0))+number+" kB")
	}
	return lines(list...)
}

// nodeDistances are those to the nodes that are there.
func nodeDistances(node int, online uint64) string {
	n := &machine.Firmware().Nodes
	if n.Count == 0 {
		return "10"
	}
	var list []string
	for to := range n.Count {
		if online>>to&1 != 0 {
			list = append(list, strconv.Itoa(int(n.Distances[node][to])))
		}
	}
	return strings.Join(list, " ")
}

// pad makes s width bytes long.
func pad(s string, width int) string { return s + strings.Repeat(" ", width-len(s)) }
