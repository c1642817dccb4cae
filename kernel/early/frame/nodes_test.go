package frame

import (
	"math/rand/v2"
	"testing"

	"github.com/ringo-os/ringo/boot"
)

// threeNodes is nodes of 16 MiB: 0 up to 5.5 MiB and a bit and from 14 MiB on, 1 in between, but for the last
// MiB of that, which is 2's. 1 is nearer to 2 than 0 is.
func threeNodes() *boot.Nodes {
	n := &boot.Nodes{Count: 3, RangeCount: 4}
	copy(n.Ranges[:], []boot.NodeRange{
		{Range: boot.Range{Start: 0, End: 5*mib + 0x80801}},
		{Range: boot.Range{Start: 5*mib + 0x80801, End: 13 * mib}, Node: 1},
		{Range: boot.Range{Start: 13 * mib, End: 14 * mib}, Node: 2},
		{Range: boot.Range{Start: 14 * mib, End: 64 * mib}},
	})
	n.Distances = [boot.MaxNodes][boot.MaxNodes]uint8{{10, 20, 30}, {20, 10, 15}, {30, 15, 10}}
	return n
}

// divided is small with three nodes; what is in asking asks.
func divided(t testing.TB, emergency uint64) (a *Allocator, asking *Core) {
	a, asking = small(t, emergency), new(Core)
	a.SetNodes(threeNodes(), func() *Core { return asking })
	return a, asking
}

// inNode is the node of a frame, from the list.
func inNode(physical uint64) uint8 {
	node, _ := threeNodes().At(physical)
	return node
}

// bitmaps reports whether a frame has the bitmaps of a part of a zone.
func bitmaps(a *Allocator, at uint64) bool {
	for i := range a.zoneCount {
		if z := &a.zones[i]; at < z.told+z.toldWords()*8 && z.bits < at+Size {
			return true
		}
	}
	return false
}

func TestNodes(t *testing.T) {
	undivided := small(t, 0)
	before := undivided.FreeFrames()
	a, asking := divided(t, 0)
	if a.zoneCount != 5 {
		t.Fatalf("%d zones: %+v", a.zoneCount, a.zones[:a.zoneCount])
	}
	free := a.FreeFrames()
	if free != before-3 { // the bitmaps of three parts
		t.Errorf("%d frames are free, %d were", free, before)
	}
	totals, frees := uint64(0), uint64(0)
	for node := range uint8(3) {
		total, free := a.NodeFrames(node)
		totals += total
		frees += free
	}
	if totals != a.TotalFrames() || frees != free {
		t.Errorf("nodes have %d frames of %d, %d of %d free", totals, a.TotalFrames(), frees, free)
	}
	for i := range a.zoneCount {
		// What a node's bitmaps take is its own.
		if z := &a.zones[i]; i > 1 && a.NodeOf(z.bits) != z.node {
			t.Errorf("zone %d: bitmaps at %#x", i, z.bits)
		}
	}
	for node, order := range [][]uint8{{0, 1, 2}, {1, 2, 0}, {2, 1, 0}} {
		asking.Node = uint8(node)
		var all []uint64
		at, last := 0, uint64(0)
		for {
			f, ok := a.Allocate()
			if !ok {
				break
			}
			if isKept(a, f) || f < mib && last >= mib && len(all) < int(free)-0x9F {
				t.Fatalf("%#x", f)
			}
			for at < len(order) && f >= mib && inNode(f) != order[at] {
				at++
				last = 0
			}
			if at == len(order) || f < last && f >= mib {
				t.Fatalf("a core of node %d gets %#x, of node %d, after %#x", node, f, inNode(f), last)
			}
			all, last = append(all, f), f
		}
		if len(all) != int(free) {
			t.Errorf("%d frames of %d", len(all), free)
		}
		for _, f := range all {
			if !a.Free(f) || a.Free(f) {
				t.Fatalf("freeing %#x", f)
			}
		}
		if a.FreeFrames() != free {
			t.Errorf("%d are free, %d were", a.FreeFrames(), free)
		}
	}
}

