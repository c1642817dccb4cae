package frame

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/ringo-os/ringo/boot"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// memory is fake physical memory: large enough for the bitmaps, all that the allocator touches.
func memory(size int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]byte, size))) }

func usable(ranges ...boot.Range) *boot.Info {
	info := new(boot.Info)
	for _, r := range ranges {
		info.AddRegion(r, boot.Usable)
	}
	return info
}

var image = boot.Range{Start: 4 * mib, End: 5*mib + 123}

// small is an allocator with 16 MiB in two zones.
func small(t testing.TB, emergency uint64) *Allocator {
	a := new(Allocator)
	info := usable(boot.Range{Start: 0, End: 0x9FC00}, boot.Range{Start: mib, End: 16 * mib})
	info.Modules[0], info.ModuleCount = boot.Range{Start: 8*mib + 1, End: 9*mib - 1}, 1
	info.StartInfo[0] = boot.Range{Start: 0x1010, End: 0x1020}
	info.StartInfo[1] = boot.Range{Start: 0x2FFF, End: 0x3001}
	info.CommandLine = boot.Range{Start: 0x5000, End: 0x5001}
	if p := a.Reserve(boot.Range{Start: 10 * mib, End: 11 * mib}); p != "" {
		t.Fatal(p)
	}
	if p := a.Init(info, memory(16*mib), image, 0, emergency); p != "" {
		t.Fatal(p)
	}
	return a
}

// kept is what small keeps, besides the bitmaps.
var kept = []boot.Range{
	{Start: 0, End: 0x2000}, {Start: 0x2000, End: 0x4000}, {Start: 0x5000, End: 0x6000},
	{Start: 4 * mib, End: 5*mib + 0x1000}, {Start: 8 * mib, End: 9 * mib}, {Start: 10 * mib, End: 11 * mib},
}

func TestInit(t *testing.T) {
	a := small(t, 0)
	if a.own != (boot.Range{Start: mib, End: mib + Size}) {
		t.Errorf("bitmaps at %x", a.own)
	}
	if want := uint64(0x9F + 15*256); a.TotalFrames() != want {
		t.Errorf("%d frames, want %d", a.TotalFrames(), want)
	}
	free := a.FreeFrames()
	if want := uint64(0x9F + 15*256 - 2 - 2 - 1 - 257 - 256 - 256 - 1); free != want {
		t.Errorf("%d free, want %d", free, want)
	}
	seen := map[uint64]bool{}
	var order []uint64
	for {
		f, ok := a.Allocate()
		if !ok {
			break
		}
		for _, k := range append(kept, a.own) {
			if f < k.End && k.Start < f+Size {
				t.Errorf("frame %#x lies in %x", f, k)
			}
		}
		if seen[f] || f%Size != 0 || f >= 16*mib || f >= 0x9F000 && f < mib {
			t.Errorf("frame %#x", f)
		}
		seen[f] = true
		order = append(order, f)
	}
	if uint64(len(seen)) != free || a.FreeFrames() != 0 {
		t.Errorf("%d frames handed out of %d, %d left", len(seen), free, a.FreeFrames())
	}
	// Memory below 1 MiB comes last; otherwise the lowest first.
	low := slices.IndexFunc(order, func(f uint64) bool { return f < mib })
	if !slices.IsSorted(order[:low]) || !slices.IsSorted(order[low:]) || order[low-1] < mib {
		t.Errorf("order %x", order)
	}
	for f := range seen {
		if !a.Free(f) || a.Free(f) {
			t.Fatalf("freeing %#x", f)
		}
	}
	if a.FreeFrames() != free {
		t.Errorf("%d free, not %d", a.FreeFrames(), free)
	}
	if p := a.Init(usable(), nil, image, 0, 0); p == "" {
		t.Error("initialised twice")
	}
}

func TestInitProblems(t *testing.T) {
	for name, info := range map[string]*boot.Info{
		"nothing":           usable(),
		"less than a frame": usable(boot.Range{Start: 0x1001, End: 0x2FFF}),
		"page 0 only":       usable(boot.Range{Start: 0, End: 0x1FFF}),
		"image only":        usable(image),
	} {
		var a Allocator
		if p := a.Init(info, memory(16*mib), image, 0, 0); p == "" {
			t.Errorf("%s: no problem", name)
		}
	}
	var a Allocator
	if p := a.Init(usable(boot.Range{Start: mib, End: gib}), memory(16*mib), image, mib, 0); p == "" {
		t.Error("all beyond the limit: no problem")
	}
	a = Allocator{}
	for range 32 {
		if p := a.Reserve(boot.Range{Start: 1, End: 2}); p != "" {
			t.Fatal(p)
		}
	}
	if p := a.Reserve(boot.Range{Start: 1, End: 2}); p == "" {
		t.Error("33 reservations: no problem")
	}
}

