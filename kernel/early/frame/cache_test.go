package frame

import (
	"sync"
	"testing"

	"github.com/ringo-os/ringo/boot"
)

// cached is small with two cores that have caches; the first asks.
func cached(t testing.TB, emergency uint64) (a *Allocator, cores [2]*Core, ask func(core int)) {
	a = small(t, emergency)
	cores = [2]*Core{new(Core), new(Core)}
	asking := cores[0]
	a.SetNodes(new(boot.Nodes), func() *Core { return asking })
	for _, c := range cores {
		a.AddCore(c)
	}
	return a, cores, func(core int) { asking = cores[core] }
}

// link makes a list of frames, as Cache takes it.
func (a *Allocator) link(frames []uint64) (first, last, count uint64) {
	for i, f := range frames {
		next := ^uint64(0) &^ countMask // not looked at
		if i+1 < len(frames) {
			next = frames[i+1]
		}
		*(*uint64)(a.Pointer(f)) = next | 2
	}
	return frames[0], frames[len(frames)-1], uint64(len(frames))
}

func (a *Allocator) allocate(t testing.TB, count int) (frames []uint64) {
	t.Helper()
	for range count {
		f, ok := a.Allocate()
		if !ok {
			t.Fatal("no frame")
		}
		frames = append(frames, f)
	}
	return frames
}

func TestCache(t *testing.T) {
	a, cores, ask := cached(t, 0)
	free, available := a.FreeFrames(), a.Available()
	mine := a.allocate(t, 10)
	for i, f := range mine {
		if f != mine[0]+uint64(i)*Size {
			t.Errorf("frame %d is %#x, after %#x", i, f, mine[0])
		}
	}
	if a.FreeFrames() != free-10 || a.Available() != available-10 || cores[0].cached() == 0 {
		t.Errorf("%d of %d are free, %d cached", a.FreeFrames(), free, cores[0].cached())
	}
	// What was freed last comes first, to the core that freed it.
	before := cores[0].cached()
	if !a.Cache(a.link(mine[:4])) || cores[0].cached() != before+4 || a.FreeFrames() != free-6 {
		t.Errorf("%d are cached, %d were", cores[0].cached(), before)
	}
	ask(1)
	if f := a.allocate(t, 1)[0]; f <= mine[9] {
		t.Errorf("%#x is the other core's", f)
	} else if !a.Cache(a.link([]uint64{f})) {
		t.Error("it cannot be freed")
	}
	ask(0)
	for i, f := range a.allocate(t, 4) {
		if f != mine[i] {
			t.Errorf("%#x, not %#x", f, mine[i])
		}
	}
	// No more than there may be.
	for i, n := 4, uint64(0); i < 10; i++ {
		if n = cores[0].cached(); a.Cache(a.link(mine[i:i+1])) != (n < MaxCached) {
			t.Errorf("%d are cached", n)
		}
	}
	many := a.allocate(t, 2*MaxCached)
	for _, n := range []int{MaxCached + 1, 2 * MaxCached} {
		if a.Cache(a.link(many[:n])) {
			t.Errorf("%d are cached", n)
		}
	}
	for _, f := range many {
		if !a.Cache(a.link([]uint64{f})) && !a.Free(f) {
			t.Fatalf("%#x cannot be freed", f)
		}
	}
	if cores[0].cached() != MaxCached {
		t.Errorf("%d are cached", cores[0].cached())
	}
	a.giveUp()
	if a.cached() != 0 || !a.Sound() {
		t.Errorf("%d are cached", a.cached())
	}
}

// TestCacheExhausted: whoever asks gets every frame that there is, wherever it is, but for the reserve.
func TestCacheExhausted(t *testing.T) {
	const reserve = 100
	a, cores, ask := cached(t, reserve)
	available := a.Available()
	for core := range cores {
		ask(core)
		a.Cache(a.link(a.allocate(t, 100)))
	}
	if a.Available() != available || !a.Has(available) || a.Has(available+1) || cores[1].cached() == 0 {
		t.Fatalf("%d frames are available, %d were", a.Available(), available)
	}
	ask(0)
	all := a.allocate(t, int(available))
	if f, ok := a.Allocate(); ok || a.FreeFrames() != reserve {
		t.Errorf("%#x of the reserve, %d left", f, a.FreeFrames())
	}
	a.Cache(a.link(all[:50]))
	ask(1)
	if again := a.allocate(t, 50); len(again) != 50 {
		t.Error("what another core has freed is not there")
	}
	for range reserve {
		if _, ok := a.AllocateEmergency(); !ok {
			t.Error("no reserve")
		}
	}
	// A run of which every frame is in a cache.
	a.Cache(a.link(all[1000 : 1000+reserve+30]))
	if _, ok := a.AllocateRun(30, 1); !ok {
		t.Error("no run")
	}
}