// TestNodesLarge: large pages, and those in store, are near too.
func TestNodesLarge(t *testing.T) {
	a, asking := divided(t, 0)
	asking.Node = 1
	p, zeroed, ok := a.AllocateLarge()
	if !ok || zeroed || inNode(p) != 1 {
		t.Fatalf("%#x %v %v", p, zeroed, ok)
	}
	a.FreeRun(p, LargeFrames)
	// An idle core of node 0 zeroes what cores of node 1 want, and gets none of it itself.
	asking.Node = 0
	p, ok = a.BeginZeroing()
	if !ok || inNode(p) != 1 {
		t.Fatalf("%#x %v is zeroed for node 1", p, ok)
	}
	if q, ok := a.BeginZeroing(); ok {
		t.Errorf("%#x is zeroed for nobody", q)
	}
	_, during := a.NodeFrames(1)
	a.EndZeroing(p)
	if _, after := a.NodeFrames(1); after != during {
		t.Errorf("%d frames of node 1 are free, %d were", after, during)
	}
	q, zeroed, ok := a.AllocateLarge()
	if !ok || zeroed || inNode(q) != 0 {
		t.Errorf("node 0 gets %#x %v %v", q, zeroed, ok)
	}
	asking.Node = 1
	if r, zeroed, ok := a.AllocateLarge(); !ok || !zeroed || r != p {
		t.Errorf("node 1 gets %#x %v %v", r, zeroed, ok)
	}
	// Node 2 has no large page: the nearest that is zero, before one that is not.
	asking.Node = 2
	a.FreeRun(q, LargeFrames)
	a.StoreZeroed(p)
	if r, zeroed, ok := a.AllocateLarge(); !ok || !zeroed || r != p {
		t.Errorf("node 2 gets %#x %v %v", r, zeroed, ok)
	}
	q, _, _ = a.AllocateLarge()
	a.StoreZeroed(p)
	a.StoreZeroed(q)
	if r, zeroed, ok := a.AllocateLarge(); !ok || !zeroed || r != p {
		t.Errorf("node 2 gets %#x %v %v", r, zeroed, ok)
	}
	if r, zeroed, ok := a.AllocateLarge(); !ok || !zeroed || r != q {
		t.Errorf("node 2 gets %#x %v %v", r, zeroed, ok)
	}
	if !a.FreeRun(p, LargeFrames) || !a.FreeRun(q, LargeFrames) {
		t.Error("FreeRun")
	}
}

// TestNodesLater: what was allocated before there were nodes can be freed, across their borders too.
func TestNodesLater(t *testing.T) {
	a := small(t, 0)
	free := a.FreeFrames()
	first, _ := a.AllocateRun(3*256-1, 1)
	p, ok := a.AllocateRun(700, 1)
	if !ok || p != 5*mib+0x1000 {
		t.Fatalf("%#x %v", p, ok)
	}
	a.FreeRun(first, 3*256-1)
	a.SetNodes(threeNodes(), func() *Core { return &Core{Node: 1} })
	if a.FreeRun(p, 702) { // behind it is a bitmap, and then nothing
		t.Error("more was freed than was in use")
	}
	if !a.FreeRun(p, 700) || a.FreeRun(p, 700) || a.FreeFrames() != free-3 {
		t.Errorf("%d frames are free, %d were", a.FreeFrames(), free)
	}
	if p, ok := a.AllocateRunBelow(1, 1, mib); !ok || p >= mib {
		t.Errorf("below 1 MiB: %#x %v", p, ok)
	}
}

