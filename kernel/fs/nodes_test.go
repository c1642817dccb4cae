package fs

import "testing"

func TestSets(t *testing.T) {
	for _, test := range []struct {
		set       uint64
		count     int
		list, hex string
	}{
		{0, 1, "", "0"}, {1, 1, "0", "1"}, {0b1011, 4, "0-1,3", "b"}, {0b1100, 8, "2-3", "0c"}, {1 << 63, 64, "63", "80000000,00000000"},
		{^uint64(0), 64, "0-63", "ffffffff,ffffffff"}, {1 << 32, 36, "32", "1,00000000"}, {6, 32, "1-2", "00000006"},
	} {
		if list, hex := setList(test.set), setMap(test.set, test.count); list != test.list || hex != test.hex {
			t.Errorf("%#x: %q %q, want %q %q", test.set, list, hex, test.list, test.hex)
		}
	}
}