// TestZeroingGivenUp: whoever asks gets the large page, too, that an idle core had begun to zero when it got something else
// to do; but not what a core is at work on.
func TestZeroingGivenUp(t *testing.T) {
	for _, suspended := range []bool{true, false} {
		a, cores, ask := cached(t, 0)
		a.stores[0].wanted = 1
		page, ok := a.BeginZeroing()
		if !ok {
			t.Fatal("no page to zero")
		}
		available := a.Available()
		if suspended {
			cores[1].SuspendZeroing(page)
			available += LargeFrames
		}
		ask(0)
		if !a.Has(available) || a.Has(available+1) {
			t.Errorf("not %d frames can be had", available)
		}
		a.allocate(t, int(available))
		if f, ok := a.Allocate(); ok {
			t.Errorf("%#x is one too many", f)
		}
		if left := cores[1].ResumeZeroing(); left != 0 {
			t.Errorf("%#x is given up and still there", left)
		}
	}
}

// TestCacheTwice: a frame that is freed twice is noticed, if late.
func TestCacheTwice(t *testing.T) {
	a, _, ask := cached(t, 0)
	f := a.allocate(t, 1)
	a.Cache(a.link(f))
	ask(1)
	a.Cache(a.link(f))
	a.giveUp()
	if a.Sound() {
		t.Error("nobody notices")
	}
}

// TestCacheNodes: a core caches what is of its node only.
func TestCacheNodes(t *testing.T) {
	a, asking := divided(t, 0)
	a.AddCore(asking)
	asking.Node = 1
	near := a.allocate(t, 3)
	asking.Node = 0
	if a.Cache(a.link(near)) {
		t.Error("far frames are cached")
	}
	asking.Node = 1
	_, before := a.NodeFrames(1)
	if !a.Cache(a.link(near)) {
		t.Error("near frames are not cached")
	}
	if _, after := a.NodeFrames(1); after != before+3 {
		t.Errorf("%d frames of node 1 are free, %d were", after, before)
	}
	a.giveUp()
	asking.Node = 2
	for f := a.allocate(t, 1)[0]; inNode(f) == 2; f = a.allocate(t, 1)[0] {
	}
	if n := asking.cached(); n != 0 {
		t.Errorf("%d frames of other nodes are cached", n)
	}
}

// TestCacheReport: the hypervisor hears of large pages that are free but for what caches have of them.
func TestCacheReport(t *testing.T) {
	a, _, _ := cached(t, 0)
	untold := func() (all []uint64) {
		for p, ok := a.TakeUntold(); ok; p, ok = a.TakeUntold() {
			all = append(all, p)
		}
		for _, p := range all {
			a.GiveTold(p)
		}
		return all
	}
	a.AllocateRun(3*256-1, 1) // what lies below 4 MiB
	untold()
	f := a.allocate(t, 4*256)
	for _, f := range f {
		if !a.Cache(a.link([]uint64{f})) {
			a.Free(f)
		}
	}
	if all := untold(); len(all) != 1 || all[0] != 6*mib {
		t.Errorf("%x is reported", all)
	}
}

// TestCacheGivenUp: another core gives a cache up just when something is added to it.
func TestCacheGivenUp(t *testing.T) {
	a, cores, _ := cached(t, 0)
	free := a.FreeFrames()
	first := a.allocate(t, 20)
	a.Cache(a.link(first[:10]))
	calls := 0
	between = func() {
		if calls++; calls == 1 {
			a.giveUp()
		}
	}
	ok := a.Cache(a.link(first[10:]))
	between = nil
	if !ok || calls != 2 || cores[0].cached() != 10 || a.FreeFrames() != free {
		t.Errorf("%v after %d tries, %d are cached, %d are free, %d were", ok, calls, cores[0].cached(), a.FreeFrames(), free)
	}
	a.giveUp()
	if a.FreeFrames() != free || !a.Sound() {
		t.Errorf("%d are free, %d were", a.FreeFrames(), free)
	}
}

// TestCacheTogether: cores free without the lock, allocate with it, and others give all caches up again and again.
// No frame gets lost, and none has two owners.
func TestCacheTogether(t *testing.T) {
	const workers = 4
	a := small(t, 0)
	var lock sync.Mutex
	var asking [workers]Core
	current := 0 // who has the lock
	a.SetNodes(new(boot.Nodes), func() *Core { return &asking[current] })
	for i := range asking {
		a.AddCore(&asking[i])
	}
	free := a.FreeFrames()
	owner := make([]int, 16*mib/Size)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for round := range 3000 {
				var mine []uint64
				lock.Lock()
				current = w
				for range 1 + (round+w)%40 {
					if f, ok := a.Allocate(); ok {
						if owner[f/Size] != 0 {
							t.Errorf("%#x has two owners", f)
						}
						owner[f/Size] = w + 1
						mine = append(mine, f)
					}
				}
				for _, f := range mine {
					owner[f/Size] = 0
				}
				lock.Unlock()
				for _, f := range mine {
					first, last, count := a.link([]uint64{f})
					if !a.cacheOf(&asking[w], first, last, count) {
						lock.Lock()
						if !a.Free(f) {
							t.Errorf("%#x is free", f)
						}
						lock.Unlock()
					}
				}
			}
		})
	}
	done := make(chan bool)
	go func() {
		group.Wait()
		close(done)
	}()
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		for range 100 {
			lock.Lock()
			a.giveUp()
			lock.Unlock()
		}
	}
	if a.FreeFrames() != free || !a.Sound() {
		t.Errorf("%d frames are free, %d were", a.FreeFrames(), free)
	}
}
