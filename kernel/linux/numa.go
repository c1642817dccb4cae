package linux

import (
	"strconv"
	"syscall"

	"github.com/ringo-os/ringo/kernel/early/call"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// sysGetcpu says which core and node the goroutine was on a moment ago; it may be on another by now. As on Linux
// the third argument is not used any more.
func sysGetcpu(a *call.Arguments) (uintptr, syscall.Errno) {
	core, node := machine.CurrentCore()
	for i, value := range []uint32{uint32(core), uint32(node)} {
		if p := Argument(a, i); !p.IsNil() {
			if errno := CopyOut(p, &value); errno != 0 {
				return 0, errno
			}
		}
	}
	return 0, 0
}

// numaMaps returns the text of /proc/self/numa_maps (numa(7)): how many pages of each region are in which node.
func numaMaps() []byte {
	var b []byte
	for r := range lockedRegions {
		b = append(b, hex(r.Start, 8)+" default"...)
		if e := addressSpace.files[r.Object]; e != nil && r.Kind != space.Runtime {
			var st syscall.Stat_t
			b = append(b, " file="+mappedName(e, &st)...)
		}
		pages := make([]uint64, max(machine.Firmware().Nodes.Count, 1))
		total := uint64(0)
		for m, size := range mappingsOf(r) {
			n := size / pageSize
			pages[machine.NodeOf(m.Physical)%len(pages)] += n
			total += n
		}
		if total > 0 {
			kind := "anon"
			if r.Object != nil && r.Kind != space.Runtime {
				kind = "mapped"
			}
			b = append(b, " "+kind+"="+strconv.FormatUint(total, 10)...)
			for node, n := range pages {
				if n > 0 {
					b = append(b, " N"+strconv.Itoa(node)+"="+strconv.FormatUint(n, 10)...)
				}
			}
			b = append(b, " kernelpagesize_kB=4"...)
		}
		b = append(b, '\n')
	}
	return b
}
