package acpi

import (
	"slices"
	"testing"

	"github.com/ringo-os/ringo/boot"
)

func sratCore(domain uint32, apic, flags byte) []byte {
	return []byte{0, 16, byte(domain), apic, flags, 0, 0, 0, 0, byte(domain >> 8), byte(domain >> 16), byte(domain >> 24), 0, 0, 0, 0}
}

func sratX2(domain, apic, flags uint32) []byte {
	b := []byte{2, 24, 0, 0}
	for _, v := range []uint32{domain, apic, flags, 0, 0} {
		b = le.AppendUint32(b, v)
	}
	return b
}

func sratRange(domain uint32, start, size uint64, flags uint32) []byte {
	b := le.AppendUint32([]byte{1, 40}, domain)
	b = le.AppendUint64(append(b, 0, 0), start)
	b = le.AppendUint64(b, size)
	return append(le.AppendUint32(append(b, 0, 0, 0, 0), flags), make([]byte, 8)...)
}

// srat has domains 2, 5 and 0x1234 for the cores of madt and some memory.
func srat() []byte {
	return slices.Concat(make([]byte, 12),
		sratCore(5, 0, 1),
		sratCore(2, 2, 1),
		sratCore(9, 6, 0), // not enabled
		sratX2(0x1234, 0x100, 1),
		sratX2(77, 0x99, 0),
		[]byte{0x7F, 4, 0, 0}, // something unknown
		sratRange(5, 0, 0xA0000, 1),
		sratRange(5, 0x100000, 0x700000, 1),
		sratRange(2, 0x800000, 0x800000, 1),
		sratRange(3, 0x1000000, 0x800000, 0),         // not enabled
		sratRange(2, 1<<32, 0, 1),                    // empty
		sratRange(2, ^uint64(0)-5, 100, 1),           // beyond all addresses
		sratRange(0x1234, 1<<32, 1<<30, 3),           // hot-pluggable
		sratRange(5, 0x2000000, 0x700000, 1)[:30:30], // cut short
	)
}

// slit is the body of a SLIT that says it has count localities.
func slit(count uint64, distances ...byte) []byte {
	return append(le.AppendUint64(nil, count), distances...)
}

// revised gives a table another revision.
func revised(t []byte, revision byte) []byte {
	t = slices.Clone(t)
	t[8] = revision
	fixSum(t, 9)
	return t
}

func TestNodes(t *testing.T) {
	f := newFirmware()
	// Before the cores, whose table may come last.
	m := read(t, f, f.root(f.put(revised(table("SRAT", srat()), 3)), f.table("APIC", madt())))
	if m.Nodes.Count != 3 {
		t.Fatalf("%d nodes", m.Nodes.Count)
	}
	cores := []Core{{0, 0, true, 1}, {2, 7, true, 0}, {6, 9, false, 0}, {256, 9, true, 2}}
	if got := m.Cores[:m.CoreCount]; !slices.Equal(got, cores) {
		t.Errorf("cores %v, want %v", got, cores)
	}
	want := []boot.NodeRange{{Range: boot.Range{Start: 0, End: 0xA0000}, Node: 1}, {Range: boot.Range{Start: 0x100000, End: 0x800000}, Node: 1},
		{Range: boot.Range{Start: 0x800000, End: 0x1000000}, Node: 0}, {Range: boot.Range{Start: 1 << 32, End: 5 << 30}, Node: 2}}
	if got := m.Nodes.Ranges[:m.Nodes.RangeCount]; !slices.Equal(got, want) {
		t.Errorf("memory %x, want %x", got, want)
	}
	if m.NodeOf(256) != 2 || m.NodeOf(0) != 1 || m.NodeOf(1234) != 0 {
		t.Error("NodeOf")
	}
	if d := m.Nodes.Distances; d[0][0] != 10 || d[0][1] != 20 || d[2][1] != 20 || d[2][2] != 10 {
		t.Errorf("distances %v", d)
	}

	// The old revision: domain 0x1234 is 0x34.
	f = newFirmware()
	m = read(t, f, f.root(f.put(revised(table("SRAT", slices.Concat(make([]byte, 12), sratCore(0x123402, 0, 1),
		sratCore(1, 2, 1), sratRange(0x5501, 0, 1<<20, 1))), 1)), f.table("APIC", madt())))
	if m.Nodes.Count != 2 || m.Cores[0].Node != 1 || m.Cores[1].Node != 0 || m.Nodes.Ranges[0].Node != 0 {
		t.Errorf("revision 1: %d nodes, %v, %v", m.Nodes.Count, m.Cores[:2], m.Nodes.Ranges[0])
	}
}

