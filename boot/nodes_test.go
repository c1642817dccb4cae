package boot

import "testing"

func TestNodesAt(t *testing.T) {
	n := Nodes{Count: 3, RangeCount: 3}
	n.Ranges[0] = NodeRange{Range{0x10, 0x20}, 1}
	n.Ranges[1] = NodeRange{Range{0x18, 0x30}, 2} // of which half is taken
	n.Ranges[2] = NodeRange{Range{0x08, 0x0A}, 2}
	for _, test := range []struct {
		at   uint64
		node uint8
		end  uint64
	}{
		{0, 0, 0x08}, {0x08, 2, 0x0A}, {0x0A, 0, 0x10}, {0x10, 1, 0x20}, {0x1F, 1, 0x20}, {0x20, 2, 0x30},
		{0x2F, 2, 0x30}, {0x30, 0, ^uint64(0)},
	} {
		if node, end := n.At(test.at); node != test.node || end != test.end {
			t.Errorf("%#x: node %d up to %#x, want %d, %#x", test.at, node, end, test.node, test.end)
		}
	}
	if node, end := new(Nodes).At(1 << 40); node != 0 || end != ^uint64(0) {
		t.Errorf("no nodes: %d, %#x", node, end)
	}
}
