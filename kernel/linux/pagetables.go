package linux

import (
	"strconv"

	"github.com/ringo-os/ringo/kernel/early/paging"
	"github.com/ringo-os/ringo/kernel/early/space"
	"github.com/ringo-os/ringo/kernel/machine"
)

// pageTables returns the text of /sys/kernel/debug/page_tables: a line for neighbouring pages with the
// same size, rights and owner, as they are in the page tables at this moment.
func pageTables() []byte {
	var b []byte
	var first paging.Mapping
	owner, end := "", uint64(0)
	print := func() {
		if first.Size != 0 {
			b = append(b, hex(first.Virtual, 16)+"-"+hex(end, 16)+" "+strconv.FormatUint(first.Size>>10, 10)+"K "+
				rightsOf(first.Flags)+" "+owner+"\n"...)
		}
	}
	for m, ok := machine.NextMapping(0); ok; m, ok = machine.NextMapping(end) {
		who := ownerOf(m)
		if m.Virtual != end || m.Size != first.Size || m.Flags != first.Flags || who != owner {
			print()
			first, owner = m, who
		}
		if end = m.Virtual + m.Size; end == 0 {
			break
		}
	}
	print()
	return b
}

func rightsOf(f paging.Flags) string {
	b := []byte("r--")
	if f&paging.Write != 0 {
		b[1] = 'w'
	}
	if f&paging.Execute != 0 {
		b[2] = 'x'
	}
	if f&paging.Hidden != 0 {
		b = []byte("---")
	}
	return string(b)
}

func ownerOf(m paging.Mapping) string {
	r, ok := machine.NextRegion(m.Virtual)
	return space.OwnerOf(m, r, ok)
}
