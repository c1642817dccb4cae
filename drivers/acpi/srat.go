package acpi

import "github.com/ringo-os/ringo/boot"

// The entries of the SRAT (5.2.16) that are looked at, with their lengths, and their flags.
const (
	sratLocalAPIC = 0 // 5.2.16.1
	sratMemory    = 1 // 5.2.16.2
	sratX2APIC    = 2 // 5.2.16.3

	sratLocalAPICLength = 16
	sratMemoryLength    = 40
	sratX2APICLength    = 24

	sratEnabled = 1 << 0

	sratEntries = 48 // where they begin
)

// An affinity is an entry of the SRAT that counts: a core, by its local APIC ID, or memory, is in a domain.
type affinity struct {
	domain uint32
	core   bool
	apic   uint32
	memory boot.Range
}

// A domains is the proximity domains that the SRAT names, in order: the place of each is its node's number, so
// that the usual ones, which are counted from 0, keep theirs.
type domains struct {
	list  [boot.MaxNodes]uint32
	count int
}

// readNodes reads the system resource affinity table (5.2.16) and the distances of the system locality
// information table (5.2.17), which may be missing. The cores are known. If there is more than fits, it is as if
// there were no such table: memory all of one node is slower, and as good.
//
// Memory that can be plugged in later has entries too, here as what is there has; which is which, and that it is
// there in the first place, only the memory map tells.
func (m *Machine) readNodes(srat, slit []byte) {
	var d domains
	rest, a, ok := nextAffinity(srat, nil)
	for ; ok; rest, a, ok = nextAffinity(srat, rest) {
		if !d.add(a.domain) {
			return
		}
	}
	n := &m.Nodes
	rest, a, ok = nextAffinity(srat, nil)
	for ; ok; rest, a, ok = nextAffinity(srat, rest) {
		node := d.node(a.domain)
		switch {
		case a.core:
			for i := range m.CoreCount {
				if m.Cores[i].APIC == a.apic {
					m.Cores[i].Node = node
				}
			}
		case n.RangeCount == boot.MaxNodeRanges:
			n.RangeCount = 0
			for i := range m.CoreCount {
				m.Cores[i].Node = 0
			}
			return
		default:
			n.Ranges[n.RangeCount] = boot.NodeRange{Range: a.memory, Node: node}
			n.RangeCount++
		}
	}
	n.Count = d.count
	d.distances(n, slit)
}

// nextAffinity returns the next entry of the SRAT that counts, and what follows; rest is nil at the beginning.
func nextAffinity(srat, rest []byte) (after []byte, a affinity, ok bool) {
	if len(srat) < sratEntries {
		return nil, a, false
	}
	if rest == nil {
		rest = srat[sratEntries:]
	}
	// Before revision 2, a domain had one byte, and what is the rest of it now was reserved.
	domainMask := ^uint32(0)
	if srat[8] < 2 {
		domainMask = 0xFF
	}
	for len(rest) >= 2 {
		length := int(rest[1])
		if length < 2 || length > len(rest) {
			break
		}
		e := rest[:length]
		rest = rest[length:]
		switch {
		case e[0] == sratLocalAPIC && length >= sratLocalAPICLength:
			a = affinity{domain: (uint32(e[2]) | u32(e, 8)&^0xFF) & domainMask, core: true, apic: uint32(e[3])}
			ok = u32(e, 4)&sratEnabled != 0
		case e[0] == sratX2APIC && length >= sratX2APICLength:
			a = affinity{domain: u32(e, 4), core: true, apic: u32(e, 8)}
			ok = u32(e, 12)&sratEnabled != 0
		case e[0] == sratMemory && length >= sratMemoryLength:
			start, size := u64(e, 8), u64(e, 16)
			a = affinity{domain: u32(e, 2) & domainMask, memory: boot.Range{Start: start, End: start + size}}
			ok = u32(e, 28)&sratEnabled != 0 && start+size > start
		}
		if ok {
			return rest, a, true
		}
	}
	return nil, a, false
}

// add enters a domain where it belongs. It reports false if there is no room.
func (d *domains) add(domain uint32) bool {
	i := 0
	for i < d.count && d.list[i] < domain {
		i++
	}
	if i < d.count && d.list[i] == domain {
		return true
	}
	if d.count == len(d.list) {
		return false
	}
	copy(d.list[i+1:d.count+1], d.list[i:d.count])
	d.list[i] = domain
	d.count++
	return true
}

// node is the place of a domain that was added.
func (d *domains) node(domain uint32) uint8 {
	for i := range d.count {
		if d.list[i] == domain {
			return uint8(i)
		}
	}
	return 0
}

// distances fills n.Distances from the SLIT, which has a row of bytes for each domain, as many as it says.
func (d *domains) distances(n *boot.Nodes, slit []byte) {
	const rows = 44 // where they begin
	localities := u64(slit, 36)
	if localities > 1<<16 || rows+localities*localities > uint64(len(slit)) {
		localities = 0
	}
	for from := range d.count {
		for to := range d.count {
			distance := uint8(boot.RemoteDistance)
			if from == to {
				distance = boot.LocalDistance
			} else if row, column := uint64(d.list[from]), uint64(d.list[to]); row < localities && column < localities {
				// 0 to 9 have no meaning, and nothing is as near as a node is to itself.
				if told := u8(slit, int(rows+row*localities+column)); told > boot.LocalDistance {
					distance = told
				}
			}
			n.Distances[from][to] = distance
		}
	}
}