func TestDistances(t *testing.T) {
	entries := slices.Concat(make([]byte, 12), sratCore(0, 0, 1), sratCore(1, 2, 1), sratCore(3, 4, 1))
	for _, test := range []struct {
		name string
		slit []byte
		want [3][3]uint8
	}{
		{"usual", slit(4, 10, 15, 0, 30, 17, 10, 0, 255, 0, 0, 10, 0, 31, 21, 0, 10), [3][3]uint8{{10, 15, 30}, {17, 10, 255}, {31, 21, 10}}},
		{"nonsense", slit(4, 5, 10, 0, 9, 0, 99, 0, 11, 0, 0, 10, 0, 31, 21, 0, 10), [3][3]uint8{{10, 20, 20}, {20, 10, 11}, {31, 21, 10}}},
		{"too few domains", slit(2, 10, 15, 16, 10), [3][3]uint8{{10, 15, 20}, {16, 10, 20}, {20, 20, 10}}},
		{"cut short", slit(4, 10, 15, 15, 10), [3][3]uint8{{10, 20, 20}, {20, 10, 20}, {20, 20, 10}}},
		{"too many", slit(1<<32, 10, 15, 15, 10), [3][3]uint8{{10, 20, 20}, {20, 10, 20}, {20, 20, 10}}},
		{"empty", nil, [3][3]uint8{{10, 20, 20}, {20, 10, 20}, {20, 20, 10}}},
	} {
		f := newFirmware()
		m := read(t, f, f.root(f.table("SLIT", test.slit), f.put(revised(table("SRAT", entries), 3))))
		for from, row := range test.want {
			for to, want := range row {
				if got := m.Nodes.Distances[from][to]; got != want {
					t.Errorf("%s: from %d to %d: %d, want %d", test.name, from, to, got, want)
				}
			}
		}
	}
}

// TestTooManyNodes: what does not fit is as good as not there.
func TestTooManyNodes(t *testing.T) {
	for _, test := range []struct {
		domains, ranges uint32
		count           int
	}{{boot.MaxNodes, boot.MaxNodeRanges, boot.MaxNodes}, {boot.MaxNodes + 1, 1, 0}, {2, boot.MaxNodeRanges + 1, 0}} {
		entries := make([]byte, 12)
		for i := range test.domains {
			entries = append(entries, sratX2(test.domains-i, 2*i, 1)...)
		}
		for i := range test.ranges {
			entries = append(entries, sratRange(1, uint64(i)<<20, 1<<19, 1)...)
		}
		f := newFirmware()
		m := read(t, f, f.root(f.table("APIC", madt()), f.put(revised(table("SRAT", entries), 3))))
		if m.Nodes.Count != test.count {
			t.Errorf("%+v: %d nodes", test, m.Nodes.Count)
		}
		checkNodes(t, m)
	}
}

func checkNodes(t *testing.T, m *Machine) {
	n := &m.Nodes
	if n.Count < 0 || n.Count > boot.MaxNodes || n.RangeCount > boot.MaxNodeRanges || n.Count == 0 && n.RangeCount > 0 {
		t.Errorf("%d nodes, %d ranges", n.Count, n.RangeCount)
	}
	for _, r := range n.Ranges[:n.RangeCount] {
		if r.Start >= r.End || int(r.Node) >= n.Count {
			t.Errorf("range %x of %d nodes", r, n.Count)
		}
	}
	for _, c := range m.Cores[:m.CoreCount] {
		if int(c.Node) >= max(n.Count, 1) {
			t.Errorf("core %v of %d nodes", c, n.Count)
		}
	}
	for from := range n.Count {
		for to, d := range n.Distances[from][:n.Count] {
			if from == to && d != boot.LocalDistance || from != to && d <= boot.LocalDistance {
				t.Errorf("from %d to %d: %d", from, to, d)
			}
		}
	}
}