func TestLimit(t *testing.T) {
	var a Allocator
	info := usable(boot.Range{Start: mib, End: gib}, boot.Range{Start: 4 * gib, End: ^uint64(0)})
	if p := a.Init(info, memory(16*mib), image, 64*mib+123, 0); p != "" {
		t.Fatal(p)
	}
	if a.TotalFrames() != 63*256 {
		t.Errorf("%d frames", a.TotalFrames())
	}
}

// TestBitmapPlace has the bitmaps look for a place between what is kept.
func TestBitmapPlace(t *testing.T) {
	var a Allocator
	info := usable(boot.Range{Start: 0, End: 0xA0000}, boot.Range{Start: mib, End: 2 * mib}, boot.Range{Start: 3 * mib, End: 4 * gib})
	a.Reserve(boot.Range{Start: mib + 100, End: 2*mib - 0x8000})
	a.Reserve(boot.Range{Start: 3 * mib, End: 3*mib + 5})
	a.Reserve(boot.Range{Start: 3*mib + 0x8000, End: 3*mib + 0x9000})
	if p := a.Init(info, memory(16*mib), image, 0, 0); p != "" {
		t.Fatal(p)
	}
	// 4 GiB take 128 KiB and 2 KiB for the summary: too much for what is free before the image.
	if a.own.Start != 3*mib+0x9000 || a.own.End-a.own.Start != 0x21000 {
		t.Errorf("bitmaps at %x", a.own)
	}
}

func TestEmergency(t *testing.T) {
	a := small(t, 3)
	n := a.Available()
	for range n {
		if _, ok := a.Allocate(); !ok {
			t.Fatal("out of memory too soon")
		}
	}
	if _, ok := a.Allocate(); ok || a.FreeFrames() != 3 || a.Available() != 0 {
		t.Fatalf("%d free", a.FreeFrames())
	}
	if _, ok := a.AllocateRun(1, 1); ok {
		t.Error("a run from the reserve")
	}
	for range 3 {
		if _, ok := a.AllocateEmergency(); !ok {
			t.Error("no reserve")
		}
	}
	if _, ok := a.AllocateEmergency(); ok || a.FreeFrames() != 0 || a.Available() != 0 {
		t.Error("more than there is")
	}
}

func TestRuns(t *testing.T) {
	a := small(t, 0)
	free := a.FreeFrames()
	// The first aligned 2 MiB that are free: 2 to 4 MiB (the bitmaps are at 1 MiB).
	p, ok := a.AllocateRun(512, 512)
	if !ok || p != 2*mib {
		t.Errorf("%#x %v", p, ok)
	}
	// 6 to 8 MiB, since the image ends behind 5 MiB, then 12 and 14 MiB, then no more.
	for _, want := range []uint64{6 * mib, 12 * mib, 14 * mib} {
		if p, ok := a.AllocateRun(512, 512); !ok || p != want {
			t.Errorf("%#x %v, want %#x", p, ok, want)
		}
	}
	if p, ok := a.AllocateRun(512, 512); ok {
		t.Errorf("%#x from nowhere", p)
	}
	if p, ok := a.AllocateRun(513, 1); ok {
		t.Errorf("%#x from nowhere", p)
	}
	if p, ok := a.AllocateRunBelow(1, 1, mib); !ok || p != 0x4000 {
		t.Errorf("below 1 MiB: %#x %v", p, ok)
	}
	if p, ok := a.AllocateRunBelow(0x10, 0x10, mib); !ok || p != 0x10000 {
		t.Errorf("below 1 MiB: %#x %v", p, ok)
	}
	if p, ok := a.AllocateRunBelow(1, 1, 0x4000); ok {
		t.Errorf("below 16 KiB: %#x", p)
	}
	if p, ok := a.AllocateRunBelow(2, 1, 0x6000+Size); ok {
		t.Errorf("below 28 KiB: %#x", p)
	}
	for _, bad := range [][2]uint64{{0, 1}, {1, 0}, {1, 3}, {1 << 60, 1}, {1, 1 << 63}, {^uint64(0), 1}} {
		if p, ok := a.AllocateRun(bad[0], bad[1]); ok {
			t.Errorf("%v: %#x", bad, p)
		}
	}
	if !a.FreeRun(2*mib, 512) || a.FreeRun(2*mib, 512) || a.FreeRun(6*mib-Size, 513) || !a.FreeRun(6*mib, 512) ||
		!a.FreeRun(12*mib, 1024) || !a.Free(0x4000) || !a.FreeRun(0x10000, 16) {
		t.Error("FreeRun")
	}
	if a.FreeFrames() != free {
		t.Errorf("%d free, not %d", a.FreeFrames(), free)
	}
}

