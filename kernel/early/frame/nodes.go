package frame

import (
	"unsafe"

	"github.com/ringo-os/ringo/boot"
)

// Where memory is near to some cores and far from others, each zone lies in one node, and who asks for memory
// gets it from the nearest zone that has some. Until SetNodes is called, and on a machine with one node, all is
// in node 0.

// maxZones is how many zones there can be: the regions of the memory map, and what nodes divide them into. A
// zone for which there is no room stays in the node of the zone that it was a part of.
const maxZones = boot.MaxRegions + boot.MaxNodeRanges

const _ = uint(256 - maxZones) // the order of zones is kept in bytes

// SetNodes says which frames are in which node, and how to find out which core asks; here is called with
// interrupts off. There is one core yet. Nothing may be released any more that was kept back.
func (a *Allocator) SetNodes(nodes *boot.Nodes, here func() *Core) {
	a.here = here
	if nodes.Count < 2 {
		return
	}
	a.here = nil
	a.giveUp() // all in node 0's store
	for i := 0; i < a.zoneCount; i++ {
		z := &a.zones[i]
		// A frame is in the node that its first byte is in.
		node, end := nodes.At(z.first << Shift)
		for end <= (z.first+z.count-1)<<Shift {
			next, nextEnd := nodes.At(end)
			if next != node {
				break
			}
			end = nextEnd
		}
		z.node = node
		if border := (end-1)>>Shift + 1; border < z.first+z.count {
			a.splitZone(i, border)
		}
	}
	for from := range nodes.Count {
		a.arrange(&a.order[from], &nodes.Distances[from])
	}
	a.nodes, a.here = nodes.Count, here
}

// arrange sorts the zones by how far they are from a node. What a core's start-up code needs comes last.
func (a *Allocator) arrange(order *[maxZones]uint8, distances *[boot.MaxNodes]uint8) {
	rank := func(i uint8) int {
		z := &a.zones[i]
		if z.isLow() {
			return 256
		}
		return int(distances[z.node])
	}
	for n := range a.zoneCount {
		at := n
		for at > 0 && rank(order[at-1]) > rank(uint8(n)) {
			order[at] = order[at-1]
			at--
		}
		order[at] = uint8(n)
	}
}

// splitZone makes two zones of zone i, of which the second begins at a frame number. It has bitmaps of its own,
// in frames of its own if they are free. It changes nothing if there is no room.
func (a *Allocator) splitZone(i int, border uint64) {
	z := &a.zones[i]
	second := zone{first: border, count: z.first + z.count - border}
	words := second.words() + second.summaryWords() + second.toldWords()
	size := (words*8 + Size - 1) >> Shift
	if a.zoneCount == maxZones {
		return
	}
	at, ok := a.findRunFrom(z, border-z.first, size, 1, maxPhysical>>Shift)
	if ok {
		a.mark(z, at-z.first, size, false)
		at <<= Shift
	} else if at, ok = a.AllocateRun(size, 1); !ok {
		return
	}
	clear(unsafe.Slice((*uint64)(a.Pointer(at)), words))
	second.bits = at
	second.summary = second.bits + second.words()*8
	second.told = second.summary + second.summaryWords()*8
	for from := a.nextFree(z, border-z.first); from < z.count; {
		end := a.nextUsed(z, from, z.count)
		a.mark(&second, z.first+from-border, end-from, true)
		from = a.nextFree(z, end)
	}
	for block := range second.blocks() {
		old := block + border/LargeFrames - z.first/LargeFrames
		*a.toldWord(&second, block) |= *a.toldWord(z, old) >> (old % 64) & 1 << (block % 64)
	}
	a.mark(z, border-z.first, second.count, false)
	z.count -= second.count
	copy(a.zones[i+2:a.zoneCount+1], a.zones[i+1:a.zoneCount])
	a.zones[i+1] = second
	a.zoneCount++
}

// node is the node of the core that asks.
func (a *Allocator) node() uint8 {
	if a.nodes < 2 {
		return 0
	}
	return a.here().Node % boot.MaxNodes
}

// nearest is the order in which that core looks through the zones.
func (a *Allocator) nearest() *[maxZones]uint8 {
	if a.nodes < 2 {
		return &a.order[0]
	}
	return &a.order[a.here().Node%boot.MaxNodes]
}

// NodeOf is the node that the memory at a physical address is in.
func (a *Allocator) NodeOf(physical uint64) uint8 {
	if a.nodes < 2 {
		return 0
	}
	if z := a.zoneOf(physical >> Shift); z != nil {
		return z.node
	}
	return 0
}

// NodeFrames is TotalFrames and FreeFrames for a node.
func (a *Allocator) NodeFrames(node uint8) (total, free uint64) {
	for i := range a.zoneCount {
		if z := &a.zones[i]; z.node == node {
			total += z.count
			free += z.free
		}
	}
	for _, c := range a.cores[:a.coreCount] {
		if c.Node == node {
			free += c.cached()
		}
	}
	s := &a.stores[node%boot.MaxNodes]
	return total, free + (s.count+s.out)*LargeFrames
}