// TestNodesReport: the hypervisor hears of memory whatever node it is in, and once.
func TestNodesReport(t *testing.T) {
	untold := func(a *Allocator) (n int) {
		var all []uint64
		for p, ok := a.TakeUntold(); ok; p, ok = a.TakeUntold() {
			all = append(all, p)
		}
		for _, p := range all {
			a.GiveTold(p)
		}
		return len(all)
	}
	a := small(t, 0)
	untold(a)
	for range 4 {
		a.AllocateRun(LargeFrames, LargeFrames)
	}
	for _, p := range []uint64{2 * mib, 6 * mib, 12 * mib, 14 * mib} {
		if !a.FreeRun(p, LargeFrames) {
			t.Fatalf("%#x was not in use", p)
		}
	}
	a.SetNodes(threeNodes(), func() *Core { return new(Core) })
	if n := untold(a); n != 2 { // 12 to 14 MiB is in two nodes now, and behind that are bitmaps
		t.Errorf("%d pages are reported", n)
	}
	if n := untold(a); n != 0 {
		t.Errorf("%d pages are reported twice", n)
	}
}

// TestNodesRandomly divides memory in use in random nodes: every frame stays what it was.
func TestNodesRandomly(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := small(t, 0)
		var used []uint64
		for range r.IntN(2000) {
			f, _ := a.Allocate()
			used = append(used, f)
		}
		for i := range used {
			if r.IntN(3) == 0 {
				a.Free(used[i])
				used[i] = 0
			}
		}
		nodes := &boot.Nodes{Count: 1 + r.IntN(boot.MaxNodes), RangeCount: r.IntN(boot.MaxNodeRanges + 1)}
		for i := range nodes.RangeCount {
			start := r.Uint64N(17 * mib)
			nodes.Ranges[i] = boot.NodeRange{Range: boot.Range{Start: start, End: start + 1 + r.Uint64N(1<<r.IntN(24))}, Node: uint8(r.IntN(nodes.Count))}
		}
		free, own := a.FreeFrames(), uint64(0)
		told := map[uint64]bool{}
		blocks := func(visit func(block uint64, told bool)) {
			for i := range a.zoneCount {
				z := &a.zones[i]
				for b := range z.blocks() {
					first := (z.first/LargeFrames + b) * LargeFrames
					if first >= z.first && first+LargeFrames <= z.first+z.count {
						visit(first, *a.toldWord(z, b)>>(b%64)&1 != 0)
					}
				}
			}
		}
		blocks(func(block uint64, t bool) { told[block] = t })
		a.SetNodes(nodes, func() *Core { return &Core{Node: uint8(r.IntN(nodes.Count))} })
		for i := range a.zoneCount {
			z := &a.zones[i]
			if node, _ := nodes.At(z.first << Shift); nodes.Count > 1 && node != z.node || i > 0 && z.first < a.zones[i-1].first+a.zones[i-1].count {
				t.Fatalf("seed %d: zone %+v", seed, z)
			}
			for f := range z.count {
				if node, _ := nodes.At((z.first + f) << Shift); nodes.Count > 1 && node != z.node && a.zoneCount < maxZones {
					t.Fatalf("seed %d: frame %#x is in node %d, not %d", seed, z.first+f, z.node, node)
				}
			}
			if z.bits < a.own.Start || z.bits >= a.own.End {
				own += ((z.words()+z.summaryWords()+z.toldWords())*8 + Size - 1) / Size
			}
		}
		blocks(func(block uint64, now bool) {
			for f := range uint64(LargeFrames) {
				if at := (block + f) << Shift; bitmaps(a, at) {
					return
				}
			}
			if now != told[block] {
				t.Fatalf("seed %d: of block %#x is told: %v, not %v", seed, block, now, told[block])
			}
		})
		if a.FreeFrames() != free-own {
			t.Fatalf("seed %d: %d are free, %d were, and bitmaps took %d", seed, a.FreeFrames(), free, own)
		}
		for _, f := range used {
			if f != 0 && !a.Free(f) {
				t.Fatalf("seed %d: %#x cannot be freed", seed, f)
			}
		}
		want := a.FreeFrames()
		seen := map[uint64]bool{}
		for f, ok := a.Allocate(); ok; f, ok = a.Allocate() {
			if seen[f] || isKept(a, f) {
				t.Fatalf("seed %d: %#x", seed, f)
			}
			seen[f] = true
		}
		if uint64(len(seen)) != want {
			t.Fatalf("seed %d: %d frames of %d", seed, len(seen), want)
		}
	}
}
