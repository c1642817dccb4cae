package linux

import (
	"strconv"

	"github.com/ringo-os/ringo/kernel/machine"
)

// transfersText is the text of /proc/self/io (proc_pid_io(5)): there is nothing behind the files that bytes would come
// from, or get to.
func transfersText() []byte {
	var t machine.Transfers
	machine.CountedTransfers(&t)
	var b []byte
	for _, line := range []struct {
		name string
		n    uint64
	}{
		{"rchar", t.ReadBytes}, {"wchar", t.WrittenBytes}, {"syscr", t.Reads}, {"syscw", t.Writes},
		{"read_bytes", 0}, {"write_bytes", 0}, {"cancelled_write_bytes", 0},
	} {
		b = append(strconv.AppendUint(append(append(b, line.name...), ": "...), line.n, 10), '\n')
	}
	return b
}
