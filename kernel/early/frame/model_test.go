package frame

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringo-os/ringo/boot"
)

// TestModel does random things and compares with a list of what is in use.
func TestModel(t *testing.T) {
	for seed := range uint64(18) {
		r := rand.New(rand.NewPCG(seed, 0))
		a, asking, ask := small(t, 5), new(Core), func(core int) {}
		switch seed % 3 {
		case 1:
			a, asking = divided(t, 5)
		case 2: // with caches
			a, _, ask = cached(t, 5)
		}
		type run struct{ physical, count uint64 }
		var runs []run
		inUse := map[uint64]bool{}
		free := a.FreeFrames()
		for step := range 3000 {
			asking.Node = uint8(r.IntN(3))
			ask(r.IntN(2))
			switch {
			case r.IntN(8) == 0: // an idle core at work; what is in store is free
				if physical, ok := a.BeginZeroing(); ok {
					if a.FreeFrames() != free-uint64(len(inUse)) {
						t.Fatalf("%d: what is being zeroed is not free", step)
					}
					if a.coreCount > 0 && r.IntN(3) == 0 { // which gets something else to do, until memory is short or for good
						a.here().SuspendZeroing(physical)
						if r.IntN(2) == 0 {
							a.giveUp()
						}
						physical = a.here().ResumeZeroing()
					}
					if physical != 0 {
						a.EndZeroing(physical)
					}
					if a.FreeFrames() != free-uint64(len(inUse)) {
						t.Fatalf("%d: what was being zeroed is not free", step)
					}
				}
			case r.IntN(8) == 0:
				physical, zeroed, ok := a.AllocateLarge()
				if ok && zeroed && r.IntN(2) == 0 {
					ok = !a.StoreZeroed(physical)
				}
				if ok {
					for f := range uint64(LargeFrames) {
						if at := physical + f*Size; inUse[at] || isKept(a, at) {
							t.Fatalf("%d: frame %#x of a large page is in use", step, at)
						} else {
							inUse[at] = true
						}
					}
					runs = append(runs, run{physical, LargeFrames})
				}
			case r.IntN(100) < 45 && len(runs) > 0 || len(inUse) > 2500 && len(runs) > 0:
				i := r.IntN(len(runs))
				x := runs[i]
				runs = slices.Delete(runs, i, i+1)
				if x.count == 1 && r.IntN(2) == 0 && a.Cache(a.link([]uint64{x.physical})) {
					// free now
				} else if x.count == 1 && r.IntN(2) == 0 {
					if !a.Free(x.physical) {
						t.Fatalf("%d: %x cannot be freed", step, x)
					}
				} else if !a.FreeRun(x.physical, x.count) {
					t.Fatalf("%d: %x cannot be freed", step, x)
				}
				for f := range x.count {
					delete(inUse, x.physical+f*Size)
				}
			default:
				x := run{count: 1}
				align, limit, ok := uint64(1), uint64(maxPhysical), false
				if r.IntN(2) == 0 {
					x.count = 1 + r.Uint64N(1<<r.IntN(10))
					align = 1 << r.IntN(10)
					if r.IntN(4) == 0 {
						limit = r.Uint64N(16 * mib)
					}
				}
				could := possible(a, inUse, x.count, align, limit)
				switch {
				case x.count == 1 && align == 1 && limit == maxPhysical:
					x.physical, ok = a.Allocate()
				case limit == maxPhysical:
					x.physical, ok = a.AllocateRun(x.count, align)
				default:
					x.physical, ok = a.AllocateRunBelow(x.count, align, limit)
				}
				if ok != could {
					t.Fatalf("%d: %d frames aligned to %d below %#x: %v", step, x.count, align, limit, ok)
				}
				if !ok {
					continue
				}
				if x.physical%(align*Size) != 0 || x.physical+x.count*Size > limit {
					t.Fatalf("%d: %x, aligned to %d", step, x, align)
				}
				for f := range x.count {
					at := x.physical + f*Size
					if inUse[at] || isKept(a, at) {
						t.Fatalf("%d: frame %#x is in use", step, at)
					}
					inUse[at] = true
				}
				runs = append(runs, x)
			}
			inZones := uint64(0)
			for i := range a.zoneCount {
				inZones += a.zones[i].free
			}
			inZones += a.stored*LargeFrames + a.cached()
			if inZones != a.FreeFrames() {
				t.Fatalf("%d: %d free, %d in zones", step, a.FreeFrames(), inZones)
			}
			if a.FreeFrames() != free-uint64(len(inUse)) {
				t.Fatalf("%d: %d free, want %d", step, a.FreeFrames(), free-uint64(len(inUse)))
			}
		}
	}
}

func isKept(a *Allocator, at uint64) bool {
	if at >= 16*mib || at >= 0x9F000 && at < mib {
		return true
	}
	if bitmaps(a, at) {
		return true
	}
	return slices.ContainsFunc(append(kept, a.own), func(k boot.Range) bool { return at < k.End && k.Start < at+Size })
}

// possible looks for a run the slow way.
func possible(a *Allocator, inUse map[uint64]bool, count, align, limit uint64) bool {
	if count > a.Available() {
		return false
	}
next:
	for first := uint64(0); first+count*Size <= min(limit, 16*mib); first += align * Size {
		if z := a.zoneOf(first >> Shift); z == nil || first>>Shift+count > z.first+z.count {
			continue // it would be in two nodes
		}
		for f := range count {
			if at := first + f*Size; inUse[at] || isKept(a, at) {
				continue next
			}
		}
		return true
	}
	return false
}
