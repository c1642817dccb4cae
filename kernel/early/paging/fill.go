package paging

import (
	"github.com/ringo-os/ringo/boot"
	"github.com/ringo-os/ringo/kernel/early/cpu"
)

// Fill maps zeroed frames of its own (flag Owned) wherever nothing is mapped in
// [virtual, virtual+size), with 2 MiB pages where a whole one is missing and a contiguous run is
// free. When memory runs out, what was filled until then stays. No TLB invalidation is needed.
func (t *Tables) Fill(virtual, size uint64, flags Flags) boot.Problem {
	from, to, ok := span(virtual, size)
	if !ok {
		return badRange
	}
	bits := t.encode(flags | Owned)
next:
	for at := from; at < to; {
		table := t.root
		level := 4
		for ; level > 2; level-- {
			if e := *t.entry(table, level, at); e != 0 && isLeaf(e, level) {
				at = (at | (pageOf(level) - 1)) + 1
				continue next
			}
			if table, ok = t.descend(table, level, at); !ok {
				return outOfMemory
			}
		}
		e := t.entry(table, level, at)
		end := min(at&^(Page2M-1)+Page2M, to)
		switch {
		case *e != 0 && isLeaf(*e, level):
			at = end
			continue
		case *e == 0 && at%Page2M == 0 && end-at == Page2M:
			if physical, ok := t.frames.AllocateRun(Page2M/Page4K, Page2M/Page4K); ok {
				cpu.ZeroPages(t.frames.Pointer(physical), Page2M/Page4K)
				*e = physical | bits | largePage
				at = end
				continue
			}
		}
		if table, ok = t.descend(table, level, at); !ok {
			return outOfMemory
		}
		for ; at < end; at += Page4K {
			e := t.entry(table, 1, at)
			if *e != 0 {
				continue
			}
			physical, ok := t.frames.Allocate()
			if !ok {
				return outOfMemory
			}
			cpu.ZeroPages(t.frames.Pointer(physical), 1)
			*e = physical | bits
		}
	}
	return ""
}

// descend returns the table below an entry that is no page, which it makes if there is none. It fails
// if there is no memory for it.
func (t *Tables) descend(table uint64, level int, address uint64) (below uint64, ok bool) {
	e := t.entry(table, level, address)
	if *e == 0 {
		below, ok = t.newTable()
		if !ok {
			return 0, false
		}
		*e = below | tableBits
	}
	return *e & addressMask, true
}