func TestFreeNonsense(t *testing.T) {
	a := small(t, 0)
	for _, test := range []struct{ physical, count uint64 }{
		{0, 1}, {1, 1}, {mib, 1}, {mib - Size, 2}, {0x9F000, 1}, {0xA0000, 1}, {16 * mib, 1}, {15*mib + 255*Size, 2},
		{^uint64(0) &^ (Size - 1), 1}, {2 * mib, 0}, {5 * mib, 1 << 40}, {5 * mib, ^uint64(0)}, {1 << 60, 1},
	} {
		if a.FreeRun(test.physical, test.count) {
			t.Errorf("%#x, %d was freed", test.physical, test.count)
		}
	}
}

func TestRelease(t *testing.T) {
	a := small(t, 0)
	free := a.FreeFrames()
	a.Release(boot.Range{Start: 8*mib + 1, End: 9*mib - 1}) // the module: not its first nor its last frame
	if got := a.FreeFrames() - free; got != 254 {
		t.Errorf("%d frames of the module", got)
	}
	a.Release(boot.Range{Start: 0, End: ^uint64(0)})
	if got := a.TotalFrames() - a.FreeFrames(); got != 2 {
		t.Errorf("%d frames are left in use, not page 0 and the bitmaps", got)
	}
	a.Reserve(boot.Range{Start: 0x9E123, End: 2*mib + 1})
	if got := a.TotalFrames() - a.FreeFrames(); got != 2+1+255+1 {
		t.Errorf("%d frames are in use", got)
	}
	a.Reserve(boot.Range{Start: 5, End: 5})
	a.Release(boot.Range{Start: 0x9E123, End: 0x9F000})
	if got := a.TotalFrames() - a.FreeFrames(); got != 2+1+255+1 {
		t.Errorf("%d frames are in use", got)
	}
}

// TestManyZones has as many zones as there can be, of 1 to 3 frames each.
func TestManyZones(t *testing.T) {
	info := new(boot.Info)
	for i := range uint64(boot.MaxRegions) {
		info.AddRegion(boot.Range{Start: mib + i*16*Size, End: mib + (i*16+1+i%3)*Size}, boot.Usable)
	}
	var a Allocator
	if p := a.Init(info, memory(16*mib), boot.Range{}, 0, 0); p != "" {
		t.Fatal(p)
	}
	free := a.FreeFrames()
	var frames []uint64
	for {
		f, ok := a.Allocate()
		if !ok {
			break
		}
		frames = append(frames, f)
	}
	if a.TotalFrames() != 128*2-1 || len(frames) != int(free) || !slices.IsSorted(frames) {
		t.Errorf("%d frames of %d: %x", len(frames), a.TotalFrames(), frames)
	}
	for _, f := range frames {
		if !a.Free(f) {
			t.Errorf("%#x cannot be freed", f)
		}
	}
	if a.Free(mib+15*Size) || a.Free(mib-Size) || a.FreeFrames() != free {
		t.Errorf("%d free, not %d", a.FreeFrames(), free)
	}
}

// TestLarge checks 64 GiB and more: what is touched, and that no search is slow.
func TestLarge(t *testing.T) {
	var a Allocator
	info := usable(boot.Range{Start: 0, End: 0x9FC00}, boot.Range{Start: mib, End: 3 * gib}, boot.Range{Start: 4 * gib, End: 65 * gib})
	if p := a.Init(info, memory(8*mib), image, 0, 0); p != "" {
		t.Fatal(p)
	}
	if a.own.End > 8*mib {
		t.Fatalf("bitmaps at %x", a.own)
	}
	n := 0
	for {
		if _, ok := a.AllocateRun(512, 512); !ok {
			break
		}
		n++
	}
	if want := 64*512 - 4; n < want {
		t.Errorf("%d runs of 2 MiB, want %d", n, want)
	}
	if _, ok := a.Allocate(); !ok {
		t.Error("no frame left between the runs")
	}
}

func BenchmarkInit64GiB(b *testing.B) {
	base := memory(8 * mib)
	info := usable(boot.Range{Start: mib, End: 3 * gib}, boot.Range{Start: 4 * gib, End: 65 * gib})
	for b.Loop() {
		var a Allocator
		a.Init(info, base, image, 0, 0)
	}
}

func BenchmarkAllocateFree(b *testing.B) {
	a := small(b, 0)
	for b.Loop() {
		f, _ := a.Allocate()
		a.Free(f)
	}
}

func BenchmarkAllocateAll(b *testing.B) {
	var a Allocator
	a.Init(usable(boot.Range{Start: mib, End: 65 * gib}), memory(8*mib), image, 0, 0)
	for b.Loop() {
		if _, ok := a.Allocate(); !ok {
			a.Release(boot.Range{Start: mib, End: 65 * gib})
		}
	}
}
